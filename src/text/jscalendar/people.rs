//! Participants: ATTENDEE and ORGANIZER.
//!
//! RFC 8984 §4.4.3 to §4.4.6; RFC 5545 §3.8.4.1, §3.8.4.3 and §3.2, RFC 6638 §7, RFC 7986 §6.2. An ORGANIZER who is no
//! ATTENDEE is a participant with the role `owner` alone. Ids follow from addresses.

use super::super::ical::values::calendar_address;
use super::super::jsobject::{Refused, check_type, escape, id_of, object, set, text};
use super::super::json::checked_name;
use super::super::vcard::prop::Prop;
use super::view::{Edit, View, all_params, named, put_id, put_param, raw_param};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Parameters that members of a Participant tell.
const KNOWN: &[&str] = &[
    "CN",
    "CUTYPE",
    "ROLE",
    "PARTSTAT",
    "RSVP",
    "EMAIL",
    "LANGUAGE",
    "SCHEDULE-AGENT",
    "SCHEDULE-FORCE-SEND",
    "SCHEDULE-STATUS",
    "JSID",
];
const KINDS: [(&str, &str); 5] = [
    ("INDIVIDUAL", "individual"),
    ("GROUP", "group"),
    ("RESOURCE", "resource"),
    ("ROOM", "location"),
    ("UNKNOWN", "unknown"),
];
/// Parameters that point at other participants.
const LINKS: [(&str, &str); 3] =
    [("DELEGATED-TO", "delegatedTo"), ("DELEGATED-FROM", "delegatedFrom"), ("MEMBER", "memberOf")];

/// The participants of a component: id, line of ATTENDEE, line of ORGANIZER.
#[derive(Debug, Clone)]
struct Person {
    id: String,
    address: String,
    attendee: Option<usize>,
    organizer: Option<usize>,
}

fn people(props: &[Prop]) -> Vec<Person> {
    let mut out: Vec<Person> = Vec::new();
    let mut taken = Map::new();
    let mut by_address: HashMap<String, usize> = HashMap::new();
    let lines = named(props, "ATTENDEE").chain(named(props, "ORGANIZER").take(1));
    for (at, prop) in lines.filter(|(_, prop)| !prop.value.trim().is_empty()) {
        let address = calendar_address(&prop.value);
        let is_organizer = prop.is("ORGANIZER");
        if let Some(known) = by_address.get(&address).filter(|_| is_organizer).and_then(|at| out.get_mut(*at))
        {
            known.organizer = Some(at);
            continue;
        }
        let id = super::view::id_on(prop, &taken, &id_of(&address));
        taken.insert(id.clone(), Value::Null);
        by_address.entry(address.clone()).or_insert(out.len());
        let (attendee, organizer) = if is_organizer { (None, Some(at)) } else { (Some(at), None) };
        out.push(Person { id, address, attendee, organizer });
    }
    out
}

/// Reads the participants and where replies go.
pub(super) fn read(view: &mut View<'_, '_, '_>) {
    let people = people(&view.props);
    let ids: HashMap<&str, &str> =
        people.iter().rev().map(|person| (person.address.as_str(), person.id.as_str())).collect();
    let mut participants = Map::new();
    for person in &people {
        let Some(prop) = person.attendee.or(person.organizer).and_then(|at| view.props.get(at)).cloned()
        else {
            continue;
        };
        let mut json = participant(&prop, person);
        let pointer = format!("participants/{}", escape(&person.id));
        let mut known = KNOWN.to_vec();
        for (param, key) in LINKS {
            let addresses = all_params(&prop, param);
            let found: Option<Map<String, Value>> = addresses
                .iter()
                .map(|address| {
                    Some(((*ids.get(calendar_address(address).as_str())?).to_owned(), json!(true)))
                })
                .collect();
            if let Some(found) = found.filter(|found| !found.is_empty()) {
                json.insert(key.to_owned(), Value::Object(found));
                known.push(param);
            }
        }
        participants.insert(person.id.clone(), Value::Object(json));
        if let Some(at) = person.attendee {
            view.tell(at, &pointer, &known);
        }
        if let Some(at) = person.organizer {
            organizer(view, at, person, &prop);
        }
    }
    if !participants.is_empty() {
        view.set("participants", Value::Object(participants));
    }
}

