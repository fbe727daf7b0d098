//! The text of a whole calendar object with a change of its JSON in it.
//!
//! Component by component: an edit changes the lines that changed members stand for, and every other byte of the source
//! stays. `object` reads what this writes.

use super::super::component::{Component, Document, Edit as Patch, Limits, apply};
use super::super::draft::{Draft, alone, ending};
use super::super::jsobject::{Refused, escape};
use super::super::vcard::prop::Prop;
use super::super::zone;
use super::object::{Parts, keys, parts, read_part};
use super::overrides::{self, FIXED, Overrides};
use super::place::{self, Place, Zones};
use super::view::{Edit, Kind};
use super::{alerts, bag, fields, links, people, rules, sets, times};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Octets that the result of an edit may have at most.
const MOST: usize = 32 * 1024 * 1024;

/// One component to be edited.
struct Job<'j> {
    text: &'j str,
    kind: Kind,
    zones: &'j Zones<'j, 'j>,
    old: &'j Map<String, Value>,
    new: &'j Map<String, Value>,
    converted: Option<&'j Map<String, Value>>,
    /// The overrides to be, and the keys of those that have a component: for a master.
    dates: Option<(&'j Overrides, &'j HashSet<String>)>,
    /// RECURRENCE-ID to be written.
    recurrence_id: Option<(i64, &'j Place)>,
}

impl Job<'_> {
    /// The text of the component with the changes in it.
    fn run(self) -> Result<String, Refused> {
        let document = alone(self.text).map_err(|bad| Refused::at("", bad.what))?;
        let root = document.roots.first().ok_or_else(|| Refused::at("", "no component"))?;
        let props: Vec<Prop> = root.lines.iter().map(Prop::of).collect();
        let from = times::anchor(&props, self.kind).map_or(Place::Floating, |(_, place)| place);
        let to = self.target(&from)?;
        let mut edit = Edit {
            draft: Draft::of(self.text, root),
            part: root,
            props,
            kind: self.kind,
            zones: self.zones,
            old: self.old,
            new: self.new,
            converted: self.converted,
            from,
            to,
        };
        times::edit(&mut edit)?;
        if let Some((civil, place)) = self.recurrence_id {
            recurrence_id(&mut edit, civil, place)?;
        }
        if let Some((wanted, parts)) = self.dates {
            rules::edit(&mut edit)?;
            overrides::edit(&mut edit, wanted, parts)?;
        }
        fields::edit(&mut edit)?;
        sets::edit(&mut edit)?;
        people::edit(&mut edit)?;
        links::edit(&mut edit)?;
        alerts::edit(&mut edit)?;
        Ok(edit.draft.finish())
    }

    /// Where the start shall be; a bag that names another TZID for the same zone is followed.
    fn target(&self, from: &Place) -> Result<Place, Refused> {
        let kept = self.converted.and_then(|all| all.get("start").or_else(|| all.get("due")));
        let tzid = kept.and_then(|kept| kept.pointer("/parameters/tzid")).and_then(Value::as_str);
        let alias = tzid.map(|tzid| Place::Zone(tzid.to_owned()));
        let zone = self.new.get("timeZone").and_then(Value::as_str);
        if let Some(alias) = alias.filter(|alias| zone.is_some() && alias.name(self.zones).as_deref() == zone)
        {
            return Ok(alias);
        }
        times::wanted_place(self.new, from, self.zones)
    }
}

fn recurrence_id(edit: &mut Edit<'_, '_, '_>, civil: i64, place: &Place) -> Result<(), Refused> {
    match edit.props.iter().position(|prop| prop.is("RECURRENCE-ID")) {
        Some(at) => {
            if let Some(prop) = edit.draft.line_mut(at) {
                place::set_when(prop, civil, place);
            }
            Ok(())
        }
        None => {
            let mut prop = Prop::new("RECURRENCE-ID", "");
            place::set_when(&mut prop, civil, place);
            edit.add(prop, "recurrenceId")
        }
    }
}

/// What is edited: the text, and JSON before and after.
pub(super) struct Task<'t> {
    pub(super) source: &'t str,
    pub(super) old: &'t Map<String, Value>,
    pub(super) new: &'t Map<String, Value>,
    /// A new object: what the bag holds is written too.
    pub(super) fresh: bool,
}

