//! Why somebody may do something with a calendar or an address book, or may not.

use super::grants::{AclEntry, called, names, read_name, role_named};
use super::problem::{Problem, Refused};
use super::query::Query;
use crate::domain::acl::{Privilege, Privileges};
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::role::Role;
use crate::services::explain::Explanation as Found;
use crate::services::{Actor, Core};
use actix_web::web::{Data, ReqData};
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

/// Why somebody may do something, or may not.
#[derive(Debug, Serialize, ToSchema)]
struct Explanation {
    /// Who.
    #[schema(example = "karim.benali")]
    subject: String,
    /// What was asked for.
    #[schema(example = "write")]
    right: String,
    /// Whether he may, all of it.
    allowed: bool,
    /// Why, in a word: `owner`, `granted`, `granted in part`, `not granted`.
    because: &'static str,
    /// Whether his account may be used at all: one that is suspended does nothing, whatever it was given.
    active: bool,
    /// What of it nobody gave him.
    missing: Vec<String>,
    /// His role with this collection, all grants together; `owner`, `custom`, or null where he has no right.
    role: Option<&'static str>,
    /// All that he may do.
    privileges: Vec<String>,
    /// Each grant that gives him some of what was asked for.
    grants: Vec<Giving>,
}

/// A grant, and how it comes to somebody.
#[derive(Debug, Serialize, ToSchema)]
struct Giving {
    /// The grant.
    grant: AclEntry,
    /// What of the right that was asked for it gives.
    gives: Vec<String>,
    /// The groups by which it comes to him, that of the grant first; none where it is to him, or to everybody.
    path: Vec<String>,
    /// His role in the group whose the collection is, where that gives it: `member`, `manager` or `owner`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    membership: Option<&'static str>,
}

fn told(found: &Found, right: String, asked: Privileges) -> Explanation {
    let allowed = found.held.holds(asked);
    let held = Privileges(found.held.0 & asked.0);
    let part = held.without(Privilege::ReadCurrentUserPrivilegeSet.bit());
    let giving = found.reasons.iter().map(|reason| Giving {
        grant: AclEntry::of(&reason.grant, found.home),
        gives: names(Privileges(reason.grant.grant.privileges.closed().0 & asked.0)),
        path: reason.path.iter().map(|group| group.handle.clone()).collect(),
        membership: reason.role.map(|role| role.name()),
    });
    Explanation {
        subject: found.subject.handle.clone(),
        right,
        allowed,
        because: match (found.owns(), allowed, part.is_empty()) {
            (true, ..) => "owner",
            (_, true, _) => "granted",
            (_, _, false) => "granted in part",
            _ => "not granted",
        },
        active: found.is_active(),
        missing: names(asked.without(found.held)),
        role: match found.owns() {
            true => Some("owner"),
            false if found.held.is_empty() => None,
            false => Some(called(found.held, found.home).0),
        },
        privileges: names(found.held),
        grants: giving.collect(),
    }
}

/// Why somebody may do something, or may not
///
/// For who may see the rights on the calendar or address book, and for administrators; for all others there is no such thing.
#[utoipa::path(
    params(
        ("subject" = String, Query, description = "Handle of whom it is about", example = "karim.benali"),
        ("object" = String, Query, description = "Id of a calendar or an address book"),
        ("right" = String, Query, description = "`access`, `read`, `write`, `delegate`, `admin`, or the name of a privilege", example = "write"),
    ),
    responses(
        (status = 200, description = "Why", body = Explanation),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/explain")]
pub async fn explain(
    core: Data<Core>,
    actor: ReqData<Actor>,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let mut needed = |name: &str| {
        query.text(name).ok_or_else(|| Refused::at(name, "is needed")).map(|text| text.trim().to_owned())
    };
    let (subject, object, right) = (needed("subject")?, needed("object")?, needed("right")?);
    query.end()?;
    if Role::parse(&right).is_none() && read_name(&right).is_none() {
        return Err(Refused::at("right", "must be a role or the name of a privilege"));
    }
    let id = CollectionId::parse(&object).ok_or(Fault::NotFound)?;
    let words = right.clone();
    let asked = move |home| {
        let role = role_named(&words, home).ok();
        role.or_else(|| read_name(&words)).unwrap_or(Privileges::NONE)
    };
    let found = core.explain(&actor, &subject, id, asked.clone()).await?;
    let asked = asked(found.home);
    Ok(HttpResponse::Ok().json(told(&found, right, asked)))
}