fn organizer(view: &mut View<'_, '_, '_>, at: usize, person: &Person, attendee: &Prop) {
    let Some(prop) = view.props.get(at).cloned() else { return };
    let key = if is_mail(&prop.value) { "imip" } else { "other" };
    view.set("replyTo", json!({key: prop.value.trim()}));
    // A name that the ATTENDEE has as well is told by the participant.
    let same_name = raw_param(&prop, "CN") == raw_param(attendee, "CN");
    let known: &[&str] = match (person.attendee, same_name) {
        (None, _) => KNOWN,
        (Some(_), true) => &["CN", "JSID"],
        (Some(_), false) => &["JSID"],
    };
    view.tell(at, "replyTo", known);
}

fn is_mail(value: &str) -> bool {
    value.trim().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"))
}

/// The mail address that a `mailto:` says in plain letters.
fn mail_of(address: &str) -> Option<String> {
    let mail = address.get(7..).filter(|_| is_mail(address))?;
    (mail.contains('@') && !mail.contains(['%', '?', '<', ' '])).then(|| mail.to_owned())
}

fn participant(prop: &Prop, person: &Person) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("@type".to_owned(), json!("Participant"));
    let address = prop.value.trim();
    let key = if is_mail(address) { "imip" } else { "other" };
    out.insert("sendTo".to_owned(), json!({key: address}));
    let text = |name: &str| raw_param(prop, name);
    if let Some(name) = text("CN") {
        out.insert("name".to_owned(), Value::String(name));
    }
    if let Some(email) = text("EMAIL").or_else(|| mail_of(address)) {
        out.insert("email".to_owned(), Value::String(email));
    }
    if let Some(language) = text("LANGUAGE") {
        out.insert("language".to_owned(), Value::String(language));
    }
    if let Some(kind) = text("CUTYPE") {
        let known = KINDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(&kind));
        let kind = known.map_or_else(|| kind.to_ascii_lowercase(), |(_, kind)| (*kind).to_owned());
        out.insert("kind".to_owned(), Value::String(kind));
    }
    if let Some(status) = text("PARTSTAT") {
        out.insert("participationStatus".to_owned(), Value::String(status.to_ascii_lowercase()));
    }
    if let Some(rsvp) = text("RSVP") {
        out.insert("expectReply".to_owned(), Value::Bool(rsvp.eq_ignore_ascii_case("TRUE")));
    }
    if let Some(agent) = text("SCHEDULE-AGENT") {
        out.insert("scheduleAgent".to_owned(), Value::String(agent.to_ascii_lowercase()));
    }
    if let Some(force) = text("SCHEDULE-FORCE-SEND") {
        let force = force.eq_ignore_ascii_case("REQUEST") || force.eq_ignore_ascii_case("REPLY");
        out.insert("scheduleForceSend".to_owned(), Value::Bool(force));
    }
    let status: Vec<Value> = all_params(prop, "SCHEDULE-STATUS")
        .iter()
        .flat_map(|list| list.split(',').map(|status| json!(status.trim())).collect::<Vec<_>>())
        .collect();
    if !status.is_empty() {
        out.insert("scheduleStatus".to_owned(), Value::Array(status));
    }
    let mut roles = if person.attendee.is_some() { roles(text("ROLE").as_deref()) } else { Map::new() };
    if person.organizer.is_some() {
        roles.insert("owner".to_owned(), json!(true));
    }
    out.insert("roles".to_owned(), Value::Object(roles));
    out
}

fn roles(role: Option<&str>) -> Map<String, Value> {
    let role = role.unwrap_or("REQ-PARTICIPANT").to_ascii_uppercase();
    let names: Vec<String> = match role.as_str() {
        "REQ-PARTICIPANT" => vec!["attendee".to_owned()],
        "OPT-PARTICIPANT" => vec!["attendee".to_owned(), "optional".to_owned()],
        "NON-PARTICIPANT" => vec!["informational".to_owned()],
        "CHAIR" => vec!["attendee".to_owned(), "chair".to_owned()],
        other => vec![other.to_ascii_lowercase()],
    };
    names.into_iter().map(|name| (name, json!(true))).collect()
}

