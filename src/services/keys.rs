//! The keys that access tokens are signed with: made, published, used, and forgotten, each by its time.
//!
//! A key is published an hour before it signs, so that every node and everybody who checks tokens by himself knows it by then. Which one
//! signs follows from the clock alone, so no node has to be told: the newest whose time has come. An old one still verifies until the
//! last token that it signed has ended, so that nobody is logged out. Private halves stay in the database and in here.
//! RFC 7517, RFC 7638, RFC 8037.

use super::tokens::ACCESS;
use super::{Core, fault};
use crate::domain::fault::Fault;
use crate::store::{SigningKey, Weight};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Seconds that others may keep what they read of the published keys; well below [`AHEAD`].
pub const PUBLISHED_FOR: u64 = ACCESS;
/// How long a key is published before it signs, microseconds.
const AHEAD: i64 = 3_600 * 1_000_000;
/// How long a key at least verifies after its successor began to sign, microseconds: longer than its last access token lives, and
/// than clocks of nodes differ.
const GRACE: i64 = 3_600 * 1_000_000;
/// How long a node believes what it read of the keys.
const FRESH: Duration = Duration::from_secs(60);
/// How often a key is looked for that is still there when a token is given.
const ATTEMPTS: usize = 3;
/// How often keys are read at most, whatever tokens name.
const PAUSE: Duration = Duration::from_millis(100);
/// What an Ed25519 key of 32 octets begins with in PKCS #8 (RFC 8410 §7).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Where a key stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Published; signs later.
    Next,
    /// Signs.
    Current,
    /// Only verifies.
    Old,
}

/// The public half of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What tokens call it: the key's digest (RFC 7638).
    pub kid: String,
    /// 32 octets in base64url.
    pub x: String,
    /// Where it stands.
    pub state: KeyState,
    /// When it was made and published, microseconds UTC.
    pub created_at: i64,
    /// From when on it signs, microseconds UTC.
    pub signs_from: i64,
    /// Until when it verifies, microseconds UTC; `None` while no successor is known.
    pub verifies_until: Option<i64>,
}

/// A key that can be used.
#[derive(Clone)]
pub(super) struct Usable {
    pub kid: String,
    pub signing: EncodingKey,
    pub verifying: DecodingKey,
    signs_from: i64,
}

/// The keys as they were read.
struct Loaded {
    at: Instant,
    /// In the order in which they sign.
    keys: Vec<Usable>,
}

/// What a node knows of the keys.
#[derive(Default)]
pub(super) struct Ring {
    loaded: RwLock<Option<Arc<Loaded>>>,
    loading: Mutex<()>,
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ring")
    }
}

impl Ring {
    fn seen(&self) -> Option<Arc<Loaded>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, keys: Vec<Usable>) -> Arc<Loaded> {
        let loaded = Arc::new(Loaded { at: Instant::now(), keys });
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&loaded));
        loaded
    }
}

/// What is to be done to the keys.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// A new key, which signs from then on.
    add: Option<i64>,
    /// Keys, by number, whose last token has ended.
    remove: Vec<i64>,
}

/// In the order in which they sign.
fn in_order(mut keys: Vec<SigningKey>) -> Vec<SigningKey> {
    keys.sort_by_key(|key| (key.signs_from, key.number));
    keys
}

/// Until when the key at this place verifies, `next` being its successor.
fn verifies_until(key: &SigningKey, next: Option<&SigningKey>) -> Option<i64> {
    next.map(|next| key.needed_until.max(next.signs_from.saturating_add(GRACE)))
}

/// Which of the keys, in the order in which they sign, signs now.
fn current(keys: &[SigningKey], now: i64) -> Option<&SigningKey> {
    keys.iter().rev().find(|key| key.signs_from <= now)
}

