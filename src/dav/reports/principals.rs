//! Reports that find principals. RFC 3744 §9.2, §9.4 and §9.5.

use crate::dav::href::{self, Target};
use crate::dav::props::View;
use crate::dav::props::select::Select;
use crate::dav::request::Request;
use crate::dav::resource::{self, Resource};
use crate::dav::stream::XML;
use crate::dav::xml::names::{CALDAV, CS, DAV};
use crate::dav::xml::write;
use crate::domain::fault::{Condition, Fault};
use crate::domain::principal::{Principal, PrincipalKind};
use crate::services::PrincipalMatch;
use crate::text::collation::fold;
use crate::text::xml::{Element, Node};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// What principals can be searched by, with a word for people.
const SEARCHABLE: &[(&str, &str, &str)] = &[
    (DAV, "displayname", "Name"),
    (CS, "email-address-set", "Mail address"),
    (CALDAV, "calendar-user-address-set", "Calendar address"),
    (CALDAV, "calendar-user-type", "Kind"),
];

/// Criteria of one search: each may be a look into the database. Real ones have up to four.
const MAX_CRITERIA: usize = 100;

/// `principal-search-property-set`
pub fn search_properties() -> HttpResponse {
    let mut out = String::with_capacity(512);
    write::begin(&mut out, "principal-search-property-set");
    for (ns, local, words) in SEARCHABLE {
        out.push_str("<D:principal-search-property><D:prop>");
        write::empty(&mut out, ns, local);
        out.push_str("</D:prop><D:description xml:lang=\"en\">");
        out.push_str(words);
        out.push_str("</D:description></D:principal-search-property>");
    }
    write::end(&mut out, "principal-search-property-set");
    HttpResponse::Ok().content_type(XML).body(out)
}

/// `principal-property-search`; without a criterion it lists all, within the limit. Also with `test="anyof"` as Apple's clients send it.
pub async fn search(request: &Request<'_>, root: &Element) -> Result<HttpResponse, Fault> {
    let any = root.attribute("test").is_some_and(|test| test.eq_ignore_ascii_case("anyof"));
    let mut wanted = PrincipalMatch { limit: request.core.limits().principals, ..PrincipalMatch::default() };
    let mut exact: Vec<Criterion> = Vec::new();
    for search in root.children_named(DAV, "property-search") {
        let matched =
            search.child(DAV, "match").ok_or_else(|| Fault::BadRequest("match is missing".into()))?;
        if exact.len() == MAX_CRITERIA {
            return Err(Fault::BadRequest(format!("a search has at most {MAX_CRITERIA} criteria")));
        }
        let needle = fold(matched.text().trim().trim_start_matches("mailto:"));
        let props: Vec<&Element> = search.children_named(DAV, "prop").flat_map(Element::children).collect();
        exact.push(Criterion::of(&props, &needle));
    }
    if !any {
        for criterion in &exact {
            match criterion {
                Criterion::Kinds(kinds) => wanted.kinds.clone_from(kinds),
                Criterion::Name(needle) | Criterion::Address(needle) => wanted.needles.push(needle.clone()),
                Criterion::Never => return multistatus(request, root, Vec::new()).await,
            }
        }
        let found = request.core.search_principals(&request.actor, wanted).await?;
        let found =
            found.into_iter().filter(|principal| exact.iter().all(|one| one.fits(principal))).collect();
        return multistatus(request, root, found).await;
    }
    let mut found: Vec<Principal> = Vec::new();
    for criterion in &exact {
        let mut one = wanted.clone();
        match criterion {
            Criterion::Kinds(kinds) => one.kinds.clone_from(kinds),
            Criterion::Name(needle) | Criterion::Address(needle) => one.needles.push(needle.clone()),
            Criterion::Never => continue,
        }
        let page = request.core.search_principals(&request.actor, one).await?;
        found.extend(page.into_iter().filter(|principal| criterion.fits(principal)));
    }
    found.sort_by(|a, b| a.handle.cmp(&b.handle));
    found.dedup_by(|a, b| a.id == b.id);
    multistatus(request, root, found).await
}

/// What one `property-search` asks.
enum Criterion {
    /// The display name contains this.
    Name(String),
    /// An address, or the handle, contains this.
    Address(String),
    /// It is one of these kinds.
    Kinds(Vec<PrincipalKind>),
    /// A property that cannot be searched by.
    Never,
}

