//! MKCALENDAR and MKCOL, extended or not. RFC 4791 §5.3.1, RFC 5689, RFC 6352 §6.3.1.

use super::proppatch::{self, Named, Patch};
use crate::dav::href::Target;
use crate::dav::precondition;
use crate::dav::request::{Request, read_xml};
use crate::dav::resource;
use crate::dav::stream::XML;
use crate::dav::xml::names::{CALDAV, CARDDAV, DAV};
use crate::dav::xml::write;
use crate::domain::collection::{CollectionKind, Components, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::props::Props;
use crate::services::access::Place;
use crate::services::collections::CollectionDraft;
use crate::text::xml::Element;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Payload;

/// Answers 201, or which property could not be set. A body is optional.
pub async fn answer(
    request: &Request<'_>,
    payload: &mut Payload,
    calendar: bool,
) -> Result<HttpResponse, Fault> {
    let body = body(request, payload, calendar).await?;
    let named = body.as_ref().map(|root| set_elements(root).collect::<Vec<_>>()).unwrap_or_default();
    let asked = if calendar { Some(CollectionKind::Calendar) } else { typed(&named) };
    let place = match &request.target {
        Target::Collection(place) => place,
        Target::Item(place, name) => return Err(below(request, place, name, asked).await),
        _ => return Err(Fault::MethodNotAllowed),
    };
    let kind = kind(asked, place.home)?;
    let draft = match draft(body.as_ref(), &named, kind)? {
        Ok(draft) => draft,
        Err(outcomes) => return Ok(refused(request.path, &outcomes, calendar)),
    };
    let conditions = precondition::read(request.headers, &request.target)?;
    request.core.create_collection_if(&request.actor, place, draft, conditions).await?;
    Ok(HttpResponse::Created().finish())
}

/// The body, if it can be understood: as XML, whatever its label. What cannot, and is not said to be XML, is of a type that is not
/// supported (RFC 4918 §9.3).
async fn body(
    request: &Request<'_>,
    payload: &mut Payload,
    calendar: bool,
) -> Result<Option<Element>, Fault> {
    let (ns, local) = if calendar { (CALDAV, "mkcalendar") } else { (DAV, "mkcol") };
    let read = match read_xml(payload, request.core.limits().xml_bytes).await {
        Ok(Some(root)) if !root.is(ns, local) => Err(Fault::BadRequest(format!("the body is not a {local}"))),
        other => other,
    };
    match read {
        Err(Fault::BadRequest(_)) if !is_xml(request.header(CONTENT_TYPE.as_str())) => {
            Err(Fault::UnsupportedMediaType)
        }
        other => other,
    }
}

/// Whether a `Content-Type` says XML, or nothing (RFC 7303).
fn is_xml(content_type: Option<&str>) -> bool {
    let name = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "" | "text/xml" | "application/xml") || name.ends_with("+xml")
}

/// Why nothing is made below a collection: it is not there, or something stands at the place, or collections are not nested.
async fn below(request: &Request<'_>, place: &Place, name: &str, asked: Option<CollectionKind>) -> Fault {
    let (core, actor) = (request.core, &request.actor);
    match resource::load(core, actor, &Target::Collection(place.clone())).await {
        // In another's home what is missing looks like what is hidden.
        Err(Fault::NotFound) if place.owner == actor.handle && actor.scope.opens(place.home) => {
            Fault::Conflict("the collection does not exist")
        }
        Err(other) => other,
        Ok(_) if core.item(actor, place, name).await.is_ok() => Fault::Exists,
        Ok(_) => location(asked.unwrap_or(usual(place.home))),
    }
}

/// The collections that stand in a home.
const fn usual(home: HomeKind) -> CollectionKind {
    match home {
        HomeKind::Calendars => CollectionKind::Calendar,
        HomeKind::AddressBooks => CollectionKind::AddressBook,
    }
}

fn location(of: CollectionKind) -> Fault {
    Condition::CollectionLocationOk { card: of == CollectionKind::AddressBook }.into()
}

/// What `DAV:resourcetype` asks for, where it is there.
fn typed(named: &[&Element]) -> Option<CollectionKind> {
    let types = named.iter().find(|element| element.is(DAV, "resourcetype"))?;
    Some(if types.child(CALDAV, "calendar").is_some() {
        CollectionKind::Calendar
    } else if types.child(CARDDAV, "addressbook").is_some() {
        CollectionKind::AddressBook
    } else {
        CollectionKind::Plain
    })
}

