//! How a subscribed calendar is filled: what came is taken apart as an import is, and only what is another than what is stored is
//! written; what is no longer in the feed goes.
//!
//! The calendar is nobody else's to write to, so what was read of it stays true while the claim on it stands; each transaction
//! makes sure of that. Knows no network: what came, and what went wrong, is told by the worker.

use super::actor::Actor;
use super::content::{self, Media, Sent};
use super::interchange::{Form, Item, Parts, Piece, Table, parts};
use super::{Core, Limits, fault, items, labour};
use crate::domain::collection::{Collection, CollectionKind, HomeKind};
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::object::Draft;
use crate::domain::subscription::{self, Trouble, says_the_same};
use crate::store::{Door, Error, Looked, ReadTx, Weight, WriteTx};
use crate::text::charset;
use crate::text::ical::values;
use std::collections::HashSet;
use std::sync::Arc;

/// Items that are read and written together, and their bytes.
const TOGETHER: usize = 64;
const TOGETHER_BYTES: usize = 1024 * 1024;
/// Entries of a listing that are read at a time.
const LISTED: i64 = 1_000;
/// Octets before the first component in which a feed says how often it wants to be asked.
const ABOUT: usize = 8 * 1024;

/// A look at a feed: this node makes it, and no other.
#[derive(Debug, Clone)]
pub struct Look {
    /// The calendar.
    pub collection: CollectionId,
    /// Where to look.
    pub url: String,
    /// The entity tag of what came last.
    pub etag: Option<String>,
    /// When that was changed, as the feed's server says it.
    pub modified: Option<String>,
    refresh: Option<i32>,
    feed_seconds: i64,
    failures: i32,
    claim: String,
}

/// A file that came.
#[derive(Debug, Clone, Default)]
pub struct Came {
    /// Its octets.
    pub body: Vec<u8>,
    /// The name of its character set, where one is said.
    pub charset: Option<String>,
    /// Its entity tag.
    pub etag: Option<String>,
    /// When it was changed, as the feed's server says it.
    pub modified: Option<String>,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Items that are stored as the file has them.
    pub items: i64,
    /// Items of the file that could not be stored.
    pub refused: i64,
    /// Items that were written.
    pub written: i64,
    /// Items that went.
    pub removed: i64,
}

/// A feed, taken apart.
struct Feed {
    items: Vec<Item>,
    refused: i64,
    seconds: i64,
}

impl Core {
    /// Subscriptions whose time has come and that nobody looks at, with whose they are.
    pub async fn feeds_due(&self, limit: i64) -> Result<Vec<(CollectionId, PrincipalId)>, Fault> {
        let now = self.now();
        fault(self.store.read(Weight::Point, move |tx| tx.subscriptions_due(now, limit)).await)
    }

    /// Claims a subscription for this node; `None` where another was faster.
    pub async fn claim_feed(&self, of: CollectionId) -> Result<Option<Look>, Fault> {
        let (name, lease) = (format!("{:032x}", rand::random::<u128>()), self.lease());
        let claim = name.clone();
        let done = self.store.write(move |tx| {
            let lease = tx.now().saturating_add(lease);
            if !tx.claim_subscription(of, &name, lease)? {
                return Ok(None);
            }
            tx.subscription(of)
        });
        Ok(fault(done.await)?.map(|known| Look {
            collection: of,
            url: known.url,
            etag: known.etag,
            modified: known.modified,
            refresh: known.refresh,
            feed_seconds: known.feed_seconds,
            failures: known.failures,
            claim,
        }))
    }

    /// Notes that a feed is still what it was.
    pub async fn feed_is_the_same(&self, look: &Look) -> Result<(), Fault> {
        let Look { etag, modified, feed_seconds, .. } = look.clone();
        self.note_looked(look, Looked { etag, modified, feed_seconds, counts: None, next_at: 0 }).await
    }

