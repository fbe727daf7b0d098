//! Which webhooks there is something to tell, which node tells it, and what came of it.
//!
//! A claim is a row's word that one node delivers, for the time of a lease: taken and given up by updates that name what must
//! still be so, which is atomic on both databases. A node that dies keeps nobody waiting longer than its lease.

use super::conn::on;
use super::schema::{object, tombstone, webhook, webhook_delivery};
use super::webhooks::Webhook;
use super::{Error, ReadTx, WriteTx};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::object::ItemKind;
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Integer, Text};
use std::collections::HashMap;

/// Attempts of a webhook that are kept.
pub const KEPT_ATTEMPTS: i64 = 50;

/// A webhook that there may be something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub webhook: i64,
    /// Whose.
    pub owner: PrincipalId,
    /// The host that it is posted to.
    pub target: String,
    /// Failures since it last succeeded.
    pub failures: i32,
}

/// What is kept of an attempt.
#[derive(Debug, Clone, Copy)]
pub struct Tried<'t> {
    /// The message.
    pub message: &'t str,
    /// When it began, microseconds UTC.
    pub at: i64,
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
    /// What came of it.
    pub outcome: &'t str,
    /// How long it took, in milliseconds.
    pub millis: i64,
}

/// Up to where a webhook of an account was looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The number of the owner's calendars.
    pub calendars: i64,
    /// The number of his address books.
    pub books: i64,
    /// The number of what he may see.
    pub sight: i64,
}

impl ReadTx<'_> {
    /// Webhooks of active accounts that nobody delivers at `now`, and that there may be something to tell: the numbers of what they
    /// are about moved, other collections may be read than before, or a trial message waits. Each host has one in turn, so that those of
    /// a host that does not answer stand before nobody else's; of one host those first that were not looked at for the longest time.
    ///
    /// Mostly there is no news, and one statement over numbers says so. The webhooks are read only of those that have some.
    pub fn webhooks_due(&mut self, now: i64, limit: i64) -> Result<Vec<Due>, Error> {
        let news = News { now };
        let ids: Vec<i64> = on!(self.conn, conn => news.load(conn))?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let few = i64::try_from(ids.len()).is_ok_and(|count| count < MOST_NEWS);
        let which = Which { news, ids: few.then_some(ids.as_slice()), limit };
        let rows: Vec<(i64, i64, String, i32)> = on!(self.conn, conn => which.load(conn))?;
        let due =
            |(webhook, owner, target, failures)| Due { webhook, owner: PrincipalId(owner), target, failures };
        Ok(rows.into_iter().map(due).collect())
    }

    /// The numbers at which these items of a collection were made.
    pub fn made_at(&mut self, of: CollectionId, names: &[&str]) -> Result<HashMap<String, i64>, Error> {
        let rows: Vec<(String, i64)> = object::table
            .filter(object::collection.eq(of.0).and(object::name.eq_any(names)))
            .select((object::name, object::created_modseq))
            .load(self.conn)?;
        Ok(rows.into_iter().collect())
    }

    /// What these items were that left a collection; of those of before that was noted it is not known.
    pub fn were(&mut self, of: CollectionId, names: &[&str]) -> Result<HashMap<String, ItemKind>, Error> {
        let rows: Vec<(String, i16)> = tombstone::table
            .filter(tombstone::collection.eq(of.0).and(tombstone::name.eq_any(names)))
            .filter(tombstone::component.ne(0))
            .select((tombstone::name, tombstone::component))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(name, kind)| (name, ItemKind(kind))).collect())
    }

    /// A webhook, if this claim on it still stands.
    pub fn claimed_webhook(&mut self, id: i64, claim: &str) -> Result<Option<Webhook>, Error> {
        Ok(webhook::table.find(id).filter(webhook::claim.eq(claim)).first(self.conn).optional()?)
    }
}

