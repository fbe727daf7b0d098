//! MKCALENDAR and MKCOL, extended or not. RFC 4791 §5.3.1, RFC 5689, RFC 6352 §6.3.1.

use super::proppatch::{self, Patch};
use crate::dav::href::Target;
use crate::dav::precondition;
use crate::dav::request::{Request, read_xml};
use crate::dav::xml::names::{CALDAV, CARDDAV, DAV};
use crate::domain::collection::{CollectionKind, Components, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::props::Props;
use crate::services::collections::CollectionDraft;
use crate::text::xml::Element;
use actix_web::HttpResponse;
use actix_web::web::Payload;

/// Answers 201. A body is optional, and its media type is not looked at: clients label it as they please.
pub async fn answer(
    request: &Request<'_>,
    payload: &mut Payload,
    calendar: bool,
) -> Result<HttpResponse, Fault> {
    let Target::Collection(place) = &request.target else {
        return Err(Condition::CollectionLocationOk { card: false }.into());
    };
    let body = read_xml(payload, request.core.limits().xml_bytes).await?;
    let expected = if calendar { (CALDAV, "mkcalendar") } else { (DAV, "mkcol") };
    if body.as_ref().is_some_and(|root| !root.is(expected.0, expected.1)) {
        return Err(Fault::BadRequest(format!("the body is not a {}", expected.1)));
    }
    let draft = draft(body.as_ref(), place.home, calendar)?;
    let conditions = precondition::read(request.headers, &request.target)?;
    request.core.create_collection_if(&request.actor, place, draft, conditions).await?;
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-cache")).finish())
}

fn draft(body: Option<&Element>, home: HomeKind, calendar: bool) -> Result<CollectionDraft, Fault> {
    let named = body.map(|root| set_elements(root).collect::<Vec<_>>()).unwrap_or_default();
    let kind = kind(&named, home, calendar)?;
    let mut draft = CollectionDraft {
        kind,
        components: if kind == CollectionKind::Calendar { components(&named)? } else { Components(0) },
        transparent: false,
        time_zone: None,
        props: Props::default(),
    };
    if let Some(root) = body {
        let patches = proppatch::read(&without_types(root), true)?;
        if let Some(condition) = proppatch::first_refusal(&patches) {
            return Err(condition.into());
        }
        let mut patches = proppatch::accepted(patches);
        // A zone named and sent: the text says all that the name says.
        let zones = patches.iter().filter(|patch| matches!(patch, Patch::TimeZone(_))).count();
        if zones > 1 {
            patches.retain(|patch| !matches!(patch, Patch::TimeZone(Some(text)) if !text.contains("BEGIN:")));
        }
        let update = proppatch::update(&mut draft.props, &patches);
        draft.transparent = update.transparent.unwrap_or(false);
        draft.time_zone = update.time_zone.flatten();
    }
    Ok(draft)
}

fn set_elements(root: &Element) -> impl Iterator<Item = &Element> {
    root.children_named(DAV, "set")
        .flat_map(|set| set.children_named(DAV, "prop"))
        .flat_map(Element::children)
}

fn kind(named: &[&Element], home: HomeKind, calendar: bool) -> Result<CollectionKind, Fault> {
    let wanted = named.iter().find(|element| element.is(DAV, "resourcetype")).map(|types| {
        if types.child(CALDAV, "calendar").is_some() {
            CollectionKind::Calendar
        } else if types.child(CARDDAV, "addressbook").is_some() {
            CollectionKind::AddressBook
        } else {
            CollectionKind::Plain
        }
    });
    match (home, wanted, calendar) {
        (HomeKind::Calendars, Some(CollectionKind::Calendar) | None, _) => Ok(CollectionKind::Calendar),
        (HomeKind::AddressBooks, Some(CollectionKind::AddressBook) | None, false) => {
            Ok(CollectionKind::AddressBook)
        }
        (_, Some(CollectionKind::Plain), _) => Err(Condition::ValidResourceType.into()),
        (home, _, _) => Err(Condition::CollectionLocationOk { card: home == HomeKind::AddressBooks }.into()),
    }
}

fn components(named: &[&Element]) -> Result<Components, Fault> {
    let Some(set) = named.iter().find(|element| element.is(CALDAV, "supported-calendar-component-set"))
    else {
        return Ok(Components::ALL);
    };
    let mut components = Components(0);
    for comp in set.children_named(CALDAV, "comp") {
        let name = comp.attribute("name").unwrap_or_default();
        let one = Components::named(name)
            .ok_or_else(|| Fault::from(Condition::SupportedCalendarComponent(name.to_owned())))?;
        components = components.with(one);
    }
    Ok(if components.0 == 0 { Components::ALL } else { components })
}

/// The body without the two properties that only a making may set.
fn without_types(root: &Element) -> Element {
    use crate::text::xml::Node;
    let mut copy = root.clone();
    for set in &mut copy.nodes {
        let Node::Element(set) = set else { continue };
        for prop in &mut set.nodes {
            let Node::Element(prop) = prop else { continue };
            prop.nodes.retain(|node| match node {
                Node::Element(element) => {
                    !element.is(DAV, "resourcetype")
                        && !element.is(CALDAV, "supported-calendar-component-set")
                }
                Node::Text(_) => true,
            });
        }
    }
    copy
}