/// What time asks for. `age` (microseconds) is how long a key signs; without it none is followed by itself.
fn plan(keys: &[SigningKey], age: Option<i64>, now: i64) -> Plan {
    let Some(current) = current(keys, now) else { return Plan { add: Some(now), remove: Vec::new() } };
    let has_next = keys.iter().any(|key| key.signs_from > now);
    let old = age.is_some_and(|age| now.saturating_add(AHEAD) >= current.signs_from.saturating_add(age));
    let followed = keys.iter().zip(keys.iter().skip(1));
    Plan {
        add: (old && !has_next).then_some(now.saturating_add(AHEAD)),
        remove: followed
            .filter(|(key, next)| verifies_until(key, Some(next)).is_some_and(|end| end < now))
            .map(|(key, _)| key.number)
            .collect(),
    }
}

/// A fresh key.
fn make(number: i64, now: i64, signs_from: i64) -> Result<SigningKey, Fault> {
    let seed: [u8; 32] = rand::random();
    let signing = EncodingKey::from_ed_der(&pkcs8(&seed));
    let public = Jwk::from_encoding_key(&signing, Algorithm::EdDSA).map_err(|error| {
        tracing::error!(%error, "a signing key could not be made");
        Fault::Internal
    })?;
    let AlgorithmParameters::OctetKeyPair(pair) = public.algorithm else { return Err(Fault::Internal) };
    Ok(SigningKey {
        number,
        kid: thumbprint(&pair.x),
        public_key: pair.x,
        secret: URL_SAFE_NO_PAD.encode(seed),
        created_at: now,
        signs_from,
        needed_until: 0,
    })
}

fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    PKCS8.iter().chain(seed).copied().collect()
}

/// RFC 7638 §3 and RFC 8037 §2: the members that are needed, in the order of their names.
fn thumbprint(x: &str) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members.as_bytes()))
}