impl WriteTx<'_> {
    /// Claims a webhook until `lease` (microseconds UTC), if nobody has; whether it did. Of two at once one does.
    pub fn claim_webhook(&mut self, id: i64, claim: &str, lease: i64) -> Result<bool, Error> {
        let now = self.now;
        let free = webhook::table.filter(webhook::id.eq(id).and(webhook::lease_until.le(now)));
        let claimed = diesel::update(free)
            .set((webhook::claim.eq(claim), webhook::lease_until.eq(lease), webhook::served_at.eq(now)))
            .execute(self.conn)?;
        Ok(claimed > 0)
    }

    /// Ends a claim; whether it still stood. The next look is not before `next_at` (microseconds UTC), where that is given.
    pub fn release_webhook(&mut self, id: i64, claim: &str, next_at: Option<i64>) -> Result<bool, Error> {
        let own = webhook::table.filter(webhook::id.eq(id).and(webhook::claim.eq(claim)));
        let released = diesel::update(own)
            .set((webhook::claim.eq(None::<&str>), webhook::lease_until.eq(0)))
            .execute(self.conn)?;
        if let Some(next_at) = next_at.filter(|_| released > 0) {
            diesel::update(webhook::table.find(id)).set(webhook::next_at.eq(next_at)).execute(self.conn)?;
        }
        Ok(released > 0)
    }

    /// Whether a claim still stands; if so, it does until `lease` (microseconds UTC).
    pub fn hold_webhook(&mut self, id: i64, claim: &str, lease: i64) -> Result<bool, Error> {
        let own = webhook::table.filter(webhook::id.eq(id).and(webhook::claim.eq(claim)));
        Ok(diesel::update(own).set(webhook::lease_until.eq(lease)).execute(self.conn)? > 0)
    }

    /// Notes that all was told up to these numbers of the owner's homes, and of what he may see, unless the webhook was set back
    /// since its `round`.
    pub fn webhook_has_seen(&mut self, id: i64, round: i64, seen: Seen) -> Result<(), Error> {
        let same = webhook::table.filter(webhook::id.eq(id).and(webhook::round.eq(round)));
        diesel::update(same)
            .set((
                webhook::calendars_seen.eq(seen.calendars),
                webhook::books_seen.eq(seen.books),
                webhook::sight_seen.eq(seen.sight),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Keeps an attempt, and the claim for longer; `None` where the claim no longer stands: then somebody else delivers, and the
    /// attempt counts for nothing.
    pub fn note_attempt(
        &mut self,
        id: i64,
        claim: &str,
        lease: i64,
        tried: Tried<'_>,
    ) -> Result<Option<Webhook>, Error> {
        let status = tried.status.and_then(|status| i16::try_from(status).ok());
        let own = webhook::table.filter(webhook::id.eq(id).and(webhook::claim.eq(claim)));
        let held = diesel::update(own)
            .set((
                webhook::lease_until.eq(lease),
                webhook::last_at.eq(tried.at),
                webhook::last_status.eq(status),
                webhook::last_outcome.eq(tried.outcome),
            ))
            .execute(self.conn)?;
        if held == 0 {
            return Ok(None);
        }
        let row = self.new_id();
        diesel::insert_into(webhook_delivery::table)
            .values((
                webhook_delivery::id.eq(row),
                webhook_delivery::webhook.eq(id),
                webhook_delivery::message.eq(tried.message),
                webhook_delivery::at.eq(tried.at),
                webhook_delivery::status.eq(status),
                webhook_delivery::outcome.eq(tried.outcome),
                webhook_delivery::millis.eq(tried.millis),
            ))
            .execute(self.conn)?;
        self.forget_attempts(id)?;
        self.webhook(id)
    }

    fn forget_attempts(&mut self, of: i64) -> Result<(), Error> {
        let oldest: Option<i64> = webhook_delivery::table
            .filter(webhook_delivery::webhook.eq(of))
            .select(webhook_delivery::id)
            .order(webhook_delivery::id.desc())
            .offset(KEPT_ATTEMPTS - 1)
            .first(self.conn)
            .optional()?;
        if let Some(oldest) = oldest {
            let older = webhook_delivery::table
                .filter(webhook_delivery::webhook.eq(of).and(webhook_delivery::id.lt(oldest)));
            diesel::delete(older).execute(self.conn)?;
        }
        Ok(())
    }

    /// Notes that a trial message was sent, whatever came of it.
    pub fn end_ping(&mut self, id: i64, message: &str) -> Result<(), Error> {
        let sent = webhook::table.filter(webhook::id.eq(id).and(webhook::ping.eq(message)));
        diesel::update(sent).set(webhook::ping.eq(None::<&str>)).execute(self.conn)?;
        Ok(())
    }

    /// Counts a failure, or forgets all of them where `failures` is 0.
    pub fn set_webhook_failures(&mut self, id: i64, failures: i32, since: Option<i64>) -> Result<(), Error> {
        diesel::update(webhook::table.find(id))
            .set((webhook::failures.eq(failures), webhook::failing_since.eq(since)))
            .execute(self.conn)?;
        Ok(())
    }
}

/// Webhooks with news that are read by their ids; of more the database keeps the list.
const MOST_NEWS: i64 = 4_096;

/// The webhooks that have news, each part by an index of its own (migration 0013). Some may be listed that are not due: they are
/// paused, or about a collection that is gone.
#[derive(Debug, Clone, Copy, QueryId)]
struct News {
    now: i64,
}

/// Of the webhooks that have news those that are due.
#[derive(Debug, Clone, Copy)]
struct Which<'i> {
    news: News,
    /// Which have news; asked anew where that are too many.
    ids: Option<&'i [i64]>,
    limit: i64,
}

impl Query for News {
    type SqlType = BigInt;
}

impl<Conn> RunQueryDsl<Conn> for News {}

impl<DB> QueryFragment<DB> for News
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.parts(&mut out)?;
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&MOST_NEWS)
    }
}

