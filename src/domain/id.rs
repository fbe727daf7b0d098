//! Names and numbers that must not be mixed up: parsed once at the edge, trusted inside.
//!
//! Knows no storage. RFC 6578 §3.2 (tokens are URIs), RFC 7232 §2.3 (strong entity tags).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

macro_rules! row_id {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);
    };
}

row_id!(PrincipalId, "A user, group, room or resource.");
row_id!(CollectionId, "A calendar, address book, inbox or outbox.");
row_id!(ObjectId, "An item of a collection.");

impl CollectionId {
    /// Digits of the public spelling: enough for all ids, and one length for all, so that spellings sort as ids do.
    const DIGITS: usize = 13;
    /// Digits and letters that are not mistaken for each other.
    const ALPHABET: &'static [u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

    /// Reads the public spelling, of which an id has only one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != Self::DIGITS {
            return None;
        }
        let mut value: i64 = 0;
        for byte in text.bytes() {
            let digit = Self::ALPHABET.iter().position(|known| *known == byte)?;
            value = value.checked_mul(32)?.checked_add(i64::try_from(digit).ok()?)?;
        }
        Some(CollectionId(value))
    }
}

/// The public spelling: opaque, and the same wherever the collection is moved.
impl std::fmt::Display for CollectionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for place in (0..Self::DIGITS).rev() {
            let digit = self.0.unsigned_abs() >> (5 * place) & 31;
            let letter = usize::try_from(digit).ok().and_then(|digit| Self::ALPHABET.get(digit));
            f.write_str(
                letter.map_or("", |letter| std::str::from_utf8(std::slice::from_ref(letter)).unwrap_or("")),
            )?;
        }
        Ok(())
    }
}

/// Makes the ids of new rows: milliseconds since 2020 in the upper bits, a counter in the lower 21 that starts at random, so
/// that nodes need not agree. A clash of two nodes breaks a primary key and the transaction is tried again.
#[derive(Debug)]
pub struct IdSource {
    counter: AtomicI64,
}

impl IdSource {
    /// A source whose counter starts at `seed`.
    pub fn new(seed: i64) -> Self {
        IdSource { counter: AtomicI64::new(seed) }
    }

    /// A new id at `now` (microseconds UTC).
    pub fn next(&self, now: i64) -> i64 {
        self.next_run(now, 1)
    }

    /// The first of `count` new ids that follow each other.
    pub fn next_run(&self, now: i64, count: i64) -> i64 {
        // A run that passes the end of the counter reaches into the next millisecond, whose own ids go on after it.
        let low = self.counter.fetch_add(count, Ordering::Relaxed) & 0x1f_ffff;
        Self::least_at(now) | low
    }

    /// The least id that can have been made at a moment (microseconds UTC): all that were made before it are below, but for a
    /// long run of a millisecond before.
    pub fn least_at(moment: i64) -> i64 {
        const EPOCH: i64 = 1_577_836_800_000; // 2020-01-01T00:00:00Z in milliseconds
        (moment / 1000 - EPOCH).max(0) << 21
    }
}

/// The name of an item inside its collection: the last segment of its URL, decoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(String);

impl ObjectName {
    /// Octets that a name may have; others cut at 255, Outlook needs more than 200.
    pub const MAX: usize = 512;

    /// Checks a decoded path segment: not empty, no slash, no NUL, not `.` or `..`. Other control characters are taken, for
    /// clients make names of UIDs; they only ever leave percent-encoded.
    pub fn parse(name: &str) -> Option<Self> {
        Self::fits(name).then(|| ObjectName(name.to_owned()))
    }

    /// Whether [`ObjectName::parse`] takes it.
    pub fn fits(name: &str) -> bool {
        !name.is_empty()
            && name.len() <= Self::MAX
            && name != "."
            && name != ".."
            && memchr::memchr2(b'/', 0, name.as_bytes()).is_none()
    }

    /// The decoded name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A strong entity tag: a digest of the bytes, so that equal bytes have equal tags through every door.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Etag(pub String);

impl Etag {
    /// The tag of `body`, without quotes.
    pub fn of(body: &[u8]) -> Self {
        let digest = Sha256::digest(body);
        let nibbles = digest.iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
        Etag(nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect())
    }

    /// As it stands in headers and properties.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

/// A point in a collection's (or a home's) history, as a URI.
///
/// `urn:cenacle:sync:EPOCH:SUBJECT:MODSEQ`, or `…:MODSEQ.OWN` for one who has something of his own in it. The epoch changes when a backup is restored, so that no token of a lost future
/// is ever taken for one of the present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncToken {
    /// The database's epoch.
    pub epoch: String,
    /// What the token is about: `c` and the collection's id, or `h` with the home's kind and the principal's id.
    pub subject: String,
    /// The modification number.
    pub modseq: i64,
    /// The number of the reader's last change of what is his own there (`domain::personal`); 0 where he has none.
    pub own: i64,
}

impl SyncToken {
    const PREFIX: &'static str = "urn:cenacle:sync:";

    /// Reads a token that this software wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().strip_prefix(Self::PREFIX)?.split(':');
        let (epoch, subject, modseq) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
        let (modseq, own) = match modseq.split_once('.') {
            None => (number(modseq)?, 0),
            Some((modseq, own)) => (number(modseq)?, number(own).filter(|own| *own > 0)?),
        };
        Some(SyncToken { epoch: epoch.to_owned(), subject: subject.to_owned(), modseq, own })
    }
}

impl std::fmt::Display for SyncToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}:{}:{}", Self::PREFIX, self.epoch, self.subject, self.modseq)?;
        if self.own > 0 { write!(f, ".{}", self.own) } else { Ok(()) }
    }
}

