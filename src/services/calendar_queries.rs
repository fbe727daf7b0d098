//! Calendar objects that fit a filter, and busy times: screened by indexes, tested exactly on the compact form.
//!
//! RFC 4791 §7.8, §7.10. The budget is the request's: over all pages and objects.

use super::access::{Access, Looker};
use super::projection::{self, Shown};
use super::{Core, fault, labour, personal};
use crate::domain::acl::Privilege;
use crate::domain::fault::Fault;
use crate::domain::freebusy::{self, Period};
use crate::domain::object::{ItemKind, Object};
use crate::domain::query::Words;
use crate::domain::query::calendar::CalendarFilter;
use crate::store::{Error, ReadTx, Touched, Weight};
use crate::text::ical::CalendarIndex;
use crate::text::recur::{Budget, Window};
use crate::text::zone::Zone;
use std::sync::Arc;

/// Objects of a page: candidates that are loaded and tested at a time.
const PAGE: usize = 200;
/// A window up to this long, in microseconds, is looked up at once on the asking thread.
const SHORT: i64 = 100 * 86_400_000_000;
/// Bytes of compact forms that are looked through on the asking thread.
const FEW: usize = 256 * 1024;

/// A query that is answered page by page.
#[derive(Debug)]
pub struct CalendarQuery {
    looker: Looker,
    filter: Arc<CalendarFilter>,
    words: Arc<Words>,
    zone: Zone,
    budget: Budget,
    candidates: Candidates,
}

/// Where the next page comes from.
#[derive(Debug)]
enum Candidates {
    /// Not looked up yet.
    Window(Window),
    /// The ids that a window gave, those already used taken away.
    Ids(std::vec::IntoIter<i64>),
    /// All of the collection, from after this id.
    After(i64),
    /// One that was read already.
    Seen(Box<Shown>),
    /// None left.
    Done,
}

impl CalendarQuery {
    /// A query on a collection; `zone` overrides the collection's own.
    pub async fn new(
        core: &Core,
        access: &Access,
        filter: CalendarFilter,
        zone: Option<Zone>,
    ) -> Result<Self, Fault> {
        let collection = access.need(Privilege::Read)?.collection();
        let zone = match zone {
            Some(zone) => zone,
            None => core.zone_of(collection).await?,
        };
        let candidates = match filter.window() {
            Some(window) => Candidates::Window(window),
            None => Candidates::After(i64::MIN),
        };
        Ok(CalendarQuery {
            looker: access.looker(),
            zone,
            budget: Budget::default(),
            candidates,
            filter: Arc::new(filter),
            words: Arc::default(),
        })
    }

    /// The query on one item of the collection, which is told if it matches.
    #[must_use]
    pub fn of_item(self, item: Shown) -> Self {
        CalendarQuery { candidates: Candidates::Seen(Box::new(item)), ..self }
    }

    /// Leaves out what does not say these words.
    #[must_use]
    pub fn saying(self, words: Words) -> Self {
        CalendarQuery { words: Arc::new(words), ..self }
    }

    /// The zone that floating times are placed in.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The request's budget, for what is expanded from the matches.
    pub fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }

    /// The matches of the next page; `None` when there are no more pages.
    pub async fn next(&mut self, core: &Core) -> Result<Option<Vec<Shown>>, Fault> {
        match std::mem::replace(&mut self.candidates, Candidates::Done) {
            Candidates::Done => Ok(None),
            Candidates::Seen(item) => {
                let test = self.lent();
                let bytes = item.body.len();
                let (matches, left) = labour::of(bytes, move || test.fitting(vec![*item])).await??;
                self.budget = left;
                Ok(Some(matches))
            }
            Candidates::Window(window) => self.in_window(core, window).await.map(Some),
            Candidates::Ids(mut ids) => {
                let page: Vec<i64> = ids.as_slice().iter().take(PAGE).copied().collect();
                if page.is_empty() {
                    return Ok(None);
                }
                let test = self.lent();
                let turn = labour::turn().await?;
                let work = move |tx: &mut ReadTx<'_>| {
                    let _held = &turn;
                    let (objects, served) = tx.objects_with_ids(&page)?;
                    let (matches, left) = test.run(tx, objects)?;
                    Ok((matches, left, served))
                };
                let (matches, left, served) = fault(core.store.read(Weight::Scan, work).await)?;
                self.budget = left;
                ids.by_ref().take(served).for_each(drop);
                self.candidates = Candidates::Ids(ids);
                Ok(Some(matches))
            }
            Candidates::After(after) => {
                let id = self.looker.on;
                let test = self.lent();
                let component = self.filter.component().and_then(ItemKind::named);
                let turn = labour::turn().await?;
                let work = move |tx: &mut ReadTx<'_>| {
                    let _held = &turn;
                    let (objects, next) = tx.objects_of_kind(id, component, after, PAGE as i64)?;
                    let (matches, left) = test.run(tx, objects)?;
                    Ok((matches, left, next))
                };
                let (matches, left, next) = fault(core.store.read(Weight::Scan, work).await)?;
                self.budget = left;
                if let Some(next) = next {
                    self.candidates = Candidates::After(next);
                }
                Ok(Some(matches))
            }
        }
    }

    /// What a page is tested with.
    fn lent(&self) -> Test {
        Test {
            looker: self.looker,
            filter: Arc::clone(&self.filter),
            words: Arc::clone(&self.words),
            zone: self.zone.clone(),
            budget: self.budget.clone(),
        }
    }

    /// The first page of a window: all of it where the hits are few, else the ids for the pages to come.
    async fn in_window(&mut self, core: &Core, window: Window) -> Result<Vec<Shown>, Fault> {
        let id = self.looker.on;
        let test = self.lent();
        let component = self.filter.component().and_then(ItemKind::named);
        let touched = Touched { window: (window.start, window.end), component };
        // The first page is in another order than further ones, and whether it is all depends on how long items are: not for one
        // from whom something may be hidden.
        let whole = self.looker.sight.is_whole();
        let short = whole && window.end.saturating_sub(window.start) <= SHORT;
        let turn = if short { None } else { Some(labour::turn().await?) };
        let work = move |tx: &mut ReadTx<'_>| {
            let _held = &turn;
            let few = if whole { tx.objects_in_window(id, touched, PAGE)? } else { None };
            let Some(few) = few else {
                let mut ids = tx.ids_in_window(id, touched)?;
                if let Some(keeps) = test.looker.keeps {
                    // His alarms may go off where nothing of the item as it is stored lies.
                    ids.extend(tx.personal_items(keeps.whose)?);
                    ids.sort_unstable();
                    ids.dedup();
                }
                return Ok((Vec::new(), test.budget.clone(), ids));
            };
            let (matches, left) = test.run(tx, few)?;
            Ok((matches, left, Vec::new()))
        };
        let (matches, left, ids) =
            fault(core.store.read(if short { Weight::Point } else { Weight::Scan }, work).await)?;
        self.budget = left;
        if !ids.is_empty() {
            self.candidates = Candidates::Ids(ids.into_iter());
        }
        Ok(matches)
    }
}

