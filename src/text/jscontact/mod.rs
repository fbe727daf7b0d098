//! Cards as JSContact (RFC 9553): read, written new, and changed in place.
//!
//! RFC 9555 has the correspondence. Works on the lossless tree, in versions 3.0 and 4.0; a card of 2.1 is read as 3.0, and
//! becomes 3.0 when it is changed, for nothing is written in 2.1. What JSON has no member for is told as `vCardProps` (jCard) and
//! `vCardParams`. `entries` and `lines` carry the maps of things, `card` single values and sets, `dates` dates. Knows no address
//! book, no person and no storage.

mod card;
mod dates;
mod entries;
mod lines;

#[cfg(test)]
mod tests;

pub use super::jsobject::{Change, Refused};

use super::component::{Component, Document, Limits};
use super::draft::Draft;
use super::jsobject::{self, check, escape, first_lost, is_id, object};
use super::line::{Param, encode_param};
use super::vcard::prop::Prop;
use super::vcard::read::unpacked;
use super::vcard::{Version, convert};
use super::{jcard, json};
use entries::{Entry, Item};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Media type of JSContact.
pub const MEDIA_TYPE: &str = "application/jscontact+json";
/// Members that a replacement may leave out: the server keeps them.
const KEPT: [&str; 7] = ["@type", "version", "uid", "created", "updated", "prodId", "vCardProps"];

/// What a new card gets where its JSON does not say.
#[derive(Debug, Clone, Copy)]
pub struct Fresh<'f> {
    /// UID.
    pub uid: &'f str,
    /// REV, seconds UTC.
    pub now: i64,
    /// The version to write: 3.0, which all clients read, or 4.0.
    pub version: Version,
}

/// The card as JSON; the first one, where the document has several.
pub fn read(document: &Document<'_>) -> Value {
    let Some(root) = document.roots.first().filter(|root| root.is("VCARD")) else { return json!({}) };
    if Version::of(root) == Some(Version::V21) {
        let text = document.source.get(root.span.clone()).unwrap_or_default();
        let newer = convert(text, Version::V3).ok();
        let newer = newer.as_deref().and_then(|text| {
            Document::parse(text, Limits::default()).ok().map(|document| json_of(&document))
        });
        return newer.unwrap_or_else(|| json!({}));
    }
    json_of(document)
}

fn json_of(document: &Document<'_>) -> Value {
    match document.roots.first() {
        Some(root) => Value::Object(View::of(root).json()),
        None => json!({}),
    }
}

/// A card being read.
struct View<'d, 'a> {
    root: &'d Component<'a>,
    items: Vec<Item>,
    version: Version,
    entries: Vec<Entry>,
}

impl<'d, 'a> View<'d, 'a> {
    fn of(root: &'d Component<'a>) -> Self {
        let items: Vec<Item> = root
            .lines
            .iter()
            .map(|line| Item {
                prop: Prop::of(line),
                value: match unpacked(line) {
                    Cow::Borrowed(value) => value.to_owned(),
                    Cow::Owned(value) => value.replace("\r\n", "\\n").replace(['\r', '\n'], "\\n"),
                },
            })
            .collect();
        let version = Version::of(root).unwrap_or(Version::V3);
        let entries = entries::read(&items, version);
        View { root, items, version, entries }
    }

    fn json(&self) -> Map<String, Value> {
        let mut out = Map::new();
        out.insert("@type".to_owned(), json!("Card"));
        out.insert("version".to_owned(), json!("1.0"));
        let mut told: HashSet<usize> = HashSet::new();
        card::read(&self.items, &mut out, &mut told);
        for entry in &self.entries {
            let map = out.entry(entry.family.key).or_insert_with(|| json!({}));
            if let Some(map) = map.as_object_mut() {
                map.insert(entry.id.clone(), Value::Object(entry.json.clone()));
            }
            told.insert(entry.at);
            told.extend(entry.label);
        }
        let left =
            self.root.lines.iter().enumerate().filter(|(at, line)| !told.contains(at) && !line.is("VERSION"));
        let props: Vec<Value> = left.map(|(_, line)| jcard::property(line)).collect();
        if !props.is_empty() {
            out.insert("vCardProps".to_owned(), Value::Array(props));
        }
        out
    }
}

