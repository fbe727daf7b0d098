//! PROPFIND at depth 0 and 1, the latter with or without the resource itself. RFC 4918 §9.1, RFC 8144 §4.

use crate::dav::href::Target;
use crate::dav::preferences;
use crate::dav::props::View;
use crate::dav::props::select::Select;
use crate::dav::request::{Depth, Request, read_xml};
use crate::dav::resource::{self, ItemOf, Resource, kind, need};
use crate::dav::stream::{self, Pages};
use crate::dav::xml::names::DAV;
use crate::dav::xml::write;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::principal::PrincipalKind;
use crate::services::delegates::Proxy;
use crate::services::{Access, Actor, Core};
use actix_web::HttpResponse;
use actix_web::web::Payload;

/// Members of a page where only the listing is needed.
const ENTRIES: i64 = 4096;
/// Members of a page where whole items are.
const WHOLE: i64 = 256;
/// Principals of a page.
const PRINCIPALS: i64 = 500;

/// Answers 207.
pub async fn answer(request: &Request<'_>, payload: &mut Payload) -> Result<HttpResponse, Fault> {
    let body = read_xml(payload, request.core.limits().xml_bytes).await?;
    if body.as_ref().is_some_and(|root| !root.is(DAV, "propfind")) {
        return Err(Fault::BadRequest("the body is not a propfind".into()));
    }
    let resource = resource::seen(request.core, &request.actor, request.resource().await?).await?;
    let absent =
        if resource.kind() & (kind::ITEM | kind::NOTICE) != 0 { Depth::Zero } else { Depth::Infinity };
    let depth = match request.depth(absent)? {
        // A client that forgets the header means a listing; who asks for everything is refused.
        Depth::Infinity if request.header("Depth").is_none() => Depth::One,
        Depth::Infinity if resource.kind() & kind::ITEM == 0 => {
            return Err(Condition::PropfindFiniteDepth.into());
        }
        depth => depth,
    };
    let select = Select::parse(body.as_ref())?;
    let noroot = depth == Depth::One && request.prefers_noroot();
    let listing = Listing {
        core: request.core.clone(),
        actor: request.actor.clone(),
        minimal: request.minimal(),
        next: match (depth, noroot) {
            (Depth::One, true) => Step::MembersAlone(Box::new(resource)),
            (Depth::One, false) => Step::Head(Box::new(resource), true),
            _ => Step::Head(Box::new(resource), false),
        },
        select,
    };
    let mut answer = stream::multistatus(listing).await?;
    if noroot {
        preferences::applied(answer.headers_mut(), preferences::NOROOT);
    }
    Ok(answer)
}

/// What comes next in a listing.
enum Step {
    /// The resource itself, and whether its members follow.
    Head(Box<Resource>, bool),
    /// The members of the resource, and it not.
    MembersAlone(Box<Resource>),
    /// Members of a collection, from after this number.
    Members(ItemOf, i64),
    /// Collections of a home.
    Collections(String, HomeKind),
    /// Principals of a kind, from after this handle.
    Principals(PrincipalKind, String),
    /// A few that are known.
    These(Vec<Resource>),
    /// Nothing.
    End,
}

struct Listing {
    core: Core,
    actor: Actor,
    select: Select,
    minimal: bool,
    next: Step,
}

impl Pages for Listing {
    async fn next(&mut self, out: &mut String) -> Result<bool, Fault> {
        let step = std::mem::replace(&mut self.next, Step::End);
        self.next = match step {
            Step::Head(resource, members) => {
                write::begin(out, "multistatus");
                self.respond(&resource, out).await;
                if members { self.members(*resource) } else { Step::End }
            }
            Step::MembersAlone(resource) => {
                write::begin(out, "multistatus");
                self.members(*resource)
            }
            Step::Members(of, after) => self.page(of, after, out).await?,
            Step::Collections(owner, home) => {
                let mut all = self.core.collections(&self.actor, &owner, home).await?;
                if owner == self.actor.handle {
                    all.extend(self.core.mounted(&self.actor, home).await?);
                }
                for access in all.into_iter().filter(Access::is_shown) {
                    self.respond(&Resource::Collection(Box::new(access)), out).await;
                }
                Step::End
            }
            Step::Principals(kind, after) => {
                let page = self.core.principals_seen(&self.actor, kind, &after, PRINCIPALS).await?;
                let last = page.last().map(|principal| principal.handle.clone());
                for principal in page {
                    self.respond(&Resource::Principal(Box::new(principal)), out).await;
                }
                last.map_or(Step::End, |last| Step::Principals(kind, last))
            }
            Step::These(resources) => {
                for resource in resources {
                    self.respond(&resource, out).await;
                }
                Step::End
            }
            Step::End => Step::End,
        };
        if matches!(self.next, Step::End) {
            write::end(out, "multistatus");
            return Ok(false);
        }
        Ok(true)
    }
}

