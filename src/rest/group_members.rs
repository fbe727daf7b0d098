//! Members of groups: direct ones with their roles, and all who are in a group through other groups.

use super::groups::{self, SEGMENT};
use super::page::{self, Asked, Page};
use super::path::{self, OfGroup, OfMember};
use super::principals::kind_named;
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{body, conditions, once};
use crate::domain::group::Role;
use crate::domain::principal::Principal;
use crate::services::groups::{Added, Inside};
use crate::services::{Actor, Core};
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Members that one request puts in at most.
const MOST: usize = 1_000;
/// Steps that are asked for at most.
const DEEPEST: i64 = 64;

/// A direct member.
#[derive(Debug, Serialize, ToSchema)]
struct GroupMember {
    /// His handle.
    #[schema(required = false, example = "claire.martin")]
    id: String,
    /// `user`, `group`, `room` or `resource`.
    #[schema(required = false, example = "user")]
    kind: &'static str,
    /// For people to read.
    #[schema(required = false, example = "Claire Martin")]
    name: String,
    /// `member`; `manager` puts plain members in and takes them out; `owner` does everything. Of a group it is the role of all in it.
    #[schema(required = false, value_type = RoleNamed)]
    role: &'static str,
}

const FIELDS: &[&str] = &["id", "kind", "name", "role"];

/// Somebody in a group, through other groups too.
#[derive(Debug, Serialize, ToSchema)]
struct EffectiveMember {
    /// His handle.
    #[schema(required = false, example = "claire.martin")]
    id: String,
    /// `user`, `group`, `room` or `resource`.
    #[schema(required = false, example = "user")]
    kind: &'static str,
    /// For people to read.
    #[schema(required = false, example = "Claire Martin")]
    name: String,
    /// Steps of the shortest way to him: 1 is a direct member.
    #[schema(required = false, example = 2)]
    depth: i16,
}

const EFFECTIVE: &[&str] = &["id", "kind", "name", "depth"];

/// What a member may do.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", expecting = "member, manager or owner")]
#[schema(as = GroupRole)]
enum RoleNamed {
    #[default]
    Member,
    Manager,
    Owner,
}

impl From<RoleNamed> for Role {
    fn from(role: RoleNamed) -> Self {
        match role {
            RoleNamed::Member => Role::Member,
            RoleNamed::Manager => Role::Manager,
            RoleNamed::Owner => Role::Owner,
        }
    }
}

/// The role of one member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Membership {
    /// `member` where absent.
    #[serde(default)]
    role: RoleNamed,
}

/// One of those to be put into a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct MemberToAdd {
    /// His handle.
    #[schema(example = "claire.martin")]
    id: String,
    /// `member` where absent.
    #[serde(default)]
    role: RoleNamed,
}

/// Some to be put into a group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct MembersToAdd {
    /// 1,000 at most.
    #[schema(max_items = 1000)]
    members: Vec<MemberToAdd>,
}

/// What became of them.
#[derive(Debug, Serialize, ToSchema)]
struct MembersAdded {
    /// Were not in it before.
    added: u64,
    /// Have another role now.
    changed: u64,
    /// Were in it already.
    unchanged: u64,
}

fn entry(member: &Principal, role: Role) -> GroupMember {
    GroupMember {
        id: member.handle.clone(),
        kind: kind_named(member.kind),
        name: member.display_name.clone(),
        role: role.name(),
    }
}

