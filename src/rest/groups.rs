//! Groups: found, made, changed, removed. Their members stand in `group_members.rs`.

use super::collections::DavPaths;
use super::page::{self, Asked, Page};
use super::path::{self, OfGroup};
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{body, conditions, once};
use crate::domain::group::{ShownTo, Visibility};
use crate::domain::principal::PrincipalKind;
use crate::domain::query::Words;
use crate::domain::team::MembersMay;
use crate::http::tags;
use crate::services::groups::{GroupChange, GroupsAsked, NewGroup, SeenGroup};
use crate::services::{Actor, Core};
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// First segment of the paths.
pub const SEGMENT: &str = "groups";

/// A group, as the caller may see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its handle: part of its address, the same for ever.
    #[schema(required = false, example = "projet-genomique")]
    id: String,
    /// For people to read.
    #[schema(required = false, example = "Projet Génomique")]
    name: String,
    /// What it is for.
    #[schema(required = false)]
    description: String,
    /// Mail addresses, the primary one first.
    #[schema(required = false)]
    addresses: Vec<String>,
    /// Who knows of it: everybody (`public`), its members (`private`), its owners (`hidden`).
    #[schema(required = false, value_type = Seen)]
    visibility: &'static str,
    /// Who of those is told its members: `everyone`, `members`, `managers`.
    #[schema(required = false, value_type = MembersShownTo)]
    members_shown_to: &'static str,
    /// What plain members may do with its calendars and address books: `nothing`, `read`, `write`. Managers give rights too, owners do
    /// everything; of a hidden group only the owners may do anything.
    #[schema(required = false, value_type = MembersMayDo)]
    members_may: &'static str,
    /// What the caller is in it, by whatever way: `member`, `manager`, `owner`, or null.
    #[schema(required = false)]
    role: Option<&'static str>,
    /// Where DAV serves it.
    #[schema(required = false, example = "/dav/principals/groups/projet-genomique/")]
    href: String,
}

const FIELDS: &[&str] =
    &["id", "name", "description", "addresses", "visibility", "membersShownTo", "membersMay", "role", "href"];

/// Who knows of a group.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", expecting = "public, private or hidden")]
#[schema(as = GroupVisibility)]
enum Seen {
    Public,
    Private,
    Hidden,
}

/// Who is told the members of a group.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", expecting = "everyone, members or managers")]
enum MembersShownTo {
    Everyone,
    Members,
    Managers,
}

/// What plain members may do with the calendars and address books of their group.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", expecting = "nothing, read or write")]
#[schema(as = MembersMay)]
enum MembersMayDo {
    Nothing,
    Read,
    Write,
}

impl From<MembersMayDo> for MembersMay {
    fn from(may: MembersMayDo) -> Self {
        match may {
            MembersMayDo::Nothing => MembersMay::Nothing,
            MembersMayDo::Read => MembersMay::Read,
            MembersMayDo::Write => MembersMay::Write,
        }
    }
}

impl From<Seen> for Visibility {
    fn from(seen: Seen) -> Self {
        match seen {
            Seen::Public => Visibility::Public,
            Seen::Private => Visibility::Private,
            Seen::Hidden => Visibility::Hidden,
        }
    }
}

impl From<MembersShownTo> for ShownTo {
    fn from(shown: MembersShownTo) -> Self {
        match shown {
            MembersShownTo::Everyone => ShownTo::Everyone,
            MembersShownTo::Members => ShownTo::Members,
            MembersShownTo::Managers => ShownTo::Managers,
        }
    }
}

/// A group to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct GroupToMake {
    /// For people to read.
    #[schema(example = "Projet Génomique", max_length = 255)]
    name: String,
    /// Its handle; administrators only. Made of the name where absent.
    id: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 4000)]
    description: String,
    /// Mail addresses, the primary one first; administrators only.
    #[serde(default)]
    addresses: Vec<String>,
    /// Who knows of it; `public` for administrators only. `private` where absent.
    visibility: Option<Seen>,
    /// Who is told its members; where absent everyone who knows of it.
    members_shown_to: Option<MembersShownTo>,
    /// What plain members may do with its calendars and address books; `write` where absent.
    members_may: Option<MembersMayDo>,
}

