//! What an operator runs where the data are in PostgreSQL, which makes and restores its own backups.

use std::path::Path;

/// How a backup is made.
pub fn backup(url: &str, file: &Path) -> String {
    let (url, file) = (quoted(&without_password(url)), quoted(&file.display().to_string()));
    format!(
        "the data are in PostgreSQL, which makes its own backups. Beside the running servers:\n\n  \
         pg_dump --format=custom --file={file} {url}\n\n\
         It asks for the password, or finds it in ~/.pgpass."
    )
}

/// How a backup is put back.
pub fn restore(url: &str, file: &Path) -> String {
    let (url, file) = (quoted(&without_password(url)), quoted(&file.display().to_string()));
    format!(
        "the data are in PostgreSQL, which restores its own backups. Stop every server of this database, then:\n\n  \
         pg_restore --single-transaction --clean --if-exists --no-owner --dbname={url} {file}\n  \
         cenacle migrate --restored --database-url {url}\n\n\
         and start the servers. The first fails as a whole, or puts back everything. A backup that an older version made goes \
         into a new, empty database."
    )
}

/// A database's URL without what nobody should read over a shoulder or in a log.
fn without_password(url: &str) -> String {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let kept: Vec<&str> =
        query.split('&').filter(|setting| !setting.is_empty() && !setting.starts_with("password=")).collect();
    let mut shown = match address.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            let authority = match authority.rsplit_once('@') {
                Some((login, host)) => {
                    let user = login.split_once(':').map_or(login, |(user, _)| user);
                    format!("{user}@{host}")
                }
                None => authority.to_owned(),
            };
            format!("{scheme}://{authority}{path}")
        }
        None => address.to_owned(),
    };
    if !kept.is_empty() {
        shown.push('?');
        shown.push_str(&kept.join("&"));
    }
    shown
}

/// One word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_printed() {
        for (url, shown) in [
            ("postgres://cenacle:a:b@db/cenacle", "postgres://cenacle@db/cenacle"),
            (
                "postgres://cenacle@%2Frun%2Fpostgresql/cenacle",
                "postgres://cenacle@%2Frun%2Fpostgresql/cenacle",
            ),
            (
                "postgresql://db:5433/cenacle?password=x&connect_timeout=3",
                "postgresql://db:5433/cenacle?connect_timeout=3",
            ),
            ("postgres://u:p@ss@db", "postgres://u@db"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }

    #[test]
    fn words_are_quoted() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
