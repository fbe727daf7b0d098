//! Sessions: an access token for a quarter of an hour, and a token that renews it, once.
//!
//! Each renewal gives another renewing token. One that comes a second time was stolen, or its thief has used it first: the session ends, and
//! with it all that was given out. Tokens are signed with the secret that all nodes share; nobody else has to check them, so
//! there is no public key. RFC 6749 §6, RFC 7009, RFC 7519, RFC 9700 §4.14.

use super::accounts::{Claims, sign, verify};
use super::actor::{Actor, Scope};
use super::{Core, fault};
use crate::domain::fault::Fault;
use crate::domain::id::PrincipalId;
use crate::domain::principal::PrincipalState;
use crate::store::{Session, Weight};
use serde::{Deserialize, Serialize};

/// Seconds that an access token is good for.
pub const ACCESS: u64 = 15 * 60;
/// Seconds that a session lasts when nobody renews it.
const IDLE: u64 = 60 * 86_400;
/// Sessions of one account: one more ends the oldest.
const MAX_SESSIONS: usize = 200;
/// Octets of a session's name.
const MAX_DEVICE: usize = 120;
const SECOND: i64 = 1_000_000;

/// What somebody who logs in, or renews, is given.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// For the `Authorization` header.
    pub access: String,
    /// Renews the session, once.
    pub refresh: String,
    /// What they open, as words.
    pub scope: String,
    /// The session.
    pub session: i64,
}

/// What a renewing token says. It has no scope and so is never taken for an access token.
#[derive(Debug, Serialize, Deserialize)]
struct Renewal {
    sub: String,
    exp: u64,
    ver: i64,
    /// The session.
    sid: i64,
    /// Its generation.
    generation: i64,
}

/// What became of a renewal.
enum Outcome {
    Renewed(Session),
    /// The token was used before, or its session has ended.
    Refused,
}

impl Core {
    /// Opens a session for somebody who has just logged in. `scope` narrows what his login opens.
    pub async fn open_session(
        &self,
        actor: &Actor,
        scope: Option<&str>,
        device: &str,
    ) -> Result<Tokens, Fault> {
        let words = self.narrowed(actor, scope)?;
        let device: String = device.chars().filter(|c| !c.is_control()).take(MAX_DEVICE).collect();
        let (id, kept) = (actor.id, words.clone());
        let expires_at = self.now() + seconds(IDLE);
        let made = self.store.write(move |tx| {
            let now = tx.now();
            let old = tx.sessions(id, now)?;
            for oldest in old.iter().take((old.len() + 1).saturating_sub(MAX_SESSIONS)) {
                tx.end_session(id, oldest.id)?;
            }
            let session = tx.open_session(id, &device, &kept, expires_at)?;
            let principal = tx.principal(id)?.ok_or(Fault::NotFound)?;
            Ok((session, principal.auth_version))
        });
        let (session, version) = fault(made.await)?;
        self.tokens(id, version, session, 0, words)
    }

    /// The words of a scope that is asked for, if it opens no more than the login that asks.
    pub(super) fn narrowed(&self, actor: &Actor, scope: Option<&str>) -> Result<String, Fault> {
        let Some(words) = scope else { return Ok(actor.scope.words()) };
        let wanted = Scope::parse(words).ok_or_else(|| Fault::BadRequest("an unknown scope".into()))?;
        if !wanted.within(actor.scope) {
            return Err(Fault::ScopeTooNarrow);
        }
        Ok(wanted.words())
    }

    /// Renews a session by its renewing token, which is worthless from then on.
    pub async fn renew_session(&self, token: &str) -> Result<Tokens, Fault> {
        let renewal: Renewal = verify(self.store.signing_secret(), token)?;
        let owner = PrincipalId(renewal.sub.parse().map_err(|_| Fault::Unauthenticated)?);
        let expires_at = self.now() + seconds(IDLE);
        let outcome = self.store.write(move |tx| {
            let Some(session) = tx.session(renewal.sid)?.filter(|session| session.principal == owner) else {
                return Ok(Outcome::Refused);
            };
            let principal = tx.principal(owner)?;
            let good = principal.is_some_and(|principal| {
                principal.state == PrincipalState::Active && principal.auth_version == renewal.ver
            });
            if good
                && session.expires_at > tx.now()
                && tx.renew_session(session.id, renewal.generation, expires_at)?
            {
                return Ok(Outcome::Renewed(session));
            }
            // The end of the session must be stored, so this is no error of the transaction.
            tx.end_session(owner, session.id)?;
            Ok(Outcome::Refused)
        });
        match fault(outcome.await)? {
            Outcome::Renewed(session) => {
                self.tokens(owner, renewal.ver, session.id, renewal.generation + 1, session.scope)
            }
            Outcome::Refused => {
                tracing::warn!(session = renewal.sid, "a renewing token was refused, and its session ended");
                Err(Fault::Unauthenticated)
            }
        }
    }

    /// Ends the session that a token, of either kind, is of. What is no token of ours ends nothing, and nobody is told.
    pub async fn revoke_token(&self, token: &str) -> Result<(), Fault> {
        let secret = self.store.signing_secret();
        let renewal = verify::<Renewal>(secret, token).map(|renewal| (renewal.sub, Some(renewal.sid)));
        let found =
            renewal.or_else(|_| verify::<Claims>(secret, token).map(|claims| (claims.sub, claims.sid)));
        let Ok((owner, Some(session))) = found else { return Ok(()) };
        let Ok(owner) = owner.parse().map(PrincipalId) else { return Ok(()) };
        fault(self.store.write(move |tx| tx.end_session(owner, session)).await).map(|_| ())
    }

    /// The actor's sessions.
    pub async fn sessions(&self, actor: &Actor) -> Result<Vec<Session>, Fault> {
        actor.whole()?;
        let (id, now) = (actor.id, self.now());
        fault(self.store.read(Weight::Point, move |tx| tx.sessions(id, now)).await)
    }

    /// Ends a session of the actor's; its tokens are worthless at the next request.
    pub async fn end_session(&self, actor: &Actor, session: i64) -> Result<(), Fault> {
        actor.whole()?;
        let id = actor.id;
        let ended = fault(self.store.write(move |tx| tx.end_session(id, session)).await)?;
        if ended { Ok(()) } else { Err(Fault::NotFound) }
    }

    fn tokens(
        &self,
        owner: PrincipalId,
        version: i64,
        session: i64,
        generation: i64,
        scope: String,
    ) -> Result<Tokens, Fault> {
        let secret = self.store.signing_secret();
        let now = (self.now() / SECOND).unsigned_abs();
        let sub = owner.0.to_string();
        let claims = Claims {
            sub: sub.clone(),
            exp: now + ACCESS,
            ver: version,
            scope: scope.clone(),
            sid: Some(session),
        };
        let renewal = Renewal { sub, exp: now + IDLE, ver: version, sid: session, generation };
        Ok(Tokens { access: sign(secret, &claims)?, refresh: sign(secret, &renewal)?, scope, session })
    }
}

fn seconds(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / SECOND) * SECOND
}
