//! GET and HEAD: items as they were sent, or in another format by `Accept`.
//!
//! RFC 9110 §13 (304), RFC 7265 (jCal), RFC 7095 (jCard), RFC 6352 §5.1 (versions).

use crate::dav::href::Target;
use crate::dav::notices;
use crate::dav::precondition;
use crate::dav::request::{Request, TIMEZONES};
use crate::dav::resource::{self, Resource};
use crate::domain::calendar_data::Definitions;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::precondition::Preconditions;
use crate::http::date::last_modified;
use crate::http::pieces::{self, Room};
use crate::http::tags;
use crate::services::conditions::known_change;
use crate::services::formats::{self, Format};
use crate::services::{Shown, labour};
use actix_web::body::SizedStream;
use actix_web::http::header::{CONTENT_DISPOSITION, ETAG, LAST_MODIFIED, VARY};
use actix_web::{HttpResponse, HttpResponseBuilder};

/// Answers 200 or 304.
pub async fn answer(request: &Request<'_>) -> Result<HttpResponse, Fault> {
    let (place, name) = match &request.target {
        Target::Item(place, name) => (place, name),
        Target::Notice(..) => return notification(request).await,
        _ => return collection(request).await,
    };
    let (access, object, room) = match request.handy_item(place, name).await? {
        Ok((access, object)) => (access, object, None),
        Err(bytes) => {
            let room = pieces::room(bytes).await?;
            let _load = pieces::load().await?;
            let (access, object) = request.core.large_item(&request.actor, place, name).await?;
            (access, object, Some(room))
        }
    };
    let wanted =
        Preconditions { if_none_match: None, ..precondition::read(request.headers, &request.target)? };
    request.core.hold_for_read(&request.actor, wanted, &access, &object).await?;
    let wanted = Form::accepted(request, place.home)?;
    let (form, object) = wanted.of(object).await?;
    let etag = form.tag(&object);
    if tags::not_modified(request.headers, &etag, known_change(&request.actor, &access, &object)) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, etag))
            .insert_header((VARY, vary(place.home)))
            .finish());
    }
    item(request, object, form, place.home, room)
}

/// The form that an item is answered in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    format: Format,
    definitions: Option<Definitions>,
}

impl Form {
    /// That which the client accepts.
    pub fn accepted(request: &Request<'_>, home: HomeKind) -> Result<Self, Fault> {
        let format = Format::negotiate(request.header("Accept").unwrap_or_default(), home)?;
        let zones = request.header(TIMEZONES).filter(|_| home == HomeKind::Calendars);
        Ok(Form { format, definitions: zones.and_then(Definitions::read) })
    }

    /// The object with its zones as the form has them, and the form without a word of zones where they are so already.
    pub async fn of(self, object: Shown) -> Result<(Self, Shown), Fault> {
        let Some(wanted) = self.definitions else { return Ok((self, object)) };
        let bytes = object.body.len();
        let (object, is_another) = labour::of(bytes, move || object.with_definitions(wanted)).await?;
        Ok((Form { definitions: self.definitions.filter(|_| is_another), ..self }, object))
    }

    /// The entity tag. A conversion is another representation: its tag must not be taken for that of the bytes.
    fn tag(self, object: &Shown) -> String {
        let zones = match self.definitions {
            None => "",
            Some(Definitions::With) => "t",
            Some(Definitions::Without) => "f",
        };
        match self.format {
            Format::AsStored => tags::form_tag(zones, &object.etag.0),
            other => tags::form_tag(&format!("{zones}{}", other.tag()), &object.etag.0),
        }
    }
}

/// What the answer depends on besides the address.
fn vary(home: HomeKind) -> &'static str {
    match home {
        HomeKind::Calendars => "Accept, CalDAV-Timezones",
        HomeKind::AddressBooks => "Accept",
    }
}

/// Answers 200 with an item in this form.
pub(super) fn item(
    request: &Request<'_>,
    object: Shown,
    form: Form,
    home: HomeKind,
    room: Option<Room>,
) -> Result<HttpResponse, Fault> {
    let mut answer = HttpResponse::Ok();
    if let Some(date) = last_modified(object.modified_at, request.core.now()) {
        answer.insert_header((LAST_MODIFIED, date));
    }
    if let Some(tag) = &object.schedule_tag {
        answer.insert_header(("Schedule-Tag", format!("\"{tag}\"")));
    }
    // A browser must neither guess another type nor show a client's bytes as a page of ours.
    answer.insert_header((CONTENT_DISPOSITION, "attachment")).insert_header((VARY, vary(home)));
    answer.insert_header((ETAG, form.tag(&object)));
    match form.format {
        Format::AsStored => {
            answer.content_type(object.kind.content_type());
            Ok(send(answer, object.into_inner().body, room))
        }
        other => {
            let (text, media) = formats::convert(&object.body, other)?;
            answer.content_type(media);
            Ok(send(answer, text, room))
        }
    }
}

/// The answer with this body: a large one in pieces, as its client takes them.
fn send(mut answer: HttpResponseBuilder, body: String, room: Option<Room>) -> HttpResponse {
    match room {
        None => answer.body(body),
        Some(room) => {
            let length = body.len() as u64;
            answer.body(SizedStream::new(length, pieces::patient(pieces::counted(body, room))))
        }
    }
}

/// A notification, in the words of the protocol that the client asks for.
async fn notification(request: &Request<'_>) -> Result<HttpResponse, Fault> {
    let Resource::Notice(_, one) = request.resource().await? else { return Err(Fault::NotFound) };
    let form = notices::Form::negotiate(request.header("Accept").unwrap_or_default());
    let mut answer = HttpResponse::Ok();
    answer.insert_header((ETAG, one.etag().quoted())).insert_header((VARY, "Accept"));
    Ok(answer.content_type(form.content_type()).body(notices::document(&one, form)))
}

/// Collections have no representation of their own: a person who looks with a browser is told what stands here.
async fn collection(request: &Request<'_>) -> Result<HttpResponse, Fault> {
    resource::load(request.core, &request.actor, &request.target).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(
        "This address is for calendar and contacts programs (CalDAV, CardDAV).\n\
         Cette adresse est destinée aux logiciels d’agenda et de contacts.\n",
    ))
}
