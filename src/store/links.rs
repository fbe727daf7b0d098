//! Secret addresses of collections: rows. Decides no right, and knows no secret but by its digest.

use super::schema::link;
use super::{Error, ReadTx, WriteTx};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::link::LinkScope;
use diesel::prelude::*;

/// A link as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Link {
    /// Its row.
    pub id: i64,
    collection: i64,
    maker: i64,
    scope: i16,
    /// What its maker calls it.
    pub label: String,
    digest: String,
    /// Microseconds UTC.
    pub created_at: i64,
    /// When it got its secret, microseconds UTC.
    pub rotated_at: i64,
    /// Until when it is good, microseconds UTC.
    pub expires_at: Option<i64>,
    /// When it was last read, microseconds UTC.
    pub last_used: Option<i64>,
    /// How often it was read.
    pub uses: i64,
    revoked_at: i64,
}

impl Link {
    /// What it shows of.
    pub fn collection(&self) -> CollectionId {
        CollectionId(self.collection)
    }

    /// Whose eyes it shows with.
    pub fn maker(&self) -> PrincipalId {
        PrincipalId(self.maker)
    }

    /// How much it shows.
    pub fn scope(&self) -> LinkScope {
        LinkScope::from_number(self.scope)
    }

    /// Whether it is good at `now` (microseconds UTC), as far as it says itself.
    pub fn holds(&self, now: i64) -> bool {
        self.revoked_at == 0 && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A link to be made.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// What it shows of.
    pub collection: CollectionId,
    /// Whose eyes it shows with.
    pub maker: PrincipalId,
    /// How much it shows.
    pub scope: LinkScope,
    /// What its maker calls it.
    pub label: String,
    /// Of its secret.
    pub digest: String,
    /// Until when it is good, microseconds UTC.
    pub expires_at: Option<i64>,
}

/// A link that was read since that was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkUse {
    /// Which.
    pub link: i64,
    /// How often.
    pub times: i64,
    /// When last, microseconds UTC.
    pub last: i64,
}

impl ReadTx<'_> {
    /// The link whose secret has this digest, whether it is still good or not.
    pub fn link_by_digest(&mut self, digest: &str) -> Result<Option<Link>, Error> {
        Ok(link::table.filter(link::digest.eq(digest)).first(self.conn).optional()?)
    }

    /// A link of a collection, unless it was taken back.
    pub fn link_of(&mut self, of: CollectionId, id: i64) -> Result<Option<Link>, Error> {
        let own = link::table.find(id).filter(link::collection.eq(of.0).and(link::revoked_at.eq(0)));
        Ok(own.first(self.conn).optional()?)
    }

    /// The links of a collection that were not taken back, the oldest first.
    pub fn links(&mut self, of: CollectionId) -> Result<Vec<Link>, Error> {
        let own = link::table.filter(link::collection.eq(of.0).and(link::revoked_at.eq(0)));
        Ok(own.order(link::id).load(self.conn)?)
    }
}

impl WriteTx<'_> {
    /// Makes a link; tells its id.
    pub fn insert_link(&mut self, new: &NewLink) -> Result<i64, Error> {
        let (id, now) = (self.new_id(), self.now);
        diesel::insert_into(link::table)
            .values((
                link::id.eq(id),
                link::collection.eq(new.collection.0),
                link::maker.eq(new.maker.0),
                link::scope.eq(new.scope as i16),
                link::label.eq(&new.label),
                link::digest.eq(&new.digest),
                link::created_at.eq(now),
                link::rotated_at.eq(now),
                link::expires_at.eq(new.expires_at),
                link::uses.eq(0),
                link::revoked_at.eq(0),
            ))
            .execute(self.conn)?;
        Ok(id)
    }

    /// Changes what a link is called, and until when it is good.
    pub fn change_link(&mut self, id: i64, label: &str, expires_at: Option<i64>) -> Result<(), Error> {
        diesel::update(link::table.find(id))
            .set((link::label.eq(label), link::expires_at.eq(expires_at)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Gives a link another secret.
    pub fn rotate_link(&mut self, id: i64, digest: &str) -> Result<(), Error> {
        let now = self.now;
        diesel::update(link::table.find(id))
            .set((link::digest.eq(digest), link::rotated_at.eq(now)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Takes a link back.
    pub fn revoke_link(&mut self, id: i64) -> Result<(), Error> {
        let now = self.now;
        diesel::update(link::table.find(id)).set(link::revoked_at.eq(now)).execute(self.conn)?;
        Ok(())
    }

    /// Notes that a link was read. What another node noted meanwhile stays.
    pub fn note_link_use(&mut self, seen: LinkUse) -> Result<(), Error> {
        let row = link::table.find(seen.link);
        diesel::update(row).set(link::uses.eq(link::uses + seen.times)).execute(self.conn)?;
        let older = link::last_used.is_null().or(link::last_used.lt(seen.last));
        diesel::update(row.filter(older)).set(link::last_used.eq(seen.last)).execute(self.conn)?;
        Ok(())
    }

    /// Forgets links that were taken back before `before` (microseconds UTC); how many rows went.
    pub fn purge_links(&mut self, before: i64) -> Result<usize, Error> {
        let old = link::table.filter(link::revoked_at.gt(0).and(link::revoked_at.lt(before)));
        Ok(diesel::delete(old).execute(self.conn)?)
    }
}
