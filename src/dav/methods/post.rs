//! POST to a collection adds a member under a name of the server's choice, or shares it; to a home or a notification it answers an
//! invitation. RFC 5995.

use super::{put, representation, sharing};
use crate::dav::href::{self, Target};
use crate::dav::precondition;
use crate::dav::request::Request;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::services::access::Place;
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Payload;

/// Answers by what is meant.
pub async fn answer(request: &Request<'_>, payload: &mut Payload) -> Result<HttpResponse, Fault> {
    match &request.target {
        Target::Collection(place) if sharing::is_meant(request) => {
            sharing::share(request, place, payload).await
        }
        Target::Collection(place) => add(request, place, payload).await,
        Target::Home(_, owner) | Target::Notice(owner, _) => sharing::reply(request, owner, payload).await,
        _ => Err(Fault::MethodNotAllowed),
    }
}

/// Answers 201 with the `Location` of the new member.
async fn add(request: &Request<'_>, place: &Place, payload: &mut Payload) -> Result<HttpResponse, Fault> {
    let (sent, verbatim) = put::read_sent(request, payload, place.home).await?;
    let suffix = if place.home == HomeKind::AddressBooks { "vcf" } else { "ics" };
    let name = format!("{}.{suffix}", uuid::Uuid::now_v7());
    let conditions = precondition::read_of_add_member(request.headers, place)?;
    let stored = request.core.put_item(&request.actor, place, &name, sent, conditions).await?;
    let mut answer = put::stored_answer(&stored, verbatim);
    let location = href::of_target(&Target::Item(place.clone(), name.clone()));
    if let Ok(value) = location.parse() {
        answer.headers_mut().insert(LOCATION, value);
    }
    Ok(representation::added(request, place, &name, answer).await)
}
