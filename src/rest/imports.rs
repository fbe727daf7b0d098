//! Files of many items, taken in one by one, with a line about each as soon as it is stored.
//!
//! The answer is JSON lines (`report.rs`): how far it is, what became of each item, and at last how many became what. That goes through
//! proxies, for something comes all the time, and needs no state on the server. Each item is stored by itself: an import that breaks off may be
//! sent again, and leaves what is there already.

use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind};
use super::files::Sent;
use super::path::OfCollection;
use super::problem::{Problem, Refused};
use super::query::Query;
use super::report::{FileReport, Report, Told};
use super::{body, files, objects, report};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::CollectionId;
use crate::http::body::read_body;
use crate::http::pieces::{self, Room};
use crate::http::stream::{self, Pages};
use crate::services::interchange::{Form, Holds, Intake, Known, Parts, Piece, Table, parts, together};
use crate::services::{Actor, Core, labour};
use crate::text::charset;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, post};
use std::iter::Peekable;

/// Octets of a file.
pub const MOST: usize = 64 * 1024 * 1024;

/// How an import is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// What becomes of items that are there already.
    pub known: Known,
    /// Whether nothing is stored.
    pub dry_run: bool,
    /// Which items are told.
    pub told: Told,
}

impl Manner {
    /// Reads `known`, `dryRun` and `report`.
    pub fn take(query: &mut Query) -> Result<Self, Refused> {
        let known = match query.text("known").as_deref() {
            None | Some("skip") => Known::Skip,
            Some("replace") => Known::Replace,
            Some(_) => return Err(Refused::at("known", "must be skip or replace")),
        };
        let told = match query.text("report").as_deref() {
            None | Some("all") => Told::All,
            Some("refused") => Told::Refused,
            Some(_) => return Err(Refused::at("report", "must be all or refused")),
        };
        Ok(Manner { known, dry_run: query.flag("dryRun")?, told })
    }
}

/// One file on its way into one collection.
pub struct Load {
    into: Intake,
    pieces: Peekable<std::vec::IntoIter<Piece>>,
}

impl Load {
    /// Begins, and tells how much there is to do.
    pub fn begin(into: Intake, parts: Parts, report: &mut Report, out: &mut String) -> Self {
        report.file(parts.pieces.len(), &parts.ignored, out);
        Load { into, pieces: parts.pieces.into_iter().peekable() }
    }

    /// Takes some items in; false when there are no more. A fault ends the import: what could be stored before is told.
    pub async fn some(
        &mut self,
        core: &Core,
        actor: &Actor,
        report: &mut Report,
        out: &mut String,
    ) -> Result<bool, Fault> {
        let taken = together(&mut self.pieces);
        let mut broken = None;
        for outcome in core.take_in(actor, &mut self.into, taken).await {
            match outcome.fate {
                Ok(fate) => report.item(&outcome.label, outcome.line, fate, out),
                Err(fault) => broken = Some(fault),
            }
        }
        broken.map_or_else(|| Ok(self.pieces.peek().is_some()), Err)
    }

    /// What takes the items of a next file in.
    pub fn end(self) -> Intake {
        self.into
    }
}

/// An import under way.
struct Import {
    core: Core,
    actor: Actor,
    report: Report,
    /// Until it has begun.
    waiting: Option<(Intake, Parts)>,
    load: Option<Load>,
    /// Given back when all is stored.
    _room: Room,
}

impl Pages for Import {
    const GATHERED: usize = 0;

    async fn next(&mut self, out: &mut String) -> Result<bool, Fault> {
        if let Some((into, parts)) = self.waiting.take() {
            self.load = Some(Load::begin(into, parts, &mut self.report, out));
            // Told before anything is done, that a client sees at once how long it will take.
            return Ok(true);
        }
        let Some(load) = &mut self.load else { return Err(Fault::Internal) };
        match load.some(&self.core, &self.actor, &mut self.report, out).await {
            Ok(true) => return Ok(true),
            Ok(false) => self.report.end(true, out),
            Err(fault) => {
                self.report.broken(fault.to_string(), out);
                self.report.end(false, out);
            }
        }
        Ok(false)
    }
}

