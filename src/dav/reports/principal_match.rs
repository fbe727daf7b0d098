//! `principal-match`: what in a collection is the actor, or names him in a property. RFC 3744 §9.3.
//!
//! The actor is matched by his own principal, by the groups that he is in, through other groups too, and by the proxy groups of those
//! for whom he acts (§5.5.1). What one report looks at is bounded: where there is more, the answer ends with 507.

use super::principals::wanted_properties;
use crate::dav::href::{self, Target};
use crate::dav::props::View;
use crate::dav::props::select::Select;
use crate::dav::request::{Depth, Request};
use crate::dav::resource::{self, Extras, ItemOf, Resource, need};
use crate::dav::stream::{self, Pages};
use crate::dav::xml::names::DAV;
use crate::dav::xml::write;
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::principal::PrincipalKind;
use crate::services::delegates::Proxy;
use crate::services::{Access, Actor, Core};
use crate::text::xml::{self, Element};
use actix_web::HttpResponse;
use std::collections::HashSet;

/// For how many resources one counts whose property the database is asked for by itself.
const ASKED: usize = 10;
/// Bytes of a property that count for one more.
const BYTES: usize = 1024;
/// Items and principals of a page.
const PAGE: i64 = 500;
/// Whole items of a page.
const WHOLE: i64 = 256;

/// Answers 207. A bad request where neither `self` nor a property is named.
pub async fn run(request: &Request<'_>, resource: Resource, root: &Element) -> Result<HttpResponse, Fault> {
    // RFC 3744 §9.3: whatever lies below is looked at, so there is no other depth.
    if request.depth(Depth::Zero)? != Depth::Zero {
        return Err(Fault::BadRequest("Depth must be 0".into()));
    }
    let property = root.child(DAV, "principal-property").and_then(|named| named.children().next());
    if property.is_none() && root.child(DAV, "self").is_none() {
        return Err(Fault::BadRequest("self or the property of principal-property is missing".into()));
    }
    let own = own_principals(request.core, &request.actor).await?;
    let here = resource.href();
    let is_here = |one: &&Resource| one.href().starts_with(&here);
    let first = Step::Own(own.iter().filter(is_here).cloned().collect());
    let matching = Matching {
        core: request.core.clone(),
        actor: request.actor.clone(),
        names: own.iter().map(Resource::href).collect(),
        told: wanted_properties(root)?,
        minimal: request.minimal(),
        path: href::of_target(&request.target),
        left: request.core.limits().hrefs,
        steps: match property {
            // What is the actor himself is known; what names him has to be looked for.
            None => vec![first],
            Some(_) => vec![begin(resource), first],
        },
        property: property.map(|named| Property { select: Select::one(named), last: None }),
        begun: false,
    };
    stream::multistatus(matching).await
}

/// The principals by which the actor is matched: himself first, for clients ask who they are.
async fn own_principals(core: &Core, actor: &Actor) -> Result<Vec<Resource>, Fault> {
    let mut all = vec![Resource::Principal(Box::new(core.own_principal(actor).await?))];
    let groups = core.own_groups(actor).await?.into_iter();
    all.extend(groups.map(|group| Resource::Principal(Box::new(group))));
    let acted_for = core.delegations(actor).await?.into_iter();
    let proxies = acted_for.filter(|one| one.principal.kind == PrincipalKind::User).filter_map(|one| {
        let of = Proxy::of(one.calendars)?;
        Some(Resource::Proxy(Box::new(one.principal), of))
    });
    all.extend(proxies);
    Ok(all)
}

/// What is looked at next.
enum Step {
    /// The principals by which the actor is matched, those of them that are there: before all others, so that they are never cut off.
    Own(Vec<Resource>),
    /// These, and what is below them.
    These(Vec<Resource>),
    /// What is below this one.
    Below(Box<Resource>),
    /// Principals of a kind, from after this handle.
    Principals(PrincipalKind, String),
    /// The actor's own home.
    Home(HomeKind),
    /// Collections of a home.
    Collections(String, HomeKind),
    /// Items of a collection, from after this number.
    Members(ItemOf, i64),
}

/// The members of a collection; what has none is looked at itself.
fn begin(resource: Resource) -> Step {
    match resource {
        Resource::Principal(_) | Resource::Proxy(..) | Resource::Item { .. } | Resource::Notice(..) => {
            Step::These(vec![resource])
        }
        _ => Step::Below(Box::new(resource)),
    }
}

/// The property in which the actor is looked for.
struct Property {
    /// It alone.
    select: Select,
    /// The value last seen, and whether it names him: neighbours mostly have the same.
    last: Option<(String, bool)>,
}

