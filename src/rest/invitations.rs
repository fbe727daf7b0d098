//! Invitations to share others' calendars and address books: listed, accepted, declined; and what somebody wants done with them.

use super::body;
use super::collections::{ADDRESS_BOOKS, CALENDARS, DavPaths};
use super::grants::called;
use super::instant;
use super::page::Page;
use super::path::OfRow;
use super::problem::{Problem, Refused};
use super::query::Query;
use crate::domain::collection::HomeKind;
use crate::domain::id::ObjectName;
use crate::domain::invitation::{Choice, State};
use crate::domain::principal::Principal;
use crate::domain::props::Props;
use crate::services::homes::named;
use crate::services::invitations::Invited;
use crate::services::mounts::Wish;
use crate::services::{Actor, Core};
use actix_web::web::{Data, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse, get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Characters of a name.
const NAME: usize = 1_000;

/// Somebody of the directory.
#[derive(Debug, Serialize, ToSchema)]
struct Person {
    /// Unique name.
    #[schema(example = "claire.martin")]
    handle: String,
    /// For people to read.
    #[schema(example = "Claire Martin")]
    name: String,
}

/// An invitation to share something.
#[derive(Debug, Serialize, ToSchema)]
struct Invitation {
    /// Names it in requests.
    id: String,
    /// `calendars` or `address-books`: the list that the shared thing is in.
    list: &'static str,
    /// The calendar or address book.
    collection: String,
    /// How it is called.
    name: String,
    /// Whose it is.
    owner: Person,
    /// Who invited; null where he is gone.
    by: Option<Person>,
    /// Handle of the group that is invited; null where the caller is himself.
    group: Option<String>,
    /// `access`, `read`, `write`, `delegate`, `admin`, or `custom`: what the caller may do with it.
    role: &'static str,
    /// What who invited wrote.
    message: String,
    /// When; the last time.
    #[schema(format = DateTime)]
    at: String,
    /// `waiting`, `accepted` or `declined`.
    state: &'static str,
    /// Where DAV serves it: in the caller's own home once it is accepted.
    href: String,
}

/// What is said to an invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct Reply {
    /// `accepted`: it shall stand in the caller's home; `declined`: it shall not, and leaves it where it does.
    #[schema(example = "accepted")]
    state: String,
    /// How it is called there; as its owner calls it without.
    #[serde(default)]
    #[schema(max_length = 1000, min_length = 1)]
    name: Option<String>,
    /// The last segment of its path in DAV; chosen by the server where it is absent.
    #[serde(default)]
    #[schema(max_length = 255, min_length = 1)]
    path_name: Option<String>,
}

/// What the caller wants done with invitations.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Wanted {
    /// `ask`, `accept` without asking, or `default`: as this server has it.
    #[schema(example = "ask")]
    invitations: String,
}

/// What is done with invitations to the caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Told {
    /// `ask`, `accept` or `default`.
    #[schema(example = "default")]
    invitations: &'static str,
    /// Whether what he is invited to share stands in his home without his being asked.
    accepted_unasked: bool,
}

impl From<Principal> for Person {
    fn from(one: Principal) -> Person {
        Person { handle: one.handle, name: one.display_name }
    }
}

impl Invitation {
    fn of(one: Invited, dav: &DavPaths) -> Invitation {
        let of = one.access.collection();
        let name =
            of.props.get("DAV:", "displayname").map_or_else(|| of.slug.clone(), |prop| prop.text.clone());
        Invitation {
            id: one.id.to_string(),
            list: match of.home {
                HomeKind::Calendars => CALENDARS.segment,
                HomeKind::AddressBooks => ADDRESS_BOOKS.segment,
            },
            collection: of.id.to_string(),
            name,
            role: called(one.access.rights(), of.home).0,
            href: dav.of(&one.access),
            group: (one.grantee.kind == crate::domain::principal::PrincipalKind::Group)
                .then_some(one.grantee.handle),
            owner: one.owner.into(),
            by: one.inviter.map(Person::from),
            message: one.summary,
            at: instant::text(one.at),
            state: one.state.name(),
        }
    }
}