impl Task<'_> {
    /// The new text of the object.
    pub(super) fn run(&self) -> Result<String, Refused> {
        let document = Document::parse(self.source, Limits::default())
            .map_err(|bad| Refused::at("", bad.to_string()))?;
        let parts = parts(&document).ok_or_else(|| Refused::at("", "no event, task or journal entry"))?;
        let zones = Zones::of(parts.calendar);
        let mut draft = Draft::of(self.source, parts.calendar);
        self.around(&parts, &mut draft)?;
        match parts.master {
            Some(at) => self.series(&parts, at, &zones, &mut draft)?,
            None => self.detached(&parts, &zones, &mut draft)?,
        }
        let text = draft.finish();
        if text.len() > MOST {
            return Err(Refused::at("", "the object would become too large"));
        }
        with_zones(text, self.source)
    }

    fn changes(&self, key: &str) -> bool {
        self.old.get(key) != self.new.get(key)
    }

    fn around(&self, parts: &Parts<'_, '_>, draft: &mut Draft<'_, '_>) -> Result<(), Refused> {
        if !self.fresh {
            for key in ["@type", "uid", "method", "iCalendar", "recurrenceId", "recurrenceIdTimeZone"] {
                if self.changes(key) {
                    return Err(Refused::at(key, "this cannot be changed in a stored object"));
                }
            }
        }
        if self.changes("prodId")
            && let Some(value) = self.new.get("prodId").filter(|value| !value.is_null())
        {
            let value = super::super::jsobject::text(value, "prodId")?;
            let value = super::super::line::escape_text(value).into_owned();
            match parts.calendar.lines.iter().position(|line| line.is("PRODID")) {
                Some(at) => {
                    if let Some(prop) = draft.line_mut(at) {
                        prop.value = value;
                    }
                }
                None => draft.add(Prop::new("PRODID", value)),
            }
        }
        Ok(())
    }

    fn series(
        &self,
        parts: &Parts<'_, '_>,
        at: usize,
        zones: &Zones<'_, '_>,
        draft: &mut Draft<'_, '_>,
    ) -> Result<(), Refused> {
        let text = |at: usize| {
            let span = parts.calendar.children.get(at).map(|child| child.span.clone()).unwrap_or_default();
            self.source.get(span).unwrap_or_default()
        };
        let wanted = overrides::wanted(self.new)?;
        if !wanted.is_empty() && self.new.get("start").or_else(|| self.new.get("due")).is_none() {
            return Err(Refused::at("recurrenceOverrides", "what has no start has no instances"));
        }
        let master: Vec<Prop> = parts
            .calendar
            .children
            .get(at)
            .map(|part| part.lines.iter().map(Prop::of).collect())
            .unwrap_or_default();
        let anchor = times::anchor(&master, parts.kind);
        let keys = anchor.as_ref().map(|anchor| keys(parts, anchor, zones)).unwrap_or_default();
        let present: HashSet<String> = keys.keys().cloned().collect();
        let converted = if self.fresh { bag::converted(self.new.get("iCalendar")) } else { None };
        let new_master = Job {
            text: text(at),
            kind: parts.kind,
            zones,
            old: self.old,
            new: self.new,
            converted,
            dates: Some((&wanted, &present)),
            recurrence_id: None,
        }
        .run()?;
        let own_bag = self.new.get("iCalendar").filter(|_| self.fresh);
        let new_master = with_bag(new_master, own_bag, "iCalendar")?;
        let series = Series { task: self, parts, zones, master: &new_master };
        let mut size = new_master.len();
        series.overrides(&keys, &wanted, &text, draft, &mut size)?;
        if new_master != text(at) {
            draft.child(at, new_master);
        }
        Ok(())
    }

    fn detached(
        &self,
        parts: &Parts<'_, '_>,
        zones: &Zones<'_, '_>,
        draft: &mut Draft<'_, '_>,
    ) -> Result<(), Refused> {
        let [at] = parts.overrides.as_slice() else {
            return Err(Refused::at(
                "",
                "instances without their series can only be changed in their text form",
            ));
        };
        let Some(part) = parts.calendar.children.get(*at) else { return Ok(()) };
        let text = self.source.get(part.span.clone()).unwrap_or_default();
        let converted = if self.fresh { bag::converted(self.new.get("iCalendar")) } else { None };
        let job = Job {
            text,
            kind: parts.kind,
            zones,
            old: self.old,
            new: self.new,
            converted,
            dates: None,
            recurrence_id: None,
        };
        let own_bag = self.new.get("iCalendar").filter(|_| self.fresh);
        draft.child(*at, with_bag(job.run()?, own_bag, "iCalendar")?);
        Ok(())
    }
}

