//! Application passwords: one for each program, with a scope and an end, told once and kept as a digest.
//!
//! Who makes one for himself gets no more than his login opens; only a login that opens the whole account sees them at all.

use super::accounts::digest;
use super::actor::{Actor, Scope};
use super::spelling::user_by_handle;
use super::{Core, fault};
use crate::domain::fault::{Condition, Fault};
use crate::store::{Credential, CredentialKind, Weight};
use sha2::{Digest, Sha256};

/// What those that are made begin with.
const APP_PREFIX: &str = "cen_";
/// Application passwords of one account.
const MAX_APP_PASSWORDS: usize = 100;

impl Core {
    /// Makes an application password and tells it: the only time that it can be read.
    pub async fn add_app_password(
        &self,
        handle: &str,
        name: &str,
        scope: &str,
    ) -> Result<(i64, String), Fault> {
        self.add_app_password_until(handle, name, scope, None).await
    }

    /// As [`Core::add_app_password`], good until `expires_at` (microseconds UTC).
    pub async fn add_app_password_until(
        &self,
        handle: &str,
        name: &str,
        scope: &str,
        expires_at: Option<i64>,
    ) -> Result<(i64, String), Fault> {
        if Scope::parse(scope).is_none() {
            return Err(Fault::BadRequest(format!("unknown scope '{scope}'")));
        }
        let password = fresh_app_password();
        let hash = digest(&password);
        let (handle, name, scope) = (handle.to_owned(), name.to_owned(), scope.to_owned());
        let id = fault(
            self.store
                .write(move |tx| {
                    let principal = user_by_handle(tx, &handle)?;
                    tx.add_app_password(principal.id, &name, &hash, &scope, expires_at)
                })
                .await,
        )?;
        Ok((id, password))
    }

    /// Makes an application password for the actor himself, which opens no more than his login, and for no longer: without an end of
    /// its own it ends with the login.
    pub async fn add_own_app_password(
        &self,
        actor: &Actor,
        name: &str,
        scope: Option<&str>,
        expires_at: Option<i64>,
    ) -> Result<(i64, String), Fault> {
        actor.whole()?;
        let words = self.narrowed(actor, scope)?;
        let expires_at = within(expires_at, actor.proof.ends_at)?;
        if self.app_passwords(&actor.handle).await?.len() >= MAX_APP_PASSWORDS {
            return Err(Condition::QuotaNotExceeded.into());
        }
        self.add_app_password_until(&actor.handle, name, &words, expires_at).await
    }

    /// The actor's own application passwords, without their secrets.
    pub async fn own_app_passwords(&self, actor: &Actor) -> Result<Vec<Credential>, Fault> {
        actor.whole()?;
        self.app_passwords(&actor.handle).await
    }

    /// Removes an application password of the actor's own.
    pub async fn remove_own_app_password(&self, actor: &Actor, id: i64) -> Result<(), Fault> {
        actor.whole()?;
        self.remove_app_password(&actor.handle, id).await
    }

    /// Removes an application password; what it opened, and the sessions that were opened with it, are shut at the next request.
    pub async fn remove_app_password(&self, handle: &str, id: i64) -> Result<(), Fault> {
        let handle = handle.to_owned();
        let gone = fault(
            self.store
                .write(move |tx| {
                    let principal = user_by_handle(tx, &handle)?;
                    tx.remove_app_password(principal.id, id)
                })
                .await,
        )?;
        if gone { Ok(()) } else { Err(Fault::NotFound) }
    }

    /// The application passwords of an account, without their secrets.
    pub async fn app_passwords(&self, handle: &str) -> Result<Vec<Credential>, Fault> {
        let handle = handle.to_owned();
        let all = fault(
            self.store
                .read(Weight::Point, move |tx| {
                    let principal = user_by_handle(tx, &handle)?;
                    tx.credentials(principal.id)
                })
                .await,
        )?;
        Ok(all.into_iter().filter(|credential| credential.kind == CredentialKind::AppPassword).collect())
    }
}

/// The end that something has which is made with a login that ends at `login`.
fn within(wanted: Option<i64>, login: Option<i64>) -> Result<Option<i64>, Fault> {
    match (wanted, login) {
        (Some(wanted), Some(login)) if wanted > login => {
            Err(Fault::BadRequest("the end is after that of the login".into()))
        }
        (wanted, login) => Ok(wanted.or(login)),
    }
}

/// Letters and digits that are not mistaken for each other.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789z";
/// Letters at the end that follow from those before.
const CHECK: usize = 4;

/// `cen_`, 24 random letters (119 bits), and four that follow from them: so that whoever looks for secrets in texts knows one
/// when he sees it (`cen_[a-z2-9]{28}`) and takes nothing else for one.
fn fresh_app_password() -> String {
    let bytes: [u8; 24] = rand::random();
    let mut password = format!("{APP_PREFIX}{}", letters(&bytes));
    let check = check(&password);
    password.push_str(&check);
    password
}

fn letters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| LETTERS.get(usize::from(byte & 31)).copied().map_or('a', char::from)).collect()
}

fn check(text: &str) -> String {
    letters(&Sha256::digest(text.as_bytes())).chars().take(CHECK).collect()
}

/// Whether a text can be an application password at all: nothing is asked of the database for one that cannot. Older ones say less
/// of themselves.
pub(super) fn well_formed(text: &str) -> bool {
    if !text.starts_with(APP_PREFIX) {
        return true;
    }
    let at = text.len().saturating_sub(CHECK);
    text.split_at_checked(at).is_some_and(|(secret, tail)| check(secret) == tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_made_is_known_by_its_form() {
        let made = fresh_app_password();
        assert_eq!(made.len(), 32);
        assert!(well_formed(&made), "{made}");
        let secret = made.strip_prefix("cen_").expect("its prefix");
        assert!(secret.bytes().all(|byte| LETTERS.contains(&byte)), "{made}");
        assert_ne!(made, fresh_app_password());
        // A slip of the pen anywhere.
        for at in 4..made.len() {
            let mut other = made.clone().into_bytes();
            other[at] = if other[at] == b'a' { b'b' } else { b'a' };
            assert!(!well_formed(&String::from_utf8(other).expect("ASCII")), "{made} at {at}");
        }
        for bad in ["cen_", "cen_é", "cen_aaaa"] {
            assert!(!well_formed(bad), "{bad}");
        }
        assert!(well_formed("cen-abcdef-abcdef-abcdef-abcdef"), "as they were made before");
    }
}
