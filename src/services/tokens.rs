//! Access tokens: signed, so that others can check them with the published keys, and here held against the database at each
//! request, so that they end when their session, their account or their key does.
//!
//! A checked signature is remembered by a keyed digest until the token ends; all that can change meanwhile is asked again each time.
//! Only EdDSA is taken, by a key that is published, whatever a token says of itself. RFC 7519, RFC 8725, RFC 9068 §2.

use super::accounts::{APP_PREFIXES, Key, digest};
use super::actor::{Actor, Proof, Scope};
use super::app_passwords::well_formed;
use super::keys::Usable;
use super::spelling::user_by_handle;
use super::{Core, fault};
use crate::domain::fault::Fault;
use crate::domain::id::PrincipalId;
use crate::domain::principal::{Principal, PrincipalKind, PrincipalState};
use crate::store::{TokenLogin, Weight};
use jsonwebtoken::{Algorithm, Header, Validation};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Seconds that an access token is good for.
pub const ACCESS: u64 = 15 * 60;
/// What a token's header says that it is (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";
/// Seconds that a token is taken after its end: clocks differ.
const LEEWAY: u64 = 5;
/// Octets of a token at most: ours have about 600.
const LONGEST: usize = 4096;
/// Seconds between two notes of a credential's use.
const NOTE_EVERY: i64 = 15 * 60;
const SECOND: i64 = 1_000_000;

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    /// Who made it.
    pub iss: String,
    /// Who shall take it: its maker.
    pub aud: String,
    /// Whose it is: the principal's number, the same for ever.
    pub sub: String,
    /// His handle.
    pub preferred_username: String,
    /// When it was made, seconds since 1970.
    pub iat: u64,
    /// When it ends, seconds since 1970.
    pub exp: u64,
    /// Of each token another.
    pub jti: String,
    /// What it opens, as words.
    pub scope: String,
    /// The session that it is of, and ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The account's number of ended tokens; says nothing to others.
    pub ver: i64,
}

/// A token whose signature was good.
#[derive(Debug, Clone)]
struct Seen {
    id: PrincipalId,
    scope: Scope,
    session: Option<i64>,
    version: i64,
    /// Seconds since 1970.
    exp: u64,
    kid: Arc<str>,
}

/// Tokens that were seen. Nothing here is trusted without the database's word.
#[derive(Debug)]
pub(super) struct Tokens {
    seen: Cache<Key, Arc<Seen>>,
}

impl Tokens {
    pub(super) fn new() -> Self {
        let life = Duration::from_secs(ACCESS + LEEWAY);
        Tokens { seen: Cache::builder().max_capacity(50_000).time_to_live(life).build() }
    }
}

impl Seen {
    fn of(claims: &Claims, kid: String) -> Option<Seen> {
        Some(Seen {
            id: PrincipalId(claims.sub.parse().ok()?),
            scope: Scope::parse(&claims.scope)?,
            session: claims.sid.as_deref().map(str::parse).transpose().ok()?,
            version: claims.ver,
            exp: claims.exp,
            kid: kid.into(),
        })
    }
}

impl Core {
    /// An access token for an account, good from `now` for so many seconds, signed by a key out of [`Core::with_signing_key`].
    pub(super) fn access_token(
        &self,
        owner: &Principal,
        scope: &str,
        session: Option<i64>,
        (now, seconds): (u64, u64),
        key: Usable,
    ) -> Result<String, Fault> {
        let claims = Claims {
            iss: self.issuer.to_string(),
            aud: self.issuer.to_string(),
            sub: owner.id.0.to_string(),
            preferred_username: owner.handle.clone(),
            iat: now,
            exp: now.saturating_add(seconds),
            jti: uuid::Uuid::new_v4().to_string(),
            scope: scope.to_owned(),
            sid: session.map(|session| session.to_string()),
            ver: owner.token_version,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.kid);
        jsonwebtoken::encode(&header, &claims, &key.signing).map_err(|error| {
            tracing::error!(%error, "a token could not be signed");
            Fault::Internal
        })
    }

