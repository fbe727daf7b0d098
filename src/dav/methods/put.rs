//! PUT of an item. An entity tag is answered where the bytes are kept as sent (RFC 4791 §5.3.4).

use super::representation;
use crate::dav::fault;
use crate::dav::href::Target;
use crate::dav::precondition;
use crate::dav::request::Request;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::ObjectName;
use crate::http::body::read_item;
use crate::services::content::{Media, Sent};
use crate::services::formats;
use crate::services::items::{Stored, Terms};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG};
use actix_web::web::Payload;

/// Answers 201 for a new item, 204 for a changed one.
pub async fn answer(request: &Request<'_>, payload: &mut Payload) -> Result<HttpResponse, Fault> {
    let Target::Item(place, name) = &request.target else { return Err(Fault::MethodNotAllowed) };
    if ObjectName::parse(name).is_none() {
        return Err(Fault::BadRequest("this cannot be the name of an item".into()));
    }
    let (sent, verbatim) = read_sent(request, payload, place.home).await?;
    let conditions = precondition::read(request.headers, &request.target)?;
    let terms = Terms { opened: request.opened.take(), ..Terms::default() };
    let written = request.core.put_item_on(&request.actor, place, name, sent, conditions, terms).await;
    let plain = match written {
        Ok(written) => stored_answer(&written.stored, verbatim),
        Err(Fault::PreconditionFailed) => fault::response(&Fault::PreconditionFailed, request.path),
        Err(other) => return Err(other),
    };
    Ok(representation::added(request, place, name, plain).await)
}

/// The body as what is stored of it, and whether those are its very bytes.
pub async fn read_sent(
    request: &Request<'_>,
    payload: &mut Payload,
    home: HomeKind,
) -> Result<(Sent, bool), Fault> {
    if request.headers.contains_key(CONTENT_ENCODING) || request.headers.contains_key("Content-Range") {
        return Err(Fault::UnsupportedMediaType);
    }
    let card = home == HomeKind::AddressBooks;
    let (media, json) = media(request.header(CONTENT_TYPE.as_str()), card)?;
    let body = read_item(payload, request.core.limits().resource_bytes, card).await?;
    let body = if json { formats::from_json(body, home).await? } else { body };
    Ok((Sent { body, media }, !json))
}

/// What is answered after a write; `verbatim` where what is stored are the bytes that the client sent.
pub fn stored_answer(stored: &Stored, verbatim: bool) -> HttpResponse {
    let mut answer = if stored.created { HttpResponse::Created() } else { HttpResponse::NoContent() };
    // To a client a strong tag says that it need not fetch what it has just sent.
    if stored.kept && verbatim {
        answer.insert_header((ETAG, stored.etag.quoted()));
    }
    if let Some(tag) = &stored.schedule_tag {
        answer.insert_header(("Schedule-Tag", format!("\"{tag}\"")));
    }
    answer.finish()
}

/// The kind of content that a `Content-Type` names, and whether it is its JSON form; none at all and the general ones leave it to the
/// collection.
fn media(content_type: Option<&str>, card: bool) -> Result<(Media, bool), Fault> {
    let Some(content_type) = content_type else { return Ok((Media::Unsaid, false)) };
    let name = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Ok(match (name.as_str(), card) {
        ("" | "application/octet-stream" | "text/plain", _) => (Media::Unsaid, false),
        ("text/calendar" | "application/ics", _) => (Media::Calendar, false),
        ("text/vcard" | "text/x-vcard" | "text/directory", _) => (Media::Card, false),
        ("application/calendar+json", false) => (Media::Calendar, true),
        ("application/vcard+json", true) => (Media::Card, true),
        (_, true) => return Err(Condition::SupportedAddressData.into()),
        (_, false) => return Err(Condition::SupportedCalendarData.into()),
    })
}
