//! Which webhooks there is something to tell, which node tells it, and what came of it.
//!
//! A claim is a row's word that one node delivers, for the time of a lease: taken and given up by updates that name what must
//! still be so, which is atomic on both databases. A node that dies keeps nobody waiting longer than its lease.

use super::schema::{collection, home, principal, webhook, webhook_cursor, webhook_delivery};
use super::webhooks::Webhook;
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::HomeKind;
use crate::domain::id::PrincipalId;
use crate::domain::principal::PrincipalState;
use crate::domain::webhook::WebhookState;
use diesel::dsl::exists;
use diesel::prelude::*;

/// Attempts of a webhook that are kept.
pub const KEPT_ATTEMPTS: i64 = 50;

/// A webhook that there may be something to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub webhook: i64,
    /// Whose.
    pub owner: PrincipalId,
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

impl ReadTx<'_> {
    /// Webhooks of active accounts that nobody delivers at `now`, and that there may be something to tell: the numbers of what they
    /// are about moved, or a trial message waits. Those first that were not looked at for the longest time.
    pub fn webhooks_due(&mut self, now: i64, limit: i64) -> Result<Vec<Due>, Error> {
        let usable = webhook::lease_until.le(now).and(principal::state.eq(PrincipalState::Active as i16));
        let waiting = webhook::state.eq(WebhookState::Active as i16).and(webhook::next_at.le(now));
        let calendars =
            home::kind.eq(HomeKind::Calendars as i16).and(home::modseq.gt(webhook::calendars_seen));
        let books = home::kind.eq(HomeKind::AddressBooks as i16).and(home::modseq.gt(webhook::books_seen));
        let of_account = webhook::collection.is_null().and(exists(
            home::table.filter(home::principal.eq(webhook::principal)).filter(calendars.or(books)),
        ));
        let told = webhook_cursor::table
            .filter(webhook_cursor::webhook.eq(webhook::id))
            .filter(webhook_cursor::collection.eq(collection::id))
            .filter(webhook_cursor::modseq.ge(collection::modseq));
        let of_collection = exists(
            collection::table
                .filter(collection::id.nullable().eq(webhook::collection))
                .filter(collection::deleted_at.eq(0))
                .filter(diesel::dsl::not(exists(told))),
        );
        let rows: Vec<(i64, i64)> = webhook::table
            .inner_join(principal::table)
            .filter(usable)
            .filter(webhook::ping.is_not_null().or(waiting.and(of_account.or(of_collection))))
            .select((webhook::id, webhook::principal))
            .order((webhook::served_at, webhook::id))
            .limit(limit)
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(webhook, owner)| Due { webhook, owner: PrincipalId(owner) }).collect())
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

    /// Notes that all was told up to these numbers of the owner's homes, unless the webhook was set back since its `round`.
    pub fn webhook_has_seen(&mut self, id: i64, round: i64, seen: (i64, i64)) -> Result<(), Error> {
        let same = webhook::table.filter(webhook::id.eq(id).and(webhook::round.eq(round)));
        diesel::update(same)
            .set((webhook::calendars_seen.eq(seen.0), webhook::books_seen.eq(seen.1)))
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
