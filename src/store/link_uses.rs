//! From where secret addresses were read, by the hour. Decides no right.

use super::schema::{collection, link, link_use};
use super::{Error, ReadTx, WriteTx};
use crate::domain::id::{CollectionId, PrincipalId};
use diesel::prelude::*;

/// Rows of one link and one hour at most, beside the one for all else: whoever has a link cannot fill the database with it.
const ROOM: i64 = 100;
/// Rows that one transaction removes.
const PIECE: i64 = 500;

/// Reads of one link in one hour, from one address with one program.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct LinkReads {
    /// Which link.
    pub link: i64,
    /// The beginning of the hour, microseconds UTC.
    pub hour: i64,
    /// From where; `?` where that is not known. Empty, as the program: all for which there was no room.
    pub address: String,
    /// With what; `?` where it does not say.
    pub program: String,
    /// How often.
    pub times: i64,
    /// When last, microseconds UTC.
    pub last_at: i64,
}

/// Reads, with what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedReads {
    /// Of whom and when.
    pub reads: LinkReads,
    /// What the link's maker calls it.
    pub label: String,
    /// Who that is.
    pub maker: PrincipalId,
    /// What it shows of.
    pub collection: CollectionId,
    /// Whose that is.
    pub owner: PrincipalId,
}

/// Which reads are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadsOf {
    /// Of one link.
    Link(i64),
    /// Of the collections of one principal.
    Owner(PrincipalId),
    /// All.
    Everybody,
}

/// The place of a row in their order: the newest hour first.
pub type ReadsKey = (i64, i64, String, String);

impl ReadTx<'_> {
    /// Reads from after a place, the newest hour first.
    pub fn link_reads(
        &mut self,
        of: ReadsOf,
        after: Option<&ReadsKey>,
        limit: i64,
    ) -> Result<Vec<NamedReads>, Error> {
        let mut wanted = link_use::table
            .inner_join(link::table.on(link::id.eq(link_use::link)))
            .inner_join(collection::table.on(collection::id.eq(link::collection)))
            .select((link_use::all_columns, link::label, link::maker, collection::id, collection::owner))
            .into_boxed();
        match of {
            ReadsOf::Link(id) => wanted = wanted.filter(link_use::link.eq(id)),
            ReadsOf::Owner(owner) => wanted = wanted.filter(collection::owner.eq(owner.0)),
            ReadsOf::Everybody => {}
        }
        if let Some((hour, link, address, program)) = after {
            let same = link_use::hour.eq(hour);
            let later = link_use::link.gt(link).or(link_use::link.eq(link).and(
                link_use::address
                    .gt(address)
                    .or(link_use::address.eq(address).and(link_use::program.gt(program))),
            ));
            wanted = wanted.filter(link_use::hour.lt(hour).or(same.and(later)));
        }
        type Row = (LinkReads, String, i64, i64, i64);
        let rows: Vec<Row> = wanted
            .order((link_use::hour.desc(), link_use::link, link_use::address, link_use::program))
            .limit(limit)
            .load(self.conn)?;
        let named = |(reads, label, maker, collection, owner): Row| NamedReads {
            reads,
            label,
            maker: PrincipalId(maker),
            collection: CollectionId(collection),
            owner: PrincipalId(owner),
        };
        Ok(rows.into_iter().map(named).collect())
    }
}

impl WriteTx<'_> {
    /// Adds reads to what is noted. Those of a link that is gone are forgotten; those for which there is no room are counted without
    /// saying from where.
    pub fn note_link_reads(&mut self, seen: &LinkReads) -> Result<(), Error> {
        if self.add_reads(seen)? {
            return Ok(());
        }
        let known: Option<i64> = link::table.find(seen.link).select(link::id).first(self.conn).optional()?;
        if known.is_none() {
            return Ok(());
        }
        let of_hour = link_use::table.filter(link_use::link.eq(seen.link).and(link_use::hour.eq(seen.hour)));
        let rows: i64 = of_hour.count().get_result(self.conn)?;
        if rows < ROOM {
            return self.insert_reads(seen);
        }
        let rest = LinkReads { address: String::new(), program: String::new(), ..seen.clone() };
        if self.add_reads(&rest)? { Ok(()) } else { self.insert_reads(&rest) }
    }

    /// Adds to a row; whether there is one.
    fn add_reads(&mut self, seen: &LinkReads) -> Result<bool, Error> {
        let row = link_use::table.find((seen.link, seen.hour, &seen.address, &seen.program));
        let last: Option<i64> = row.select(link_use::last_at).first(self.conn).optional()?;
        let Some(last) = last else { return Ok(false) };
        diesel::update(row)
            .set((
                link_use::times.eq(link_use::times + seen.times),
                link_use::last_at.eq(last.max(seen.last_at)),
            ))
            .execute(self.conn)?;
        Ok(true)
    }

    fn insert_reads(&mut self, seen: &LinkReads) -> Result<(), Error> {
        diesel::insert_into(link_use::table)
            .values((
                link_use::link.eq(seen.link),
                link_use::hour.eq(seen.hour),
                link_use::address.eq(&seen.address),
                link_use::program.eq(&seen.program),
                link_use::times.eq(seen.times),
                link_use::last_at.eq(seen.last_at),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets a piece of the reads of hours before `before` (microseconds UTC); how many rows went.
    pub fn purge_link_reads(&mut self, before: i64) -> Result<usize, Error> {
        let hours: Vec<i64> = link_use::table
            .filter(link_use::hour.lt(before))
            .select(link_use::hour)
            .order(link_use::hour)
            .limit(PIECE)
            .load(self.conn)?;
        let Some(last) = hours.last() else { return Ok(0) };
        Ok(diesel::delete(link_use::table.filter(link_use::hour.le(last))).execute(self.conn)?)
    }
}
