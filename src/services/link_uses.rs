//! From where secret addresses are read: noted in memory, written by a worker, told to who may share the collection and to
//! administrators.
//!
//! What is kept is bounded: one row for each hour, address and program, a number of those at most, and for a time. A read of a link costs
//! no write; a crash loses what was not written yet.

use super::access::{self, Place};
use super::actor::Actor;
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::device;
use crate::domain::fault::Fault;
use crate::domain::principal::Principal;
use crate::store::{Error, LinkReads, NamedReads, ReadTx, ReadsKey, ReadsOf, Weight};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// How long it is kept, microseconds; of a link that was taken back as long as the link, which is shorter.
const KEPT: i64 = 90 * 86_400 * 1_000_000;
/// The time that one row is of, microseconds.
const HOUR: i64 = 3_600 * 1_000_000;
/// Rows that wait to be written at most; further ones say neither address nor program.
const MOST: usize = 10_000;
/// Rows that one transaction writes.
const PIECE: usize = 100;
/// What stands for an address or a program that is not known.
pub const UNKNOWN: &str = "?";

/// Who read, as far as he says and it can be seen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reader<'a> {
    /// Where the request comes from.
    pub address: Option<IpAddr>,
    /// What his program says of itself.
    pub agent: Option<&'a str>,
}

/// Of which link, in which hour, from which address and with which program.
type Key = (i64, i64, String, String);

/// Reads until they are written.
#[derive(Debug, Default)]
pub(super) struct Reads(Mutex<HashMap<Key, (i64, i64)>>);

impl Reads {
    /// Notes one.
    pub(super) fn note(&self, link: i64, by: Reader<'_>, now: i64) {
        let address = by.address.map_or_else(|| UNKNOWN.to_owned(), |address| address.to_string());
        let program = by.agent.and_then(device::product).unwrap_or_else(|| UNKNOWN.to_owned());
        let hour = now.div_euclid(HOUR) * HOUR;
        self.add((link, hour, address, program), 1, now);
    }

    fn add(&self, key: Key, times: i64, last: i64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = match all.len() >= MOST && !all.contains_key(&key) {
            true => (key.0, key.1, String::new(), String::new()),
            false => key,
        };
        // Even so there is an end to it.
        if all.len() >= 2 * MOST && !all.contains_key(&key) {
            return;
        }
        let seen = all.entry(key).or_insert((0, last));
        seen.0 += times;
        seen.1 = seen.1.max(last);
    }

    /// What is to be written.
    fn take(&self) -> Vec<LinkReads> {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let told = |((link, hour, address, program), (times, last_at))| LinkReads {
            link,
            hour,
            address,
            program,
            times,
            last_at,
        };
        all.into_iter().map(told).collect()
    }

    fn put_back(&self, unwritten: Vec<LinkReads>) {
        for LinkReads { link, hour, address, program, times, last_at } in unwritten {
            self.add((link, hour, address, program), times, last_at);
        }
    }
}

/// A page of reads, the newest hour first.
#[derive(Debug, Clone)]
pub struct ReadsPage {
    /// The reads.
    pub reads: Vec<NamedReads>,
    /// Those whom they name, as far as they are still there.
    pub people: Vec<Principal>,
    /// Whether there are older ones.
    pub more: bool,
}

