//! Who somebody is, by his password or an application password; `tokens.rs` has bearer tokens.
//!
//! A checked password is remembered by a keyed digest, never itself; what was checked counts only as long as the principal's
//! `auth_version` stands, which each request reads: so a change holds at once, on every node. RFC 7617.

use super::actor::{Actor, Proof, Scope};
use super::ahead::Ahead;
use super::brake::{Brake, Guess, Guessed};
use super::opened::{Opened, Wanted};
use super::{Core, fault, slow_hash, spelling};
use crate::domain::fault::Fault;
use crate::domain::id::PrincipalId;
use crate::domain::principal::{Principal, PrincipalState};
use crate::store::{Credential, CredentialKind, Error, Login, ReadTx, Weight};
use hmac::{Hmac, KeyInit, Mac};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// How long a checked password is remembered; then the slow hash runs again.
const REMEMBER: Duration = Duration::from_secs(15 * 60);
/// How long a refused password is remembered, so that a client that loops with it costs next to nothing.
const REMEMBER_REFUSAL: Duration = Duration::from_secs(5 * 60);
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
    brake: Brake,
}

impl Accounts {
    pub(super) fn new() -> Self {
        Accounts {
            secret: rand::random(),
            verdicts: Cache::builder().max_capacity(50_000).time_to_live(REMEMBER).build(),
            refusals: Cache::builder().max_capacity(10_000).time_to_live(REMEMBER_REFUSAL).build(),
            brake: Brake::new(),
        }
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
        let login = spelling::login(login);
        let asked = login.clone();
        let account = fault(self.store.read(Weight::Point, move |tx| find_account(tx, &asked)).await)?;
        // Nobody guesses one, so that it needs no brake; and no guesses of others at the account's password hold it up.
        if let Some(verdict) =
            account.as_ref().and_then(|account| by_app_password(account, password, self.now()))
        {
            self.accounts.verdicts.insert(key, verdict.clone());
            self.note_use(verdict.credential).await;
            return Ok(self.actor(&verdict, device));
        }
        let state = account.as_ref().map(|(principal, _)| (principal.id, principal.auth_version));
        if self.accounts.refusals.get(&key).is_some_and(|refusal| refusal.account == state) {
            return Err(Fault::Unauthenticated);
        }
        let brake = &self.accounts.brake;
        let guessed = match &account {
            Some((principal, _)) => Guessed::Account(principal.id),
            None => Guessed::Nobody(self.accounts.key(&login, "").ok_or(Fault::Internal)?),
        };
        brake.admits(guessed)?;
        let waiting = brake.queue()?;
        // One slow hash at a time for a password: the connections of a client that all begin at once then share its outcome.
        let _turn = brake.turn(&key).await;
        if let Some(verdict) = self.accounts.verdicts.get(&key)
            && state == Some((verdict.id, verdict.auth_version))
            && verdict.expires_at.is_none_or(|at| at > self.now())
        {
            return Ok(self.actor(&verdict, device));
        }
        if self.accounts.refusals.get(&key).is_some_and(|refusal| refusal.account == state) {
            return Err(Fault::Unauthenticated);
        }
        let guess = brake.guess(guessed)?;
        let permit = brake.hash().await?;
        drop(waiting);
        match check(account, password.to_owned(), guess, permit).await? {
            Some(verdict) => {
                self.accounts.verdicts.insert(key, verdict.clone());
                self.note_use(verdict.credential).await;
                Ok(self.actor(&verdict, device))
            }
            None => {
                self.accounts.refusals.insert(key, Refusal { account: state });
                Err(Fault::Unauthenticated)
            }
        }
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
        let handle = handle.to_owned();
        fault(
            self.store
                .write(move |tx| {
                    let principal = spelling::user_by_handle(tx, &handle)?;
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

/// An account and what opens it.
type Account = (Principal, Vec<Credential>);

fn find_account(tx: &mut ReadTx<'_>, login: &str) -> Result<Option<Account>, Error> {
    let found = spelling::user_by_login(tx, login)?;
    found
        .map(|principal| tx.credentials(principal.id).map(|credentials| (principal, credentials)))
        .transpose()
}

/// Holds a password against that of an account. Who still waits for the outcome does not matter: the hash has begun.
async fn check(
    account: Option<Account>,
    password: String,
    guess: Guess,
    permit: OwnedSemaphorePermit,
) -> Result<Option<Verdict>, Fault> {
    let checked = tokio::task::spawn_blocking(move || {
        let verdict = by_password(account, password);
        if verdict.is_none() {
            guess.was_wrong();
        }
        drop(permit);
        verdict
    });
    checked.await.map_err(|_| Fault::Internal)
}

/// Slow for a person's password. It takes the same time for a login that does not exist, and for one that has no password.
fn by_password(account: Option<Account>, password: String) -> Option<Verdict> {
    let spellings = spelling::passwords(password);
    let active = account.filter(|(principal, _)| principal.state == PrincipalState::Active);
    let own = active.and_then(|(principal, credentials)| {
        let now = crate::store::now();
        let is_own = |one: &Credential| one.kind == CredentialKind::Password && one.is_good_at(now);
        Some((principal, credentials.into_iter().find(is_own)?))
    });
    let Some((principal, credential)) = own else {
        // The result does not matter, the time does.
        for spelling in &spellings {
            drop(slow_hash::hash(spelling));
        }
        return None;
    };
    let good = spellings.iter().any(|spelling| slow_hash::verify(spelling, &credential.hash));
    good.then(|| verdict(&principal, &credential)).flatten()
}

/// Quick for an application password, whose length makes guessing hopeless.
fn by_app_password((principal, credentials): &Account, password: &str, now: i64) -> Option<Verdict> {
    if principal.state != PrincipalState::Active
        || !APP_PREFIXES.iter().any(|prefix| password.starts_with(prefix))
    {
        return None;
    }
    let digest = digest(password);
    let good = |one: &&Credential| {
        one.kind == CredentialKind::AppPassword
            && one.is_good_at(now)
            && same(one.hash.as_bytes(), digest.as_bytes())
    };
    verdict(principal, credentials.iter().find(good)?)
}

fn verdict(principal: &Principal, credential: &Credential) -> Option<Verdict> {
    Some(Verdict {
        id: principal.id,
        handle: principal.handle.as_str().into(),
        admin: principal.admin,
        scope: Scope::parse(&credential.scope)?,
        auth_version: principal.auth_version,
        credential: credential.id,
        is_app_password: credential.kind == CredentialKind::AppPassword,
        expires_at: credential.expires_at,
    })
}

/// Compares without telling by its time how much was the same.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |seen, (x, y)| seen | (x ^ y)) == 0
}

/// What is kept of an application password: its length makes guessing hopeless, so no slow hash is needed.
pub(super) fn digest(password: &str) -> String {
    Sha256::digest(password.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The slow hash of a new password, on a thread that may block.
pub(super) async fn hash_password(password: String) -> Result<String, Fault> {
    if password.is_empty() {
        return Err(Fault::BadRequest("the password is empty".into()));
    }
    tokio::task::spawn_blocking(move || slow_hash::hash(&spelling::password(&password)))
        .await
        .map_err(|_| Fault::Internal)?
        .map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Fault::Internal
        })
}