/// A change of a group; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct GroupPatch {
    /// For people to read.
    #[schema(example = "Projet Génomique, phase 2", max_length = 255)]
    name: Option<String>,
    /// What it is for.
    #[schema(max_length = 4000)]
    description: Option<String>,
    /// All mail addresses, the primary one first; only administrators add any.
    addresses: Option<Vec<String>>,
    /// Who knows of it; only administrators make it `public`, or no longer.
    visibility: Option<Seen>,
    /// Who is told its members.
    members_shown_to: Option<MembersShownTo>,
    /// What plain members may do with its calendars and address books.
    members_may: Option<MembersMayDo>,
}

/// A new group.
#[derive(Debug, Serialize, ToSchema)]
struct GroupMade {
    /// Its handle.
    #[schema(example = "projet-genomique-4tk2m9xq")]
    id: String,
}

impl Group {
    fn of(group: &SeenGroup, dav: &DavPaths) -> Self {
        let SeenGroup { principal, detail, by } = group;
        Group {
            id: principal.handle.clone(),
            name: principal.display_name.clone(),
            description: detail.description.clone(),
            addresses: principal.addresses.clone(),
            visibility: detail.visibility.name(),
            members_shown_to: detail.members_shown_to.name(),
            members_may: detail.members_may.name(),
            role: by.role.map(|role| role.name()),
            href: (dav.principal)(PrincipalKind::Group, &principal.handle),
        }
    }
}

/// The entity tag of a group.
pub fn etag(group: &SeenGroup) -> String {
    format!("\"{}\"", group.tag())
}

/// Adds to a refused condition how the group is now.
pub async fn or_stale<T>(
    core: &Core,
    actor: &Actor,
    of: &OfGroup,
    done: Result<T, Refused>,
) -> Result<T, Refused> {
    match done {
        Err(refused) if refused.is_stale() => match core.group(actor, &of.0).await {
            Ok(group) => Err(refused.stale(etag(&group))),
            Err(_) => Err(refused),
        },
        other => other,
    }
}