/// A new card. Every member must be one that can be kept: what would be lost is refused by its pointer.
pub fn write(json: &Value, fresh: Fresh<'_>) -> Result<String, Refused> {
    check(json)?;
    let mut new = normalised(json)?;
    jsobject::check_type(&new, "Card", "")
        .map_err(|refused| Refused { pointer: "/@type".to_owned(), ..refused })?;
    let version = fresh.version.max(Version::V3);
    if !new.get("uid").is_some_and(Value::is_string) {
        new.insert("uid".to_owned(), json!(fresh.uid));
    }
    if !new.get("updated").is_some_and(Value::is_string) {
        new.insert("updated".to_owned(), Value::String(super::jscalendar::utc_date_time(fresh.now)));
    }
    let mut source = format!("BEGIN:VCARD\r\nVERSION:{}\r\nEND:VCARD\r\n", version.as_str());
    source = edit(&source, &Map::new(), &new)?;
    if let Some(props) = new.get("vCardProps") {
        source = with_props(source, props)?;
    }
    kept(source, new)
}

/// Adds the properties that JSON has no members for.
fn with_props(text: String, props: &Value) -> Result<String, Refused> {
    let props = props.as_array().ok_or_else(|| Refused::at("vCardProps", "an array was expected"))?;
    let mut lines = String::new();
    for (at, property) in props.iter().enumerate() {
        jcard::write_property(&mut lines, property)
            .map_err(|bad| Refused::at(&format!("vCardProps/{at}"), bad.what))?;
    }
    let at = text.rfind("END:VCARD").unwrap_or(text.len());
    let (head, tail) = text.split_at_checked(at).unwrap_or((&text, ""));
    Ok(format!("{head}{lines}{tail}"))
}

/// The card with a change of its JSON in it: only the lines that stand for what changed are other ones, and the version
/// stays (2.1 becomes 3.0).
pub fn patch(current: &str, change: &Change) -> Result<String, Refused> {
    let current = match Document::parse(current, Limits::default()) {
        Ok(document) if document.roots.first().and_then(Version::of) == Some(Version::V21) => {
            convert(current, Version::V3).map_err(|bad| Refused::at("", bad.to_string()))?
        }
        Ok(_) => Cow::Borrowed(current),
        Err(bad) => return Err(Refused::at("", bad.to_string())),
    };
    let document =
        Document::parse(&current, Limits::default()).map_err(|bad| Refused::at("", bad.to_string()))?;
    if !matches!(document.roots.as_slice(), [root] if root.is("VCARD")) {
        return Err(Refused::at("", "an address object holds exactly one vCard"));
    }
    let old = json_of(&document);
    let new = normalised(&change.apply(&old, &KEPT)?)?;
    let old = old.as_object().cloned().unwrap_or_default();
    for key in ["@type", "version", "uid", "vCardProps"] {
        if old.get(key) != new.get(key) {
            return Err(Refused::at(key, "this cannot be changed in a stored card"));
        }
    }
    kept(edit(&current, &old, &new)?, new)
}

fn edit(source: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Result<String, Refused> {
    let document =
        Document::parse(source, Limits::default()).map_err(|bad| Refused::at("", bad.to_string()))?;
    let Some(root) = document.roots.first() else { return Ok(source.to_owned()) };
    let view = View::of(root);
    let mut groups = entries::groups(&view.items);
    for group in named_groups(new) {
        groups.entry(group).or_default();
    }
    let mut edit = Edit { draft: Draft::of(source, root), view: &view, old, new, groups, last_group: 0 };
    card::edit(&mut edit)?;
    for key in entries::keys() {
        if edit.changes(key) {
            edit.entries(key)?;
        }
    }
    card::complete(&mut edit);
    Ok(edit.draft.finish())
}

/// The groups that JSON names, which none of ours may be.
fn named_groups(json: &Map<String, Value>) -> impl Iterator<Item = String> {
    let entries = json.values().filter_map(Value::as_object).flat_map(Map::values);
    let of_entries = entries.filter_map(|entry| entry.pointer("/vCardParams/group"));
    let props = json.get("vCardProps").and_then(Value::as_array).into_iter().flatten();
    let of_props = props.filter_map(|prop| prop.pointer("/1/group"));
    of_entries.chain(of_props).filter_map(Value::as_str).map(str::to_ascii_lowercase)
}

/// A card being changed.
struct Edit<'e, 'd, 'a> {
    draft: Draft<'d, 'a>,
    view: &'e View<'d, 'a>,
    old: &'e Map<String, Value>,
    new: &'e Map<String, Value>,
    /// How many lines each group has.
    groups: HashMap<String, usize>,
    /// Number of the last group of our making.
    last_group: usize,
}

impl<'e> Edit<'e, '_, '_> {
    fn changes(&self, key: &str) -> bool {
        self.old.get(key) != self.new.get(key)
    }