/// The master as it will be, and the overrides that have to follow.
struct Series<'s> {
    task: &'s Task<'s>,
    parts: &'s Parts<'s, 's>,
    zones: &'s Zones<'s, 's>,
    master: &'s str,
}

impl Series<'_> {
    fn overrides<'t>(
        &self,
        keys: &BTreeMap<String, usize>,
        wanted: &Overrides,
        text: &dyn Fn(usize) -> &'t str,
        draft: &mut Draft<'_, '_>,
        size: &mut usize,
    ) -> Result<(), Refused> {
        let old = self.task.old.get("recurrenceOverrides").and_then(Value::as_object);
        let (before, after) =
            (overrides::without_recurrence(self.task.old), overrides::without_recurrence(self.task.new));
        let follows = before != after;
        let anchored = self.place()?;
        for (_, &at) in keys.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
            draft.child(at, String::new());
        }
        for (key, patch) in wanted {
            let old_patch = old.and_then(|old| old.get(key)?.as_object());
            let civil = place::local_seconds(key).unwrap_or_default();
            let part = keys.get(key).copied();
            if overrides::is_excluded(patch) {
                if let Some(at) = part {
                    draft.child(at, String::new());
                }
                continue;
            }
            if !follows && old_patch == Some(patch) || part.is_none() && patch.is_empty() {
                continue;
            }
            // An instance that an RDATE gives as it is needs no component.
            if part.is_none() && old_patch == Some(patch) && !self.task.fresh {
                continue;
            }
            let own = overrides::instance(&after, key, patch)?;
            let made = match part {
                Some(at) => self.changed(key, text(at), &before, own, (civil, &anchored))?,
                None => self.made(key, &after, &own, patch, (civil, &anchored))?,
            };
            *size = size.saturating_add(made.len());
            if *size > MOST {
                return Err(Refused::at("recurrenceOverrides", "the object would become too large"));
            }
            match part {
                Some(at) => draft.child(at, made),
                None => draft.add_child(made),
            }
        }
        Ok(())
    }

    /// Where the instances of the series are.
    fn place(&self) -> Result<Place, Refused> {
        let document = alone(self.master).map_err(|bad| Refused::at("", bad.what))?;
        let props: Vec<Prop> =
            document.roots.iter().flat_map(|root| root.lines.iter().map(Prop::of)).collect();
        Ok(times::anchor(&props, self.parts.kind).map_or(Place::Floating, |(_, place)| place))
    }

    /// An override that is there.
    fn changed(
        &self,
        key: &str,
        text: &str,
        before: &Map<String, Value>,
        mut own: Map<String, Value>,
        recurrence_id: (i64, &Place),
    ) -> Result<String, Refused> {
        let document = alone(text).map_err(|bad| Refused::at("", bad.what))?;
        let Some(root) = document.roots.first() else { return Ok(text.to_owned()) };
        let (old, _) = read_part(root, self.parts.kind, self.zones, None, false);
        // What an instance may not say by itself follows the series, if it did so far.
        for key in FIXED.iter().filter(|key| old.get(**key) != before.get(**key)) {
            match old.get(*key) {
                Some(value) => drop(own.insert((*key).to_owned(), value.clone())),
                None => drop(own.remove(*key)),
            }
        }
        let same_id =
            root.line("RECURRENCE-ID").map(Prop::of).and_then(|prop| place::when(&prop, &prop.value));
        let stays = same_id.is_some_and(|(civil, place)| {
            civil == recurrence_id.0 && place == *recurrence_id.1
                || place::moved(civil, &place, recurrence_id.1, self.zones) == recurrence_id.0
                    && place.is_absolute() == recurrence_id.1.is_absolute()
        });
        let job = Job {
            text,
            kind: self.parts.kind,
            zones: self.zones,
            old: &old,
            new: &own,
            converted: None,
            dates: None,
            recurrence_id: (!stays).then_some(recurrence_id),
        };
        job.run().map_err(|refused| refused.under(&format!("recurrenceOverrides/{}", escape(key))))
    }

    /// A new override: the series' own component at another time, without its recurrence.
    fn made(
        &self,
        key: &str,
        after: &Map<String, Value>,
        own: &Map<String, Value>,
        patch: &Map<String, Value>,
        recurrence_id: (i64, &Place),
    ) -> Result<String, Refused> {
        let pointer = format!("recurrenceOverrides/{}", escape(key));
        let own_bag = patch.get("iCalendar");
        let name = self.parts.kind.component();
        let uid = own.get("uid").and_then(Value::as_str).unwrap_or_default();
        let (text, old) = match own_bag {
            None => (self.copied()?, after.clone()),
            Some(_) => (skeleton(name, uid), Map::new()),
        };
        let job = Job {
            text: &text,
            kind: self.parts.kind,
            zones: self.zones,
            old: &old,
            new: own,
            converted: bag::converted(own_bag),
            dates: None,
            recurrence_id: Some(recurrence_id),
        };
        let made = job.run().map_err(|refused| refused.under(&pointer))?;
        with_bag(made, own_bag, &format!("{pointer}/iCalendar"))
    }

    fn copied(&self) -> Result<String, Refused> {
        let document = alone(self.master).map_err(|bad| Refused::at("", bad.what))?;
        let root = document.roots.first().ok_or_else(|| Refused::at("", "no component"))?;
        let mut draft = Draft::of(self.master, root);
        for (at, line) in root.lines.iter().enumerate() {
            if ["RRULE", "EXRULE", "RDATE", "EXDATE"].iter().any(|name| line.is(name)) {
                draft.remove(at);
            }
        }
        Ok(draft.finish())
    }
}