/// The ROLE of a set of roles; `None` for the default.
fn role(roles: &[&str], pointer: &str) -> Result<Option<String>, Refused> {
    let mut rest: Vec<&str> = roles.iter().copied().filter(|role| *role != "owner").collect();
    rest.sort_unstable();
    Ok(match rest.as_slice() {
        [] | ["attendee"] => None,
        ["attendee", "optional"] | ["optional"] => Some("OPT-PARTICIPANT".to_owned()),
        ["informational"] => Some("NON-PARTICIPANT".to_owned()),
        ["attendee", "chair"] | ["chair"] => Some("CHAIR".to_owned()),
        [other] => Some(checked_name(other).map_err(|bad| Refused::at(pointer, bad.what))?),
        _ => return Err(Refused::at(pointer, "iCalendar has no word for these roles together")),
    })
}

/// Writes those that changed.
pub(super) fn edit(edit: &mut Edit<'_, '_, '_>) -> Result<(), Refused> {
    if !edit.changes("participants") && !edit.changes("replyTo") {
        return Ok(());
    }
    let people = people(&edit.props);
    let wanted = edit.entries("participants")?;
    let old = edit.old.get("participants").and_then(Value::as_object);
    let organizer = wanted_organizer(edit, &wanted)?;
    let mut addresses: HashMap<String, String> = HashMap::new();
    for (id, json) in &wanted {
        addresses.insert(id.clone(), address(json, &format!("participants/{}", escape(id)))?);
    }
    for person in &people {
        if !wanted.contains_key(&person.id)
            && let Some(at) = person.attendee
        {
            edit.draft.remove(at);
        }
    }
    let by_id: HashMap<&str, &Person> = people.iter().map(|person| (person.id.as_str(), person)).collect();
    for (id, json) in &wanted {
        let known = by_id.get(id.as_str()).copied();
        if known.is_some() && old.and_then(|old| old.get(id)) == Some(json) {
            continue;
        }
        attendee_edit(edit, id, json, known, &addresses)?;
    }
    organizer_edit(edit, &people, organizer, &wanted)
}

/// The address of the ORGANIZER to be, and the id of its participant.
fn wanted_organizer(edit: &Edit<'_, '_, '_>, wanted: &Map<String, Value>) -> Result<Option<String>, Refused> {
    let reply = match edit.wanted("replyTo") {
        None => None,
        Some(value) => {
            let methods = object(value, "replyTo")?;
            let pointer = |key: &str| format!("replyTo/{}", escape(key));
            let (key, value) = methods
                .iter()
                .find(|(key, _)| *key == "imip")
                .or_else(|| methods.iter().next())
                .ok_or_else(|| Refused::at("replyTo", "an address was expected"))?;
            Some(method(key, value, &pointer(key))?.to_owned())
        }
    };
    let owners: Vec<(&String, &Value)> =
        wanted.iter().filter(|(_, json)| json.pointer("/roles/owner") == Some(&Value::Bool(true))).collect();
    if let Some((id, _)) = owners.get(1) {
        let pointer = format!("participants/{}/roles/owner", escape(id));
        return Err(Refused::at(&pointer, "an object has one owner"));
    }
    let owner = match owners.first() {
        Some((id, json)) => Some(address(json, &format!("participants/{}", escape(id)))?),
        None => None,
    };
    // Whatever the client changed counts; where both are said they have to agree, which reading again shows.
    Ok(if edit.changes("replyTo") { reply.or(owner) } else { owner })
}

/// The address of a method: for `imip` a `mailto:`; servers have paths of principals and the like for others.
fn method<'v>(key: &str, value: &'v Value, pointer: &str) -> Result<&'v str, Refused> {
    let address = text(value, pointer)?.trim();
    if address.is_empty() || address.contains(['\n', '\r']) || key == "imip" && !is_mail(address) {
        return Err(Refused::at(pointer, "an address such as mailto:ann@example.org was expected"));
    }
    Ok(address)
}