struct Matching {
    core: Core,
    actor: Actor,
    /// The URLs of the principals by which the actor is matched.
    names: HashSet<String>,
    /// None is `self`.
    property: Option<Property>,
    /// What is told of a match beside that it is one.
    told: Option<Select>,
    minimal: bool,
    path: String,
    /// What may still be looked at.
    left: usize,
    /// The last is the next.
    steps: Vec<Step>,
    begun: bool,
}

impl Pages for Matching {
    async fn next(&mut self, out: &mut String) -> Result<bool, Fault> {
        if !self.begun {
            self.begun = true;
            write::begin(out, "multistatus");
        }
        let whole = match self.steps.pop() {
            Some(step) => self.step(step, out).await?,
            None => true,
        };
        if !whole {
            write::cut_off_response(out, &self.path);
            self.steps.clear();
        }
        if self.steps.is_empty() {
            write::end(out, "multistatus");
            return Ok(false);
        }
        Ok(true)
    }
}

impl Matching {
    /// Does one step, and notes those that follow from it. False where no more may be looked at.
    async fn step(&mut self, step: Step, out: &mut String) -> Result<bool, Fault> {
        match step {
            Step::Own(own) => self.these(own, true, out).await,
            Step::These(these) => self.these(these, false, out).await,
            Step::Below(resource) => {
                self.below(*resource);
                Ok(true)
            }
            Step::Principals(kind, after) => {
                let page = self.core.principals_seen(&self.actor, kind, &after, PAGE).await?;
                if let Some(last) = page.last() {
                    self.steps.push(Step::Principals(kind, last.handle.clone()));
                }
                let page = page.into_iter().map(|one| Resource::Principal(Box::new(one))).collect();
                self.these(page, false, out).await
            }
            Step::Home(kind) => match self.core.home(&self.actor, &self.actor.handle, kind).await {
                Ok(home) => self.these(vec![Resource::Home(Box::new(home))], false, out).await,
                // What the login does not open is not there for it.
                Err(Fault::ScopeTooNarrow | Fault::NotFound) => Ok(true),
                Err(other) => Err(other),
            },
            Step::Collections(owner, home) => {
                let mut all = self.core.collections(&self.actor, &owner, home).await?;
                if owner == self.actor.handle {
                    all.extend(self.core.mounted(&self.actor, home).await?);
                }
                let shown = all.into_iter().filter(Access::is_shown);
                let all = shown.map(|access| Resource::Collection(Box::new(access))).collect();
                self.these(all, false, out).await
            }
            Step::Members(of, after) => self.members(of, after, out).await,
        }
    }

    async fn members(&mut self, of: ItemOf, after: i64, out: &mut String) -> Result<bool, Fault> {
        let (page, next): (Vec<Resource>, Option<i64>) = if self.needs() & need::WHOLE != 0 {
            let (page, next) = self.core.whole_items(&of.access, after, WHOLE).await?;
            (page.into_iter().map(|object| of.item(object)).collect(), next)
        } else {
            let (page, next) = self.core.entries(&of.access, after, PAGE).await?;
            (page.into_iter().map(|entry| of.entry(entry)).collect(), next)
        };
        if let Some(next) = next {
            self.steps.push(Step::Members(of, next));
        }
        self.these(page, false, out).await
    }

    /// What has to be loaded of each resource.
    fn needs(&self) -> u8 {
        let property = self.property.as_ref().map(|property| &property.select);
        property.into_iter().chain(&self.told).fold(need::NOTHING, |all, one| all | one.needs())
    }

    async fn these(&mut self, these: Vec<Resource>, own: bool, out: &mut String) -> Result<bool, Fault> {
        for resource in these {
            let href = resource.href();
            if !own && self.names.contains(&href) {
                continue;
            }
            let extras = resource::extras(&self.core, &self.actor, &resource, self.needs()).await;
            let Some(matches) = self.look(&resource, &extras) else { return Ok(false) };
            if matches {
                self.tell(&resource, &href, &extras, out);
            }
            if self.property.is_some() {
                self.below(resource);
            }
        }
        Ok(true)
    }

    /// Whether a resource matches; `None` where no more may be looked at.
    fn look(&mut self, resource: &Resource, extras: &Extras) -> Option<bool> {
        let view = View { core: &self.core, actor: &self.actor, resource, extras };
        let asked = !matches!(resource, Resource::Item { .. }) && self.needs() & !need::WHOLE != 0;
        let cost = if asked { ASKED } else { 1 };
        let Some(property) = &mut self.property else {
            self.left = self.left.checked_sub(cost)?;
            return Some(true);
        };
        let value = property.select.first(&view).unwrap_or_default();
        self.left = self.left.checked_sub(cost + value.len() / BYTES)?;
        match &property.last {
            Some((last, matched)) if *last == value => Some(*matched),
            _ => {
                let matched = names_one_of(&value, &self.names);
                property.last = Some((value, matched));
                Some(matched)
            }
        }
    }

