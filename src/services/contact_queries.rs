//! Contacts that fit a filter: screened by folded text, tested exactly. RFC 6352 §8.6.

use super::access::Access;
use super::{Core, fault};
use crate::domain::acl::Privilege;
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::object::Object;
use crate::domain::query::card::CardFilter;
use crate::store::{Prescreen, Weight};

/// Cards of a page: candidates that are loaded and tested at a time.
const PAGE: i64 = 200;

/// A query that is answered page by page.
#[derive(Debug)]
pub struct ContactQuery {
    collection: CollectionId,
    filter: CardFilter,
    needles: Vec<String>,
    after: Option<i64>,
}

impl ContactQuery {
    /// A query on an address book.
    pub fn new(access: &Access, filter: CardFilter) -> Result<Self, Fault> {
        let collection = access.need(Privilege::Read)?.collection().id;
        let needles = filter.needles().unwrap_or_default();
        Ok(ContactQuery { collection, needles, filter, after: Some(i64::MIN) })
    }

    /// The matches of the next page; `None` when there are no more pages.
    pub async fn next(&mut self, core: &Core) -> Result<Option<Vec<Object>>, Fault> {
        let Some(after) = self.after else { return Ok(None) };
        let (id, filter) = (self.collection, self.filter.clone());
        let wanted = Prescreen { window: None, component: None, needles: self.needles.clone() };
        let (matches, next) = fault(
            core.store
                .read(Weight::Scan, move |tx| {
                    let cards = tx.candidates(id, &wanted, after, PAGE)?;
                    let next = cards.last().filter(|_| cards.len() as i64 == PAGE).map(|card| card.id.0);
                    Ok((
                        cards.into_iter().filter(|card| filter.matches(&card.body)).collect::<Vec<_>>(),
                        next,
                    ))
                })
                .await,
        )?;
        self.after = next;
        Ok(Some(matches))
    }
}
