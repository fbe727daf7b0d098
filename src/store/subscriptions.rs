//! Subscribed remote calendars: where each comes from, when it is looked for news, and which node does. Decides no right.
//!
//! A claim is a row's word that one node looks, for the time of a lease, as for webhooks (`deliveries.rs`).

use super::schema::{collection, principal, subscription};
use super::{Error, ReadTx, WriteTx};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::principal::PrincipalState;
use diesel::prelude::*;

/// A subscription as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Subscription {
    collection: i64,
    /// Where the feed is.
    pub url: String,
    /// Minutes between two looks, where its reader has said so.
    pub refresh: Option<i32>,
    /// Seconds that the feed asks for between two looks; 0 where it does not.
    pub feed_seconds: i64,
    /// The entity tag of what came last.
    pub etag: Option<String>,
    /// When that was changed, as the feed's server says it.
    pub modified: Option<String>,
    claim: Option<String>,
    lease_until: i64,
    /// Not before this moment, microseconds UTC.
    pub next_at: i64,
    /// Failures since the last success.
    pub failures: i32,
    /// When it was last looked, microseconds UTC.
    pub last_at: Option<i64>,
    /// When that last succeeded, microseconds UTC.
    pub fetched_at: Option<i64>,
    /// What went wrong the last time.
    pub error: Option<String>,
    /// The status of the answer, where that was the trouble.
    pub status: Option<i16>,
    /// Items of what came last.
    pub items: i64,
    /// Items of it that could not be stored.
    pub refused: i64,
}

impl Subscription {
    /// The calendar that it fills.
    pub fn collection(&self) -> CollectionId {
        CollectionId(self.collection)
    }
}

/// What came of a look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// What to say the next time.
    pub etag: Option<String>,
    /// The same, by time.
    pub modified: Option<String>,
    /// Seconds that the feed asks for between two looks; 0 where it does not.
    pub feed_seconds: i64,
    /// Items of what came, and those of them that could not be stored; `None` where it was the same as before.
    pub counts: Option<(i64, i64)>,
    /// When the next look is, microseconds UTC.
    pub next_at: i64,
}

impl ReadTx<'_> {
    /// The subscription that fills a calendar.
    pub fn subscription(&mut self, of: CollectionId) -> Result<Option<Subscription>, Error> {
        Ok(subscription::table.find(of.0).first(self.conn).optional()?)
    }

    /// The subscriptions of a principal whose calendars are there.
    pub fn subscriptions(&mut self, of: PrincipalId) -> Result<Vec<Subscription>, Error> {
        Ok(subscription::table
            .inner_join(collection::table)
            .filter(collection::owner.eq(of.0).and(collection::deleted_at.eq(0)))
            .select(subscription::all_columns)
            .order(subscription::collection)
            .load(self.conn)?)
    }

    /// Subscriptions of active accounts that nobody looks at and whose time has come at `now`, with whose they are; those first that waited longest.
    pub fn subscriptions_due(
        &mut self,
        now: i64,
        limit: i64,
    ) -> Result<Vec<(CollectionId, PrincipalId)>, Error> {
        let rows: Vec<(i64, i64)> = subscription::table
            .inner_join(collection::table.inner_join(principal::table))
            .filter(collection::deleted_at.eq(0))
            .filter(principal::state.eq(PrincipalState::Active as i16))
            .filter(subscription::next_at.le(now).and(subscription::lease_until.le(now)))
            .select((subscription::collection, collection::owner))
            .order((subscription::next_at, subscription::collection))
            .limit(limit)
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(of, owner)| (CollectionId(of), PrincipalId(owner))).collect())
    }
}

