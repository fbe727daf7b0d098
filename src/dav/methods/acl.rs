//! ACL: replaces the grants on a calendar or address book. RFC 3744 §8.1.

use crate::dav::href::{self, Target};
use crate::dav::precondition;
use crate::dav::request::{Request, read_xml};
use crate::dav::xml::names::{CALDAV, DAV};
use crate::domain::acl::{Grant, Grantee, Privileges, Space};
use crate::domain::fault::{Condition, Fault};
use crate::text::xml::Element;
use actix_web::HttpResponse;
use actix_web::web::Payload;

/// Answers 200.
pub async fn answer(request: &Request<'_>, payload: &mut Payload) -> Result<HttpResponse, Fault> {
    let Target::Collection(place) = &request.target else { return Err(Fault::MethodNotAllowed) };
    let body = read_xml(payload, request.core.limits().xml_bytes).await?;
    let root = body
        .filter(|root| root.is(DAV, "acl"))
        .ok_or_else(|| Fault::BadRequest("the body is not an acl".into()))?;
    let mut grants = Vec::new();
    for ace in root.children_named(DAV, "ace") {
        // What the server protects is often sent back by clients that change something else.
        if ace.child(DAV, "protected").is_some() || ace.child(DAV, "inherited").is_some() {
            continue;
        }
        if ace.child(DAV, "invert").is_some() {
            return Err(Condition::NoInvert.into());
        }
        if ace.child(DAV, "deny").is_some() {
            return Err(Condition::GrantOnly.into());
        }
        let grantee = grantee(request, ace.child(DAV, "principal")).await?;
        grants.push(Grant { grantee, privileges: privileges(ace.child(DAV, "grant"))? });
    }
    let conditions = precondition::read(request.headers, &request.target)?;
    request.core.set_grants(&request.actor, place, grants, conditions).await?;
    Ok(HttpResponse::Ok().finish())
}

async fn grantee(request: &Request<'_>, principal: Option<&Element>) -> Result<Grantee, Fault> {
    let principal = principal.ok_or_else(|| Fault::BadRequest("an ace without a principal".into()))?;
    if principal.child(DAV, "authenticated").is_some() {
        return Ok(Grantee::Authenticated);
    }
    if principal.child(DAV, "all").is_some() {
        return Ok(Grantee::Everyone);
    }
    let href = principal.child(DAV, "href").map(Element::text).ok_or(Condition::AllowedPrincipal)?;
    match href::parse_href(&href) {
        Some(Target::Principal(kind, handle)) => {
            match request.core.principal_seen(&request.actor, kind, &handle).await {
                Ok(principal) => Ok(Grantee::Principal(principal.id)),
                Err(Fault::NotFound) => Err(Condition::RecognizedPrincipal.into()),
                Err(other) => Err(other),
            }
        }
        _ => Err(Condition::RecognizedPrincipal.into()),
    }
}

fn privileges(grant: Option<&Element>) -> Result<Privileges, Fault> {
    let grant = grant.ok_or_else(|| Fault::BadRequest("an ace that grants nothing".into()))?;
    let mut set = Privileges::NONE;
    for element in grant.children_named(DAV, "privilege").flat_map(Element::children) {
        let space = match element.ns.as_str() {
            DAV => Space::Dav,
            CALDAV => Space::CalDav,
            _ => return Err(Condition::NotSupportedPrivilege.into()),
        };
        set = set.with(Privileges::named(space, &element.local).ok_or(Condition::NotSupportedPrivilege)?);
    }
    Ok(set)
}