    fn wanted(&self, key: &str) -> Option<&'e Value> {
        self.new.get(key).filter(|value| !value.is_null())
    }

    /// Lines whose ids are gone go, those whose objects changed change, new ones are added.
    fn entries(&mut self, key: &'static str) -> Result<(), Refused> {
        let empty = Map::new();
        let wanted = match self.wanted(key) {
            None => &empty,
            Some(value) => object(value, key)?,
        };
        let present: HashMap<&str, &Entry> = self
            .view
            .entries
            .iter()
            .filter(|entry| entry.family.key == key)
            .map(|entry| (entry.id.as_str(), entry))
            .collect();
        for entry in present.values().filter(|entry| !wanted.contains_key(&entry.id)) {
            self.draft.remove(entry.at);
            self.remove_label(entry);
        }
        for (id, json) in wanted {
            let pointer = format!("{key}/{}", escape(id));
            let members = object(json, &pointer)?;
            let known = present.get(id.as_str()).copied();
            if known.is_some_and(|entry| entry.json == *members) {
                continue;
            }
            if !is_id(id) {
                return Err(Refused::at(
                    &pointer,
                    "an id of up to 255 letters, digits, - and _ was expected",
                ));
            }
            self.entry(key, id, members, known, &pointer)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        key: &str,
        id: &str,
        members: &Map<String, Value>,
        known: Option<&Entry>,
        pointer: &str,
    ) -> Result<(), Refused> {
        let version = self.view.version;
        let family = entries::family_of(key, members, pointer)?;
        let known = known.filter(|entry| {
            let same = entry.family.name == family.name || entry.family.kind == family.kind;
            if !same {
                self.draft.remove(entry.at);
            }
            same
        });
        let family = known.map_or(family, |entry| entry.family);
        let value =
            known.and_then(|entry| self.view.items.get(entry.at)).map_or("", |item| item.value.as_str());
        let name = if version == Version::V4 { family.name } else { family.old_name };
        let mut prop =
            known.and_then(|entry| self.draft.line(entry.at)).cloned().unwrap_or_else(|| Prop::new(name, ""));
        lines::write(&family, &mut prop, value, members, known.map(|entry| &entry.json), version, pointer)?;
        if known.is_none()
            && let Some(params) = members.get("vCardParams")
        {
            put_params(&mut prop, params, &format!("{pointer}/vCardParams"))?;
        }
        let shown = if prop.value
            == known
                .and_then(|entry| self.view.items.get(entry.at))
                .map_or("", |item| item.prop.value.as_str())
        {
            value.to_owned()
        } else {
            prop.value.clone()
        };
        let derived = entries::derived(&family, &shown);
        put_param(&mut prop, "PROP-ID", (derived != id).then_some(id));
        self.label(&mut prop, members, known, pointer)?;
        match known.and_then(|entry| self.draft.line_mut(entry.at)) {
            Some(old) => *old = prop,
            None => self.draft.add(prop),
        }
        Ok(())
    }

    /// Apple's label of a line: another line of the same group.
    fn label(
        &mut self,
        prop: &mut Prop,
        members: &Map<String, Value>,
        known: Option<&Entry>,
        pointer: &str,
    ) -> Result<(), Refused> {
        let wanted = members.get("label").filter(|label| !label.is_null());
        let wanted = wanted.map(|label| jsobject::text(label, &format!("{pointer}/label"))).transpose()?;
        let line = known.and_then(|entry| entry.label);
        let Some(label) = wanted else {
            if let Some(entry) = known {
                self.remove_label(entry);
            }
            return Ok(());
        };
        let value = super::line::escape_text(label).into_owned();
        if let Some(old) = line.and_then(|at| self.draft.line_mut(at)) {
            if old.value != value {
                old.value = value;
            }
            return Ok(());
        }
        if prop.group.is_none() {
            prop.group = Some(self.free_group());
        }
        let mut own = Prop::new("X-ABLabel", value);
        own.group.clone_from(&prop.group);
        self.draft.add(own);
        Ok(())
    }

    /// The label goes with its line, unless another line of the group is left.
    fn remove_label(&mut self, entry: &Entry) {
        let group = entry.label.and_then(|at| self.view.items.get(at)?.prop.group_key());
        let (Some(at), Some(group)) = (entry.label, group) else { return };
        let left = self.groups.entry(group).or_default();
        *left = left.saturating_sub(1);
        if *left <= 1 {
            self.draft.remove(at);
        }
    }

    fn free_group(&mut self) -> String {
        loop {
            self.last_group += 1;
            let group = format!("item{}", self.last_group);
            if !self.groups.contains_key(&group) {
                return group;
            }
        }
    }
}