impl Core {
    /// From where a link was read, for one who may share the collection.
    pub async fn link_uses(
        &self,
        actor: &Actor,
        place: &Place,
        link: i64,
        after: Option<ReadsKey>,
        limit: i64,
    ) -> Result<ReadsPage, Fault> {
        let (actor, place) = (actor.clone(), place.clone());
        let read = move |tx: &mut ReadTx<'_>| {
            let access = access::find(tx, &actor, &place)?;
            access.need(Privilege::WriteAcl)?;
            tx.link_of(access.collection().id, link)?.ok_or(Fault::NotFound)?;
            page(tx, ReadsOf::Link(link), after.as_ref(), limit)
        };
        fault(self.store.read(Weight::Scan, read).await)
    }

    /// From where links were read, those of one principal's collections where one is named; for administrators, to all others there is no
    /// such thing.
    pub async fn all_link_uses(
        &self,
        actor: &Actor,
        owner: Option<&str>,
        after: Option<ReadsKey>,
        limit: i64,
    ) -> Result<ReadsPage, Fault> {
        if !actor.admin {
            return Err(Fault::NotFound);
        }
        let owner = owner.map(str::to_lowercase);
        let read = move |tx: &mut ReadTx<'_>| {
            let of = match &owner {
                None => ReadsOf::Everybody,
                Some(handle) => match tx.principal_by_handle(handle)? {
                    Some(owner) => ReadsOf::Owner(owner.id),
                    None => return Ok(ReadsPage { reads: Vec::new(), people: Vec::new(), more: false }),
                },
            };
            page(tx, of, after.as_ref(), limit)
        };
        fault(self.store.read(Weight::Scan, read).await)
    }

    /// Writes from where links were read; tells how many rows. What cannot be written is written the next time.
    pub async fn keep_link_uses(&self) -> Result<usize, Fault> {
        let mut seen = self.reads.take();
        let count = seen.len();
        while !seen.is_empty() {
            let piece = seen.split_off(seen.len().saturating_sub(PIECE));
            let rows = piece.clone();
            let written = self.store.write(move |tx| rows.iter().try_for_each(|one| tx.note_link_reads(one)));
            if let Err(failed) = fault(written.await) {
                seen.extend(piece);
                self.reads.put_back(seen);
                return Err(failed);
            }
        }
        Ok(count)
    }

    /// Forgets from where links were read longer ago than it is kept; tells how many rows went.
    pub async fn purge_link_uses(&self) -> Result<usize, Fault> {
        let before = self.now() - KEPT;
        let mut total = 0;
        loop {
            match fault(self.store.write(move |tx| tx.purge_link_reads(before)).await)? {
                0 => return Ok(total),
                rows => total += rows,
            }
        }
    }
}

fn page(tx: &mut ReadTx<'_>, of: ReadsOf, after: Option<&ReadsKey>, limit: i64) -> Result<ReadsPage, Error> {
    let mut reads = tx.link_reads(of, after, limit + 1)?;
    let limit = usize::try_from(limit).unwrap_or(1);
    let more = reads.len() > limit;
    reads.truncate(limit);
    let mut ids: Vec<i64> = reads.iter().flat_map(|one| [one.maker.0, one.owner.0]).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ReadsPage { people: tx.principals_with_ids(&ids)?, reads, more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_gathered_by_hour_address_and_program() {
        let reads = Reads::default();
        let by =
            |last: u8, agent| Reader { address: Some(IpAddr::from([192, 0, 2, last])), agent: Some(agent) };
        reads.note(7, by(1, "curl/8.9.1"), HOUR + 5);
        reads.note(7, by(1, "curl/8.9.2"), HOUR + 9);
        reads.note(7, by(2, "curl/8"), HOUR + 9);
        reads.note(7, by(1, "curl/8"), 2 * HOUR);
        reads.note(8, Reader::default(), HOUR);
        let mut taken = reads.take();
        taken.sort_by(|one, other| {
            (one.link, one.hour, &one.address).cmp(&(other.link, other.hour, &other.address))
        });
        let told: Vec<_> = taken
            .iter()
            .map(|one| (one.link, one.hour / HOUR, one.address.as_str(), one.program.as_str(), one.times))
            .collect();
        assert_eq!(
            told,
            [
                (7, 1, "192.0.2.1", "curl", 2),
                (7, 1, "192.0.2.2", "curl", 1),
                (7, 2, "192.0.2.1", "curl", 1),
                (8, 1, UNKNOWN, UNKNOWN, 1)
            ]
        );
        assert_eq!(taken.first().map(|one| one.last_at), Some(HOUR + 9));
        assert!(reads.take().is_empty());
        reads.put_back(taken.clone());
        reads.note(8, Reader::default(), HOUR + 1);
        assert_eq!(reads.take().iter().map(|one| one.times).sum::<i64>(), 6);
    }

    #[test]
    fn there_is_an_end_to_what_is_remembered() {
        let reads = Reads::default();
        for at in 0..i64::try_from(3 * MOST).expect("fits") {
            reads.add((7, 0, at.to_string(), UNKNOWN.to_owned()), 1, at);
        }
        let all = reads.take();
        assert_eq!(all.len(), MOST + 1);
        assert_eq!(all.iter().map(|one| one.times).sum::<i64>(), i64::try_from(3 * MOST).expect("fits"));
    }
}
