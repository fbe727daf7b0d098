//! PROPPATCH on a proxy group: its owner says who acts for him. Nothing but `group-member-set` can be changed there.
//!
//! `caldav-proxy` (calendarserver.org) §5; RFC 3744 §4.3.

use super::proppatch::{self, Named, Patch};
use crate::dav::href::{self, Target};
use crate::dav::request::Request;
use crate::dav::xml::names::DAV;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::PrincipalId;
use crate::services::delegates::Proxy;
use crate::text::xml::Element;
use actix_web::HttpResponse;

/// Members of one group that a request may name.
const MOST: usize = 1_000;

/// Answers as any PROPPATCH.
pub async fn answer(
    request: &Request<'_>,
    owner: &str,
    of: Proxy,
    root: &Element,
) -> Result<HttpResponse, Fault> {
    crate::dav::resource::load(request.core, &request.actor, &request.target).await?;
    let mut outcomes = proppatch::read(root, false)?;
    let is_members = |named: &Named| named.ns == DAV && named.local == "group-member-set";
    let sets = root.children().filter(|action| action.is(DAV, "set") || action.is(DAV, "remove"));
    let found = sets
        .flat_map(|action| action.children_named(DAV, "prop").map(move |prop| (action, prop)))
        .filter_map(|(action, prop)| Some((action, prop.child(DAV, "group-member-set")?)))
        .last();
    for named in outcomes.iter_mut().filter(|named| !is_members(named)) {
        named.patch = Err(Condition::CannotModifyProtectedProperty);
    }
    let only = outcomes.iter().all(is_members);
    if let Some((action, set)) = found.filter(|_| only) {
        // Without any it has none.
        let hrefs =
            if action.is(DAV, "set") { set.children_named(DAV, "href").collect() } else { Vec::new() };
        let members = members(request, hrefs).await?;
        request.core.set_proxies(&request.actor, owner, of, members).await?;
    }
    for named in outcomes.iter_mut().filter(|named| is_members(named)) {
        named.patch = Ok(Patch::Remove { ns: named.ns.clone(), local: named.local.clone() });
    }
    Ok(proppatch::told(request, &outcomes))
}

async fn members(request: &Request<'_>, hrefs: Vec<&Element>) -> Result<Vec<PrincipalId>, Fault> {
    if hrefs.len() > MOST {
        return Err(Condition::LimitedNumberOfAces.into());
    }
    let mut found = Vec::with_capacity(hrefs.len());
    for href in hrefs {
        let Some(Target::Principal(kind, handle)) = href::parse_href(&href.text()) else {
            return Err(Condition::RecognizedPrincipal.into());
        };
        match request.core.principal(kind, &handle).await {
            Ok(principal) => found.push(principal.id),
            Err(Fault::NotFound) => return Err(Condition::RecognizedPrincipal.into()),
            Err(other) => return Err(other),
        }
    }
    Ok(found)
}
