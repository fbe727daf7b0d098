//! COPY and MOVE of items and of whole collections. RFC 4918 §9.8, §9.9.

use super::put::stored_answer;
use super::representation;
use crate::dav::href::{self, Target};
use crate::dav::precondition;
use crate::dav::request::{Depth, Request};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::services::access::Place;
use crate::services::collection_transfer::{CollectionTransfer, Manner};
use crate::services::transfer::{ItemPlace, Transfer};
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;

/// Answers 201 where something new stands at the target, 204 where something was replaced.
pub async fn answer(request: &Request<'_>, moves: bool) -> Result<HttpResponse, Fault> {
    let destination =
        request.header("Destination").ok_or_else(|| Fault::BadRequest("Destination is missing".into()))?;
    // RFC 4918 §10.3: no part of what is named by it. Who has not encoded the name of an item must not lose the rest of it.
    if destination.contains('#') {
        return Err(Fault::BadRequest("Destination has a fragment".into()));
    }
    let Some(target) = href::parse_href(destination) else { return nowhere(request, destination) };
    match (&request.target, &target) {
        (Target::Item(from, from_name), Target::Item(to, to_name)) => {
            let transfer = Transfer {
                from: ItemPlace { place: from.clone(), name: from_name.clone() },
                to: ItemPlace { place: to.clone(), name: to_name.clone() },
                moves,
                overwrite: request.overwrite(),
                conditions: precondition::read(request.headers, &request.target)?,
                kind: None,
                request: None,
            };
            let stored = request.core.transfer(&request.actor, transfer).await?.stored;
            let mut answer = stored_answer(&stored, true);
            if stored.created {
                locate(&mut answer, &target);
            }
            Ok(representation::added(request, to, to_name, answer).await)
        }
        (Target::Collection(from), Target::Collection(to)) => collection(request, from, to, moves).await,
        _ => Err(not_here(&request.target)),
    }
}

/// What is told has the name that it has for collections of the kind of the source (RFC 4791 §5.3.1.1, RFC 6352 §6.3.1.1).
fn not_here(source: &Target) -> Fault {
    let home = match source {
        Target::Home(home, _) | Target::Homes(home) => *home,
        Target::Collection(place) | Target::Item(place, _) => place.home,
        _ => HomeKind::Calendars,
    };
    Condition::CollectionLocationOk { card: home == HomeKind::AddressBooks }.into()
}

/// What is answered where the destination is nothing that can be here.
fn nowhere(request: &Request<'_>, destination: &str) -> Result<HttpResponse, Fault> {
    match href::path_of(destination).filter(|path| href::is_well_formed(path)) {
        None => Err(Fault::BadRequest("Destination is no URL".into())),
        // RFC 4918 §9.8.5. Of a path that can be here the host is not looked at: a proxy may have given the request another one.
        Some(_) if request.header("Host").is_some_and(|host| href::is_elsewhere(destination, host)) => {
            Ok(HttpResponse::BadGateway().body("the destination is on another server\n"))
        }
        Some(_) => Err(not_here(&request.target)),
    }
}

async fn collection(
    request: &Request<'_>,
    from: &Place,
    to: &Place,
    moves: bool,
) -> Result<HttpResponse, Fault> {
    let manner = match (moves, request.depth(Depth::Infinity)?) {
        (true, Depth::Infinity) => Manner::Move,
        (false, Depth::Infinity) => Manner::Copy,
        (false, Depth::Zero) => Manner::CopyBare,
        (true, _) => return Err(Fault::BadRequest("a collection moves with Depth: infinity".into())),
        (false, Depth::One) => {
            return Err(Fault::BadRequest("a collection is copied with Depth: 0 or infinity".into()));
        }
    };
    let transfer = CollectionTransfer {
        from: from.clone(),
        to: to.clone(),
        manner,
        overwrite: request.overwrite(),
        conditions: precondition::read(request.headers, &request.target)?,
    };
    let done = request.core.transfer_collection(&request.actor, transfer).await;
    let replaced = done.map_err(|fault| match fault {
        // What is missing is the right to add to a home, not one on the source.
        Fault::Condition(Condition::NeedPrivileges { href, privilege: Privilege::Bind })
            if href.is_empty() =>
        {
            Condition::NeedPrivileges { href: href::home(to.home, &to.owner), privilege: Privilege::Bind }
                .into()
        }
        other => other,
    })?;
    if replaced {
        return Ok(HttpResponse::NoContent().finish());
    }
    let mut answer = HttpResponse::Created().finish();
    locate(&mut answer, &Target::Collection(to.clone()));
    Ok(answer)
}

fn locate(answer: &mut HttpResponse, target: &Target) {
    if let Ok(value) = href::of_target(target).parse() {
        answer.headers_mut().insert(LOCATION, value);
    }
}
