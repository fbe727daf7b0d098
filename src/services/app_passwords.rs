//! Application passwords: one for each program, with a scope and an end, told once and kept as a digest.
//!
//! Who makes one for himself gets no more than his login opens; only a login that opens the whole account sees them at all.

use super::accounts::{APP_PREFIX, digest};
use super::actor::{Actor, Scope};
use super::{Core, fault};
use crate::domain::fault::{Condition, Fault};
use crate::store::{Credential, CredentialKind, Weight};

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
        let (handle, name, scope) = (handle.to_lowercase(), name.to_owned(), scope.to_owned());
        let id = fault(
            self.store
                .write(move |tx| {
                    let principal = tx.principal_by_handle(&handle)?.ok_or(Fault::NotFound)?;
                    tx.add_app_password(principal.id, &name, &hash, &scope, expires_at)
                })
                .await,
        )?;
        Ok((id, password))
    }

    /// Makes an application password for the actor himself, which opens no more than his login.
    pub async fn add_own_app_password(
        &self,
        actor: &Actor,
        name: &str,
        scope: Option<&str>,
        expires_at: Option<i64>,
    ) -> Result<(i64, String), Fault> {
        actor.whole()?;
        let words = self.narrowed(actor, scope)?;
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

    /// Removes an application password; what it opened is shut at the next request.
    pub async fn remove_app_password(&self, handle: &str, id: i64) -> Result<(), Fault> {
        let handle = handle.to_lowercase();
        let gone = fault(
            self.store
                .write(move |tx| {
                    let principal = tx.principal_by_handle(&handle)?.ok_or(Fault::NotFound)?;
                    tx.remove_app_password(principal.id, id)
                })
                .await,
        )?;
        if gone { Ok(()) } else { Err(Fault::NotFound) }
    }

    /// The application passwords of an account, without their secrets.
    pub async fn app_passwords(&self, handle: &str) -> Result<Vec<Credential>, Fault> {
        let handle = handle.to_lowercase();
        let all = fault(
            self.store
                .read(Weight::Point, move |tx| {
                    let principal = tx.principal_by_handle(&handle)?.ok_or(Fault::NotFound)?;
                    tx.credentials(principal.id)
                })
                .await,
        )?;
        Ok(all.into_iter().filter(|credential| credential.kind == CredentialKind::AppPassword).collect())
    }
}

/// 24 letters and digits that are not mistaken for each other, in groups: 120 bits.
fn fresh_app_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789z";
    let bytes: [u8; 24] = rand::random();
    let mut password = String::from(APP_PREFIX);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 6 == 0 {
            password.push('-');
        }
        password.push(LETTERS.get(usize::from(byte & 31)).copied().map_or('a', char::from));
    }
    password
}