/// Where a participant is reached.
fn address(json: &Value, pointer: &str) -> Result<String, Refused> {
    let members = object(json, pointer)?;
    if let Some(methods) = members.get("sendTo").filter(|value| !value.is_null()) {
        let methods = object(methods, &format!("{pointer}/sendTo"))?;
        let found = ["imip", "other"].iter().find_map(|key| Some((*key, methods.get(*key)?)));
        if let Some((key, value)) =
            found.or_else(|| methods.iter().next().map(|(key, value)| (key.as_str(), value)))
        {
            return Ok(method(key, value, &format!("{pointer}/sendTo/{}", escape(key)))?.to_owned());
        }
    }
    match members.get("email") {
        Some(email) => {
            let email = text(email, &format!("{pointer}/email"))?;
            if !email.contains('@') || email.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err(Refused::at(&format!("{pointer}/email"), "a mail address was expected"));
            }
            Ok(format!("mailto:{email}"))
        }
        None => {
            Err(Refused::at(&format!("{pointer}/sendTo"), "a participant has an address: sendTo or email"))
        }
    }
}

fn attendee_edit(
    edit: &mut Edit<'_, '_, '_>,
    id: &str,
    json: &Value,
    known: Option<&Person>,
    addresses: &HashMap<String, String>,
) -> Result<(), Refused> {
    let pointer = format!("participants/{}", escape(id));
    let members = object(json, &pointer)?;
    check_type(members, "Participant", &pointer)?;
    let roles = set(members.get("roles"), &format!("{pointer}/roles"))?;
    let only_owner = roles == ["owner"];
    let place = known.and_then(|person| person.attendee);
    if only_owner {
        if let Some(at) = place {
            edit.draft.remove(at);
        }
        return Ok(());
    }
    let address = addresses.get(id).cloned().unwrap_or_default();
    let mut prop = match place.and_then(|at| edit.draft.line(at)) {
        Some(prop) => prop.clone(),
        None => Prop::new("ATTENDEE", ""),
    };
    if prop.value.trim() != address {
        prop.value = address.clone();
    }
    put_members(&mut prop, members, &roles, &pointer)?;
    for (param, key) in LINKS {
        if members.get(key).is_none()
            && edit.old.get("participants").and_then(|old| old.get(id)?.get(key)).is_none()
        {
            continue;
        }
        let linked = set(members.get(key), &format!("{pointer}/{key}"))?;
        let mut values = Vec::new();
        for other in linked {
            let address = addresses.get(other).ok_or_else(|| {
                Refused::at(&format!("{pointer}/{key}/{}", escape(other)), "no participant has this id")
            })?;
            values.push(format!("\"{}\"", address.replace('"', "")));
        }
        prop.take_param(param);
        if !values.is_empty() {
            prop.params.push((param.to_owned(), values.join(",")));
        }
    }
    put_id(&mut prop, id, &id_of(&calendar_address(&address)), &pointer)?;
    match place.and_then(|at| edit.draft.line_mut(at)) {
        Some(old) => *old = prop,
        None => edit.add(prop, &pointer)?,
    }
    Ok(())
}

