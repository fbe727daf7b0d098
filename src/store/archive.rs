//! All rows of a database, one by one, in an order in which they can be put into another one.
//!
//! Columns that are derived from an item's content are left out: whoever restores an item derives them anew. Row ids and
//! modification numbers are kept, so that sync tokens, grants and history stay right. Decides no right; knows no file format.

mod file;
mod rows;

use super::schema::{
    address, audit, birthdays, change, collection, collection_change, collection_tombstone, credential,
    former_owner, grant_, group_detail, home, idempotency, invitation, invitation_answer, itip_state, job,
    link, link_use, membership, meta, mount, object, personal, personal_mark, principal, principal_grant,
    session, signing_key, subscription, tombstone, version, webhook, webhook_cursor,
};
use super::{Error, ReadTx, WriteTx};
use crate::domain::group::Role;
use crate::domain::id::PrincipalId;
use crate::domain::object::{Draft, span_class};
use crate::domain::principal::PrincipalKind;
use crate::domain::privacy;
use diesel::prelude::*;
use rows::*;

pub use rows::{ObjectRecord, Record};

/// The settings that sync tokens and renewing tokens are made with.
const TOKEN_SETTINGS: [&str; 2] = ["epoch", "signing_secret"];
/// Rows that are read at once where they are short.
const PAGE: i64 = 500;
/// Bytes of content that are held at once; a single item may be longer.
const PAGE_BYTES: i64 = 4 * 1024 * 1024;

/// Takes one row after the other; its refusal ends the reading.
pub type Sink<'s> = &'s mut dyn FnMut(Record) -> Result<(), Error>;

/// Pages of a table with the one key column `$key`, optionally of one `$owner`.
macro_rules! paged {
    ($tx:expr, $sink:expr, $table:ident, $key:ident: $type:ty, $first:expr, $row:ident, $variant:ident $(, $owner:expr)?) => {{
        let mut after: $type = $first;
        loop {
            let rows: Vec<$row> = $table::table
                .filter($table::$key.gt(after.clone()))
                $(.filter($table::collection.eq($owner)))?
                .order($table::$key)
                .limit(PAGE)
                .load($tx.conn)?;
            let Some(last) = rows.last() else { break };
            after = last.$key.clone();
            for row in rows {
                $sink(Record::$variant(row))?;
            }
        }
    }};
}

/// All rows of a table that belong to some owners.
macro_rules! of_owners {
    ($tx:expr, $sink:expr, $table:ident, $owner:ident in $ids:expr, $row:ident, $variant:ident) => {{
        let rows: Vec<$row> =
            $table::table.filter($table::$owner.eq_any($ids)).order($table::all_columns).load($tx.conn)?;
        for row in rows {
            $sink(Record::$variant(row))?;
        }
    }};
}

/// The setting that says since when an archive is being read in.
const UNFINISHED: &str = "unfinished_import";