    /// Notes what went wrong with a feed. What the calendar has stays.
    pub async fn feed_failed(&self, look: &Look, trouble: Trouble) -> Result<(), Fault> {
        let failures = look.failures.saturating_add(1);
        let interval = self.interval(look, look.feed_seconds);
        let pause = subscription::after_failures(interval, failures.unsigned_abs(), rand::random());
        let (of, claim) = (look.collection, look.claim.clone());
        let done = self.store.write(move |tx| {
            let next_at = tx.now().saturating_add(pause.saturating_mul(1_000_000));
            tx.note_trouble(of, &claim, (trouble.name(), trouble.status()), failures, next_at)
        });
        fault(done.await)
    }

    /// Fills a calendar with what came. `Ok(Err)`: it cannot be, and nothing was changed. A claim that was lost on the way ends it; who has
    /// it then goes on.
    pub async fn take_feed(&self, look: &Look, came: Came) -> Result<Result<Taken, Trouble>, Fault> {
        let Came { body, charset, etag, modified } = came;
        let apart = labour::of(body.len(), move || read(&body, charset.as_deref())).await?;
        let feed = match apart {
            Ok(feed) if i64::try_from(feed.items.len()).is_ok_and(|count| count <= self.limits.members) => {
                feed
            }
            Ok(_) => return Ok(Err(Trouble::TooMany)),
            Err(trouble) => return Ok(Err(trouble)),
        };
        let mut taken = Taken { refused: feed.refused, ..Taken::default() };
        let mut present = HashSet::new();
        let mut items = feed.items.into_iter().peekable();
        while items.peek().is_some() {
            let (mut some, mut bytes) = (Vec::new(), 0);
            while some.len() < TOGETHER && bytes < TOGETHER_BYTES {
                let Some(item) = items.next() else { break };
                bytes += item.body.len();
                some.push(item);
            }
            self.take_some(look, some, bytes, &mut present, &mut taken).await?;
        }
        taken.removed = self.remove_others(look, &present).await?;
        let counts = Some((taken.items, taken.refused));
        let looked = Looked { etag, modified, feed_seconds: feed.seconds, counts, next_at: 0 };
        self.note_looked(look, looked).await?;
        Ok(Ok(taken))
    }

    /// Stores what is new or changed of some items.
    async fn take_some(
        &self,
        look: &Look,
        some: Vec<Item>,
        bytes: usize,
        present: &mut HashSet<String>,
        taken: &mut Taken,
    ) -> Result<(), Fault> {
        let limits = Arc::clone(&self.limits);
        let drafts = labour::of(bytes, move || drafts(some, &limits)).await?;
        let of = look.collection;
        let compare = move |tx: &mut ReadTx<'_>| {
            drafts.iter().map(|draft| compared(tx, of, draft)).collect::<Result<Vec<_>, _>>()
        };
        let fates = fault(self.store.read(Weight::Scan, compare).await)?;
        let mut changed = Vec::new();
        for fate in fates {
            match fate {
                Fate::Same(name) if present.insert(name.clone()) => taken.items += 1,
                Fate::Changed(draft) if present.insert(draft.name.clone()) => {
                    taken.items += 1;
                    changed.push(*draft);
                }
                // The second of one UID, or one whose name is another's.
                Fate::Same(_) | Fate::Changed(_) => taken.refused += 1,
                Fate::Refused(kept) => {
                    taken.refused += 1;
                    present.extend(kept);
                }
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        taken.written += i64::try_from(changed.len()).unwrap_or(0);
        let (asked, lease) = (look.clone(), self.lease());
        let write = move |tx: &mut WriteTx<'_>| {
            let (into, actor) = held(tx, &asked, lease)?;
            for draft in &changed {
                let old = tx.object(into.id, &draft.name)?;
                items::write(tx, &into, draft, old.as_ref(), &actor)?;
            }
            Ok(())
        };
        fault(self.store.write(write).await)
    }