impl News {
    /// The numbers are those of `HomeKind` and `WebhookState`. A collection that is gone has news, too: it went.
    fn parts<'b, DB>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: Backend + HasSqlType<BigInt>,
        i64: ToSql<BigInt, DB>,
    {
        out.push_sql(
            "SELECT id FROM webhook WHERE ping IS NOT NULL \
             UNION ALL SELECT id FROM webhook WHERE sight > sight_seen \
             UNION ALL SELECT a.id FROM webhook a JOIN home h ON h.principal = a.principal \
             WHERE a.collection IS NULL AND a.state = 1 \
             AND h.modseq > CASE h.kind WHEN 1 THEN a.calendars_seen ELSE a.books_seen END AND a.next_at <= ",
        );
        out.push_bind_param::<BigInt, _>(&self.now)?;
        out.push_sql(
            " UNION ALL SELECT c.webhook FROM webhook_cursor c LEFT JOIN collection k ON k.id = c.collection \
             WHERE c.alone AND (k.modseq > c.modseq OR COALESCE(k.deleted_at, 1) > 0)",
        );
        Ok(())
    }
}

impl Query for Which<'_> {
    type SqlType = (BigInt, BigInt, Text, Integer);
}

/// The text is the key to the prepared statement: it depends on how many there are.
impl QueryId for Which<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Conn> RunQueryDsl<Conn> for Which<'_> {}

impl<DB> QueryFragment<DB> for Which<'_>
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(
            "SELECT id, principal, target, failures FROM (SELECT w.id, w.principal, w.target, w.failures, w.served_at, \
             ROW_NUMBER() OVER (PARTITION BY w.target ORDER BY w.served_at, w.id) AS turn \
             FROM webhook w JOIN principal p ON p.id = w.principal WHERE w.id IN (",
        );
        match self.ids {
            Some(ids) => {
                out.unsafe_to_cache_prepared();
                for (at, id) in ids.iter().enumerate() {
                    out.push_sql(if at == 0 { "" } else { ", " });
                    out.push_bind_param::<BigInt, _>(id)?;
                }
            }
            None => self.news.parts(&mut out)?,
        }
        // Of a collection that is gone only webhooks of accounts are told.
        out.push_sql(
            ") AND p.state = 1 AND (w.ping IS NOT NULL OR (w.state = 1 AND (w.collection IS NULL OR EXISTS (\
             SELECT 1 FROM collection k WHERE k.id = w.collection AND k.deleted_at = 0)) AND w.next_at <= ",
        );
        out.push_bind_param::<BigInt, _>(&self.news.now)?;
        out.push_sql(")) AND w.lease_until <= ");
        out.push_bind_param::<BigInt, _>(&self.news.now)?;
        out.push_sql(") AS due ORDER BY turn, served_at, id LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}
