//! Devices of an account: what they are, when they were seen, what they asked for and what they did.
//!
//! What is seen of them is kept in memory, and written at most once in some minutes for each device and collection: reads cost no write
//! for it, and a crash loses some minutes of it. A device is recognised by `domain/device.rs`.

use super::access::Access;
use super::actor::{Actor, Proof};
use super::history::KEEP;
use super::{Core, fault};
use crate::domain::collection::HomeKind;
use crate::domain::device::{self, Kind};
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::store::{CredentialKind, DeviceUse, Weight};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

/// How often the same is written at most, microseconds.
const AGAIN: i64 = 5 * 60 * 1_000_000;
/// How long the same is not noted again, microseconds.
const FRESH: i64 = 60 * 1_000_000;
/// Sightings that wait at most: more are not noted.
const MOST: usize = 100_000;
/// Sightings that one transaction writes.
const PIECE: usize = 200;
/// Changes of a collection among which those of devices are counted: its newest.
const COUNTED: i64 = 100_000;

/// A device's sighting: whose, its key, and the collection that it asked about (0: any).
type Key = (PrincipalId, String, i64);

/// When something was seen, and when that was last written.
#[derive(Debug, Clone)]
struct Sighting {
    program: String,
    at: i64,
    written: i64,
}

/// What is seen of devices until it is written.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    seen: Mutex<HashMap<Key, Sighting>>,
    /// When the same was seen last, by a digest of who it was: most requests end here, and make no text.
    fresh: Mutex<HashMap<u64, i64>>,
    digest: RandomState,
}

impl Sightings {
    /// Notes what an actor's device did, unless the same was noted a moment ago.
    fn note_once(&self, actor: &Actor, collection: i64, now: i64) {
        let Proof { session, app_password, .. } = actor.proof;
        let digest = self.digest.hash_one((actor.id, session, app_password, &actor.device, collection));
        {
            let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
            let full = fresh.len() >= MOST;
            match fresh.get_mut(&digest) {
                Some(last) if now - *last < FRESH => return,
                Some(last) => *last = now,
                None if full => return,
                None => drop(fresh.insert(digest, now)),
            }
        }
        if let Some(text) = actor.device_text() {
            self.note(actor.id, &text, collection, now);
        }
    }

    fn note(&self, who: PrincipalId, text: &str, collection: i64, now: i64) {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let full = all.len() >= MOST;
        let key = (who, device::key(text).to_owned(), collection);
        let program = || device::program_of(text).unwrap_or_default().to_owned();
        match all.get_mut(&key) {
            Some(seen) => seen.at = now,
            None if full => {}
            None => {
                all.insert(key, Sighting { program: program(), at: now, written: 0 });
            }
        }
    }

    /// What is to be written now; it counts as written.
    fn due(&self, now: i64) -> Vec<DeviceUse> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, last| now - *last < FRESH);
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // What has been written and was not seen since need not be remembered.
        all.retain(|_, seen| seen.at > seen.written || now - seen.written < AGAIN);
        let mut due = Vec::new();
        for (key, seen) in all.iter_mut() {
            if seen.at > seen.written && now - seen.written >= AGAIN {
                seen.written = now;
                due.push(told(key, seen));
            }
        }
        due
    }

    /// All that is remembered of a principal's.
    fn of(&self, who: PrincipalId) -> Vec<DeviceUse> {
        let all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|((owner, ..), _)| *owner == who).map(|(key, seen)| told(key, seen)).collect()
    }

    fn forget(&self, who: PrincipalId, device: &str) {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(owner, key, _), _| *owner != who || key != device);
    }
}

fn told((principal, device, collection): &Key, seen: &Sighting) -> DeviceUse {
    DeviceUse {
        principal: *principal,
        device: device.clone(),
        collection: Some(CollectionId(*collection)).filter(|id| id.0 != 0),
        program: seen.program.clone(),
        at: seen.at,
    }
}

/// A device of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What it is recognised by.
    pub key: String,
    /// What that is.
    pub kind: Kind,
    /// What its owner calls its login, where it has one of its own that still holds.
    pub name: Option<String>,
    /// The program, where it says.
    pub program: Option<String>,
    /// Microseconds UTC.
    pub last_seen: Option<i64>,
    /// Changes in the time that older contents are kept.
    pub changes: i64,
    /// What it did with collections.
    pub collections: Vec<DeviceCollection>,
}

/// What a device did with a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCollection {
    /// The collection.
    pub id: CollectionId,
    /// Where it stands.
    pub home: HomeKind,
    /// When it last asked what had changed, microseconds UTC.
    pub synced_at: Option<i64>,
    /// When it last changed something, microseconds UTC.
    pub changed_at: Option<i64>,
}

impl Core {
    /// Notes that an actor's device was seen.
    pub fn note_seen(&self, actor: &Actor) {
        self.sightings.note_once(actor, 0, self.now());
    }

    /// Notes that an actor's device asked what had changed in a collection.
    pub fn note_sync(&self, actor: &Actor, access: &Access) {
        self.sightings.note_once(actor, access.collection().id.0, self.now());
    }

    /// Writes what was seen of devices and is due; tells how much that was.
    pub async fn keep_sightings(&self) -> Result<usize, Fault> {
        let due = self.sightings.due(self.now());
        for piece in due.chunks(PIECE) {
            let piece = piece.to_vec();
            fault(self.store.write(move |tx| piece.iter().try_for_each(|seen| tx.note_device(seen))).await)?;
        }
        Ok(due.len())
    }

