//! Sessions: an access token for a quarter of an hour, and a token that renews it, once.
//!
//! Each renewal gives another renewing token. One that comes a second time was stolen, or its thief has used it first: the session ends, and
//! with it all that was given out. A renewing token is sealed with the secret that all nodes share, for nobody else has to read it; no
//! published key opens it, so none who checks access tokens can take it for one. RFC 6749 §6, RFC 7009, RFC 9700 §4.14.

use super::actor::{Actor, Scope};
use super::keys::Usable;
use super::tokens::{ACCESS, micros};
use super::{Core, fault};
use crate::domain::fault::Fault;
use crate::domain::id::PrincipalId;
use crate::domain::principal::{Principal, PrincipalKind, PrincipalState};
use crate::store::{Session, Weight};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// Seconds that a session lasts when nobody renews it.
const IDLE: u64 = 60 * 86_400;
/// Sessions of one account: one more ends the oldest.
const MAX_SESSIONS: usize = 200;
/// Octets of a session's name.
const MAX_DEVICE: usize = 120;
/// What renewing tokens are sealed by.
const SEAL: Algorithm = Algorithm::HS256;

/// What somebody who logs in, or renews, is given.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// For the `Authorization` header.
    pub access: String,
    /// Seconds that it is good for.
    pub seconds: u64,
    /// Renews the session, once.
    pub refresh: String,
    /// What they open, as words.
    pub scope: String,
    /// The session.
    pub session: i64,
}

/// What a renewing token says.
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
    /// The session, as it was, and when it ends now.
    Renewed(Box<(Principal, Session, i64)>),
    /// The token was used before, or its session has ended.
    Refused,
}

impl Core {
    /// Opens a session for somebody who has just logged in. `scope` narrows what his login opens. It ends with the credential of the
    /// login at the latest, however often it is renewed.
    pub async fn open_session(
        &self,
        actor: &Actor,
        scope: Option<&str>,
        device: &str,
    ) -> Result<Tokens, Fault> {
        let words = self.narrowed(actor, scope)?;
        let device: String = device.chars().filter(|c| !c.is_control()).take(MAX_DEVICE).collect();
        let (id, credential) = (actor.id, actor.proof.credential);
        let idle = self.now().saturating_add(micros(IDLE));
        let ends_at = actor.proof.ends_at;
        let made = self.with_signing_key(|kid| {
            let (kept, device) = (words.clone(), device.clone());
            let write = self.store.write(move |tx| {
                let now = tx.now();
                let mut expires_at = ends_at.map_or(idle, |end| end.min(idle));
                // It may have been taken away, or have ended, since it was checked.
                if let Some(credential) = credential {
                    let end = tx.credential_end(credential)?.ok_or(Fault::Unauthenticated)?;
                    expires_at = end.map_or(expires_at, |end| end.min(expires_at));
                }
                if expires_at <= now {
                    return Err(Fault::Unauthenticated.into());
                }
                if !tx.has_signing_key(&kid)? {
                    return Ok(None);
                }
                let old = tx.sessions(id, now)?;
                for oldest in old.iter().take((old.len() + 1).saturating_sub(MAX_SESSIONS)) {
                    tx.end_session(id, oldest.id)?;
                }
                let session = tx.open_session(id, &device, &kept, expires_at, credential)?;
                let principal = tx.principal(id)?.ok_or(Fault::NotFound)?;
                Ok(Some((session, principal, expires_at)))
            });
            async move { fault(write.await) }
        });
        let ((session, principal, expires_at), key) = made.await?;
        self.give_tokens(&principal, (session, expires_at), 0, words, key)
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
        let renewal = self.unseal(token)?;
        let owner = PrincipalId(renewal.sub.parse().map_err(|_| Fault::Unauthenticated)?);
        let idle = self.now().saturating_add(micros(IDLE));
        let (sid, generation, version) = (renewal.sid, renewal.generation, renewal.ver);
        let outcome = self.with_signing_key(|kid| {
            let write = self.store.write(move |tx| {
                let Some(session) = tx.session(sid)?.filter(|session| session.principal == owner) else {
                    return Ok(Some(Outcome::Refused));
                };
                if !tx.has_signing_key(&kid)? {
                    return Ok(None);
                }
                let principal = tx.principal(owner)?;
                let good = principal.filter(|principal| {
                    principal.kind == PrincipalKind::User
                        && principal.state == PrincipalState::Active
                        && principal.token_version == version
                });
                // Those of older versions do not say with what they were opened.
                let end = match session.credential {
                    Some(credential) => tx.credential_end(credential)?.flatten(),
                    None => None,
                };
                let expires_at = end.map_or(idle, |end| end.min(idle));
                if let Some(principal) = good
                    && session.expires_at.min(expires_at) > tx.now()
                    && tx.renew_session(session.id, generation, expires_at)?
                {
                    return Ok(Some(Outcome::Renewed(Box::new((principal, session, expires_at)))));
                }
                // The end of the session must be stored, so this is no error of the transaction.
                tx.end_session(owner, session.id)?;
                Ok(Some(Outcome::Refused))
            });
            async move { fault(write.await) }
        });
        let (outcome, key) = outcome.await?;
        match outcome {
            Outcome::Renewed(renewed) => {
                let (principal, session, expires_at) = *renewed;
                self.give_tokens(&principal, (session.id, expires_at), generation + 1, session.scope, key)
            }
            Outcome::Refused => {
                tracing::warn!(session = renewal.sid, "a renewing token was refused, and its session ended");
                Err(Fault::Unauthenticated)
            }
        }
    }

