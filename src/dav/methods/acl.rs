//! ACL: replaces the grants on a calendar or address book. RFC 3744 §8.1.

use crate::dav::href::{self, Target};
use crate::dav::precondition;
use crate::dav::request::{Request, read_xml};
use crate::dav::xml::names::{CALDAV, DAV};
use crate::domain::acl::{Grant, Grantee, Privileges, Space};
use crate::domain::fault::{Condition, Fault};
use crate::services::access::Place;
use crate::services::rights::{Hold, NamedGrant};
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
    let (mut grants, mut sent_back) = (Vec::new(), Vec::new());
    for ace in root.children_named(DAV, "ace") {
        // What is not this resource's to change is often sent back by clients that change something else: as it is, it does no harm.
        if ace.child(DAV, "protected").is_some() || ace.child(DAV, "inherited").is_some() {
            sent_back.push(ace);
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
    if !sent_back.is_empty() {
        as_they_are(request, place, sent_back).await?;
    }
    request.core.set_grants(&request.actor, place, grants, conditions).await?;
    Ok(HttpResponse::Ok().finish())
}

/// Refuses what calls itself protected or inherited, and is not so as it stands there.
async fn as_they_are(request: &Request<'_>, place: &Place, aces: Vec<&Element>) -> Result<(), Fault> {
    let known = match request.core.acl(&request.actor, place).await {
        Ok(acl) => acl.grants,
        // Who may not see the rights cannot send any of them back.
        Err(Fault::Condition(Condition::NeedPrivileges { .. })) => Vec::new(),
        Err(other) => return Err(other),
    };
    for ace in aces {
        let inherited = ace.child(DAV, "inherited").is_some();
        let principal = ace.child(DAV, "principal");
        let is_owner = principal
            .and_then(|principal| principal.child(DAV, "property"))
            .is_some_and(|property| property.child(DAV, "owner").is_some());
        if is_owner && !inherited {
            continue;
        }
        let hold = if inherited { Hold::Inherited } else { Hold::Locked };
        let grant = Grant {
            grantee: grantee(request, principal).await?,
            privileges: privileges(ace.child(DAV, "grant"))?,
        };
        let same = |named: &NamedGrant| {
            let held = if named.hold == Hold::Team { Hold::Locked } else { named.hold };
            held == hold
                && named.grant.grantee == grant.grantee
                && named.grant.privileges.closed() == grant.privileges.closed()
        };
        if !known.iter().any(same) {
            return Err(match hold {
                Hold::Inherited => Condition::NoInheritedAceConflict.into(),
                Hold::Own | Hold::Locked | Hold::Team => Condition::NoProtectedAceConflict.into(),
            });
        }
    }
    Ok(())
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