/// What a page is tested with.
struct Test {
    looker: Looker,
    filter: Arc<CalendarFilter>,
    words: Arc<Words>,
    zone: Zone,
    budget: Budget,
}

impl Test {
    /// What matches of that which is seen, and what is left of the budget.
    fn run(&self, tx: &mut ReadTx<'_>, mut objects: Vec<Object>) -> Result<(Vec<Shown>, Budget), Error> {
        if !self.looker.sight.is_whole() {
            objects.sort_by_key(|object| object.id.0);
        }
        personal::attach(tx, self.looker.keeps, &mut objects)?;
        Ok(self.fitting(projection::objects(self.looker.sight, objects))?)
    }

    /// What matches of these, and what is left of the budget.
    fn fitting(&self, seen: Vec<Shown>) -> Result<(Vec<Shown>, Budget), Fault> {
        let mut budget = self.budget.clone();
        let mut matches = Vec::with_capacity(seen.len());
        for object in seen {
            let Some(index) = CalendarIndex::decode(&object.parsed) else {
                tracing::error!(id = object.id.0, "the compact form of an object cannot be read");
                continue;
            };
            let fits = self.filter.matches(&object.body, &index, &self.zone, &mut budget)?;
            if fits && self.words.in_calendar(&object.body) {
                matches.push(object);
            }
        }
        Ok((matches, budget))
    }
}

impl Core {
    /// When the calendar is busy in a window, merged and sorted.
    pub async fn busy_periods(&self, access: &Access, window: Window) -> Result<Vec<Period>, Fault> {
        let periods = self.busy_within(access, window, &mut Budget::default()).await?;
        Ok(freebusy::merge(periods))
    }

    /// As [`Core::busy_periods`], in no order, with what is left of a request's budget.
    pub(super) async fn busy_within(
        &self,
        access: &Access,
        window: Window,
        budget: &mut Budget,
    ) -> Result<Vec<Period>, Fault> {
        let collection = access.need(Privilege::ReadFreeBusy)?.collection();
        let (id, zone) = (collection.id, self.zone_of(collection).await?);
        let short = window.end.saturating_sub(window.start) <= SHORT;
        let lent = budget.clone();
        let gather = move |tx: &mut ReadTx<'_>, most: usize| {
            let mut budget = lent.clone();
            let (mut periods, mut bytes) = (Vec::new(), 0_usize);
            let touched = Touched { window: (window.start, window.end), component: None };
            tx.each_in_window(id, touched, &mut |parsed| {
                bytes = bytes.saturating_add(parsed.len());
                if bytes > most {
                    return Ok(());
                }
                let Some(index) = CalendarIndex::decode(parsed) else { return Ok(()) };
                freebusy::gather(&index, window, &zone, &mut budget, &mut periods).map_err(Fault::from)?;
                Ok(())
            })?;
            Ok((bytes <= most).then_some((periods, budget)))
        };
        // Few are done on the asking thread, which must not be kept by many or large ones.
        let (here, elsewhere) = (gather.clone(), gather);
        let few = match short {
            true => fault(self.store.read(Weight::Point, move |tx| here(tx, FEW)).await)?,
            false => None,
        };
        let (periods, left) = match few {
            Some(gathered) => gathered,
            None => {
                let turn = labour::turn().await?;
                let work = move |tx: &mut ReadTx<'_>| {
                    let _held = &turn;
                    elsewhere(tx, usize::MAX)
                };
                fault(self.store.read(Weight::Scan, work).await)?.ok_or(Fault::Internal)?
            }
        };
        *budget = left;
        Ok(periods)
    }
}