/// Invitations to the caller
///
/// All that he may still share, answered ones too, the oldest first; those to groups of his as well. He may use what he is invited to
/// before he answers: his answer says whether it stands in his home, where clients of CalDAV and CardDAV find it.
#[utoipa::path(
    responses(
        (status = 200, description = "All of them", body = Page<Invitation>),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/invitations")]
pub async fn list(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    let all = core.invitations(&actor).await?.into_iter();
    let items: Vec<Invitation> = all.map(|one| Invitation::of(one, &dav)).collect();
    Ok(HttpResponse::Ok().json(Page { items, next: None }))
}

/// Answer an invitation
///
/// The owner is told, unless a group was invited. Asked again it does no harm, and the other answer may be given later.
#[utoipa::path(
    params(("id" = String, Path, description = "The invitation")),
    request_body = Reply,
    responses(
        (status = 200, description = "As it stands now", body = Invitation),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[put("/invitations/{id}/answer")]
pub async fn answer(
    core: Data<Core>,
    actor: ReqData<Actor>,
    dav: ReqData<DavPaths>,
    of: OfRow,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    let missing = || Refused::from(crate::domain::fault::Fault::NotFound);
    // Whether it may be known of is said before the body is judged.
    if core.invitations(&actor).await?.iter().all(|one| one.id != of.0) {
        return Err(missing());
    }
    let said: Reply = body::json(request.headers(), &mut payload).await?;
    let accept = match said.state.as_str() {
        word if word == State::Accepted.name() => true,
        word if word == State::Declined.name() => false,
        _ => return Err(Refused::at("/state", "must be accepted or declined")),
    };
    let props = match &said.name {
        None => Props::default(),
        Some(name)
            if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) =>
        {
            return Err(Refused::at("/name", "must have 1 to 1000 characters, none of them a control"));
        }
        Some(name) => named(name),
    };
    if said.path_name.as_deref().is_some_and(|name| ObjectName::parse(name).is_none()) {
        return Err(Refused::at("/pathName", "cannot be a segment of a path"));
    }
    core.answer_invitation(&actor, of.0, accept, Wish { slug: said.path_name, props }).await?;
    let all = core.invitations(&actor).await?;
    let now = all.into_iter().find(|one| one.id == of.0).ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(Invitation::of(now, &dav)))
}

async fn told(core: &Core, actor: &Actor) -> Result<HttpResponse, Refused> {
    let (choice, usual) = core.invitation_choice(actor).await?;
    let told = Told { invitations: choice.name(), accepted_unasked: choice.accepts(usual) };
    Ok(HttpResponse::Ok().json(told))
}

/// What is done with invitations
///
/// Whether the caller is asked before something that he is invited to share stands in his home.
#[utoipa::path(
    responses(
        (status = 200, description = "What he wants, and what follows", body = Told),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[get("/me/sharing")]
pub async fn own_choice(
    core: Data<Core>,
    actor: ReqData<Actor>,
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    told(&core, &actor).await
}

/// Say what is done with invitations
///
/// From the next one on; those that wait go on waiting.
#[utoipa::path(
    request_body = Wanted,
    responses(
        (status = 200, description = "What he wants, and what follows", body = Told),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "sharing"
)]
#[put("/me/sharing")]
pub async fn choose(
    core: Data<Core>,
    actor: ReqData<Actor>,
    request: HttpRequest,
    mut payload: Payload,
) -> Result<HttpResponse, Refused> {
    actor.whole()?;
    let wanted: Wanted = body::json(request.headers(), &mut payload).await?;
    let known = Choice::ALL.into_iter().find(|choice| choice.name() == wanted.invitations);
    let choice = known.ok_or_else(|| Refused::at("/invitations", "must be ask, accept or default"))?;
    core.set_invitation_choice(&actor, choice).await?;
    told(&core, &actor).await
}
