//! COPY and MOVE. RFC 4918 §9.8, §9.9.

use super::put::stored_answer;
use crate::dav::href::{self, Target};
use crate::dav::precondition;
use crate::dav::request::Request;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::services::transfer::{ItemPlace, Transfer};
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;

/// Answers 201 where something new stands at the target, 204 where something was replaced.
pub async fn answer(request: &Request<'_>, moves: bool) -> Result<HttpResponse, Fault> {
    let destination =
        request.header("Destination").ok_or_else(|| Fault::BadRequest("Destination is missing".into()))?;
    let target = href::parse_href(destination)
        .ok_or(Fault::Condition(Condition::CollectionLocationOk { card: false }))?;
    match (&request.target, &target) {
        (Target::Item(from, from_name), Target::Item(to, to_name)) => {
            let transfer = Transfer {
                from: ItemPlace { place: from.clone(), name: from_name.clone() },
                to: ItemPlace { place: to.clone(), name: to_name.clone() },
                moves,
                overwrite: request.overwrite(),
                conditions: precondition::read(request.headers, &request.target)?,
            };
            let stored = request.core.transfer(&request.actor, transfer).await?;
            let mut answer = stored_answer(&stored, None, to.home == HomeKind::AddressBooks);
            if stored.created
                && let Ok(value) = href::of_target(&target).parse()
            {
                answer.headers_mut().insert(LOCATION, value);
            }
            Ok(answer)
        }
        (Target::Collection(from), Target::Collection(to)) if moves => {
            let conditions = precondition::read(request.headers, &request.target)?;
            request.core.rename_collection(&request.actor, from, to, conditions).await?;
            Ok(HttpResponse::Created().finish())
        }
        _ => Err(Condition::CollectionLocationOk { card: false }.into()),
    }
}
