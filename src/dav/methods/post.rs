//! POST to a collection adds a member under a name of the server's choice. RFC 5995.

use super::put;
use crate::dav::href::{self, Target};
use crate::dav::precondition;
use crate::dav::request::Request;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Payload;

/// Answers 201 with the `Location` of the new member.
pub async fn answer(request: &Request<'_>, payload: &mut Payload) -> Result<HttpResponse, Fault> {
    let Target::Collection(place) = &request.target else { return Err(Fault::MethodNotAllowed) };
    let card = place.home == HomeKind::AddressBooks;
    let sent = put::read_sent(request, payload, card).await?;
    let name = format!("{}.{}", uuid::Uuid::now_v7(), if card { "vcf" } else { "ics" });
    let conditions = precondition::read_of_add_member(request.headers, place)?;
    let stored = request.core.put_item(&request.actor, place, &name, sent, conditions).await?;
    let mut answer = put::stored_answer(&stored, None, card);
    let location = href::of_target(&Target::Item(place.clone(), name));
    if let Ok(value) = location.parse() {
        answer.headers_mut().insert(LOCATION, value);
    }
    Ok(answer)
}
