//! The directory as an address book: its number, and of each card when it last changed. Cards are written from principals as they are read.
//!
//! What is read of [`directory::BOOK`] by the functions for stored items is read here. A card is there for those whom everybody may
//! know of; one that went keeps its row, with an empty digest. Decides nothing else.

use super::conn::on;
use super::lists::OneOf;
use super::schema::{directory as book, directory_card as card, group_detail, membership, principal};
use super::sync::{SyncItem, SyncPage};
use super::{Error, ReadTx, WriteTx};
use crate::domain::directory;
use crate::domain::group::ShownTo;
use crate::domain::id::{Etag, ObjectId, PrincipalId};
use crate::domain::object::{Entry, ItemKind, Object};
use crate::domain::principal::{Principal, PrincipalKind};
use crate::domain::props::Props;
use diesel::prelude::*;
use std::collections::HashMap;

/// Octets of a page of cards; the first is in it whatever its size.
const PAGE_BYTES: usize = 1024 * 1024;

/// Whose card, its number, its digest, when it changed.
type Row = (i64, i64, String, i64);

/// Cards that are there.
macro_rules! shown {
    () => {
        card::table
            .inner_join(principal::table.on(principal::id.eq(card::principal)))
            .filter(principal::hidden.eq(false).and(card::etag.ne("")))
    };
}

