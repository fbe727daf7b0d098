//! Settings that cannot be used: where they stand, and never what they say, for passwords stand in some.

use super::refused;

/// What `serve` says of a file.
fn of_file(text: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("cenacle.toml");
    std::fs::write(&file, text).expect("a file");
    let said = refused(&["serve", "--config", file.to_str().expect("UTF-8")], &[]);
    assert!(!said.contains("secret") && said.contains("cenacle.toml"), "{said}");
    said
}

#[test]
fn of_a_file_the_line_and_the_setting_are_told() {
    for (text, told) in [
        ("# x\n\ndatabase_url = \"postgres://cenacle:topsecret@h/x\n", ", line 3: database_url: "),
        ("database_url = postgres://cenacle:topsecret@h/x\n", ", line 1: database_url: "),
        ("\"topsecret\n", ", line 1: this is no TOML"),
        (
            "log = \"warn\"\ndatabase_url = \"mysql://u:topsecret@h/x\"\n",
            ", line 2: database_url: this is not a postgres:// address or a file",
        ),
        ("database_url = [\"topsecret\"]\n", ", line 1: database_url: "),
        ("\nworkers = \"topsecret\"\n", ", line 2: workers: "),
        (
            "[rights]\nlocked = true\nnew_calendars = \"topsecret\"\n",
            ", line 3: rights.new_calendars: one of none, access, read is expected",
        ),
        ("[rights]\nlocked = \"topsecret\"\n", ", line 2: rights.locked: "),
        ("workers = 2\nworker = 3\n", "there is no setting 'worker'"),
        ("listen = \"topsecret\"\n", ", line 1: listen: invalid socket address syntax"),
        ("\nworkers = 0\n", ", line 2: workers: a number from 1 to "),
        ("key_days = 4294967295\n", ", line 1: key_days: a number from 0 to "),
        ("[rights]\naudit_days = 4294967295\n", ", line 2: rights.audit_days: a number from 0 to "),
    ] {
        let said = of_file(text);
        assert!(said.contains(told), "{text}: {said}");
    }
}

#[test]
fn of_a_variable_its_name_is_told() {
    for (name, value, told) in [
        ("CENACLE_DATABASE_URL", "mysql://u:topsecret@h/x", "this is not a postgres:// address or a file"),
        ("CENACLE_DATABASE_URL", "host=h password=topsecret", "this is not a postgres:// address or a file"),
        ("CENACLE_WORKERS", "0", "a number from 1 to 1024 is expected"),
        ("CENACLE_WORKERS", "100000000", "a number from 1 to 1024 is expected"),
        ("CENACLE_WORKERS", "topsecret", "is expected"),
        ("CENACLE_RIGHTS__LOCKED", "topsecret", "is expected"),
        ("CENACLE_TRUSTED_PROXIES", "topsecret", "is expected"),
        ("CENACLE_SUBSCRIPTION_MINUTES", "4294967295", "a number from 0 to"),
    ] {
        let said = refused(&["serve"], &[(name, value)]);
        assert!(said.contains(&format!("{name}: ")) && said.contains(told), "{name}: {said}");
        assert!(!said.contains("secret"), "{name}: {said}");
    }
}

#[test]
fn of_a_flag_its_name_is_told() {
    let said = refused(&["serve", "--database-url", "mysql://u:topsecret@h/x"], &[]);
    assert!(said.contains("--database-url: ") && !said.contains("secret"), "{said}");
}

#[test]
fn of_a_server_that_refuses_no_password_is_told() {
    let said = refused(&["migrate", "--database-url", "postgres://cenacle:top/secret@127.0.0.1:1/x"], &[]);
    assert!(said.contains("%2F") && !said.contains("secret"), "{said}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let said = refused(&["serve", "--config", "/nowhere/cenacle.toml"], &[]);
    assert!(said.contains("/nowhere/cenacle.toml: No such file"), "{said}");
}
