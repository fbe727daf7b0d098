//! Who somebody is, by his password or an application password; `tokens.rs` has bearer tokens.
//!
//! A checked password is remembered by a keyed digest, never itself; what was checked counts only as long as the principal's
//! `auth_version` stands, which each request reads: so a change holds at once, on every node. RFC 7617.

use super::actor::{Actor, Proof, Scope};
use super::ahead::Ahead;
use super::opened::{Opened, Wanted};
use super::{Core, fault, slow_hash};
use crate::domain::fault::Fault;
use crate::domain::id::PrincipalId;
use crate::domain::principal::{Principal, PrincipalState};
use crate::store::{Credential, CredentialKind, Error, Login, Weight};
use hmac::{Hmac, KeyInit, Mac};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};

/// How long a checked password is remembered; then the slow hash runs again.
const REMEMBER: Duration = Duration::from_secs(15 * 60);
/// How long a refused password is remembered, so that a client that loops with it costs next to nothing.
const REMEMBER_REFUSAL: Duration = Duration::from_secs(5 * 60);
/// Different wrong passwords for one login within [`FAILURE_WINDOW`] before further ones wait: a person mistypes a few.
const FREE_FAILURES: u32 = 20;
const FAILURE_WINDOW: Duration = Duration::from_secs(60);
/// Slow hashes at a time: each takes a core and 19 MiB.
const HASHES: usize = 2;
/// Keys share this many turns: few, for only [`HASHES`] run at a time anyway.
const TURNS: usize = 64;
/// What application passwords begin with: those that are made, and those that were made before.
pub(super) const APP_PREFIXES: [&str; 2] = ["cen_", "cen-"];

pub(super) type Key = [u8; 32];

/// What a remembered password was good for.
#[derive(Debug, Clone)]
struct Verdict {
    id: PrincipalId,
    handle: Arc<str>,
    admin: bool,
    scope: Scope,
    auth_version: i64,
    /// Which credential it is of.
    credential: i64,
    /// Whether that is an application password.
    is_app_password: bool,
    /// When it ends, microseconds UTC.
    expires_at: Option<i64>,
}

/// A remembered refusal: good only while the account is as it was.
#[derive(Debug, Clone, Copy)]
struct Refusal {
    account: Option<(PrincipalId, i64)>,
}

/// What is remembered between requests. Nothing here is trusted without the database's word.
#[derive(Debug)]
pub(super) struct Accounts {
    secret: Key,
    verdicts: Cache<Key, Verdict>,
    refusals: Cache<Key, Refusal>,
    failures: Cache<String, Arc<AtomicU32>>,
    hashing: Semaphore,
    turns: [Arc<Mutex<()>>; TURNS],
}

impl Accounts {
    pub(super) fn new() -> Self {
        Accounts {
            secret: rand::random(),
            verdicts: Cache::builder().max_capacity(50_000).time_to_live(REMEMBER).build(),
            refusals: Cache::builder().max_capacity(10_000).time_to_live(REMEMBER_REFUSAL).build(),
            failures: Cache::builder().max_capacity(10_000).time_to_live(FAILURE_WINDOW).build(),
            hashing: Semaphore::new(HASHES),
            turns: std::array::from_fn(|_| Arc::default()),
        }
    }

    /// Waits until no other request hashes a password of this key.
    async fn turn(&self, key: &Key) -> Option<OwnedMutexGuard<()>> {
        let [first, ..] = key;
        let turn = self.turns.get(usize::from(*first) % TURNS)?;
        Some(Arc::clone(turn).lock_owned().await)
    }

    /// What is remembered of a password or, without a login, of a token.
    pub(super) fn key(&self, login: &str, password: &str) -> Option<Key> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.secret).ok()?;
        mac.update(login.as_bytes());
        mac.update(&[0]);
        mac.update(password.as_bytes());
        Some(mac.finalize().into_bytes().into())
    }
}