    fn tell(&self, resource: &Resource, href: &str, extras: &Extras, out: &mut String) {
        let view = View { core: &self.core, actor: &self.actor, resource, extras };
        match &self.told {
            Some(select) => select.respond(&view, self.minimal, None, out),
            None => write::status_response(out, href, "200 OK"),
        }
    }

    /// Notes what is below a resource, as PROPFIND lists it: the first is the next.
    fn below(&mut self, resource: Resource) {
        let plain =
            |targets: Vec<Target>| vec![Step::These(targets.into_iter().map(Resource::Plain).collect())];
        let steps = match resource {
            Resource::Plain(Target::Root) => plain(vec![Target::Context]),
            Resource::Plain(Target::Context) => plain(vec![
                Target::Principals,
                Target::Homes(HomeKind::Calendars),
                Target::Homes(HomeKind::AddressBooks),
            ]),
            Resource::Plain(Target::Principals) => {
                plain(PrincipalKind::ALL.into_iter().map(Target::PrincipalsOf).collect())
            }
            Resource::Plain(Target::PrincipalsOf(kind)) => vec![Step::Principals(kind, String::new())],
            Resource::Plain(Target::Homes(kind)) => vec![Step::Home(kind)],
            Resource::Home(home) => vec![Step::Collections(home.owner.handle, home.kind)],
            Resource::Collection(access) if access.need(Privilege::Read).is_ok() => {
                vec![Step::Members(ItemOf::new(*access), 0)]
            }
            Resource::Principal(one) if one.kind == PrincipalKind::User => {
                let group = |of| Resource::Proxy(one.clone(), of);
                vec![Step::These(vec![group(Proxy::Read), group(Proxy::Write)])]
            }
            Resource::Notices(handle, all) => {
                let one = |notice| Resource::Notice(handle.clone(), Box::new(notice));
                vec![Step::These(all.into_iter().map(one).collect())]
            }
            _ => Vec::new(),
        };
        self.steps.extend(steps.into_iter().rev());
    }
}

/// Whether the hrefs of a property name one of these principals.
fn names_one_of(property: &str, names: &HashSet<String>) -> bool {
    if property.is_empty() {
        return false;
    }
    let mut whole = String::with_capacity(property.len() + 256);
    write::begin(&mut whole, "multistatus");
    whole.push_str(property);
    write::end(&mut whole, "multistatus");
    // What clients keep was well-formed when it came; a value too long to be read again names nobody.
    let Ok(root) = xml::parse(whole.as_bytes()) else { return false };
    let hrefs = root.children().flat_map(|value| value.children_named(DAV, "href")).map(Element::text);
    hrefs
        .filter_map(|sent| href::parse_href(&sent))
        .filter(|target| matches!(target, Target::Principal(..) | Target::Proxy(..)))
        .any(|target| names.contains(&href::of_target(&target)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_names_principals_by_hrefs_in_any_spelling() {
        let names = HashSet::from([
            "/dav/principals/users/a@b.org/".to_owned(),
            "/dav/principals/groups/team/".to_owned(),
            "/dav/principals/users/bob/calendar-proxy-read/".to_owned(),
        ]);
        let value = |inside: &str| format!("<x:own xmlns:x=\"urn:x\">{inside}</x:own>");
        let href = |path: &str| value(&format!("<D:href>{path}</D:href>"));
        for named in [
            href("/dav/principals/users/a@b.org/"),
            href(" /dav/principals/users/A%40b.org"),
            href("https://example.org/dav/principals/groups/team/"),
            href("/dav/principals/users/bob/calendar-proxy-read/"),
            value("<D:href>/dav/principals/users/eve/</D:href><D:href>/dav/principals/groups/team/</D:href>"),
        ] {
            assert!(names_one_of(&named, &names), "{named}");
        }
        for other in [
            String::new(),
            value(""),
            value("/dav/principals/groups/team/"),
            href("/dav/principals/users/team/"),
            href("/dav/principals/users/bob/"),
            href("/dav/calendars/team/"),
            href("mailto:a@b.org"),
            value("<x:deep><D:href>/dav/principals/groups/team/</D:href></x:deep>"),
        ] {
            assert!(!names_one_of(&other, &names), "{other}");
        }
    }
}