impl ReadTx<'_> {
    /// Since when an archive is being read into this database, or was and did not come to its end.
    pub fn unfinished_import(&mut self) -> Result<Option<String>, Error> {
        Ok(meta::table.find(UNFINISHED).select(meta::value).first(self.conn).optional()?)
    }

    /// Whether there is no principal at all.
    pub fn is_empty(&mut self) -> Result<bool, Error> {
        Ok(principal::table.count().get_result::<i64>(self.conn)? == 0)
    }

    /// Gives every row to `sink`, those that others refer to first. Must run in a snapshot.
    pub fn every_row(&mut self, sink: Sink<'_>) -> Result<(), Error> {
        paged!(self, sink, meta, name: String, String::new(), MetaRow, Meta);
        paged!(self, sink, signing_key, number: i64, i64::MIN, SigningKeyRow, SigningKey);
        paged!(self, sink, principal, id: i64, i64::MIN, PrincipalRow, Principal);
        paged!(self, sink, address, mail: String, String::new(), AddressRow, Address);
        paged!(self, sink, credential, id: i64, i64::MIN, CredentialRow, Credential);
        self.each_id(Of::Principals, |tx, ids| {
            of_owners!(tx, sink, group_detail, principal in ids, GroupDetailRow, GroupDetail);
            of_owners!(tx, sink, membership, group_id in ids, MembershipRow, Membership);
            of_owners!(tx, sink, home, principal in ids, HomeRow, Home);
            of_owners!(tx, sink, collection_tombstone, owner in ids, CollectionTombstoneRow, CollectionTombstone);
            of_owners!(tx, sink, principal_grant, owner in ids, PrincipalGrantRow, PrincipalGrant);
            of_owners!(tx, sink, itip_state, principal in ids, ItipStateRow, ItipState);
            of_owners!(tx, sink, idempotency, principal in ids, IdempotencyRow, Idempotency);
            Ok(())
        })?;
        paged!(self, sink, collection, id: i64, i64::MIN, CollectionRow, Collection);
        self.each_id(Of::Collections, |tx, ids| {
            of_owners!(tx, sink, mount, collection in ids, MountRow, Mount);
            of_owners!(tx, sink, personal_mark, collection in ids, PersonalMarkRow, PersonalMark);
            tx.personal_rows(ids, sink)?;
            of_owners!(tx, sink, birthdays, collection in ids, BirthdaysRow, Birthdays);
            of_owners!(tx, sink, grant_, collection in ids, GrantRow, Grant);
            of_owners!(tx, sink, former_owner, collection in ids, FormerOwnerRow, FormerOwner);
            for of in ids {
                paged!(tx, sink, tombstone, modseq: i64, i64::MIN, TombstoneRow, Tombstone, of);
                paged!(tx, sink, change, modseq: i64, i64::MIN, ChangeRow, Change, of);
            }
            Ok(())
        })?;
        paged!(self, sink, collection_change, id: i64, i64::MIN, CollectionChangeRow, CollectionChange);
        self.bodies(sink)?;
        paged!(self, sink, link, id: i64, i64::MIN, LinkRow, Link);
        self.each_id(Of::Links, |tx, ids| {
            of_owners!(tx, sink, link_use, link in ids, LinkUseRow, LinkUse);
            Ok(())
        })?;
        paged!(self, sink, subscription, collection: i64, i64::MIN, SubscriptionRow, Subscription);
        paged!(self, sink, invitation, id: i64, i64::MIN, InvitationRow, Invitation);
        paged!(self, sink, invitation_answer, id: i64, i64::MIN, InvitationAnswerRow, InvitationAnswer);
        paged!(self, sink, session, id: i64, i64::MIN, SessionRow, Session);
        paged!(self, sink, webhook, id: i64, i64::MIN, WebhookRow, Webhook);
        self.each_id(Of::Webhooks, |tx, ids| {
            of_owners!(tx, sink, webhook_cursor, webhook in ids, WebhookCursorRow, WebhookCursor);
            Ok(())
        })?;
        paged!(self, sink, audit, id: i64, i64::MIN, AuditRow, Audit);
        paged!(self, sink, job, id: i64, i64::MIN, JobRow, Job);
        Ok(())
    }

    /// What people have of their own on items of these collections, one person in one collection at a time.
    fn personal_rows(&mut self, collections: &[i64], sink: Sink<'_>) -> Result<(), Error> {
        let whose: Vec<(i64, i64)> = personal_mark::table
            .filter(personal_mark::collection.eq_any(collections))
            .select((personal_mark::principal, personal_mark::collection))
            .order((personal_mark::collection, personal_mark::principal))
            .load(self.conn)?;
        for (of, on) in whose {
            let rows: Vec<PersonalRow> = personal::table
                .filter(personal::principal.eq(of).and(personal::collection.eq(on)))
                .order(personal::number)
                .load(self.conn)?;
            rows.into_iter().try_for_each(|row| sink(Record::Personal(row)))?;
        }
        Ok(())
    }

    /// Runs `work` for all ids of principals or collections, some at a time.
    fn each_id(
        &mut self,
        of: Of,
        mut work: impl FnMut(&mut ReadTx<'_>, &[i64]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        const AT_ONCE: i64 = 50;
        let mut after = i64::MIN;
        loop {
            let ids: Vec<i64> = match of {
                Of::Principals => principal::table
                    .filter(principal::id.gt(after))
                    .select(principal::id)
                    .order(principal::id)
                    .limit(AT_ONCE)
                    .load(self.conn)?,
                Of::Collections => collection::table
                    .filter(collection::id.gt(after))
                    .select(collection::id)
                    .order(collection::id)
                    .limit(AT_ONCE)
                    .load(self.conn)?,
                Of::Links => link::table
                    .filter(link::id.gt(after))
                    .select(link::id)
                    .order(link::id)
                    .limit(AT_ONCE)
                    .load(self.conn)?,
                Of::Webhooks => webhook::table
                    .filter(webhook::id.gt(after))
                    .select(webhook::id)
                    .order(webhook::id)
                    .limit(AT_ONCE)
                    .load(self.conn)?,
            };
            let Some(last) = ids.last() else { return Ok(()) };
            after = *last;
            work(self, &ids)?;
        }
    }

    /// Items and older versions: pages are cut by bytes.
    fn bodies(&mut self, sink: Sink<'_>) -> Result<(), Error> {
        let mut after = i64::MIN;
        loop {
            let sizes: Vec<(i64, i32)> = object::table
                .filter(object::id.gt(after))
                .select((object::id, object::size))
                .order(object::id)
                .limit(PAGE)
                .load(self.conn)?;
            let Some(last) = cut(&sizes) else { break };
            let rows: Vec<ObjectRecord> = object::table
                .filter(object::id.gt(after).and(object::id.le(last)))
                .select((
                    object::id,
                    object::collection,
                    object::name,
                    object::modseq,
                    object::created_modseq,
                    object::created_at,
                    object::modified_at,
                    object::schedule_tag,
                    object::props,
                    object::body,
                    object::classes,
                ))
                .order(object::id)
                .load(self.conn)?;
            after = last;
            for row in rows {
                sink(Record::Object(row))?;
            }
        }
        // Versions have no size of their own: one at a time.
        let mut after = i64::MIN;
        while let Some(row) = version::table
            .filter(version::id.gt(after))
            .order(version::id)
            .first::<VersionRow>(self.conn)
            .optional()?
        {
            after = row.id;
            sink(Record::Version(row))?;
        }
        Ok(())
    }
}