impl Core {
    /// The actor behind a login and a password. `login` is a handle or any address of the account, in any case.
    pub async fn log_in(&self, login: &str, password: &str, device: Option<String>) -> Result<Actor, Fault> {
        self.log_in_for(login, password, device, None).await.map(|(actor, _)| actor)
    }

    /// As [`Core::log_in`], with what the request is going to ask for of the actor's own: where the password was checked
    /// before, both are one question to the database.
    pub async fn log_in_for(
        &self,
        login: &str,
        password: &str,
        device: Option<String>,
        wanted: Option<Wanted<'_>>,
    ) -> Result<(Actor, Opened), Fault> {
        let key = self.accounts.key(login, password).ok_or(Fault::Internal)?;
        let now = self.now();
        let remembered = self.accounts.verdicts.get(&key);
        if let Some(verdict) = remembered.filter(|verdict| verdict.expires_at.is_none_or(|at| at > now)) {
            let actor = self.actor(&verdict, device.clone());
            let login = Login { id: verdict.id, auth_version: verdict.auth_version };
            if let Some(opened) = self.open(&actor, login, wanted).await? {
                return Ok((actor, opened));
            }
            self.accounts.verdicts.invalidate(&key);
        }
        self.log_in_slowly(key, login, password, device).await.map(|actor| (actor, Opened::default()))
    }

    /// Holds a password against the account's credentials, unless its refusal is remembered.
    async fn log_in_slowly(
        &self,
        key: Key,
        login: &str,
        password: &str,
        device: Option<String>,
    ) -> Result<Actor, Fault> {
        let login = login.trim().to_lowercase();
        let asked = login.clone();
        let account = fault(self.store.read(Weight::Point, move |tx| find_account(tx, &asked)).await)?;
        let state = account.as_ref().map(|(principal, _)| (principal.id, principal.auth_version));
        if self.accounts.refusals.get(&key).is_some_and(|refusal| refusal.account == state) {
            return Err(Fault::Unauthenticated);
        }
        let failures = self.accounts.failures.get_with(login, Arc::default);
        if failures.load(Ordering::Relaxed) >= FREE_FAILURES {
            return Err(Fault::Busy(FAILURE_WINDOW.as_secs() as u32));
        }
        // One slow hash at a time for a password: the connections of a client that all begin at once then share its outcome.
        let _turn = self.accounts.turn(&key).await;
        if let Some(verdict) = self.accounts.verdicts.get(&key)
            && state == Some((verdict.id, verdict.auth_version))
            && verdict.expires_at.is_none_or(|at| at > self.now())
        {
            return Ok(self.actor(&verdict, device));
        }
        if self.accounts.refusals.get(&key).is_some_and(|refusal| refusal.account == state) {
            return Err(Fault::Unauthenticated);
        }
        match self.check(account, password).await? {
            Some(verdict) => {
                self.accounts.verdicts.insert(key, verdict.clone());
                self.note_use(verdict.credential).await;
                Ok(self.actor(&verdict, device))
            }
            None => {
                failures.fetch_add(1, Ordering::Relaxed);
                self.accounts.refusals.insert(key, Refusal { account: state });
                Err(Fault::Unauthenticated)
            }
        }
    }

    /// Holds a password against the credentials of an account.
    async fn check(
        &self,
        account: Option<(Principal, Vec<Credential>)>,
        password: &str,
    ) -> Result<Option<Verdict>, Fault> {
        let permit = self.accounts.hashing.acquire().await.map_err(|_| Fault::Internal)?;
        let password = password.to_owned();
        let checked = tokio::task::spawn_blocking(move || {
            let (principal, credentials) = match account {
                Some((principal, credentials)) if principal.state == PrincipalState::Active => {
                    (principal, credentials)
                }
                // The same time for a login that does not exist.
                _ => {
                    burn(&password);
                    return None;
                }
            };
            let now = crate::store::now();
            let mut good = credentials.into_iter().filter(|credential| credential.is_good_at(now));
            let credential = good.find(|credential| matches(credential, &password))?;
            let verdict = Verdict {
                id: principal.id,
                handle: principal.handle.into(),
                admin: principal.admin,
                scope: Scope::parse(&credential.scope)?,
                auth_version: principal.auth_version,
                credential: credential.id,
                is_app_password: credential.kind == CredentialKind::AppPassword,
                expires_at: credential.expires_at,
            };
            Some(verdict)
        })
        .await
        .map_err(|_| Fault::Internal);
        drop(permit);
        checked
    }