/// Refuses what the text does not say: nothing that a client asked for is lost in silence.
fn kept(text: String, mut wanted: Map<String, Value>) -> Result<String, Refused> {
    let document =
        Document::parse(&text, Limits::default()).map_err(|bad| Refused::at("", bad.to_string()))?;
    super::vcard::CardIndex::build(&document).map_err(|invalid| Refused::at("", invalid.what))?;
    wanted.remove("vCardProps");
    let got = json_of(&document);
    match first_lost(&Value::Object(wanted), Some(&got), "") {
        None => Ok(text),
        Some(pointer) => Err(Refused::at(&pointer, "this member, or this value of it, cannot be kept")),
    }
}

/// Brings values that can be written in several ways to the one that is read back.
fn normalised(json: &Value) -> Result<Map<String, Value>, Refused> {
    let mut out = json.as_object().cloned().ok_or_else(|| Refused::at("", "an object was expected"))?;
    out.retain(|_, value| !value.is_null());
    for key in ["created", "updated"] {
        if let Some(seconds) = out.get(key).and_then(super::jscalendar::utc_seconds) {
            out.insert(key.to_owned(), Value::String(super::jscalendar::utc_date_time(seconds)));
        }
    }
    if let Some(components) = out.get_mut("name").and_then(|name| name.get_mut("components")) {
        card::sort(components, &card::NAME);
    }
    for address in
        out.get_mut("addresses").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        if let Some(components) = address.get_mut("components") {
            card::sort(components, &entries::ADR);
        }
    }
    Ok(out)
}

/// The first value of a parameter, unquoted, RFC 6868 undone.
fn param(prop: &Prop, name: &str) -> Option<String> {
    let (name, raw) = prop.params.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
    let values: Vec<Cow<'_, str>> = Param { name, raw }.values().collect();
    Some(values.join(","))
}

/// Sets a parameter, or takes it away.
fn put_param(prop: &mut Prop, name: &str, value: Option<&str>) {
    match value {
        None => drop(prop.take_param(name)),
        Some(value) if param(prop, name).as_deref() == Some(value) => {}
        Some(value) => {
            let raw = encode_param(value);
            match prop.params.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
                Some((_, old)) => *old = raw,
                None => prop.params.push((name.to_owned(), raw)),
            }
        }
    }
}

/// The types in lower case, each once.
fn types(prop: &Prop) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in prop.types().map(str::to_ascii_lowercase) {
        if !out.contains(&word) {
            out.push(word);
        }
    }
    out
}

/// Adds a word to the types.
fn add_type(prop: &mut Prop, word: &str) {
    match prop.params.iter_mut().find(|(name, raw)| name.eq_ignore_ascii_case("TYPE") && !raw.contains('"')) {
        Some((_, raw)) => {
            raw.push(',');
            raw.push_str(word);
        }
        None => prop.params.push(("TYPE".to_owned(), word.to_owned())),
    }
}

/// Parameters that no member tells, as `vCardParams`.
fn left_params(prop: &Prop, known: &[&str], types: Vec<String>, out: &mut Map<String, Value>) {
    let mut left = Map::new();
    for (name, raw) in &prop.params {
        let silent = name.is_empty() || known.iter().any(|known| known.eq_ignore_ascii_case(name));
        if silent || json::checked_name(name).is_err() {
            continue;
        }
        let values: Vec<Value> = Param { name, raw }.values().map(|value| json!(value)).collect();
        left.insert(name.to_ascii_lowercase(), json::one_or_many(values));
    }
    if !types.is_empty() {
        left.insert("type".to_owned(), json::one_or_many(types.into_iter().map(Value::String).collect()));
    }
    if !left.is_empty() {
        out.insert("vCardParams".to_owned(), Value::Object(left));
    }
}

/// Gives a new line the parameters that JSON keeps for it.
fn put_params(prop: &mut Prop, params: &Value, pointer: &str) -> Result<(), Refused> {
    for (name, value) in object(params, pointer)? {
        let own = format!("{pointer}/{}", escape(name));
        let name = json::checked_name(name).map_err(|bad| Refused::at(&own, bad.what))?;
        let values: Vec<String> = match value {
            Value::Array(values) => values.iter().map(json::scalar).collect(),
            single => vec![json::scalar(single)],
        };
        if name == "GROUP" {
            prop.group = values.into_iter().next().filter(|group| json::checked_name(group).is_ok());
        } else if name == "TYPE" {
            values.iter().for_each(|word| add_type(prop, &encode_param(word)));
        } else {
            prop.params
                .push((name, values.iter().map(|value| encode_param(value)).collect::<Vec<_>>().join(",")));
        }
    }
    Ok(())
}