async fn import(
    core: &Core,
    actor: &Actor,
    (kind, id): (Kind, CollectionId),
    headers: &HeaderMap,
    mut query: Query,
    payload: &mut Payload,
) -> Result<HttpResponse, Refused> {
    let manner = Manner::take(&mut query)?;
    let table = files::table(&mut query, kind.home)?;
    let form = files::sent(&mut query, body::media(headers).as_deref(), kind.home);
    query.end()?;
    let access = kind.find(core, actor, id).await?;
    // Of a trial too: what may not be done would not be.
    access.need(Privilege::Bind)?;
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Refused::from(Fault::UnsupportedMediaType).field("Content-Encoding"));
    }
    let sent = form?;
    let label = charset_of(headers);
    let most = match sent {
        Sent::Form(_) => MOST,
        Sent::Objects => objects::MOST,
    };
    let bytes = read_body(payload, most).await?;
    // As much as the longest file of such a form has.
    let room = pieces::room(bytes.len().saturating_mul(MOST / most)).await?;
    let (size, now) = (bytes.len(), core.now());
    let work = move || match sent {
        Sent::Form(form) => taken_apart(form, &bytes, label.as_deref(), &table),
        Sent::Objects => objects::parts(&bytes, kind.home, now),
    };
    let parts = labour::of(size, work).await??;
    let holds = match kind.home {
        HomeKind::Calendars => Holds::Calendar,
        HomeKind::AddressBooks => Holds::Cards,
    };
    let import = Import {
        core: core.clone(),
        actor: actor.clone(),
        report: Report::new(manner.told, manner.dry_run),
        waiting: Some((Intake::new(&access, holds, manner.known, manner.dry_run), parts)),
        load: None,
        _room: room,
    };
    Ok(stream::answer(report::answer(), import).await?)
}

/// The character set that a request names for its body.
fn charset_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let (_, label) = value
        .split(';')
        .filter_map(|param| param.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(label.trim().trim_matches('"').to_owned())
}

/// The items of a file.
pub fn taken_apart(form: Form, bytes: &[u8], label: Option<&str>, table: &Table) -> Result<Parts, Fault> {
    let invalid = |why: String| -> Fault {
        match form.holds() {
            Holds::Calendar => Condition::ValidCalendarData(why).into(),
            Holds::Cards => Condition::ValidAddressData(why).into(),
        }
    };
    let Some(text) = charset::decode(bytes, label) else {
        return Err(invalid("the character set is not known".to_owned()));
    };
    parts(form, &text, table).map_err(|unreadable| invalid(unreadable.to_string()))
}

/// Take in a file of events and tasks
///
/// The answer is lines of JSON: first how many items there are (`ImportProgress`, again after each 500), one for each item as soon as it is stored, and a
/// last one with the sums (`ImportSum`). JSCalendar is one object, a list of them, or a `Group` with its `entries`. Nobody is sent a mail.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("known" = Option<String>, Query, description = "What becomes of items whose UID is there already: `skip` (as where absent) or `replace`"),
        ("dryRun" = Option<bool>, Query, description = "Store nothing, tell what would be"),
        ("report" = Option<String>, Query, description = "Which items are told one by one: `all` (as where absent) or `refused`"),
        ("format" = Option<String>, Query, description = "The form of the file, where `Content-Type` does not say it: `icalendar`, `jcal`, `jscalendar`"),
    ),
    request_body(content((String = "text/calendar"), (String = "application/calendar+json"), (Value = "application/jscalendar+json"), (Value = "application/json"))),
    responses(
        (status = 200, description = "A line for each item", body = FileReport, content_type = "application/x-ndjson"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "imports and exports"
)]
#[post("/calendars/{id}/import")]
pub async fn calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    import(&core, &actor, (CALENDARS, of.0), request.headers(), query, &mut payload).await
}

/// Take in a file of contacts
///
/// The answer is lines of JSON, as that of a calendar. JSContact is one card, a list of them, or a `Group` with its `entries`.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("known" = Option<String>, Query, description = "What becomes of items whose UID is there already: `skip` (as where absent) or `replace`"),
        ("dryRun" = Option<bool>, Query, description = "Store nothing, tell what would be"),
        ("report" = Option<String>, Query, description = "Which items are told one by one: `all` (as where absent) or `refused`"),
        ("format" = Option<String>, Query, description = "The form of the file, where `Content-Type` does not say it: `vcard`, `jcard`, `jscontact`, `csv`"),
        ("columns" = Option<String>, Query, description = "Of a table: a JSON object of names of its columns and the ones that they stand for; an empty one leaves a column out"),
        ("dates" = Option<String>, Query, description = "Of a table: whether `4/12/1985` is in December (`dmy`) or in April (`mdy`)"),
    ),
    request_body(content((String = "text/vcard"), (String = "application/vcard+json"), (Value = "application/jscontact+json"), (Value = "application/json"), (String = "text/csv"))),
    responses(
        (status = 200, description = "A line for each item", body = FileReport, content_type = "application/x-ndjson"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "imports and exports"
)]
#[post("/address-books/{id}/import")]
pub async fn address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    query: Query,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    import(&core, &actor, (ADDRESS_BOOKS, of.0), request.headers(), query, &mut payload).await
}
