//! PROPPATCH: all of it or none of it (RFC 4918 §9.2). Unknown properties are kept as sent.

use crate::dav::href::Target;
use crate::dav::precondition;
use crate::dav::props::find;
use crate::dav::reports::BAD_ZONE;
use crate::dav::request::{Request, read_xml};
use crate::dav::stream::XML;
use crate::dav::xml::names::{CALDAV, DAV};
use crate::dav::xml::write;
use crate::domain::fault::{Condition, Fault};
use crate::domain::props::{Change, MAX_PROPS_BYTES, Prop, Props};
use crate::services::CollectionUpdate;
use crate::services::freebusy;
use crate::services::labour;
use crate::text::xml::{Attribute, Element};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Payload;

/// Instructions of one request; real ones have a handful.
const MAX_INSTRUCTIONS: usize = 1_000;

/// One instruction, in the order of the document.
#[derive(Debug, Clone)]
pub enum Patch {
    /// Set a kept property.
    Set(Prop),
    /// Remove a kept property.
    Remove { ns: String, local: String },
    /// `CALDAV:schedule-calendar-transp`
    Transparent(bool),
    /// `CALDAV:calendar-timezone` or `calendar-timezone-id`
    TimeZone(Option<String>),
}

/// An instruction with the name that its outcome is told under.
#[derive(Debug, Clone)]
pub struct Named {
    pub(super) ns: String,
    pub(super) local: String,
    pub(super) patch: Result<Patch, Condition>,
}

impl Named {
    /// Whether it is about this property.
    pub(super) fn is(&self, ns: &str, local: &str) -> bool {
        self.local == local && self.ns == ns
    }
}