    /// Notes that a credential was used: only a hint for people, so that no login fails for it.
    pub(super) async fn note_use(&self, credential: i64) {
        if let Err(error) = self.store.write(move |tx| tx.touch_credential(credential)).await {
            tracing::warn!(error = %error, "last use of a credential was not noted");
        }
    }

    /// Sets the password of an account; what was checked before no longer holds on any node.
    pub async fn set_password(&self, handle: &str, password: &str) -> Result<(), Fault> {
        let hash = hash_password(password.to_owned()).await?;
        let handle = handle.to_lowercase();
        fault(
            self.store
                .write(move |tx| {
                    let principal = tx.principal_by_handle(&handle)?.ok_or(Fault::NotFound)?;
                    tx.set_password(principal.id, &hash)
                })
                .await,
        )
    }
}

impl Core {
    /// The actor that a token or an application password admits.
    pub(super) fn admitted(
        &self,
        id: PrincipalId,
        handle: String,
        admin: bool,
        scope: Scope,
        device: Option<String>,
        proof: Proof,
    ) -> Actor {
        Actor {
            id,
            handle,
            admin: admin && scope.admin,
            scope,
            device,
            door: None,
            proof,
            privacy: self.privacy,
            directory: self.directory,
            ahead: Ahead::default(),
        }
    }

    fn actor(&self, verdict: &Verdict, device: Option<String>) -> Actor {
        let proof = Proof {
            auth_version: Some(verdict.auth_version),
            credential: Some(verdict.credential),
            app_password: Some(verdict.credential).filter(|_| verdict.is_app_password),
            until: verdict.expires_at,
            ends_at: verdict.expires_at,
            ..Proof::default()
        };
        let handle = verdict.handle.as_ref().to_owned();
        self.admitted(verdict.id, handle, verdict.admin, verdict.scope, device, proof)
    }
}

fn find_account(
    tx: &mut crate::store::ReadTx<'_>,
    login: &str,
) -> Result<Option<(Principal, Vec<Credential>)>, Error> {
    let found = match tx.principal_by_handle(login)? {
        Some(principal) => Some(principal),
        None => tx.principal_by_address(login)?,
    };
    found
        .map(|principal| tx.credentials(principal.id).map(|credentials| (principal, credentials)))
        .transpose()
}

/// Slow for a person's password, quick for an application password, whose length makes guessing hopeless.
fn matches(credential: &Credential, password: &str) -> bool {
    match credential.kind {
        CredentialKind::AppPassword => {
            APP_PREFIXES.iter().any(|prefix| password.starts_with(prefix))
                && same(credential.hash.as_bytes(), digest(password).as_bytes())
        }
        CredentialKind::Password => slow_hash::verify(password, &credential.hash),
    }
}

/// Compares without telling by its time how much was the same.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |seen, (x, y)| seen | (x ^ y)) == 0
}

/// What is kept of an application password: its length makes guessing hopeless, so no slow hash is needed.
pub(super) fn digest(password: &str) -> String {
    Sha256::digest(password.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn burn(password: &str) {
    // The result does not matter, the time does.
    let _ = slow_hash::hash(password);
}

/// The slow hash of a new password, on a thread that may block.
pub(super) async fn hash_password(password: String) -> Result<String, Fault> {
    if password.is_empty() {
        return Err(Fault::BadRequest("the password is empty".into()));
    }
    tokio::task::spawn_blocking(move || slow_hash::hash(&password))
        .await
        .map_err(|_| Fault::Internal)?
        .map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Fault::Internal
        })
}