impl Criterion {
    fn of(props: &[&Element], needle: &str) -> Criterion {
        let [prop] = props else {
            return if props.is_empty() { Criterion::Never } else { Criterion::Address(needle.to_owned()) };
        };
        match (prop.ns.as_str(), prop.local.as_str()) {
            (DAV, "displayname") => Criterion::Name(needle.to_owned()),
            (CS, "email-address-set") | (CALDAV, "calendar-user-address-set") => {
                Criterion::Address(needle.to_owned())
            }
            (CALDAV, "calendar-user-type") => {
                let kinds = PrincipalKind::ALL.into_iter();
                Criterion::Kinds(
                    kinds.filter(|kind| fold(kind.calendar_user_type()).contains(needle)).collect(),
                )
            }
            _ => Criterion::Never,
        }
    }

    fn fits(&self, principal: &Principal) -> bool {
        match self {
            Criterion::Name(needle) => fold(&principal.display_name).contains(needle.as_str()),
            Criterion::Address(needle) => {
                principal.addresses.iter().any(|address| address.contains(needle.as_str()))
                    || principal.handle.contains(needle.as_str())
                    || needle.contains(&format!("/{}/", principal.handle))
            }
            Criterion::Kinds(kinds) => kinds.contains(&principal.kind),
            Criterion::Never => false,
        }
    }
}

/// `acl-principal-prop-set`: the principals that the entries of an ACL name.
pub async fn of_acl(
    request: &Request<'_>,
    resource: Resource,
    root: &Element,
) -> Result<HttpResponse, Fault> {
    let Target::Collection(place) = &request.target else { return Err(Condition::SupportedReport.into()) };
    let grants = request.core.acl(&request.actor, place).await?.grants;
    let mut found: Vec<Principal> = Vec::new();
    if let Some(owner) = resource.owner() {
        found.push(request.core.principal(owner.kind, &owner.handle).await?);
    }
    let named = grants.into_iter().filter_map(|named| named.principal);
    for principal in request.core.principals_known(&request.actor, named.collect()).await? {
        if found.iter().all(|known| known.id != principal.id) {
            found.push(principal);
        }
    }
    multistatus(request, root, found).await
}

/// The properties that a search wants told. Some clients write them beside an empty `prop` instead of in it.
///
/// `None` where it names none.
pub(super) fn wanted_properties(root: &Element) -> Result<Option<Select>, Fault> {
    let inside = root.child(DAV, "prop");
    if inside.is_some_and(|prop| prop.children().next().is_some()) {
        return Select::parse(Some(root)).map(Some);
    }
    const OWN: [&str; 5] =
        ["prop", "property-search", "apply-to-principal-collection-set", "self", "principal-property"];
    let beside: Vec<Node> = root
        .children()
        .filter(|child| child.ns != DAV || !OWN.contains(&child.local.as_str()))
        .map(|child| Node::Element(child.clone()))
        .collect();
    if beside.is_empty() {
        return Ok(None);
    }
    let prop = Element { ns: DAV.into(), local: "prop".into(), attributes: Vec::new(), nodes: beside };
    Select::parse(Some(&Element { nodes: vec![Node::Element(prop)], ..root.clone() })).map(Some)
}

async fn multistatus(
    request: &Request<'_>,
    root: &Element,
    found: Vec<Principal>,
) -> Result<HttpResponse, Fault> {
    let select = wanted_properties(root)?.unwrap_or_else(|| Select::these(&["displayname", "principal-URL"]));
    let truncated = found.len() as i64 >= request.core.limits().principals;
    let mut out = String::with_capacity(512 + found.len() * 256);
    write::begin(&mut out, "multistatus");
    for principal in found {
        let resource = Resource::Principal(Box::new(principal));
        let extras = resource::extras(request.core, &request.actor, &resource, select.needs()).await;
        let view = View { core: request.core, actor: &request.actor, resource: &resource, extras: &extras };
        select.respond(&view, request.minimal(), None, &mut out);
    }
    if truncated {
        write::status_response(&mut out, &href::of_target(&request.target), "507 Insufficient Storage");
    }
    write::end(&mut out, "multistatus");
    Ok(HttpResponse::build(StatusCode::MULTI_STATUS).content_type(XML).body(out))
}
