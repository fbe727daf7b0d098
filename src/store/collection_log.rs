//! What happened to collections themselves: made, changed, deleted, put back, renamed, shared; by whom, with which device, and what they were
//! before. Items have the log of `objects.rs`.

use super::objects::Origin;
use super::schema::collection_change;
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::Collection;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::invitation;
use crate::domain::props::Props;
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

/// What happened. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum CollectionDeed {
    /// It was made.
    Made = 1,
    /// Its properties were changed: name, colour, order, zone, what clients keep.
    Changed = 2,
    /// It was deleted.
    Deleted = 3,
    /// It was put back.
    Returned = 4,
    /// It has another place.
    Renamed = 5,
    /// It has other grants.
    Shared = 6,
}

impl CollectionDeed {
    fn from_number(number: i16) -> Option<Self> {
        use CollectionDeed::{Changed, Deleted, Made, Renamed, Returned, Shared};
        [Made, Changed, Deleted, Returned, Renamed, Shared].into_iter().find(|deed| *deed as i16 == number)
    }
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionEntry {
    /// What happened.
    pub deed: CollectionDeed,
    /// Who did it.
    pub actor: PrincipalId,
    /// With which device: see `domain/device.rs`.
    pub device: Option<String>,
    /// Microseconds UTC.
    pub at: i64,
    /// The properties before it, of a change.
    pub before: Option<Described>,
}

/// The properties of a collection that its owner may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Left out of free/busy.
    pub transparent: bool,
    /// The zone, or none.
    pub time_zone: Option<String>,
    /// All kept properties.
    pub props: Props,
}

impl Described {
    /// As a collection is. Whether it is shared is not its owner's to set, and stays out.
    pub fn of(collection: &Collection) -> Self {
        let mut props = collection.props.clone();
        if collection.is_shared() {
            invitation::mark(&mut props, false);
        }
        Described { transparent: collection.transparent, time_zone: collection.time_zone.clone(), props }
    }

    fn read(text: &str) -> Option<Self> {
        let kept: Kept = serde_json::from_str(text).ok()?;
        Some(Described {
            transparent: kept.transparent,
            time_zone: kept.time_zone,
            props: Props::from_json(kept.props),
        })
    }

    fn text(&self) -> String {
        let kept = Kept {
            transparent: self.transparent,
            time_zone: self.time_zone.clone(),
            props: self.props.to_json(),
        };
        serde_json::to_string(&kept).unwrap_or_default()
    }
}

/// As stored.
#[derive(Serialize, Deserialize)]
struct Kept {
    transparent: bool,
    time_zone: Option<String>,
    props: String,
}

type Row = (i16, i64, Option<String>, i64, Option<String>);

impl ReadTx<'_> {
    /// What happened to a collection after `since` (microseconds UTC), the newest first, at most `limit`.
    pub fn collection_log(
        &mut self,
        of: CollectionId,
        since: i64,
        limit: i64,
    ) -> Result<Vec<CollectionEntry>, Error> {
        let rows: Vec<Row> = collection_change::table
            .filter(collection_change::collection.eq(of.0).and(collection_change::at.gt(since)))
            .select((
                collection_change::kind,
                collection_change::actor,
                collection_change::device,
                collection_change::at,
                collection_change::before,
            ))
            .order(collection_change::id.desc())
            .limit(limit)
            .load(self.conn)?;
        let entry = |(kind, actor, device, at, before): Row| {
            let before = before.as_deref().and_then(Described::read);
            let deed = CollectionDeed::from_number(kind)?;
            Some(CollectionEntry { deed, actor: PrincipalId(actor), device, at, before })
        };
        Ok(rows.into_iter().filter_map(entry).collect())
    }

    /// Whether something happened to a collection itself above the number `after` and up to `to`, but its being made or deleted.
    pub fn collection_changed(&mut self, of: CollectionId, after: i64, to: i64) -> Result<bool, Error> {
        let entries = collection_change::table.filter(
            collection_change::collection
                .eq(of.0)
                .and(collection_change::modseq.gt(after))
                .and(collection_change::modseq.le(to))
                .and(
                    collection_change::kind
                        .ne_all([CollectionDeed::Made as i16, CollectionDeed::Deleted as i16]),
                ),
        );
        Ok(select(exists(entries)).get_result(self.conn)?)
    }
}

impl WriteTx<'_> {
    /// Notes what happened to a collection, whose number is `modseq` after it.
    pub(super) fn log_collection(
        &mut self,
        of: CollectionId,
        modseq: i64,
        deed: CollectionDeed,
        by: &Origin,
        before: Option<&Described>,
    ) -> Result<(), Error> {
        let (id, now) = (self.new_id(), self.now);
        diesel::insert_into(collection_change::table)
            .values((
                collection_change::id.eq(id),
                collection_change::collection.eq(of.0),
                collection_change::modseq.eq(modseq),
                collection_change::kind.eq(deed as i16),
                collection_change::actor.eq(by.actor.0),
                collection_change::door.eq(by.door as i16),
                collection_change::device.eq(&by.device),
                collection_change::at.eq(now),
                collection_change::before.eq(before.map(Described::text)),
            ))
            .execute(self.conn)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_collection_was_is_read_back() {
        let before =
            Described { transparent: true, time_zone: Some("Europe/Paris".into()), props: Props::default() };
        assert_eq!(Described::read(&before.text()), Some(before));
        assert_eq!(Described::read("{}"), None);
    }
}