    /// Ends the session that a token, of either kind, is of. What is no token of ours ends nothing, and nobody is told.
    pub async fn revoke_token(&self, token: &str) -> Result<(), Fault> {
        let found = match self.unseal(token) {
            Ok(renewal) => Some((renewal.sub, renewal.sid, None)),
            Err(_) => match self.read_access_token(token).await {
                Ok((claims, kid)) => {
                    claims.sid.and_then(|sid| Some((claims.sub, sid.parse().ok()?, Some(kid))))
                }
                Err(Fault::Unauthenticated) => None,
                Err(other) => return Err(other),
            },
        };
        let Some((owner, session, kid)) = found else { return Ok(()) };
        let Ok(owner) = owner.parse().map(PrincipalId) else { return Ok(()) };
        let ended = self.store.write(move |tx| match &kid {
            // Whoever has a key that was taken away ends nobody's session with it.
            Some(kid) if !tx.has_signing_key(kid)? => Ok(false),
            _ => tx.end_session(owner, session),
        });
        fault(ended.await).map(|_| ())
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

    fn give_tokens(
        &self,
        owner: &Principal,
        (session, expires_at): (i64, i64),
        generation: i64,
        scope: String,
        key: Usable,
    ) -> Result<Tokens, Fault> {
        let now = self.now_seconds();
        // What others read of a token is true of it too: it says no later end than its session has.
        let exp = (now + IDLE).min((expires_at / micros(1)).unsigned_abs());
        let seconds = ACCESS.min(exp.saturating_sub(now));
        let renewal =
            Renewal { sub: owner.id.0.to_string(), exp, ver: owner.token_version, sid: session, generation };
        let refresh = self.seal(&renewal)?;
        let access = self.access_token(owner, &scope, Some(session), (now, seconds), key)?;
        Ok(Tokens { access, seconds, refresh, scope, session })
    }

    fn seal(&self, renewal: &Renewal) -> Result<String, Fault> {
        let secret = EncodingKey::from_secret(self.store.signing_secret().as_bytes());
        jsonwebtoken::encode(&Header::new(SEAL), renewal, &secret).map_err(|error| {
            tracing::error!(%error, "a renewing token could not be sealed");
            Fault::Internal
        })
    }

    /// What a renewing token says, if it is one of ours and its time is not over.
    fn unseal(&self, token: &str) -> Result<Renewal, Fault> {
        let secret = DecodingKey::from_secret(self.store.signing_secret().as_bytes());
        let opened = jsonwebtoken::decode::<Renewal>(token, &secret, &Validation::new(SEAL));
        opened.map(|token| token.claims).map_err(|_| Fault::Unauthenticated)
    }
}