impl WriteTx<'_> {
    /// Makes a subscription that fills a calendar; it is looked at as soon as may be.
    pub fn insert_subscription(
        &mut self,
        fills: CollectionId,
        url: &str,
        refresh: Option<i32>,
    ) -> Result<(), Error> {
        diesel::insert_into(subscription::table)
            .values((
                subscription::collection.eq(fills.0),
                subscription::url.eq(url),
                subscription::refresh.eq(refresh),
                subscription::feed_seconds.eq(0),
                subscription::lease_until.eq(0),
                subscription::next_at.eq(0),
                subscription::failures.eq(0),
                subscription::items.eq(0),
                subscription::refused.eq(0),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Gives a subscription another address: nothing that is known of the old one counts.
    pub fn set_subscription_url(&mut self, of: CollectionId, url: &str) -> Result<(), Error> {
        diesel::update(subscription::table.find(of.0))
            .set((
                subscription::url.eq(url),
                subscription::etag.eq(None::<&str>),
                subscription::modified.eq(None::<&str>),
                subscription::feed_seconds.eq(0),
                subscription::failures.eq(0),
                // Who is looking at the old one has lost it.
                subscription::claim.eq(None::<&str>),
                subscription::lease_until.eq(0),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Sets how often a subscription is looked at, in minutes.
    pub fn set_subscription_refresh(&mut self, of: CollectionId, refresh: Option<i32>) -> Result<(), Error> {
        diesel::update(subscription::table.find(of.0))
            .set(subscription::refresh.eq(refresh))
            .execute(self.conn)?;
        Ok(())
    }

    /// Sets when a subscription is next looked at, microseconds UTC.
    pub fn set_subscription_next(&mut self, of: CollectionId, next_at: i64) -> Result<(), Error> {
        diesel::update(subscription::table.find(of.0))
            .set(subscription::next_at.eq(next_at))
            .execute(self.conn)?;
        Ok(())
    }

    /// Claims a subscription until `lease` (microseconds UTC), if its time has come and nobody has; whether it did. Of two at
    /// once one does.
    pub fn claim_subscription(&mut self, of: CollectionId, claim: &str, lease: i64) -> Result<bool, Error> {
        let now = self.now;
        // Who comes late finds that its time has not come again.
        let due = subscription::next_at.le(now).and(subscription::lease_until.le(now));
        let free = subscription::table.find(of.0).filter(due);
        let claimed = diesel::update(free)
            .set((subscription::claim.eq(claim), subscription::lease_until.eq(lease)))
            .execute(self.conn)?;
        Ok(claimed > 0)
    }

    /// Keeps a claim for longer; whether it still stood. Until the commit nobody else can have it.
    pub fn hold_subscription(&mut self, of: CollectionId, claim: &str, lease: i64) -> Result<bool, Error> {
        let own = subscription::table.find(of.0).filter(subscription::claim.eq(claim));
        Ok(diesel::update(own).set(subscription::lease_until.eq(lease)).execute(self.conn)? > 0)
    }

    /// Notes a success and gives the claim up, if it still stands.
    pub fn note_fetched(&mut self, of: CollectionId, claim: &str, looked: &Looked) -> Result<(), Error> {
        let now = self.now;
        let own = subscription::table.find(of.0).filter(subscription::claim.eq(claim));
        if let Some((items, refused)) = looked.counts {
            diesel::update(own)
                .set((subscription::items.eq(items), subscription::refused.eq(refused)))
                .execute(self.conn)?;
        }
        diesel::update(own)
            .set((
                subscription::etag.eq(&looked.etag),
                subscription::modified.eq(&looked.modified),
                subscription::feed_seconds.eq(looked.feed_seconds),
                subscription::claim.eq(None::<&str>),
                subscription::lease_until.eq(0),
                subscription::next_at.eq(looked.next_at),
                subscription::failures.eq(0),
                subscription::last_at.eq(now),
                subscription::fetched_at.eq(now),
                subscription::error.eq(None::<&str>),
                subscription::status.eq(None::<i16>),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Notes a failure and gives the claim up, if it still stands.
    pub fn note_trouble(
        &mut self,
        of: CollectionId,
        claim: &str,
        (error, status): (&str, Option<u16>),
        failures: i32,
        next_at: i64,
    ) -> Result<(), Error> {
        let now = self.now;
        diesel::update(subscription::table.find(of.0).filter(subscription::claim.eq(claim)))
            .set((
                subscription::claim.eq(None::<&str>),
                subscription::lease_until.eq(0),
                subscription::next_at.eq(next_at),
                subscription::failures.eq(failures),
                subscription::last_at.eq(now),
                subscription::error.eq(error),
                subscription::status.eq(status.and_then(|status| i16::try_from(status).ok())),
            ))
            .execute(self.conn)?;
        Ok(())
    }
}