/// Groups
///
/// Those that the caller may know of, by handle: public ones, those that he is in, and all where he administers the server. With `member`
/// those that somebody is in, also through other groups, as far as the caller is told their members.
#[utoipa::path(
    params(
        ("q" = Option<String>, Query, description = "Words that its name, handle and addresses say, without accents", example = "genomique"),
        ("member" = Option<String>, Query, description = "Handle of somebody who is in it", example = "claire.martin"),
        ("limit" = Option<u32>, Query, description = "Groups of a page at most", minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them; all where absent"),
    ),
    responses(
        (status = 200, description = "A page of groups", body = Page<Group>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[get("/groups")]
pub async fn list(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let asked = Asked::take(&mut query, FIELDS)?;
    let text = query.text("q").unwrap_or_default();
    let member = query.text("member");
    query.end()?;
    let words = Words::parse(&text).ok_or_else(|| Refused::at("q", "too many words"))?;
    let after = asked.after.clone().unwrap_or_default();
    let wanted = GroupsAsked { words, member, after, limit: asked.limit };
    let (found, more) = core.groups(&actor, wanted).await?;
    let next = found.last().filter(|_| more).map(|last| page::cursor(&last.principal.handle));
    let items = found.iter().map(|one| asked.sparse(&Group::of(one, &dav))).collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(Page { items, next }))
}

/// Make a group
///
/// Who makes it owns it and is in it, unless he administers the server: then it has no member yet. Only administrators choose a
/// handle, give addresses, and make public ones. A request with `Idempotency-Key` may be sent again.
#[utoipa::path(
    params(("Idempotency-Key" = Option<String>, Header, description = "A text of the client's choice, its own for each request: the same answer for a day")),
    request_body = GroupToMake,
    responses(
        (status = 201, description = "Made", body = GroupMade, headers(("Location" = String, description = "Its address"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later, or too many of them", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[post("/groups")]
pub async fn create(
    core: Data<Core>,
    actor: ReqData<Actor>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let bytes = body::bytes(request.headers(), &mut payload, body::MOST).await?;
    let asked = once::of(&request, &bytes)?;
    let new: GroupToMake = body::parse(bytes).await?;
    let new = NewGroup {
        handle: new.id,
        name: new.name,
        description: new.description,
        addresses: new.addresses,
        visibility: new.visibility.map_or(Visibility::Private, Into::into),
        members_shown_to: new.members_shown_to.map_or(ShownTo::Everyone, Into::into),
        members_may: new.members_may.map_or(MembersMay::Write, Into::into),
    };
    let id = core.create_group(&actor, new, asked).await?;
    let at = (LOCATION, path::to(&[SEGMENT, &id]));
    Ok(HttpResponse::Created().insert_header(at).json(GroupMade { id }))
}

/// A group
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The group's handle"),
        ("fields" = Option<String>, Query, description = "Members to tell, with commas between them; all where absent"),
        ("If-None-Match" = Option<String>, Header, description = "Entity tag that the caller has"),
    ),
    responses(
        (status = 200, description = "The group", body = Group, headers(("ETag" = String, description = "Of the group, its direct members and the caller's role"))),
        (status = 304, description = "Nothing of it has changed"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[get("/groups/{id}")]
pub async fn read(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfGroup,
    request: HttpRequest,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let fields = page::fields(&mut query, FIELDS)?;
    query.end()?;
    let group = core.group(&actor, &of.0).await?;
    let tag = (ETAG, etag(&group));
    if tags::not_modified(request.headers(), &tag.1, None) {
        return Ok(HttpResponse::NotModified().insert_header(tag).finish());
    }
    let told = page::sparse(&Group::of(&group, &dav), fields.as_deref())?;
    Ok(HttpResponse::Ok().insert_header(tag).json(told))
}

/// Change a group
///
/// For its owners and for administrators. A group that fewer people see cannot stand in one that more people see.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The group's handle"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
    ),
    request_body(content = GroupPatch, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "The group as it is now", body = Group, headers(("ETag" = String, description = "Its entity tag"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[patch("/groups/{id}")]
pub async fn change(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfGroup,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let patch: GroupPatch = body::json(request.headers(), &mut payload).await?;
    let change = GroupChange {
        name: patch.name,
        description: patch.description,
        addresses: patch.addresses,
        visibility: patch.visibility.map(Into::into),
        members_shown_to: patch.members_shown_to.map(Into::into),
        members_may: patch.members_may.map(Into::into),
    };
    let wanted = conditions::of_item(request.headers())?;
    let done = core.change_group(&actor, &of.0, change, wanted).await.map_err(Refused::from);
    or_stale(&core, &actor, &of, done).await?;
    let group = core.group(&actor, &of.0).await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, etag(&group))).json(Group::of(&group, &dav)))
}

/// Delete a group
///
/// For its owners and for administrators. It leaves all groups, and what was granted to it ends. Refused (`group-not-empty`) while it has
/// calendars or address books: they are deleted or handed over first (`:transfer`). So it is while anything of deleted ones can still be
/// restored.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The group's handle"),
        ("If-Match" = Option<String>, Header, description = "Entity tag that it must still have"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "groups"
)]
#[delete("/groups/{id}")]
pub async fn remove(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfGroup,
    request: HttpRequest,
) -> Result<HttpResponse, Refused> {
    let wanted = conditions::of_item(request.headers())?;
    let done = core.delete_group(&actor, &of.0, wanted).await.map_err(Refused::from);
    or_stale(&core, &actor, &of, done).await?;
    Ok(HttpResponse::NoContent().finish())
}