impl ReadTx<'_> {
    /// The number of the directory: raised by each change of a card.
    pub fn directory_number(&mut self) -> Result<i64, Error> {
        Ok(on!(self.conn, conn => book::table.select(book::number).first(conn))?)
    }

    /// What the card of a principal says now; `None` where nobody is shown one.
    pub fn directory_card(&mut self, of: PrincipalId) -> Result<Option<String>, Error> {
        let shown: Option<i64> = principal::table
            .filter(principal::id.eq(of.0).and(principal::hidden.eq(false)))
            .select(principal::id)
            .first(self.conn)
            .optional()?;
        let Some(principal) = shown.map(|_| self.principal(of)).transpose()?.flatten() else {
            return Ok(None);
        };
        let members = self.shown_members(&principal)?;
        Ok(Some(directory::card(&principal, &members)))
    }

    /// The first members of a group that are told to everybody; nobody's of what is none. All in a group that everybody knows of are known to
    /// everybody: nothing more secret may stand in it.
    fn shown_members(&mut self, of: &Principal) -> Result<Vec<PrincipalId>, Error> {
        if of.kind != PrincipalKind::Group {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = membership::table
            .inner_join(group_detail::table.on(group_detail::principal.eq(membership::group_id)))
            .inner_join(principal::table.on(principal::id.eq(membership::member_id)))
            .filter(membership::group_id.eq(of.id.0))
            .filter(group_detail::members_shown_to.eq(ShownTo::Everyone as i16))
            .filter(principal::hidden.eq(false))
            .select(membership::member_id)
            .order(membership::member_id)
            .limit(directory::MEMBERS)
            .load(self.conn)?;
        Ok(ids.into_iter().map(PrincipalId).collect())
    }

    /// Whole cards of some rows, in their order, as many as a page holds.
    fn directory_cards(&mut self, rows: Vec<Row>) -> Result<Vec<Object>, Error> {
        let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let mut all: HashMap<i64, Principal> =
            self.principals_with_ids(&ids)?.into_iter().map(|one| (one.id.0, one)).collect();
        let (mut cards, mut bytes) = (Vec::with_capacity(rows.len()), 0);
        for (id, number, etag, changed_at) in rows {
            let Some(principal) = all.remove(&id) else { continue };
            let body = directory::card(&principal, &self.shown_members(&principal)?);
            bytes += body.len();
            if bytes > PAGE_BYTES && !cards.is_empty() {
                break;
            }
            cards.push(Object {
                id: ObjectId(id),
                collection: directory::BOOK,
                name: directory::name_of(principal.id),
                uid: directory::uid_of(principal.id),
                etag: Etag(etag),
                kind: ItemKind::CARD,
                modseq: number,
                created_at: changed_at,
                modified_at: changed_at,
                schedule_tag: None,
                props: Props::default(),
                parsed: Vec::new(),
                body,
                classes: 0,
                masks: None,
                masked: false,
                own: None,
            });
        }
        Ok(cards)
    }

    /// The card of this name.
    pub(super) fn directory_named(&mut self, name: &str) -> Result<Option<Object>, Error> {
        let Some(of) = directory::named(name) else { return Ok(None) };
        Ok(self.directory_with_ids(&[of.0])?.0.pop())
    }

    /// The cards of these principals, and how many of the ids are answered: as `objects_with_ids`.
    pub fn directory_with_ids(&mut self, ids: &[i64]) -> Result<(Vec<Object>, usize), Error> {
        let mut rows: HashMap<i64, Row> = HashMap::with_capacity(ids.len());
        for piece in OneOf::pieces(ids) {
            let some: Vec<Row> = on!(self.conn, conn => shown!()
                .filter(OneOf::new(principal::id, piece))
                .select(card::all_columns)
                .load(conn))?;
            rows.extend(some.into_iter().map(|row| (row.0, row)));
        }
        let rows: Vec<Row> = ids.iter().filter_map(|id| rows.remove(id)).collect();
        let wanted: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let cards = self.directory_cards(rows)?;
        // What the page had no room for begins with the first that is not among them.
        let served = wanted.get(cards.len()).and_then(|cut| ids.iter().position(|id| id == cut));
        Ok((cards, served.unwrap_or(ids.len())))
    }

    /// The cards of these names, and how many of the names are answered: as `objects_named`.
    pub(super) fn directory_with_names(&mut self, names: &[&str]) -> Result<(Vec<Object>, usize), Error> {
        // No principal has this id, so a name that is none keeps its place.
        let ids: Vec<i64> = names.iter().map(|name| directory::named(name).map_or(-1, |id| id.0)).collect();
        self.directory_with_ids(&ids)
    }

    /// A page of whole cards in the order of their numbers, from after `since`, and the number from after which the next goes on.
    pub(super) fn directory_from(
        &mut self,
        since: i64,
        limit: i64,
    ) -> Result<(Vec<Object>, Option<i64>), Error> {
        let rows: Vec<Row> = on!(self.conn, conn => shown!()
            .filter(card::number.gt(since))
            .select(card::all_columns)
            .order(card::number)
            .limit(limit)
            .load(conn))?;
        let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
        self.directory_page(rows, full, |row| row.1)
    }

    /// As [`ReadTx::directory_from`], in the order of principals' ids.
    pub(super) fn directory_after_id(
        &mut self,
        after: i64,
        limit: i64,
    ) -> Result<(Vec<Object>, Option<i64>), Error> {
        let rows: Vec<Row> = on!(self.conn, conn => shown!()
            .filter(card::principal.gt(after))
            .select(card::all_columns)
            .order(card::principal)
            .limit(limit)
            .load(conn))?;
        let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
        self.directory_page(rows, full, |row| row.0)
    }

    fn directory_page(
        &mut self,
        rows: Vec<Row>,
        full: bool,
        key: fn(&Row) -> i64,
    ) -> Result<(Vec<Object>, Option<i64>), Error> {
        let keys: Vec<i64> = rows.iter().map(key).collect();
        let cards = self.directory_cards(rows)?;
        let last = keys.last().copied().filter(|_| full);
        let cut = keys.get(cards.len()).map(|first| first - 1);
        Ok((cards, cut.or(last)))
    }

    /// A page of the listing in the order of numbers, from after `since`.
    pub(super) fn directory_entries(&mut self, since: i64, limit: i64) -> Result<Vec<Entry>, Error> {
        let rows: Vec<Row> = on!(self.conn, conn => shown!()
            .filter(card::number.gt(since))
            .select(card::all_columns)
            .order(card::number)
            .limit(limit)
            .load(conn))?;
        Ok(rows.into_iter().map(entry).collect())
    }

    /// A page of the changes after `since`: as [`ReadTx::changes`]. What changes after the number that is told is the next answer's.
    pub(super) fn directory_changes(
        &mut self,
        since: i64,
        limit: usize,
        unborn: i64,
    ) -> Result<SyncPage, Error> {
        let current = self.directory_number()?;
        let fetch = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let told = card::etag.ne("").or(card::number.gt(unborn));
        let rows: Vec<Row> = on!(self.conn, conn => card::table
            .filter(card::number.gt(since).and(card::number.le(current)).and(told))
            .select(card::all_columns)
            .order(card::number)
            .limit(fetch)
            .load(conn))?;
        let item = |row: Row| match row.2.is_empty() {
            true => SyncItem::Gone { name: directory::name_of(PrincipalId(row.0)), modseq: row.1 },
            false => SyncItem::Present(entry(row)),
        };
        let mut items: Vec<SyncItem> = rows.into_iter().map(item).collect();
        let more = items.len() > limit;
        items.truncate(limit);
        let modseq = if more { items.last().map_or(since, SyncItem::modseq) } else { current };
        Ok(SyncPage { items, modseq, more, current })
    }

    /// Those whom everybody may know of and whose cards were never noted: as many as the limit says.
    pub fn directory_unnoted(&mut self, limit: i64) -> Result<Vec<PrincipalId>, Error> {
        let ids: Vec<i64> = principal::table
            .left_join(card::table.on(card::principal.eq(principal::id)))
            .filter(principal::hidden.eq(false).and(card::principal.is_null()))
            .select(principal::id)
            .order(principal::id)
            .limit(limit)
            .load(self.conn)?;
        Ok(ids.into_iter().map(PrincipalId).collect())
    }
}

fn entry((id, number, etag, _): Row) -> Entry {
    let name = directory::name_of(PrincipalId(id));
    Entry { name, etag: Etag(etag), kind: ItemKind::CARD, modseq: number }
}

impl WriteTx<'_> {
    /// Notes what the card of a principal says now, `None` that there is none, and raises the number if that is another than before. The
    /// number's row is locked to the commit, so numbers become visible in their order.
    pub fn note_directory_card(&mut self, of: PrincipalId, etag: Option<&Etag>) -> Result<(), Error> {
        let known: Option<String> = card::table.find(of.0).select(card::etag).first(self.conn).optional()?;
        let etag = etag.map_or("", |etag| etag.0.as_str());
        if known.as_deref().unwrap_or_default() == etag {
            return Ok(());
        }
        let number: i64 = on!(self.conn, conn => diesel::update(book::table)
            .set(book::number.eq(book::number + 1))
            .returning(book::number)
            .get_result(conn))?;
        let row = (
            card::principal.eq(of.0),
            card::number.eq(number),
            card::etag.eq(etag),
            card::changed_at.eq(self.now),
        );
        diesel::delete(card::table.find(of.0)).execute(self.conn)?;
        diesel::insert_into(card::table).values(row).execute(self.conn)?;
        Ok(())
    }
}
