//! DELETE of an item or a collection. RFC 4918 §9.6.

use crate::dav::href::Target;
use crate::dav::precondition;
use crate::dav::request::Request;
use crate::domain::fault::Fault;
use actix_web::HttpResponse;

/// Answers 204.
pub async fn answer(request: &Request<'_>) -> Result<HttpResponse, Fault> {
    let conditions = precondition::read(request.headers, &request.target)?;
    match &request.target {
        Target::Item(place, name) => {
            let opened = request.opened.take();
            request.core.delete_opened_item(opened, &request.actor, place, name, conditions).await?
        }
        Target::Collection(place) => {
            request.core.delete_collection(&request.actor, place, conditions).await?;
        }
        Target::Notice(handle, name) if *handle == request.actor.handle => {
            request.core.dismiss(&request.actor, name).await?;
        }
        Target::Notice(..) => return Err(Fault::NotFound),
        _ => return Err(Fault::MethodNotAllowed),
    }
    Ok(HttpResponse::NoContent().finish())
}