/// The kind to be made in a home; one of no kind that there is becomes a refusal of its property later.
fn kind(asked: Option<CollectionKind>, home: HomeKind) -> Result<CollectionKind, Fault> {
    match asked {
        Some(CollectionKind::Plain) | None => Ok(usual(home)),
        Some(kind) if kind == usual(home) => Ok(kind),
        Some(kind) => Err(location(kind)),
    }
}

/// The draft, or the outcome of each property where one is refused.
fn draft(
    body: Option<&Element>,
    named: &[&Element],
    kind: CollectionKind,
) -> Result<Result<CollectionDraft, Vec<Named>>, Fault> {
    let mut draft = CollectionDraft {
        kind,
        components: Components(0),
        transparent: false,
        time_zone: None,
        props: Props::default(),
    };
    let mut outcomes = body.map(|root| proppatch::read(root, true)).transpose()?.unwrap_or_default();
    let right_type = typed(named).is_none_or(|asked| asked == kind);
    outcome(&mut outcomes, (DAV, "resourcetype"), || {
        if right_type { Ok(()) } else { Err(Condition::ValidResourceType) }
    });
    if kind == CollectionKind::Calendar {
        let components = components(named);
        outcome(&mut outcomes, COMPONENTS, || components.as_ref().map(|_| ()).map_err(Clone::clone));
        draft.components = components.unwrap_or(Components::ALL);
    }
    if outcomes.iter().any(|named| named.patch.is_err()) {
        return Ok(Err(outcomes));
    }
    outcomes.retain(|named| !named.is(DAV, "resourcetype") && !named.is(COMPONENTS.0, COMPONENTS.1));
    let mut patches = proppatch::accepted(outcomes);
    // A zone named and sent: the text says all that the name says.
    let zones = patches.iter().filter(|patch| matches!(patch, Patch::TimeZone(_))).count();
    if zones > 1 {
        patches.retain(|patch| !matches!(patch, Patch::TimeZone(Some(text)) if !text.contains("BEGIN:")));
    }
    let update = proppatch::update(&mut draft.props, &patches);
    draft.transparent = update.transparent.unwrap_or(false);
    draft.time_zone = update.time_zone.flatten();
    Ok(Ok(draft))
}

const COMPONENTS: (&str, &str) = (CALDAV, "supported-calendar-component-set");

/// Sets the outcome of a property that only a making may set.
fn outcome(outcomes: &mut [Named], name: (&str, &str), judged: impl Fn() -> Result<(), Condition>) {
    for named in outcomes.iter_mut().filter(|named| named.is(name.0, name.1)) {
        named.patch = judged().map(|()| Patch::Remove { ns: named.ns.clone(), local: named.local.clone() });
    }
}

fn set_elements(root: &Element) -> impl Iterator<Item = &Element> {
    root.children_named(DAV, "set")
        .flat_map(|set| set.children_named(DAV, "prop"))
        .flat_map(Element::children)
}

fn components(named: &[&Element]) -> Result<Components, Condition> {
    let Some(set) = named.iter().find(|element| element.is(COMPONENTS.0, COMPONENTS.1)) else {
        return Ok(Components::ALL);
    };
    let mut components = Components(0);
    for comp in set.children_named(CALDAV, "comp") {
        let name = comp.attribute("name").unwrap_or_default();
        let one =
            Components::named(name).ok_or_else(|| Condition::SupportedCalendarComponent(name.to_owned()))?;
        components = components.with(one);
    }
    Ok(if components.0 == 0 { Components::ALL } else { components })
}

/// Which properties could not be set (RFC 5689 §3). It is a 403 of MKCALENDAR too: RFC 4791 §5.3.1.1 would expect a 207, which
/// clients take for success, and the calendar for made.
fn refused(path: &str, outcomes: &[Named], calendar: bool) -> HttpResponse {
    let (ns, local) = if calendar { (CALDAV, "mkcalendar-response") } else { (DAV, "mkcol-response") };
    let mut out = String::with_capacity(512);
    write::begin_of(&mut out, ns, local);
    proppatch::propstats(path, outcomes, &mut out);
    write::end_of(&mut out, ns, local);
    HttpResponse::Forbidden().content_type(XML).body(out)
}