impl Listing {
    async fn respond(&self, resource: &Resource, out: &mut String) {
        let extras = resource::extras(&self.core, &self.actor, resource, self.select.needs()).await;
        let view = View { core: &self.core, actor: &self.actor, resource, extras: &extras };
        self.select.respond(&view, self.minimal, None, out);
    }

    async fn page(&self, of: ItemOf, after: i64, out: &mut String) -> Result<Step, Fault> {
        let whole = self.select.needs() & need::WHOLE != 0;
        let (resources, next): (Vec<Resource>, Option<i64>) = if whole {
            let (page, next) = self.core.whole_items(&of.access, after, WHOLE).await?;
            (page.into_iter().map(|object| of.item(object)).collect(), next)
        } else {
            let (page, next) = self.core.entries(&of.access, after, ENTRIES).await?;
            (page.into_iter().map(|entry| of.entry(entry)).collect(), next)
        };
        let extras = resource::Extras::default();
        out.reserve(resources.len() * 256);
        for resource in &resources {
            let view = View { core: &self.core, actor: &self.actor, resource, extras: &extras };
            self.select.respond(&view, self.minimal, None, out);
        }
        Ok(next.map_or(Step::End, |next| Step::Members(of, next)))
    }

    fn members(&self, resource: Resource) -> Step {
        match resource {
            Resource::Collection(access) => listed(*access),
            Resource::Home(home) => match home.members {
                Some(members) => {
                    let these = members.into_iter().map(|access| Resource::Collection(Box::new(access)));
                    Step::These(these.collect())
                }
                None => Step::Collections(home.owner.handle, home.kind),
            },
            Resource::Plain(target) => self.below(&target),
            Resource::Principal(principal) if principal.kind == PrincipalKind::User => {
                let group = |of| Resource::Proxy(principal.clone(), of);
                Step::These(vec![group(Proxy::Read), group(Proxy::Write)])
            }
            Resource::Notices(handle, all) => {
                let one = |notice| Resource::Notice(handle.clone(), Box::new(notice));
                Step::These(all.into_iter().map(one).collect())
            }
            Resource::Principal(_) | Resource::Proxy(..) | Resource::Item { .. } | Resource::Notice(..) => {
                Step::End
            }
        }
    }

    /// The members of a collection that only leads on: one's own home, not everybody's.
    fn below(&self, target: &Target) -> Step {
        let plain = |targets: Vec<Target>| Step::These(targets.into_iter().map(Resource::Plain).collect());
        match target {
            Target::Root => plain(vec![Target::Context]),
            Target::Context => plain(vec![
                Target::Principals,
                Target::Homes(HomeKind::Calendars),
                Target::Homes(HomeKind::AddressBooks),
            ]),
            Target::Principals => plain(PrincipalKind::ALL.into_iter().map(Target::PrincipalsOf).collect()),
            Target::PrincipalsOf(kind) => Step::Principals(*kind, String::new()),
            Target::Homes(kind) => plain(vec![Target::Home(*kind, self.actor.handle.clone())]),
            _ => Step::End,
        }
    }
}

/// The members of a collection, for one who may read them.
fn listed(access: Access) -> Step {
    if access.need(crate::domain::acl::Privilege::Read).is_err() {
        return Step::End;
    }
    Step::Members(ItemOf::new(access), 0)
}