/// Direct members of a group
///
/// By handle. Who knows of the group, but is not told its members, gets 403 `need-privileges`.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The group's handle"),
        ("limit" = Option<u32>, Query, description = "Members of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "What to tell of each, with commas between; all where absent"),
    ),
    responses(
        (status = 200, description = "A page of members", body = Page<GroupMember>, headers(("ETag" = String, description = "The group's"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[get("/groups/{id}/members")]
pub async fn list(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfGroup,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let asked = Asked::take(&mut query, FIELDS)?;
    query.end()?;
    let after = asked.after.as_deref().unwrap_or_default();
    let (group, found, more) = core.group_members(&actor, &of.0, after, asked.limit).await?;
    let next = found.last().filter(|_| more).map(|(last, _)| page::cursor(&last.handle));
    let items =
        found.iter().map(|(one, role)| asked.sparse(&entry(one, *role))).collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().insert_header((ETAG, groups::etag(&group))).json(Page { items, next }))
}

/// Put some into a group
///
/// All of them, or none; who is in it already gets the role that is said. A circle of groups is refused (`group-cycle`). A request with
/// `Idempotency-Key` may be sent again.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The group's handle"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that the group must still have"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of the client's choice, its own for each request: the same answer for a day"),
    ),
    request_body(content = MembersToAdd, example = json!({ "members": [{ "id": "dora" }] })),
    responses(
        (status = 200, description = "They are in it", body = MembersAdded),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[post("/groups/{id}/members")]
pub async fn add(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfGroup,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let bytes = body::bytes(request.headers(), &mut payload, body::MOST).await?;
    let asked = once::of(&request, &bytes)?;
    let wanted: MembersToAdd = body::parse(bytes).await?;
    if wanted.members.len() > MOST {
        return Err(Refused::at("/members", format!("more than {MOST}")));
    }
    let members = wanted.members.into_iter().map(|one| (one.id, one.role.into())).collect();
    let state = conditions::of_item(request.headers())?;
    let done = core.add_members(&actor, &of.0, members, state, asked).await.map_err(|fault| match fault {
        crate::domain::fault::Fault::BadRequest(_) => Refused::from(fault).field("/members"),
        other => other.into(),
    });
    let Added { added, changed, unchanged } = groups::or_stale(&core, &actor, &of, done).await?;
    Ok(HttpResponse::Ok().json(MembersAdded { added, changed, unchanged }))
}

/// Put one into a group, or give him another role
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The group's handle"),
        ("member" = String, Path, description = "The member's handle"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that the group must still have"),
    ),
    request_body(content = Membership, example = json!({ "role": "manager" })),
    responses(
        (status = 201, description = "He is in it now", headers(("Location" = String, description = "The membership's address"))),
        (status = 200, description = "He was in it, and has this role"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[put("/groups/{id}/members/{member}")]
pub async fn set(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfMember,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let wanted: Membership = body::json(request.headers(), &mut payload).await?;
    let state = conditions::of_item(request.headers())?;
    let OfMember { group, member } = of;
    let done =
        core.set_member(&actor, &group.0, &member, wanted.role.into(), state).await.map_err(Refused::from);
    if groups::or_stale(&core, &actor, &group, done).await? {
        let at = (LOCATION, path::to(&[SEGMENT, &group.0, "members", &member]));
        return Ok(HttpResponse::Created().insert_header(at).finish());
    }
    Ok(HttpResponse::Ok().finish())
}

/// Take one out of a group
///
/// Everybody may leave a group that he is directly in; its last owner only when an administrator does it.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The group's handle"),
        ("member" = String, Path, description = "The member's handle"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that the group must still have"),
    ),
    responses(
        (status = 204, description = "He is not in it any more"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[delete("/groups/{id}/members/{member}")]
pub async fn remove(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfMember,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    let state = conditions::of_item(request.headers())?;
    let OfMember { group, member } = of;
    let done = core.remove_member(&actor, &group.0, &member, state).await.map_err(Refused::from);
    groups::or_stale(&core, &actor, &group, done).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// All who are in a group
///
/// Through other groups too, each once, by handle, with the steps of the shortest way. For those who are told the members of this group
/// and of all groups in it.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The group's handle"),
        ("kind" = Option<String>, Query, description = "Only `user`, `group`, `room` or `resource`"),
        ("depth" = Option<u32>, Query, description = "Steps at most; 1 for direct members", minimum = 1, maximum = 64),
        ("limit" = Option<u32>, Query, description = "Members of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "What to tell of each, with commas between; all where absent"),
    ),
    responses(
        (status = 200, description = "A page of them", body = Page<EffectiveMember>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[get("/groups/{id}/effective-members")]
pub async fn effective(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfGroup,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let asked = Asked::take(&mut query, EFFECTIVE)?;
    let kind = super::principals::kind(&mut query)?;
    let depth = query.number("depth", 1..=DEEPEST)?.unwrap_or(DEEPEST);
    query.end()?;
    let wanted = Inside {
        kind,
        depth: i16::try_from(depth).unwrap_or(i16::MAX),
        after: asked.after.clone().unwrap_or_default(),
        limit: asked.limit,
    };
    let (found, more) = core.effective_members(&actor, &of.0, wanted).await?;
    let next = found.last().filter(|_| more).map(|(last, _)| page::cursor(&last.handle));
    let told = |(one, depth): &(Principal, i16)| {
        asked.sparse(&EffectiveMember {
            id: one.handle.clone(),
            kind: kind_named(one.kind),
            name: one.display_name.clone(),
            depth: *depth,
        })
    };
    let items = found.iter().map(told).collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(Page { items, next }))
}