/// `None` for a row that is damaged: others go on.
fn usable(key: &SigningKey) -> Option<Usable> {
    let octets = |text: &str| <[u8; 32]>::try_from(URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    let (seed, _) = (octets(&key.secret)?, octets(&key.public_key)?);
    Some(Usable {
        kid: key.kid.clone(),
        signing: EncodingKey::from_ed_der(&pkcs8(&seed)),
        verifying: DecodingKey::from_ed_components(&key.public_key).ok()?,
        signs_from: key.signs_from,
    })
}

/// The number of the next key.
fn next_number(keys: &[SigningKey]) -> i64 {
    keys.iter().map(|key| key.number).max().unwrap_or(0) + 1
}

impl Core {
    /// Does what time asks for: makes a key where there is none, and its successor where it has signed for `age` (microseconds; without it
    /// never), and forgets those that verify nothing any more. Tells whether anything changed.
    pub async fn tend_keys(&self, age: Option<i64>) -> Result<bool, Fault> {
        let done = self.store.write(move |tx| {
            let now = tx.now();
            let keys = in_order(tx.signing_keys()?);
            let plan = plan(&keys, age, now);
            if let Some(signs_from) = plan.add {
                tx.add_signing_key(&make(next_number(&keys), now, signs_from)?)?;
            }
            if !plan.remove.is_empty() {
                tx.remove_signing_keys(&plan.remove)?;
            }
            Ok(plan != Plan::default())
        });
        let changed = fault(done.await)?;
        if changed {
            self.read_keys(Instant::now()).await?;
        }
        Ok(changed)
    }

    /// Publishes a key that follows the one that signs, and tells it; one that waits already is told instead.
    pub async fn rotate_keys(&self) -> Result<PublicKey, Fault> {
        let next = self.store.write(|tx| {
            let now = tx.now();
            let keys = in_order(tx.signing_keys()?);
            if let Some(next) = keys.iter().find(|key| key.signs_from > now) {
                return Ok(next.clone());
            }
            let signs_from = if keys.is_empty() { now } else { now + AHEAD };
            let key = make(next_number(&keys), now, signs_from)?;
            tx.add_signing_key(&key)?;
            Ok(key)
        });
        let next = fault(next.await)?;
        self.read_keys(Instant::now()).await?;
        let state = if next.signs_from > self.now() { KeyState::Next } else { KeyState::Current };
        Ok(shown(&next, state, None))
    }

    /// Forgets all keys and makes one that signs at once: every access token ends, on each node at its next request.
    pub async fn replace_keys(&self) -> Result<PublicKey, Fault> {
        let made = self.store.write(|tx| {
            let now = tx.now();
            let keys = tx.signing_keys()?;
            let key = make(next_number(&keys), now, now)?;
            tx.remove_signing_keys(&keys.iter().map(|key| key.number).collect::<Vec<_>>())?;
            tx.add_signing_key(&key)?;
            Ok(key)
        });
        let made = fault(made.await)?;
        self.read_keys(Instant::now()).await?;
        Ok(shown(&made, KeyState::Current, None))
    }

    /// The public halves of all keys, in the order in which they sign; there is always one that does.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, Fault> {
        let read = || self.store.read(Weight::Point, |tx| tx.signing_keys());
        let now = self.now();
        let mut keys = in_order(fault(read().await)?);
        if current(&keys, now).is_none() {
            self.tend_keys(None).await?;
            keys = in_order(fault(read().await)?);
        }
        let now = self.now();
        let signs = current(&keys, now).map(|key| key.number);
        let followers = keys.iter().skip(1).map(Some).chain([None]);
        let all = keys.iter().zip(followers).map(|(key, next)| {
            let state = match signs {
                Some(number) if number == key.number => KeyState::Current,
                _ if key.signs_from > now => KeyState::Next,
                _ => KeyState::Old,
            };
            shown(key, state, verifies_until(key, next))
        });
        Ok(all.collect())
    }

    /// Does what a token is given for with the key that signs now, and tells both. `work` is handed the key's name, and looks for it
    /// in its own transaction: `None` where it is not kept any more, and then it is done again with the one that is. So no node
    /// signs with a key that was taken away, however long ago it read the keys, and none has to be told.
    pub(super) async fn with_signing_key<T, W>(
        &self,
        work: impl Fn(String) -> W,
    ) -> Result<(T, Usable), Fault>
    where
        W: Future<Output = Result<Option<T>, Fault>>,
    {
        for _ in 0..ATTEMPTS {
            let key = self.signing_key().await?;
            if let Some(done) = work(key.kid.clone()).await? {
                return Ok((done, key));
            }
            self.read_keys(Instant::now()).await?;
        }
        Err(Fault::Busy(1))
    }

    /// The key that signs now, as far as this node knows.
    async fn signing_key(&self) -> Result<Usable, Fault> {
        let now = self.now();
        let newest = |loaded: &Loaded| loaded.keys.iter().rev().find(|key| key.signs_from <= now).cloned();
        if let Some(key) = newest(&*self.fresh_keys().await?) {
            return Ok(key);
        }
        // A clock that is behind that of the node which made the only key.
        let loaded = self.read_keys(Instant::now()).await?;
        newest(&loaded).or_else(|| loaded.keys.first().cloned()).ok_or(Fault::Internal)
    }

    /// The key that a token names; one that this node has not seen yet is looked for. Whether it is still kept, who takes the token
    /// asks together with what else he asks.
    pub(super) async fn key_of(&self, kid: &str) -> Result<Option<Usable>, Fault> {
        let find = |loaded: &Loaded| loaded.keys.iter().find(|key| key.kid == kid).cloned();
        match find(&*self.fresh_keys().await?) {
            Some(key) => Ok(Some(key)),
            None => Ok(find(&*self.read_keys(Instant::now()).await?)),
        }
    }

    async fn fresh_keys(&self) -> Result<Arc<Loaded>, Fault> {
        match self.keys.seen() {
            Some(loaded) if loaded.at.elapsed() < FRESH => Ok(loaded),
            _ => self.read_keys(Instant::now()).await,
        }
    }

    /// The keys as the database has them at `asked` or later. Who asks at the same time reads once, and all together not
    /// often: a stranger's tokens may name keys that never were.
    async fn read_keys(&self, asked: Instant) -> Result<Arc<Loaded>, Fault> {
        let _alone = self.keys.loading.lock().await;
        if let Some(loaded) = self.keys.seen() {
            if loaded.at >= asked {
                return Ok(loaded);
            }
            tokio::time::sleep(PAUSE.saturating_sub(loaded.at.elapsed())).await;
        }
        let mut keys = self.stored_keys().await?;
        if keys.is_empty() {
            let made = self.store.write(|tx| {
                let now = tx.now();
                let keys = tx.signing_keys()?;
                if keys.is_empty() { tx.add_signing_key(&make(1, now, now)?) } else { Ok(()) }
            });
            fault(made.await)?;
            keys = self.stored_keys().await?;
        }
        Ok(self.keys.keep(keys))
    }

    async fn stored_keys(&self) -> Result<Vec<Usable>, Fault> {
        let keys = fault(self.store.read(Weight::Point, |tx| tx.signing_keys()).await)?;
        Ok(in_order(keys).iter().filter_map(usable).collect())
    }
}