/// Where a reader stands in another's collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    /// Its modification number.
    pub modseq: i64,
    /// A number that is another whenever what he may do with it, or sees of it, is: that may change by nothing in the collection.
    /// `None` in tokens of before it was noted.
    pub regard: Option<i64>,
    /// As [`SyncToken::own`].
    pub own: i64,
}

/// Where a reader of a home stands: the home's own number, and those of others' collections in it, which are no part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeToken {
    /// Of the home itself.
    pub own: SyncToken,
    /// For each of the others' collections the number of its place in the home, and where the reader stands in it.
    pub mounted: BTreeMap<i64, Stand>,
}

impl HomeToken {
    /// Collections in a token at most; a home has fewer.
    const MOST: usize = 2_000;

    /// The home's number up to which its reader was told all. Where `own.own` is not 0, a page ended within `own.modseq`, after
    /// the change with that key.
    pub fn since(&self) -> i64 {
        self.own.modseq - i64::from(self.own.own != 0)
    }

    /// Reads a token that this software wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('+');
        let own = SyncToken::parse(parts.next()?)?;
        let mut mounted = BTreeMap::new();
        for part in parts {
            let mut parts = part.split('.');
            let number = |text| i64::from_str_radix(text, 16).ok().filter(|number| *number >= 0);
            let mut next = || parts.next().map(|text| number(text).ok_or(()));
            let (place, modseq) = (next()?.ok()?, next()?.ok()?);
            let (regard, own) = (next().transpose().ok()?, next().transpose().ok()?);
            let stand = Stand { modseq, regard, own: own.unwrap_or(0) };
            if parts.next().is_some() || mounted.len() == Self::MOST || mounted.insert(place, stand).is_some()
            {
                return None;
            }
        }
        Some(HomeToken { own, mounted })
    }
}

impl std::fmt::Display for HomeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.own)?;
        self.mounted.iter().try_for_each(|(place, Stand { modseq, regard, own })| {
            write!(f, "+{place:x}.{modseq:x}")?;
            let Some(regard) = regard else { return Ok(()) };
            write!(f, ".{regard:x}")?;
            if *own > 0 { write!(f, ".{own:x}") } else { Ok(()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_homes_name_what_others_have_put_there() {
        let own = SyncToken { epoch: "a1".into(), subject: "h7".into(), modseq: 42, own: 0 };
        let stand = |modseq, regard, own| Stand { modseq, regard, own };
        let three =
            [(1, stand(7, None, 0)), (18, stand(255, Some(0x7f31), 0)), (19, stand(1, Some(0), 1 << 50))];
        for mounted in [BTreeMap::new(), BTreeMap::from(three)] {
            let token = HomeToken { own: own.clone(), mounted };
            assert_eq!(HomeToken::parse(&token.to_string()), Some(token));
        }
        assert_eq!(HomeToken::parse(&own.to_string()).map(|token| token.own), Some(own));
        for bad in [
            "+1.2",
            "urn:cenacle:sync:a:h1:2+",
            "urn:cenacle:sync:a:h1:2+1",
            "urn:cenacle:sync:a:h1:2+1.-1",
            "urn:cenacle:sync:a:h1:2+1.2.",
            "urn:cenacle:sync:a:h1:2+1.2.3.4.5",
        ] {
            assert_eq!(HomeToken::parse(bad), None, "{bad}");
        }
        assert_eq!(HomeToken::parse("urn:cenacle:sync:a:h1:2+1.2+1.3"), None, "said twice");
    }

    #[test]
    fn tokens_round_trip_and_foreign_ones_do_not() {
        for own in [0, 1_800_000_000_000_000] {
            let token = SyncToken { epoch: "a1".into(), subject: "c7".into(), modseq: 42, own };
            assert_eq!(SyncToken::parse(&token.to_string()), Some(token));
        }
        for foreign in [
            "",
            "data:,1",
            "urn:cenacle:sync:a:c1",
            "urn:cenacle:sync:a:c1:-1",
            "urn:cenacle:sync:a:c1:1:2",
            "urn:cenacle:sync:a:c1:1.0",
            "urn:cenacle:sync:a:c1:1.",
        ] {
            assert_eq!(SyncToken::parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_collection_has_one_public_spelling() {
        let ids = [0, 1, 31, 32, 457_311_223_884_120_331, i64::MAX];
        let told: Vec<String> = ids.iter().map(|id| CollectionId(*id).to_string()).collect();
        assert!(told.is_sorted(), "{told:?}");
        for (id, text) in ids.iter().zip(&told) {
            assert_eq!(CollectionId::parse(text), Some(CollectionId(*id)), "{text}");
            assert_eq!(
                CollectionId::parse(&text.to_uppercase()).is_some(),
                text.bytes().all(|b| b.is_ascii_digit())
            );
        }
        for bad in ["", "1", "00000000000001", "000000000000i", "zzzzzzzzzzzzz", "00000000000é"] {
            assert_eq!(CollectionId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_are_one_plain_segment() {
        for good in ["a.ics", "é b:c", "a\nb", &"x".repeat(512)] {
            assert!(ObjectName::parse(good).is_some());
        }
        for bad in ["", ".", "..", "a/b", "a\0b", &"x".repeat(513)] {
            assert!(ObjectName::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn ids_grow_and_differ() {
        let source = IdSource::new(5);
        let now = 1_800_000_000_000_000;
        let ids: std::collections::BTreeSet<_> = (0..1000).map(|_| source.next(now)).collect();
        assert_eq!(ids.len(), 1000);
        assert!(source.next(now + 10_000) > *ids.iter().next_back().expect("some"));
        let run = source.next_run(now, 500);
        let after = source.next(now);
        assert!((run..run + 500).all(|id| id != after && !ids.contains(&id)));
    }
}