    /// What an access token says, if a key of ours signed it and its time is not over.
    pub(super) async fn read_access_token(&self, token: &str) -> Result<(Claims, String), Fault> {
        if token.len() > LONGEST {
            return Err(Fault::Unauthenticated);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Fault::Unauthenticated)?;
        let kid = header.kid.ok_or(Fault::Unauthenticated)?;
        // What is no such token by its own word needs no key looked for.
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TYPE) {
            return Err(Fault::Unauthenticated);
        }
        // RFC 7515 §4.1.11: what a token says must be understood, and no extension is.
        if header.crit.is_some() {
            return Err(Fault::Unauthenticated);
        }
        let key = self.key_of(&kid).await?.ok_or(Fault::Unauthenticated)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&*self.issuer]);
        validation.set_audience(&[&*self.issuer]);
        let read = jsonwebtoken::decode::<Claims>(token, &key.verifying, &validation);
        read.map(|token| (token.claims, kid)).map_err(|_| Fault::Unauthenticated)
    }

    /// As [`Core::read_access_token`], from memory where it was read before.
    async fn seen_token(&self, token: &str) -> Result<Arc<Seen>, Fault> {
        let key = self.accounts.key("", token).ok_or(Fault::Internal)?;
        if let Some(seen) = self.tokens.seen.get(&key) {
            if seen.exp.saturating_add(LEEWAY) > self.now_seconds() {
                return Ok(seen);
            }
            self.tokens.seen.invalidate(&key);
        }
        let (claims, kid) = self.read_access_token(token).await?;
        let seen = Arc::new(Seen::of(&claims, kid).ok_or(Fault::Unauthenticated)?);
        self.tokens.seen.insert(key, Arc::clone(&seen));
        Ok(seen)
    }

    /// The actor behind a bearer token, or behind an application password that is sent as one.
    pub async fn log_in_with_token(&self, token: &str, device: Option<String>) -> Result<Actor, Fault> {
        if APP_PREFIXES.iter().any(|prefix| token.starts_with(prefix)) {
            return self.log_in_with_app_password(token, device).await;
        }
        let seen = self.seen_token(token).await?;
        let login = TokenLogin {
            id: seen.id,
            token_version: seen.version,
            session: seen.session,
            kid: Arc::clone(&seen.kid),
        };
        let now = self.now();
        let found = self.store.read(Weight::Point, move |tx| tx.token_holds(&login, now));
        let held = fault(found.await)?.ok_or(Fault::Unauthenticated)?;
        let until = Some(micros(seen.exp));
        let proof = Proof {
            token_version: Some(seen.version),
            session: seen.session,
            kid: Some(Arc::clone(&seen.kid)),
            until,
            // Tokens of a session are followed by others; one that is of none is all that there is of its login.
            ends_at: if seen.session.is_some() { held.ends_at } else { until },
            ..Proof::default()
        };
        Ok(self.admitted(seen.id, held.handle, held.admin, seen.scope, device, proof))
    }

    /// Its length makes guessing hopeless, so the digest alone finds it.
    async fn log_in_with_app_password(&self, password: &str, device: Option<String>) -> Result<Actor, Fault> {
        if !well_formed(password) {
            return Err(Fault::Unauthenticated);
        }
        let hash = digest(password);
        let found = self.store.read(Weight::Point, move |tx| {
            let Some((owner, credential)) = tx.app_password_by_hash(&hash)? else { return Ok(None) };
            Ok(tx.principal(owner)?.map(|principal| (principal, credential)))
        });
        let now = self.now();
        let (principal, credential) = fault(found.await)?
            .filter(|(principal, credential)| {
                principal.kind == PrincipalKind::User
                    && principal.state == PrincipalState::Active
                    && credential.is_good_at(now)
            })
            .ok_or(Fault::Unauthenticated)?;
        let scope = Scope::parse(&credential.scope).ok_or(Fault::Unauthenticated)?;
        if credential.last_used.is_none_or(|used| now - used > NOTE_EVERY * SECOND) {
            self.note_use(credential.id).await;
        }
        let proof = Proof {
            auth_version: Some(principal.auth_version),
            credential: Some(credential.id),
            app_password: Some(credential.id),
            until: credential.expires_at,
            ends_at: credential.expires_at,
            ..Proof::default()
        };
        Ok(self.admitted(principal.id, principal.handle, principal.admin, scope, device, proof))
    }

    /// A bearer token for an account, good for `seconds`, and until the account's password changes.
    pub async fn issue_token(&self, handle: &str, scope: &str, seconds: u64) -> Result<String, Fault> {
        if Scope::parse(scope).is_none() {
            return Err(Fault::BadRequest(format!("unknown scope '{scope}'")));
        }
        let (handle, now) = (handle.to_owned(), self.now_seconds());
        let end = now.saturating_add(seconds).saturating_add(LEEWAY);
        let until = micros(end);
        let found = self.with_signing_key(|kid| {
            let handle = handle.clone();
            async move {
                if seconds <= ACCESS {
                    let read = self.store.read(Weight::Point, move |tx| {
                        let principal = user_by_handle(tx, &handle)?;
                        Ok(tx.has_signing_key(&kid)?.then_some(principal))
                    });
                    return fault(read.await);
                }
                let noted = self.store.write(move |tx| {
                    let principal = user_by_handle(tx, &handle)?;
                    Ok(tx.need_signing_key(&kid, until)?.then_some(principal))
                });
                fault(noted.await)
            }
        });
        let (principal, key) = found.await?;
        self.access_token(&principal, scope, None, (now, seconds), key)
    }

    /// Now, in seconds since 1970.
    pub(super) fn now_seconds(&self) -> u64 {
        (self.now() / SECOND).unsigned_abs()
    }
}

/// Seconds as microseconds.
pub(super) fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND)
}