fn shown(key: &SigningKey, state: KeyState, verifies_until: Option<i64>) -> PublicKey {
    PublicKey {
        kid: key.kid.clone(),
        x: key.public_key.clone(),
        state,
        created_at: key.created_at,
        signs_from: key.signs_from,
        verifies_until,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400 * 1_000_000;
    const AGE: Option<i64> = Some(90 * DAY);

    fn key(number: i64, signs_from: i64) -> SigningKey {
        SigningKey { signs_from, ..make(number, 0, 0).expect("a key") }
    }

    #[test]
    fn the_first_signs_at_once_and_its_successor_is_published_before() {
        assert_eq!(plan(&[], AGE, 5), Plan { add: Some(5), remove: vec![] });
        let keys = [key(1, 0)];
        assert_eq!(plan(&keys, AGE, 90 * DAY - AHEAD - 1), Plan::default());
        assert_eq!(plan(&keys, None, 900 * DAY), Plan::default(), "not by itself");
        let due = 90 * DAY - AHEAD;
        assert_eq!(plan(&keys, AGE, due), Plan { add: Some(90 * DAY), remove: vec![] });
        let keys = [key(1, 0), key(2, 90 * DAY)];
        assert_eq!(plan(&keys, AGE, due + 1), Plan::default(), "one is enough");
        assert_eq!(current(&keys, 90 * DAY - 1).map(|key| key.number), Some(1));
        assert_eq!(current(&keys, 90 * DAY).map(|key| key.number), Some(2));
    }

    #[test]
    fn an_old_one_goes_when_its_last_token_has_ended() {
        let keys = [key(1, 0), key(2, DAY)];
        assert_eq!(plan(&keys, AGE, DAY + GRACE), Plan::default());
        assert_eq!(plan(&keys, AGE, DAY + GRACE + 1).remove, [1]);
        let keys = [SigningKey { needed_until: 30 * DAY, ..key(1, 0) }, key(2, DAY)];
        assert_eq!(plan(&keys, AGE, 30 * DAY), Plan::default());
        assert_eq!(plan(&keys, AGE, 30 * DAY + 1).remove, [1]);
        // One that still waits has no successor, and the one that signs is never removed.
        assert_eq!(plan(&[key(1, 0)], None, 900 * DAY).remove, Vec::<i64>::new());
    }

    #[test]
    fn what_a_key_is_called_follows_from_it() {
        // RFC 8037 §A.3.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(thumbprint(x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        // RFC 8037 §A.1 and §A.2: the public half of that private one.
        let secret = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
        let seed = <[u8; 32]>::try_from(URL_SAFE_NO_PAD.decode(secret).expect("base64")).expect("32 octets");
        let public = Jwk::from_encoding_key(&EncodingKey::from_ed_der(&pkcs8(&seed)), Algorithm::EdDSA);
        let AlgorithmParameters::OctetKeyPair(pair) = public.expect("a key").algorithm else {
            panic!("a pair")
        };
        assert_eq!(pair.x, x);
    }

    #[test]
    fn a_damaged_row_is_left_out_and_none_tells_its_secret() {
        let good = key(1, 0);
        assert!(usable(&good).is_some());
        for bad in [
            SigningKey { secret: "x".into(), ..good.clone() },
            SigningKey { public_key: "AAAA".into(), ..good.clone() },
        ] {
            assert!(usable(&bad).is_none());
        }
        assert!(!format!("{good:?}").contains(&good.secret));
    }
}