fn put_members(
    prop: &mut Prop,
    members: &Map<String, Value>,
    roles: &[&str],
    pointer: &str,
) -> Result<(), Refused> {
    let under = |key: &str| format!("{pointer}/{key}");
    let given = |key: &str| members.get(key).filter(|value| !value.is_null());
    let plain = |key: &str| given(key).map(|value| text(value, &under(key))).transpose();
    let word = |key: &str| match plain(key)? {
        None => Ok(None),
        Some(word) => match checked_name(word) {
            Ok(name) => Ok(Some(name)),
            Err(bad) => Err(Refused::at(&under(key), bad.what)),
        },
    };
    let flag = |key: &str| match given(key) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(Refused::at(&under(key), "true or false was expected")),
    };
    put_param(prop, "CN", plain("name")?);
    let email = plain("email")?;
    // Only what the address does not say needs a parameter.
    if email.map(str::to_owned) != raw_param(prop, "EMAIL").or_else(|| mail_of(prop.value.trim())) {
        let implied = email.map(str::to_owned) == mail_of(prop.value.trim());
        put_param(prop, "EMAIL", email.filter(|_| !implied));
    }
    put_param(prop, "LANGUAGE", plain("language")?);
    let kind = word("kind")?.map(|kind| {
        let known = KINDS.iter().find(|(_, json)| json.eq_ignore_ascii_case(&kind));
        known.map_or(kind.clone(), |(word, _)| (*word).to_owned())
    });
    put_word(prop, "CUTYPE", kind.as_deref());
    put_word(prop, "PARTSTAT", word("participationStatus")?.as_deref());
    if flag("expectReply")? != raw_param(prop, "RSVP").map(|rsvp| rsvp.eq_ignore_ascii_case("TRUE")) {
        put_param(prop, "RSVP", flag("expectReply")?.map(|flag| if flag { "TRUE" } else { "FALSE" }));
    }
    put_word(prop, "SCHEDULE-AGENT", word("scheduleAgent")?.as_deref());
    if flag("scheduleForceSend")? != raw_param(prop, "SCHEDULE-FORCE-SEND").map(|_| true) {
        let force = flag("scheduleForceSend")?.filter(|force| *force);
        put_param(prop, "SCHEDULE-FORCE-SEND", force.map(|_| "REQUEST"));
    }
    if let Some(status) = given("scheduleStatus") {
        let list = status
            .as_array()
            .ok_or_else(|| Refused::at(&under("scheduleStatus"), "an array was expected"))?;
        let list: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
        put_param(prop, "SCHEDULE-STATUS", Some(&list.join(",")));
    } else {
        put_param(prop, "SCHEDULE-STATUS", None);
    }
    let wanted = role(roles, &under("roles"))?;
    let default = raw_param(prop, "ROLE").is_none_or(|role| role.eq_ignore_ascii_case("REQ-PARTICIPANT"));
    match wanted {
        None if default => {}
        wanted => put_word(prop, "ROLE", wanted.as_deref()),
    }
    Ok(())
}

/// A word, whose case does not count.
fn put_word(prop: &mut Prop, name: &str, word: Option<&str>) {
    let old = raw_param(prop, name);
    if old.as_deref().map(str::to_ascii_uppercase) != word.map(str::to_ascii_uppercase) {
        put_param(prop, name, word);
    }
}

fn organizer_edit(
    edit: &mut Edit<'_, '_, '_>,
    people: &[Person],
    wanted: Option<String>,
    participants: &Map<String, Value>,
) -> Result<(), Refused> {
    let line = people.iter().find_map(|person| Some((person, person.organizer?)));
    let Some(address) = wanted else {
        if let Some((_, at)) = line {
            edit.draft.remove(at);
        }
        return Ok(());
    };
    let same = |json: &&Value| {
        self::address(json, "").is_ok_and(|own| calendar_address(&own) == calendar_address(&address))
    };
    let owner = participants.iter().find(|(_, json)| same(json));
    let before = line.and_then(|(person, at)| Some((person, at, edit.props.get(at)?.clone())));
    let mut prop = match &before {
        Some((_, _, prop)) => prop.clone(),
        None => Prop::new("ORGANIZER", ""),
    };
    if prop.value.trim() != address {
        prop.value = address.clone();
    }
    if let Some((id, json)) = owner {
        let pointer = format!("participants/{}", escape(id));
        let members = object(json, &pointer)?;
        let roles = set(members.get("roles"), &format!("{pointer}/roles"))?;
        if roles == ["owner"] {
            put_members(&mut prop, members, &roles, &pointer)?;
            put_id(&mut prop, id, &id_of(&calendar_address(&address)), &pointer)?;
        } else {
            let name = members.get("name").map(|name| text(name, &format!("{pointer}/name"))).transpose()?;
            // The name of the ORGANIZER follows that of the ATTENDEE, unless it was another one.
            let attendee = before.as_ref().and_then(|(person, _, _)| person.attendee);
            let old = attendee.and_then(|at| edit.props.get(at)).and_then(|prop| raw_param(prop, "CN"));
            if before.is_none() || raw_param(&prop, "CN") == old {
                put_param(&mut prop, "CN", name);
            }
        }
    }
    match before.and_then(|(_, at, _)| edit.draft.line_mut(at)) {
        Some(old) => *old = prop,
        None => edit.add(prop, "replyTo")?,
    }
    Ok(())
}
