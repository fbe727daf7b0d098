//! Sharing by POST: of a collection with others, and what somebody says to an invitation.
//!
//! `CS:share` and `CS:invite-reply` (caldav-sharing, calendarserver.org); `DAV:share-resource` and `DAV:invite-reply`
//! (draft-pot-webdav-resource-sharing-04).

use crate::dav::href::{self, Target};
use crate::dav::request::{Request, read_xml};
use crate::dav::xml::names::{CS, DAV, DECLARATIONS};
use crate::dav::xml::write;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::invitation::Level;
use crate::domain::props::Props;
use crate::services::access::Place;
use crate::services::homes::named;
use crate::services::invitations::{Invited, Invitee, NewInvitation, Whom, invitation_of};
use crate::services::mounts::Wish;
use crate::text::xml::Element;
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::web::Payload;

/// Media types of which no item is.
const XML: [&str; 3] = ["text/xml", "application/xml", "application/davsharing+xml"];

/// Whether a POST to a collection is about sharing it, not about a new member of it.
pub fn is_meant(request: &Request<'_>) -> bool {
    let media = request.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let name = media.split(';').next().unwrap_or_default().trim();
    XML.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Invites, changes and takes back; answers 200.
pub async fn share(
    request: &Request<'_>,
    place: &Place,
    payload: &mut Payload,
) -> Result<HttpResponse, Fault> {
    let root = read_xml(payload, request.core.limits().xml_bytes).await?;
    let root = root.ok_or_else(|| Fault::BadRequest("a share needs a body".into()))?;
    let invitees = match () {
        () if root.is(CS, "share") => root.children().map(calendar_server).collect(),
        () if root.is(DAV, "share-resource") => root.children_named(DAV, "sharee").map(draft).collect(),
        // Nothing else that is XML goes into a collection.
        () if place.home == HomeKind::AddressBooks => Err(Condition::SupportedAddressData.into()),
        () => Err(Condition::SupportedCalendarData.into()),
    };
    let invitees: Vec<Invitee> = invitees?;
    request.core.invite(&request.actor, place, invitees).await?;
    Ok(HttpResponse::Ok().finish())
}

/// A `CS:set` or `CS:remove`.
fn calendar_server(element: &Element) -> Result<Invitee, Fault> {
    let level = match element.local.as_str() {
        "remove" => None,
        "set" if element.child(CS, "read").is_some() => Some(Level::Read),
        "set"
            if ["read-write", "read-write-schedule"].iter().any(|word| element.child(CS, word).is_some()) =>
        {
            Some(Level::ReadWrite)
        }
        "set" => return Err(Fault::BadRequest("a set must say read or read-write".into())),
        _ => return Err(Fault::BadRequest("a share sets and removes".into())),
    };
    invitee(element, level, text(element.child(CS, "common-name")), text(element.child(CS, "summary")))
}

/// A `DAV:sharee`.
fn draft(element: &Element) -> Result<Invitee, Fault> {
    let access = element.child(DAV, "share-access");
    let says = |word: &str| access.is_some_and(|access| access.child(DAV, word).is_some());
    let level = match () {
        () if says("read-write") => Some(Level::ReadWrite),
        () if says("read") => Some(Level::Read),
        () if says("no-access") => None,
        () => return Err(Fault::BadRequest("a share-access must be read, read-write or no-access".into())),
    };
    let name = element.child(DAV, "prop").and_then(|prop| prop.child(DAV, "displayname"));
    invitee(element, level, text(name), text(element.child(DAV, "comment")))
}

fn invitee(element: &Element, level: Option<Level>, name: String, summary: String) -> Result<Invitee, Fault> {
    let address = text(element.child(DAV, "href"));
    if address.is_empty() {
        return Err(Fault::BadRequest("an href is missing".into()));
    }
    Ok(Invitee { whom: whom(&address), words: NewInvitation { address, name, summary }, level })
}

fn text(element: Option<&Element>) -> String {
    element.map(|element| element.text().trim().to_owned()).unwrap_or_default()
}

/// Whom an href names: by his address, or by his principal.
fn whom(href: &str) -> Whom {
    let mail =
        href.get(..7).filter(|begin| begin.eq_ignore_ascii_case("mailto:")).and_then(|_| href.get(7..));
    if let Some(mail) = mail {
        let mail = percent_encoding::percent_decode_str(mail).decode_utf8_lossy();
        return Whom::Address(mail.trim().to_owned());
    }
    match href::parse_href(href) {
        Some(Target::Principal(kind, handle)) => Whom::Principal(kind, handle),
        _ => Whom::Nobody,
    }
}

/// Accepts or declines. Where it is accepted, the answer says where the collection stands now.
pub async fn reply(request: &Request<'_>, owner: &str, payload: &mut Payload) -> Result<HttpResponse, Fault> {
    // Only for oneself; another's home and none at all look alike.
    if owner != request.actor.handle {
        return Err(Fault::NotFound);
    }
    let root = read_xml(payload, request.core.limits().xml_bytes).await?;
    let (root, ns) = match root {
        Some(root) if root.is(CS, "invite-reply") => (root, CS),
        Some(root) if root.is(DAV, "invite-reply") => (root, DAV),
        _ => return Err(Fault::BadRequest("the body is not an invite-reply".into())),
    };
    let accept = match (root.child(ns, "invite-accepted"), root.child(ns, "invite-declined")) {
        (Some(_), None) => true,
        (None, Some(_)) => false,
        _ => return Err(Fault::BadRequest("a reply must accept or decline".into())),
    };
    let found = meant(request, &root).await?;
    let wish = Wish { slug: None, props: if ns == CS { own_name(&root, &found) } else { Props::default() } };
    let access = request.core.answer_invitation(&request.actor, found.id, accept, wish).await?;
    if !accept {
        return Ok(HttpResponse::NoContent().finish());
    }
    let path = href::of_access(&access);
    let mut answer = HttpResponse::Ok();
    answer.insert_header((LOCATION, path.as_str()));
    if ns == DAV {
        return Ok(answer.finish());
    }
    let mut body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<S:shared-as{DECLARATIONS}>");
    write::href(&mut body, &path);
    body.push_str("</S:shared-as>\n");
    Ok(answer.content_type("application/xml; charset=utf-8").body(body))
}

/// The invitation that a reply is to: by the notification that is posted to, by its uid, or by what it is to share.
async fn meant(request: &Request<'_>, root: &Element) -> Result<Invited, Fault> {
    let uid = match &request.target {
        Target::Notice(_, name) => invitation_of(name),
        _ => invitation_of(&text(root.child(CS, "in-reply-to"))),
    };
    let host = text(root.child(CS, "hosturl").and_then(|host| host.child(DAV, "href")));
    let place = match href::parse_href(&host) {
        Some(Target::Collection(place)) => Some(place),
        _ => None,
    };
    let all = request.core.invitations(&request.actor).await?;
    let by_place = |one: &Invited| {
        place.as_ref().is_some_and(|place| {
            let of = one.access.collection();
            place.owner == one.owner.handle && place.home == of.home && place.slug == of.slug
        })
    };
    let at = all.iter().position(|one| uid == Some(one.id));
    let at = at.or_else(|| all.iter().position(by_place)).ok_or(Fault::NotFound)?;
    all.into_iter().nth(at).ok_or(Fault::NotFound)
}

/// What the sharee wants it to be called, where that is not what it is called anyway.
fn own_name(root: &Element, of: &Invited) -> Props {
    let wanted = text(root.child(CS, "summary"));
    let now = of.access.collection().props.get(DAV, "displayname").map(|prop| prop.text.clone());
    if wanted.is_empty() || Some(&wanted) == now.as_ref() || wanted == of.summary {
        Props::default()
    } else {
        named(&wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::principal::PrincipalKind;
    use crate::text::xml::parse;

    #[test]
    fn people_are_named_by_address_or_principal() {
        assert_eq!(whom("mailto:a%2Bb@x.org"), Whom::Address("a+b@x.org".into()));
        assert_eq!(whom("MAILTO: a@x.org"), Whom::Address("a@x.org".into()));
        let bob = Whom::Principal(PrincipalKind::User, "bob".into());
        assert_eq!(
            (whom("/dav/principals/users/bob/"), whom("https://h/dav/principals/users/Bob")),
            (bob.clone(), bob)
        );
        for nobody in ["urn:uuid:1", "/dav/calendars/bob/", "bob", "é", "mail"] {
            assert_eq!(whom(nobody), Whom::Nobody, "{nobody}");
        }
    }

    fn read(text: &str) -> Element {
        parse(format!("<x xmlns:D=\"DAV:\" xmlns:CS=\"{CS}\">{text}</x>").as_bytes()).expect("well-formed")
    }

    #[test]
    fn a_set_says_how_far_and_a_removal_nothing() {
        let one = |text: &str| calendar_server(read(text).children().next().expect("an element"));
        let level = |text: &str| one(text).expect("one").level;
        assert_eq!(level("<CS:set><D:href>mailto:a@x</D:href><CS:read/></CS:set>"), Some(Level::Read));
        assert_eq!(
            level("<CS:set><D:href>mailto:a@x</D:href><CS:read-write/></CS:set>"),
            Some(Level::ReadWrite)
        );
        assert_eq!(level("<CS:remove><D:href>mailto:a@x</D:href></CS:remove>"), None);
        for wrong in
            ["<CS:set><D:href>mailto:a@x</D:href></CS:set>", "<CS:set><CS:read/></CS:set>", "<CS:other/>"]
        {
            assert!(matches!(one(wrong), Err(Fault::BadRequest(_))), "{wrong}");
        }
    }

    #[test]
    fn a_sharee_has_an_access() {
        let one = |word: &str| {
            let text = format!(
                "<D:sharee><D:href>mailto:a@x</D:href><D:prop><D:displayname>A</D:displayname></D:prop><D:share-access><D:{word}/></D:share-access></D:sharee>"
            );
            draft(read(&text).children().next().expect("an element"))
        };
        let told = one("read").expect("one");
        assert_eq!((told.level, told.words.name.as_str()), (Some(Level::Read), "A"));
        assert_eq!(one("no-access").expect("one").level, None);
        assert!(one("everything").is_err());
    }
}