/// A component with its UID and nothing else.
pub(super) fn skeleton(name: &str, uid: &str) -> String {
    let mut out = format!("BEGIN:{name}\r\n");
    Prop::new("UID", uid).write(&mut out);
    out.push_str(&format!("END:{name}\r\n"));
    out
}

/// A component of our making with what a bag holds behind its own lines and children.
fn with_bag(text: String, bag: Option<&Value>, pointer: &str) -> Result<String, Refused> {
    let Some(bag) = bag.filter(|bag| !bag.is_null()) else { return Ok(text) };
    let (lines, components) = bag::content(bag, pointer)?;
    let document = alone(&text).map_err(|bad| Refused::at("", bad.what))?;
    let Some(root) = document.roots.first() else { return Ok(text) };
    let end = root.end.start;
    let first = root.children.first().map_or(end, |child| child.span.start);
    let components: String = components.concat();
    let edits = if first == end {
        vec![Patch { span: end..end, with: lines + &components }]
    } else {
        vec![Patch { span: first..first, with: lines }, Patch { span: end..end, with: components }]
    };
    Ok(apply(&text, edits))
}

/// Adds a VTIMEZONE for each zone that `text` names and `before` did not, and that is not defined; those of the IANA
/// database only, for others have none.
fn with_zones(text: String, before: &str) -> Result<String, Refused> {
    let document =
        Document::parse(&text, Limits::default()).map_err(|bad| Refused::at("", bad.to_string()))?;
    let Some(calendar) = document.roots.first() else { return Ok(text) };
    let zones = Zones::of(calendar);
    // What a client left undefined stays so.
    let known = Document::parse(before, Limits::default()).map(|old| named_zones(&old)).unwrap_or_default();
    let missing: String = named_zones(&document)
        .into_iter()
        .filter(|tzid| !known.contains(tzid) && !zones.defines(tzid))
        .filter_map(|tzid| zone::vtimezone(&tzid))
        .collect();
    if missing.is_empty() {
        return Ok(text);
    }
    // Before all that use them, where readers of one pass want them.
    let at = calendar.children.first().map_or(calendar.end.start, |child| child.span.start);
    let own = ending(&text);
    let with = if own == "\r\n" { missing } else { missing.replace("\r\n", own) };
    let edit = Patch { span: at..at, with };
    Ok(apply(&text, vec![edit]))
}

/// The TZIDs that lines outside of VTIMEZONE name.
fn named_zones(document: &Document<'_>) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut waiting: Vec<&Component<'_>> = document.roots.iter().collect();
    while let Some(part) = waiting.pop() {
        let tzids = part.lines.iter().filter_map(|line| line.param("TZID"));
        out.extend(tzids.map(|tzid| tzid.trim().to_owned()));
        waiting.extend(part.children.iter().filter(|child| !child.is("VTIMEZONE")));
    }
    out
}
