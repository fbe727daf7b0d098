//! Webhooks: rows, and up to where each was told of each collection. Decides no right; knows no message.

use super::schema::{collection, home, webhook, webhook_cursor, webhook_delivery};
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::{CollectionKind, HomeKind};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::webhook::{Events, WebhookState};
use diesel::prelude::*;

/// A webhook as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Webhook {
    /// Its row.
    pub id: i64,
    principal: i64,
    collection: Option<i64>,
    /// Where messages go.
    pub url: String,
    /// What messages are signed with.
    pub secret: String,
    /// What they were signed with before.
    pub old_secret: Option<String>,
    /// Until when they are signed with that too, microseconds UTC.
    pub old_secret_until: i64,
    state: i16,
    /// Why it is disabled.
    pub reason: Option<String>,
    /// Since when it is in its state, microseconds UTC.
    pub state_since: i64,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Raised when it is set back, so that what is told again is another message.
    pub round: i64,
    /// Up to which number of the owner's homes all was told.
    pub calendars_seen: i64,
    /// The same of the address books.
    pub books_seen: i64,
    /// The id of a trial message that waits.
    pub ping: Option<String>,
    /// Of the node that delivers, where one does.
    pub claim: Option<String>,
    /// Until when that counts, microseconds UTC.
    pub lease_until: i64,
    /// Not before this moment, microseconds UTC.
    pub next_at: i64,
    /// When a node last took it up, microseconds UTC.
    pub served_at: i64,
    /// Failures since it last succeeded.
    pub failures: i32,
    /// When the first of them was, microseconds UTC.
    pub failing_since: Option<i64>,
    /// When something was last sent, microseconds UTC.
    pub last_at: Option<i64>,
    /// The status of the answer.
    pub last_status: Option<i16>,
    /// What came of it.
    pub last_outcome: Option<String>,
    events: i64,
    /// The host of its address.
    pub target: String,
    /// Rises when other collections than before may be its owner's to read.
    pub sight: i64,
    /// Up to where that was looked at; -1 where what others have granted never was.
    pub sight_seen: i64,
}

impl Webhook {
    /// The kinds of changes that it wants.
    pub fn events(&self) -> Events {
        Events::from_bits(self.events)
    }

    /// Whose it is.
    pub fn owner(&self) -> PrincipalId {
        PrincipalId(self.principal)
    }

    /// The one collection that it is about; all of the owner's where there is none.
    pub fn subject(&self) -> Option<CollectionId> {
        self.collection.map(CollectionId)
    }

    /// Whether it is told anything.
    pub fn state(&self) -> WebhookState {
        WebhookState::from_number(self.state)
    }
}

/// A webhook to be made.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Whose.
    pub owner: PrincipalId,
    /// The one collection that it is about; all that he may read where there is none.
    pub about: Option<CollectionId>,
    /// Where messages go.
    pub url: String,
    /// The host of that.
    pub target: String,
    /// What messages are signed with.
    pub secret: String,
    /// The kinds of changes that it wants.
    pub events: Events,
}

/// Where a collection stands, for telling whether there is news in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    /// Which.
    pub collection: CollectionId,
    /// Its number.
    pub modseq: i64,
    /// Whether it is compared by itself: no home's number tells its webhook that something moved in it.
    pub alone: bool,
    /// What went away up to this number is not told: it was gone before the webhook knew of the collection. 0 where all is told.
    pub unborn: i64,
}

/// One attempt, as kept.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Attempt {
    /// The message.
    pub message: String,
    /// When it began, microseconds UTC.
    pub at: i64,
    /// The status of the answer, where there was one.
    pub status: Option<i16>,
    /// What came of it.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub millis: i64,
}