    /// The actor's devices, the one that was seen last first.
    pub async fn devices(&self, actor: &Actor) -> Result<Vec<Device>, Fault> {
        actor.whole()?;
        let mut known = Vec::new();
        for home in [HomeKind::Calendars, HomeKind::AddressBooks] {
            let all = self.known_collections(actor, home).await?;
            known.extend(all.iter().map(|access| access.collection()).map(|one| (one.id, home, one.modseq)));
        }
        let (id, now, seen_here) = (actor.id, self.now(), self.sightings.of(actor.id));
        let read = move |tx: &mut crate::store::ReadTx<'_>| {
            let mut devices = Devices::default();
            for credential in tx.credentials(id)? {
                if credential.kind == CredentialKind::AppPassword {
                    let key = device::text(None, Some(credential.id), None);
                    devices.named(&key, &credential.name, credential.last_used);
                }
            }
            for session in tx.sessions(id, now)? {
                let key = device::text(Some(session.id), None, None);
                devices.named(&key, &session.device, Some(session.refreshed_at));
            }
            for seen in tx.device_uses(id)?.into_iter().chain(seen_here.clone()) {
                let home = known.iter().find(|(known, ..)| Some(*known) == seen.collection);
                devices.seen(&seen, home.map(|(_, home, _)| *home));
            }
            for (collection, home, modseq) in &known {
                for deeds in tx.deeds(*collection, id, modseq - COUNTED, now - KEEP)? {
                    devices.did(&deeds, *collection, *home);
                }
            }
            Ok(devices.sorted())
        };
        fault(self.store.read(Weight::Scan, read).await)
    }

    /// Removes a device: its session or its application password, and what was seen of it. What it did stays in history.
    pub async fn remove_device(&self, actor: &Actor, key: &str) -> Result<(), Fault> {
        actor.whole()?;
        match device::kind(key) {
            Some(Kind::Session(id)) => self.end_session(actor, id).await?,
            Some(Kind::AppPassword(id)) => self.remove_own_app_password(actor, id).await?,
            Some(Kind::Client) => {
                return Err(Fault::Conflict("it logs in with the account's own password: change that"));
            }
            None => return Err(Fault::NotFound),
        }
        self.sightings.forget(actor.id, key);
        let (id, key) = (actor.id, key.to_owned());
        fault(self.store.write(move |tx| tx.forget_device(id, &key)).await)
    }
}

/// Devices while they are gathered, by their keys.
#[derive(Default)]
struct Devices(BTreeMap<String, Device>);

impl Devices {
    /// The device with this key; `None` for what the log has from before devices had keys.
    fn at(&mut self, key: &str) -> Option<&mut Device> {
        let kind = device::kind(key)?;
        let fresh = || Device {
            key: key.to_owned(),
            kind,
            name: None,
            program: None,
            last_seen: None,
            changes: 0,
            collections: Vec::new(),
        };
        Some(self.0.entry(key.to_owned()).or_insert_with(fresh))
    }

    fn named(&mut self, key: &str, name: &str, used: Option<i64>) {
        if let Some(device) = self.at(key) {
            device.name = Some(name.to_owned());
            device.last_seen = device.last_seen.max(used);
        }
    }

    fn seen(&mut self, seen: &DeviceUse, home: Option<HomeKind>) {
        let Some(device) = self.at(&seen.device) else { return };
        device.last_seen = device.last_seen.max(Some(seen.at));
        if !seen.program.is_empty() {
            device.program = Some(seen.program.clone());
        }
        if let (Some(id), Some(home)) = (seen.collection, home) {
            device.note(id, home, |of| of.synced_at = of.synced_at.max(Some(seen.at)));
        }
    }

    fn did(&mut self, deeds: &crate::store::Deeds, id: CollectionId, home: HomeKind) {
        let Some(device) = self.at(device::key(&deeds.device)) else { return };
        device.changes += deeds.count;
        device.last_seen = device.last_seen.max(Some(deeds.last));
        if device.program.is_none() {
            device.program = device::program_of(&deeds.device).map(str::to_owned);
        }
        device.note(id, home, |of| of.changed_at = of.changed_at.max(Some(deeds.last)));
    }

    fn sorted(self) -> Vec<Device> {
        let mut all: Vec<Device> = self.0.into_values().collect();
        all.sort_by_key(|device| std::cmp::Reverse(device.last_seen));
        all
    }
}

impl Device {
    /// Notes something about a collection.
    fn note(&mut self, id: CollectionId, home: HomeKind, set: impl FnOnce(&mut DeviceCollection)) {
        match self.collections.iter_mut().find(|one| one.id == id) {
            Some(known) => set(known),
            None => {
                let mut fresh = DeviceCollection { id, home, synced_at: None, changed_at: None };
                set(&mut fresh);
                self.collections.push(fresh);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sightings_are_written_seldom() {
        let (seen, who) = (Sightings::default(), PrincipalId(1));
        let start = AGAIN * 10;
        seen.note(who, "session-1 curl", 0, start);
        seen.note(who, "session-1 curl", 7, start);
        assert_eq!(seen.due(start + 1).len(), 2);
        seen.note(who, "session-1 curl", 0, start + 2);
        assert!(seen.due(start + 3).is_empty(), "too soon");
        assert_eq!(seen.of(who).len(), 2);
        let due = seen.due(start + 1 + AGAIN);
        assert_eq!(
            due.iter().map(|one| (one.device.as_str(), one.at)).collect::<Vec<_>>(),
            [("session-1", start + 2)]
        );
        assert_eq!(seen.of(who).len(), 1, "what was not seen again is forgotten");
        seen.forget(who, "session-1");
        assert!(seen.of(who).is_empty());
    }
}