    /// Removes what the feed does not have; tells how much.
    async fn remove_others(&self, look: &Look, present: &HashSet<String>) -> Result<i64, Fault> {
        let (mut gone, mut after) = (Vec::new(), -1);
        loop {
            let of = look.collection;
            let page = self.store.read(Weight::Scan, move |tx| tx.entries_after(of, after, LISTED));
            let page = fault(page.await)?;
            let Some(last) = page.last() else { break };
            after = last.modseq;
            gone.extend(page.into_iter().map(|entry| entry.name).filter(|name| !present.contains(name)));
        }
        for some in gone.chunks(TOGETHER) {
            let (some, asked, lease) = (some.to_vec(), look.clone(), self.lease());
            let write = move |tx: &mut WriteTx<'_>| {
                let (from, actor) = held(tx, &asked, lease)?;
                for name in &some {
                    if let Some(old) = tx.object(from.id, name)? {
                        tx.remove_object(&from, &old, &actor.origin(HomeKind::Calendars))?;
                    }
                }
                Ok(())
            };
            fault(self.store.write(write).await)?;
        }
        Ok(i64::try_from(gone.len()).unwrap_or(i64::MAX))
    }

    async fn note_looked(&self, look: &Look, looked: Looked) -> Result<(), Fault> {
        let interval = self.interval(look, looked.feed_seconds).saturating_mul(1_000_000);
        let (of, claim) = (look.collection, look.claim.clone());
        let done = self.store.write(move |tx| {
            let next_at = tx.now().saturating_add(interval);
            tx.note_fetched(of, &claim, &Looked { next_at, ..looked.clone() })
        });
        fault(done.await)
    }

    /// Seconds until the next look.
    fn interval(&self, look: &Look, feed_seconds: i64) -> i64 {
        self.feed_interval(look.refresh, feed_seconds)
    }

    /// Seconds between two looks at a feed that is wanted every so many minutes and asks for so many seconds itself.
    pub fn feed_interval(&self, refresh: Option<i32>, feed_seconds: i64) -> i64 {
        let least = i64::try_from(self.limits.subscription_interval.as_secs()).unwrap_or(i64::MAX);
        subscription::interval(refresh, feed_seconds, least)
    }

    /// How long a claim holds, in microseconds.
    fn lease(&self) -> i64 {
        i64::try_from(self.limits.subscription_lease.as_micros()).unwrap_or(i64::MAX)
    }
}

/// What becomes of an item of a feed.
enum Fate {
    /// It is stored so, under this name.
    Same(String),
    /// It is to be stored.
    Changed(Box<Draft>),
    /// It cannot be stored; what there is of it, under this name, stays.
    Refused(Option<String>),
}

/// An item as it would be stored, or the UID of one that cannot be.
type Drafted = Result<Draft, String>;

/// The calendar of a claim that still stands, its home locked, and whose it is.
fn held(tx: &mut WriteTx<'_>, look: &Look, lease: i64) -> Result<(Collection, Actor), Error> {
    let lost = || Error::Fault(Fault::NotFound);
    let lease = tx.now().saturating_add(lease);
    let owner = tx.collection_by_id(look.collection)?.ok_or_else(lost)?.owner;
    tx.lock_home(owner, HomeKind::Calendars)?;
    if !tx.hold_subscription(look.collection, &look.claim, lease)? {
        return Err(lost());
    }
    let collection =
        tx.collection_by_id(look.collection)?.filter(|found| found.owner == owner).ok_or_else(lost)?;
    let owner = tx.principal(owner)?.ok_or_else(lost)?;
    let actor = Actor { door: Some(Door::Import), ..Actor::undoubted(owner.id, owner.handle, None) };
    Ok((collection, actor))
}