impl ReadTx<'_> {
    /// The webhook with this id.
    pub fn webhook(&mut self, id: i64) -> Result<Option<Webhook>, Error> {
        Ok(webhook::table.find(id).first(self.conn).optional()?)
    }

    /// The webhooks of a principal, the oldest first.
    pub fn webhooks(&mut self, of: PrincipalId) -> Result<Vec<Webhook>, Error> {
        Ok(webhook::table.filter(webhook::principal.eq(of.0)).order(webhook::id).load(self.conn)?)
    }

    /// The last attempts at a webhook, the latest first.
    pub fn webhook_attempts(&mut self, of: i64, limit: i64) -> Result<Vec<Attempt>, Error> {
        Ok(webhook_delivery::table
            .filter(webhook_delivery::webhook.eq(of))
            .select((
                webhook_delivery::message,
                webhook_delivery::at,
                webhook_delivery::status,
                webhook_delivery::outcome,
                webhook_delivery::millis,
            ))
            .order(webhook_delivery::id.desc())
            .limit(limit)
            .load(self.conn)?)
    }

    /// Up to where a webhook was told of a collection; `None` where it was told nothing yet.
    pub fn webhook_cursor(&mut self, of: i64, collection: CollectionId) -> Result<Option<Stand>, Error> {
        let row: Option<CursorRow> = webhook_cursor::table
            .find((of, collection.0))
            .select((
                webhook_cursor::collection,
                webhook_cursor::modseq,
                webhook_cursor::alone,
                webhook_cursor::unborn,
            ))
            .first(self.conn)
            .optional()?;
        Ok(row.map(stand))
    }

    /// All that a webhook was told of, by collection.
    pub fn webhook_cursors(&mut self, of: i64) -> Result<Vec<Stand>, Error> {
        let rows: Vec<CursorRow> = webhook_cursor::table
            .filter(webhook_cursor::webhook.eq(of))
            .select((
                webhook_cursor::collection,
                webhook_cursor::modseq,
                webhook_cursor::alone,
                webhook_cursor::unborn,
            ))
            .order(webhook_cursor::collection)
            .load(self.conn)?;
        Ok(rows.into_iter().map(stand).collect())
    }

    /// The calendars and address books of a principal, those first whose last change is the oldest in their home.
    pub fn stands(&mut self, of: PrincipalId) -> Result<Vec<Stand>, Error> {
        let kinds = [CollectionKind::Calendar as i16, CollectionKind::AddressBook as i16];
        let rows: Vec<(i64, i64)> = collection::table
            .filter(collection::owner.eq(of.0))
            .filter(collection::deleted_at.eq(0).and(collection::kind.eq_any(kinds)))
            .select((collection::id, collection::modseq))
            .order((collection::home_modseq, collection::id))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(id, modseq)| stand((id, modseq, false, 0))).collect())
    }

    /// The numbers of a principal's homes: of the calendars, and of the address books.
    pub fn home_numbers(&mut self, of: PrincipalId) -> Result<(i64, i64), Error> {
        let rows: Vec<(i16, i64)> = home::table
            .filter(home::principal.eq(of.0))
            .select((home::kind, home::modseq))
            .load(self.conn)?;
        let number = |kind: HomeKind| {
            rows.iter().find(|(known, _)| *known == kind as i16).map_or(0, |(_, modseq)| *modseq)
        };
        Ok((number(HomeKind::Calendars), number(HomeKind::AddressBooks)))
    }
}

type CursorRow = (i64, i64, bool, i64);

fn stand((collection, modseq, alone, unborn): CursorRow) -> Stand {
    Stand { collection: CollectionId(collection), modseq, alone, unborn }
}