/// Answers 207 with the outcome of each property, or 204.
pub async fn answer(request: &Request<'_>, payload: &mut Payload) -> Result<HttpResponse, Fault> {
    let body = read_xml(payload, request.core.limits().xml_bytes).await?;
    let root = body
        .filter(|root| root.is(DAV, "propertyupdate"))
        .ok_or_else(|| Fault::BadRequest("the body is not a propertyupdate".into()))?;
    if let Target::Proxy(owner, of) = &request.target {
        return super::proxies::answer(request, owner, *of, &root).await;
    }
    let collection = matches!(request.target, Target::Collection(_));
    let bytes = request.header("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(usize::MAX);
    let patches = labour::of(bytes, move || read(&root, collection)).await??;
    if patches.iter().all(|named| named.patch.is_ok()) {
        apply(request, &patches).await?;
    } else {
        // Who may not know of the resource must not learn of it by a refused property.
        crate::dav::resource::load(request.core, &request.actor, &request.target).await?;
    }
    Ok(told(request, &patches))
}

/// The answer with the outcome of each property; without any where all went well and the client wants no more than that
/// (RFC 8144 §2.2).
pub(super) fn told(request: &Request<'_>, patches: &[Named]) -> HttpResponse {
    if request.minimal() && patches.iter().all(|named| named.patch.is_ok()) {
        return HttpResponse::NoContent().finish();
    }
    let mut out = String::with_capacity(512);
    write::begin(&mut out, "multistatus");
    out.push_str("<D:response>");
    write::href(&mut out, request.path);
    propstats(request.path, patches, &mut out);
    write::end_response(&mut out);
    write::end(&mut out, "multistatus");
    HttpResponse::build(StatusCode::MULTI_STATUS).content_type(XML).body(out)
}

async fn apply(request: &Request<'_>, patches: &[Named]) -> Result<(), Fault> {
    let patches: Vec<Patch> = patches.iter().filter_map(|named| named.patch.clone().ok()).collect();
    let (core, actor) = (request.core, &request.actor);
    let conditions = precondition::read(request.headers, &request.target)?;
    match &request.target {
        Target::Collection(place) => {
            core.update_collection(actor, place, conditions, move |props| update(props, &patches)).await
        }
        Target::Item(place, name) => {
            core.update_item(actor, place, name, conditions, move |props| drop(update(props, &patches))).await
        }
        Target::Home(kind, owner) => {
            core.update_home(actor, owner, *kind, move |props| drop(update(props, &patches))).await
        }
        Target::Principal(_, handle) => {
            core.update_principal(actor, handle, move |props| drop(update(props, &patches))).await
        }
        _ => Err(Fault::MethodNotAllowed),
    }
}

/// Applies instructions to kept properties, and tells what else changes.
pub fn update(props: &mut Props, patches: &[Patch]) -> CollectionUpdate {
    let mut update = CollectionUpdate::default();
    let mut kept = Vec::with_capacity(patches.len());
    for patch in patches {
        match patch {
            Patch::Set(prop) => kept.push(Change::Set(prop)),
            Patch::Remove { ns, local } => kept.push(Change::Remove { ns, local }),
            Patch::Transparent(transparent) => update.transparent = Some(*transparent),
            Patch::TimeZone(zone) => update.time_zone = Some(zone.clone()),
        }
    }
    props.apply(&kept);
    update
}

/// Reads `set` and `remove` in document order. On collections some live properties may be changed.
///
/// Fails with `quota-not-exceeded` where there are more instructions, or more bytes in them, than any resource could keep: what
/// a request costs is then known before the database is asked.
pub fn read(root: &Element, collection: bool) -> Result<Vec<Named>, Fault> {
    let mut all = Vec::new();
    let mut bytes = 0;
    for action in root.children() {
        let remove = match (action.ns.as_str(), action.local.as_str()) {
            (DAV, "set") => false,
            (DAV, "remove") => true,
            _ => continue,
        };
        for prop in action.children_named(DAV, "prop") {
            for element in prop.children() {
                let lang = element.lang().or(prop.lang()).or(action.lang()).or(root.lang());
                let patch = patch(element, lang, remove, collection);
                if let Ok(Patch::Set(prop)) = &patch {
                    bytes += prop.bytes();
                }
                if all.len() == MAX_INSTRUCTIONS || bytes > MAX_PROPS_BYTES {
                    return Err(Condition::QuotaNotExceeded.into());
                }
                all.push(Named { ns: element.ns.clone(), local: element.local.clone(), patch });
            }
        }
    }
    Ok(all)
}

fn patch(element: &Element, lang: Option<&str>, remove: bool, collection: bool) -> Result<Patch, Condition> {
    if collection && element.ns == CALDAV {
        match element.local.as_str() {
            "schedule-calendar-transp" => {
                return Ok(Patch::Transparent(!remove && element.child(CALDAV, "transparent").is_some()));
            }
            "calendar-timezone" | "calendar-timezone-id" if remove => return Ok(Patch::TimeZone(None)),
            "calendar-timezone" | "calendar-timezone-id" => {
                let text = element.text();
                let by_name = element.local == "calendar-timezone-id";
                return match freebusy::valid_zone(&text) {
                    Ok(()) => Ok(Patch::TimeZone(Some(text.trim().to_owned()))),
                    Err(refused) if by_name => Err(refused),
                    Err(_) => Err(Condition::ValidCalendarData(BAD_ZONE.to_owned())),
                };
            }
            _ => {}
        }
    }
    // On principals and homes the display name is ours; elsewhere it is kept like any other.
    let kept_name = collection && element.is(DAV, "displayname");
    if find(&element.ns, &element.local).is_some() && !kept_name {
        return Err(Condition::CannotModifyProtectedProperty);
    }
    if remove {
        return Ok(Patch::Remove { ns: element.ns.clone(), local: element.local.clone() });
    }
    Ok(Patch::Set(kept(element, lang)))
}

/// A property as it is kept: with the language that was in scope.
pub fn kept(element: &Element, lang: Option<&str>) -> Prop {
    let mut own = element.clone();
    if let (None, Some(lang)) = (own.lang(), lang) {
        own.attributes.push(Attribute {
            ns: crate::text::xml::XML.to_owned(),
            local: "lang".to_owned(),
            value: lang.to_owned(),
        });
    }
    let mut xml = String::new();
    own.write(&mut xml);
    Prop { ns: own.ns.clone(), local: own.local.clone(), text: own.text(), xml }
}

/// The instructions that may be applied.
pub fn accepted(patches: Vec<Named>) -> Vec<Patch> {
    patches.into_iter().filter_map(|named| named.patch.ok()).collect()
}

/// Writes the outcome of each property: one `propstat` for each reason, those of success in front.
pub(super) fn propstats(path: &str, patches: &[Named], out: &mut String) {
    let mut groups: Vec<(Option<&Condition>, Vec<&Named>)> = Vec::new();
    for named in patches {
        let reason = named.patch.as_ref().err();
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, group)) => group.push(named),
            None => groups.push((reason, vec![named])),
        }
    }
    groups.sort_by_key(|(reason, _)| reason.is_some());
    // What would have been done had the others not failed is told as a failed dependency.
    let refused = groups.last().is_some_and(|(reason, _)| reason.is_some());
    let done = if refused { "424 Failed Dependency" } else { "200 OK" };
    if groups.is_empty() {
        groups.push((None, Vec::new()));
    }
    for (reason, group) in groups {
        out.push_str("<D:propstat><D:prop>");
        for named in group {
            write::empty(out, &named.ns, &named.local);
        }
        out.push_str("</D:prop><D:status>HTTP/1.1 ");
        out.push_str(if reason.is_some() { "403 Forbidden" } else { done });
        out.push_str("</D:status>");
        if let Some(condition) = reason {
            out.push_str("<D:error>");
            crate::dav::fault::element(condition, path, out);
            out.push_str("</D:error>");
        }
        out.push_str("</D:propstat>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::xml::parse;

    fn read_update(inside: &str) -> Result<Vec<Named>, Fault> {
        let text =
            format!("<D:propertyupdate xmlns:D=\"DAV:\" xmlns:x=\"urn:x\">{inside}</D:propertyupdate>");
        read(&parse(text.as_bytes()).expect("well-formed"), true)
    }

    fn instructions(action: &str, count: usize) -> String {
        let all: String = (0..count).map(|at| format!("<x:a{at}/>")).collect();
        format!("<D:{action}><D:prop>{all}</D:prop></D:{action}>")
    }

    fn set(value_bytes: usize) -> String {
        format!("<D:set><D:prop><x:a>{}</x:a></D:prop></D:set>", "b".repeat(value_bytes))
    }

    #[test]
    fn instructions_are_counted_over_all_actions() {
        let most = format!("{}{}", instructions("set", 400), instructions("remove", MAX_INSTRUCTIONS - 400));
        assert_eq!(read_update(&most).map(|all| all.len()), Ok(MAX_INSTRUCTIONS));
        let more = format!("{most}<D:remove><D:prop><x:one-more/></D:prop></D:remove>");
        assert_eq!(read_update(&more).err(), Some(Condition::QuotaNotExceeded.into()));
    }

    #[test]
    fn values_are_weighed_together() {
        assert!(read_update(&set(MAX_PROPS_BYTES / 2)).is_ok());
        assert_eq!(read_update(&set(MAX_PROPS_BYTES)).err(), Some(Condition::QuotaNotExceeded.into()));
        let twice = format!("{0}{0}", set(MAX_PROPS_BYTES / 2));
        assert_eq!(read_update(&twice).err(), Some(Condition::QuotaNotExceeded.into()));
    }
}