/// Whose ids are walked.
#[derive(Debug, Clone, Copy)]
enum Of {
    Principals,
    Collections,
    Links,
    Webhooks,
}

/// The id up to which the contents fit into a page; always at least one.
fn cut(sizes: &[(i64, i32)]) -> Option<i64> {
    let mut bytes = 0;
    let mut last = None;
    for (id, size) in sizes {
        bytes += i64::from(*size);
        if last.is_some() && bytes > PAGE_BYTES {
            break;
        }
        last = Some(*id);
    }
    last
}

impl WriteTx<'_> {
    /// Ends the epoch that sync tokens carry, the keys and the secret that bearer tokens are made with, and with them all
    /// sessions: the next start makes others. A token of the lost time could else come to name a state, or a credential, of the time after.
    pub fn end_tokens(&mut self) -> Result<(), Error> {
        diesel::delete(meta::table.filter(meta::name.eq_any(TOKEN_SETTINGS))).execute(self.conn)?;
        diesel::delete(session::table).execute(self.conn)?;
        diesel::delete(signing_key::table).execute(self.conn)?;
        Ok(())
    }

    /// From now on the database is a part of something, which nobody must take for the whole.
    pub fn begin_import(&mut self, now: &str) -> Result<(), Error> {
        self.end_import()?;
        let mark = (meta::name.eq(UNFINISHED), meta::value.eq(now));
        diesel::insert_into(meta::table).values(mark).execute(self.conn)?;
        Ok(())
    }

    /// The database is whole.
    pub fn end_import(&mut self) -> Result<(), Error> {
        diesel::delete(meta::table.find(UNFINISHED)).execute(self.conn)?;
        Ok(())
    }

    /// Puts a row into a database that does not have it. `draft` is an item's content, derived anew; needed for items only.
    pub fn restore(&mut self, record: &Record, draft: Option<&Draft>) -> Result<(), Error> {
        macro_rules! insert {
            ($table:ident, $row:expr) => {
                diesel::insert_into($table::table).values($row).execute(self.conn)?
            };
        }
        match record {
            Record::Meta(row) => {
                diesel::delete(meta::table.find(&row.name)).execute(self.conn)?;
                insert!(meta, row)
            }
            Record::Principal(row) => {
                insert!(principal, row);
                // Archives of before have nothing more of a group; later ones replace it.
                if row.kind == PrincipalKind::Group as i16 {
                    insert!(group_detail, &GroupDetailRow::plain(row.id));
                }
                1
            }
            Record::Address(row) => insert!(address, row),
            Record::Credential(row) => insert!(credential, row),
            Record::Membership(row) => {
                // The closure is not in the archive: it follows.
                let lock = self.lock_groups()?;
                let role = Role::from_number(row.role);
                self.link(&lock, PrincipalId(row.group_id), PrincipalId(row.member_id), role)?;
                1
            }
            Record::GroupDetail(row) => {
                diesel::delete(group_detail::table.find(row.principal)).execute(self.conn)?;
                insert!(group_detail, row)
            }
            Record::Home(row) => insert!(home, row),
            Record::Collection(row) => insert!(collection, row),
            Record::CollectionTombstone(row) => insert!(collection_tombstone, row),
            Record::Mount(row) => insert!(mount, row),
            Record::Personal(row) => insert!(personal, row),
            Record::PersonalMark(row) => insert!(personal_mark, row),
            Record::Birthdays(row) => insert!(birthdays, row),
            Record::Grant(row) => insert!(grant_, row),
            Record::PrincipalGrant(row) => insert!(principal_grant, row),
            Record::Audit(row) => insert!(audit, row),
            Record::Tombstone(row) => insert!(tombstone, row),
            Record::CollectionChange(row) => insert!(collection_change, row),
            Record::Change(row) => insert!(change, row),
            Record::Version(row) => insert!(version, row),
            Record::Job(row) => insert!(job, row),
            Record::ItipState(row) => insert!(itip_state, row),
            Record::Idempotency(row) => insert!(idempotency, row),
            Record::Session(row) => insert!(session, row),
            Record::SigningKey(row) => {
                // The database may have made one of its own before; nothing was signed with it, for it had no accounts.
                diesel::delete(signing_key::table.find(row.number)).execute(self.conn)?;
                insert!(signing_key, row)
            }
            Record::Webhook(row) => insert!(webhook, row),
            Record::WebhookCursor(row) => insert!(webhook_cursor, row),
            Record::Link(row) => insert!(link, row),
            Record::LinkUse(row) => insert!(link_use, row),
            Record::FormerOwner(row) => insert!(former_owner, row),
            Record::Subscription(row) => insert!(subscription, row),
            Record::Invitation(row) => insert!(invitation, row),
            Record::InvitationAnswer(row) => insert!(invitation_answer, row),
            Record::Object(row) => match draft {
                Some(draft) => self.restore_object(row, draft)?,
                None => {
                    return Err(Error::Unavailable(format!(
                        "no content was derived for the item {}",
                        row.name
                    )));
                }
            },
        };
        Ok(())
    }

    fn restore_object(&mut self, row: &ObjectRecord, draft: &Draft) -> Result<usize, Error> {
        Ok(diesel::insert_into(object::table)
            .values((
                object::id.eq(row.id),
                object::collection.eq(row.collection),
                object::name.eq(&row.name),
                object::uid.eq(&draft.uid),
                object::etag.eq(&draft.etag.0),
                object::modseq.eq(row.modseq),
                object::created_modseq.eq(row.created_modseq),
                object::component.eq(draft.kind.0),
                object::size.eq(i32::try_from(row.body.len()).unwrap_or(i32::MAX)),
                object::span_class.eq(span_class(&draft.span)),
                object::first_at.eq(draft.span.first),
                object::last_at.eq(draft.span.last),
                object::season.eq(draft.span.season),
                object::created_at.eq(row.created_at),
                object::modified_at.eq(row.modified_at),
                object::schedule_tag.eq(&row.schedule_tag),
                object::organizer.eq(&draft.organizer),
                object::props.eq(&row.props),
                object::search.eq(&draft.search),
                object::parsed.eq(&draft.parsed),
                object::body.eq(&row.body),
                object::classes.eq(privacy::with_past(draft.classes, row.classes)),
                object::masks.eq(&draft.masks),
            ))
            .execute(self.conn)?)
    }
}

#[cfg(test)]
mod tests;