impl WriteTx<'_> {
    /// Makes an active webhook; tells its id. `seen` are the numbers of its owner's homes.
    pub fn insert_webhook(&mut self, new: &NewWebhook, seen: (i64, i64)) -> Result<i64, Error> {
        let (id, now) = (self.new_id(), self.now);
        diesel::insert_into(webhook::table)
            .values((
                webhook::id.eq(id),
                webhook::principal.eq(new.owner.0),
                webhook::collection.eq(new.about.map(|collection| collection.0)),
                webhook::url.eq(&new.url),
                webhook::target.eq(&new.target),
                webhook::events.eq(new.events.bits()),
                // Looked at once: what is granted while it is made is seen then.
                webhook::sight.eq(1),
                webhook::sight_seen.eq(0),
                webhook::secret.eq(&new.secret),
                webhook::old_secret_until.eq(0),
                webhook::state.eq(WebhookState::Active as i16),
                webhook::state_since.eq(now),
                webhook::created_at.eq(now),
                webhook::round.eq(0),
                webhook::calendars_seen.eq(seen.0),
                webhook::books_seen.eq(seen.1),
                webhook::lease_until.eq(0),
                webhook::next_at.eq(0),
                webhook::served_at.eq(0),
                webhook::failures.eq(0),
            ))
            .execute(self.conn)?;
        Ok(id)
    }

    /// Locks a principal's row until the commit, so that what is counted of his stays true.
    pub fn lock_webhooks(&mut self, of: PrincipalId) -> Result<(), Error> {
        use super::conn::Conn;
        use super::schema::principal;
        if let Conn::Postgres(conn) = &mut *self.read.conn {
            let _: Option<i64> = principal::table
                .find(of.0)
                .select(principal::id)
                .for_no_key_update()
                .first(conn)
                .optional()?;
        }
        Ok(())
    }

    /// Removes a webhook of a principal's, with all that is kept of it; whether there was one.
    pub fn delete_webhook(&mut self, of: PrincipalId, id: i64) -> Result<bool, Error> {
        // Locked first: a node that is delivering writes below it.
        let own = webhook::table.filter(webhook::id.eq(id).and(webhook::principal.eq(of.0)));
        if diesel::update(own).set(webhook::next_at.eq(i64::MAX)).execute(self.conn)? == 0 {
            return Ok(false);
        }
        diesel::delete(webhook_cursor::table.filter(webhook_cursor::webhook.eq(id))).execute(self.conn)?;
        diesel::delete(webhook_delivery::table.filter(webhook_delivery::webhook.eq(id)))
            .execute(self.conn)?;
        diesel::delete(webhook::table.find(id)).execute(self.conn)?;
        Ok(true)
    }

    /// Gives a webhook another address, whose host is `target`.
    pub fn set_webhook_url(&mut self, id: i64, url: &str, target: &str) -> Result<(), Error> {
        diesel::update(webhook::table.find(id))
            .set((webhook::url.eq(url), webhook::target.eq(target)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Lets a webhook want other kinds of changes.
    pub fn set_webhook_events(&mut self, id: i64, events: Events) -> Result<(), Error> {
        diesel::update(webhook::table.find(id)).set(webhook::events.eq(events.bits())).execute(self.conn)?;
        Ok(())
    }

    /// Puts a webhook into a state.
    pub fn set_webhook_state(
        &mut self,
        id: i64,
        state: WebhookState,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let now = self.now;
        diesel::update(webhook::table.find(id))
            .set((webhook::state.eq(state as i16), webhook::reason.eq(reason), webhook::state_since.eq(now)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Lets the next attempt be made at once, as if none had failed.
    pub fn hurry_webhook(&mut self, id: i64) -> Result<(), Error> {
        diesel::update(webhook::table.find(id))
            .set((webhook::failures.eq(0), webhook::failing_since.eq(None::<i64>), webhook::next_at.eq(0)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Gives a webhook another secret; the one before is good until `until` (microseconds UTC).
    pub fn set_webhook_secret(&mut self, id: i64, secret: &str, until: i64) -> Result<(), Error> {
        diesel::update(webhook::table.find(id))
            .set((
                webhook::old_secret.eq(webhook::secret.nullable()),
                webhook::old_secret_until.eq(until),
                webhook::secret.eq(secret),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Lets a webhook have a trial message.
    pub fn ping_webhook(&mut self, id: i64, message: &str) -> Result<(), Error> {
        diesel::update(webhook::table.find(id)).set(webhook::ping.eq(message)).execute(self.conn)?;
        Ok(())
    }

    /// Begins another round of a webhook: what it is told again are other messages, and its owner's homes are looked into anew.
    pub fn rewind_webhook(&mut self, id: i64) -> Result<(), Error> {
        diesel::update(webhook::table.find(id))
            .set((
                webhook::round.eq(webhook::round + 1),
                webhook::calendars_seen.eq(-1),
                webhook::books_seen.eq(-1),
                webhook::next_at.eq(0),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Sets up to where a webhook was told of a collection.
    pub fn set_webhook_cursor(&mut self, of: i64, at: Stand) -> Result<(), Error> {
        let row = webhook_cursor::table.find((of, at.collection.0));
        let known = diesel::update(row)
            .set((webhook_cursor::modseq.eq(at.modseq), webhook_cursor::unborn.eq(at.unborn)))
            .execute(self.conn)?;
        if known == 0 {
            diesel::insert_into(webhook_cursor::table)
                .values((
                    webhook_cursor::webhook.eq(of),
                    webhook_cursor::collection.eq(at.collection.0),
                    webhook_cursor::modseq.eq(at.modseq),
                    webhook_cursor::alone.eq(at.alone),
                    webhook_cursor::unborn.eq(at.unborn),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Moves up to where a webhook was told of a collection, unless it is no longer at `from`: then it was set back meanwhile.
    pub fn move_webhook_cursor(&mut self, of: i64, from: Option<i64>, to: Stand) -> Result<(), Error> {
        let Some(from) = from else {
            return match self.webhook_cursor(of, to.collection)? {
                None => self.set_webhook_cursor(of, to),
                Some(_) => Ok(()),
            };
        };
        let row = webhook_cursor::table.find((of, to.collection.0)).filter(webhook_cursor::modseq.eq(from));
        diesel::update(row)
            .set((webhook_cursor::modseq.eq(to.modseq), webhook_cursor::unborn.eq(to.unborn)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets up to where a webhook was told of a collection that is gone.
    pub fn drop_webhook_cursor(&mut self, of: i64, at: Stand) -> Result<(), Error> {
        let row =
            webhook_cursor::table.find((of, at.collection.0)).filter(webhook_cursor::modseq.eq(at.modseq));
        diesel::delete(row).execute(self.conn)?;
        Ok(())
    }
}
