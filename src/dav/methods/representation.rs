//! What stands at an address after a change, or what kept it from being done, in the answer: it saves the GET that would follow.
//! RFC 8144 §3.

use super::get;
use crate::dav::href::{self, Target};
use crate::dav::preferences;
use crate::dav::request::Request;
use crate::domain::fault::Fault;
use crate::http::pieces;
use crate::services::access::Place;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LOCATION, LOCATION};

/// The answer with the item in it, where the client prefers that and may read it; else as it is.
pub async fn added(request: &Request<'_>, place: &Place, name: &str, plain: HttpResponse) -> HttpResponse {
    if !request.prefers_representation() {
        return plain;
    }
    let Ok(mut answer) = shown(request, place, name).await else { return plain };
    *answer.status_mut() = match plain.status() {
        StatusCode::NO_CONTENT => StatusCode::OK,
        status => status,
    };
    let headers = answer.headers_mut();
    if let Some(location) = plain.headers().get(LOCATION) {
        headers.insert(LOCATION, location.clone());
    }
    // It says that the body is what GET of this address gives, and the entity tag beside it that of the body (RFC 9110 §8.7).
    if let Ok(here) = href::of_target(&Target::Item(place.clone(), name.to_owned())).parse() {
        headers.insert(CONTENT_LOCATION, here);
    }
    preferences::applied(headers, preferences::REPRESENTATION);
    answer
}

/// The item as GET shows it to the actor, in the format that he accepts.
async fn shown(request: &Request<'_>, place: &Place, name: &str) -> Result<HttpResponse, Fault> {
    let (object, room) = match request.core.handy_item(&request.actor, place, name).await? {
        Ok((_, object)) => (object, None),
        Err(bytes) => {
            let room = pieces::room(bytes).await?;
            let _load = pieces::load().await?;
            let (_, object) = request.core.large_item(&request.actor, place, name).await?;
            (object, Some(room))
        }
    };
    let (form, object) = get::Form::accepted(request, place.home)?.of(object).await?;
    get::item(request, object, form, place.home, room)
}