/// Takes a feed apart.
fn read(body: &[u8], charset: Option<&str>) -> Result<Feed, Trouble> {
    let text = charset::decode(body, charset).or_else(|| charset::decode(body, None));
    let text = text.ok_or(Trouble::NoCalendar)?;
    let begin = text.trim_start();
    let form = match begin.get(..15) {
        Some(word) if word.eq_ignore_ascii_case("BEGIN:VCALENDAR") => Form::ICalendar,
        _ if begin.starts_with('[') => Form::JCal,
        _ => return Err(Trouble::NoCalendar),
    };
    let Parts { pieces, .. } = parts(form, begin, &Table::default()).map_err(|_| Trouble::NoCalendar)?;
    let (mut items, mut refused) = (Vec::new(), 0);
    for piece in pieces {
        match piece {
            Piece::Item(item) => items.push(item),
            Piece::Broken { .. } => refused += 1,
        }
    }
    Ok(Feed { items, refused, seconds: wanted_seconds(begin) })
}

/// Seconds between two looks, as a feed says it before its first component.
fn wanted_seconds(text: &str) -> i64 {
    let lines = text.get(..ABOUT).unwrap_or(text).lines().skip(1);
    let about = lines.take_while(|line| !line.starts_with("BEGIN:"));
    let said = about.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.split(';').next()?;
        let known = ["REFRESH-INTERVAL", "X-PUBLISHED-TTL"].iter().any(|one| one.eq_ignore_ascii_case(name));
        values::duration(value).filter(|_| known)
    });
    said.map(values::Duration::rough_seconds).max().unwrap_or(0).max(0)
}

fn drafts(items: Vec<Item>, limits: &Limits) -> Vec<Drafted> {
    let one = |item: Item| {
        let Item { name, uid, body, .. } = item;
        let sent = Sent { body, media: Media::Calendar };
        content::draft(&name, sent, CollectionKind::Calendar, limits).map(|(draft, _)| draft).map_err(|_| uid)
    };
    items.into_iter().map(one).collect()
}

/// What becomes of an item.
fn compared(tx: &mut ReadTx<'_>, of: CollectionId, drafted: &Drafted) -> Result<Fate, Error> {
    let draft = match drafted {
        Ok(draft) => draft,
        Err(uid) => return Ok(Fate::Refused(tx.name_of_uid(of, uid)?)),
    };
    let name = tx.name_of_uid(of, &draft.uid)?.unwrap_or_else(|| draft.name.clone());
    match tx.object(of, &name)? {
        Some(old) if old.uid != draft.uid => Ok(Fate::Refused(None)),
        Some(old) if old.etag == draft.etag || says_the_same(&old.body, &draft.body) => Ok(Fate::Same(name)),
        _ => Ok(Fate::Changed(Box::new(Draft { name, ..draft.clone() }))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_says_how_often_it_wants_to_be_asked() {
        let feed = |lines: &str| {
            format!("BEGIN:VCALENDAR\r\n{lines}BEGIN:VEVENT\r\nX-PUBLISHED-TTL:P9D\r\nEND:VEVENT\r\n")
        };
        for (lines, seconds) in [
            ("", 0),
            ("REFRESH-INTERVAL;VALUE=DURATION:PT12H\r\n", 43_200),
            ("X-PUBLISHED-TTL:PT15M\r\n", 900),
            ("X-PUBLISHED-TTL:PT15M\r\nREFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n", 3_600),
            ("X-PUBLISHED-TTL:-PT15M\r\n", 0),
            ("X-PUBLISHED-TTL:soon\r\n", 0),
        ] {
            assert_eq!(wanted_seconds(&feed(lines)), seconds, "{lines}");
        }
    }

    #[test]
    fn what_is_no_calendar_is_none() {
        for text in [
            "",
            "<html></html>",
            "BEGIN:VCARD\r\nEND:VCARD\r\n",
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
            "[1]",
            "{}",
        ] {
            assert!(matches!(read(text.as_bytes(), None), Err(Trouble::NoCalendar)), "{text}");
        }
        let empty = read(b"\xef\xbb\xbf\r\nbegin:vcalendar\r\nEND:VCALENDAR\r\n", Some("klingon")).ok();
        assert_eq!(empty.map(|feed| feed.items.len()), Some(0));
    }
}
