//! Cards as rows.

use super::cells::harmless;
use super::columns::{Field, written};
use super::labels;
use super::{ALSO, Contact, Entry, Many, Single};
use crate::text::component::{Component, Document, Limits, Malformed};
use crate::text::line::Line;
use crate::text::vcard::read::types;
use crate::text::vcard::{Version, fields, text};

/// The first row, with the names of the columns.
pub fn header() -> String {
    line(written().into_iter().map(|(name, _)| name))
}

/// A card as a row.
pub fn row(card: &str) -> Result<String, Malformed> {
    let document = Document::parse(card, Limits::default())?;
    let contact = document.roots.first().map(Contact::of).unwrap_or_default();
    Ok(line(written().into_iter().map(|(_, field)| contact.cell(field))))
}

/// A row with its end, quoted where it must be.
fn line(cells: impl Iterator<Item = String>) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // A writer into memory does not fail.
    let _ = writer.write_record(cells.map(|cell| harmless(&cell).into_owned()));
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

impl Contact {
    /// What the columns tell of a card of any version.
    pub(super) fn of(card: &Component<'_>) -> Self {
        let version = Version::of(card).unwrap_or(Version::V3);
        let mut contact = Contact::default();
        let mut say = |single, said: String| {
            let said = said.trim();
            if !said.is_empty() {
                contact.once.insert(single, said.to_owned());
            }
        };
        let joined = |name: &'static str, between: &str| {
            let all = card.lines_named(name).map(|line| text(line, version).trim().to_owned());
            all.filter(|one| !one.is_empty()).collect::<Vec<_>>().join(between)
        };
        let first = |name: &str| card.line(name).map(|line| text(line, version)).unwrap_or_default();
        say(Single::Uid, first("UID"));
        say(Single::FullName, first("FN"));
        let name = card.line("N").map(|line| fields(line, version)).unwrap_or_default();
        let parts = [Single::Family, Single::Given, Single::Middle, Single::Prefix, Single::Suffix];
        for (single, part) in parts.into_iter().zip(name) {
            say(single, part.join(","));
        }
        let mut units = card
            .line("ORG")
            .map(|line| fields(line, version))
            .unwrap_or_default()
            .into_iter()
            .map(|unit| unit.join(","));
        say(Single::Organization, units.next().unwrap_or_default());
        say(Single::Department, units.filter(|unit| !unit.is_empty()).collect::<Vec<_>>().join(";"));
        say(Single::Nickname, joined("NICKNAME", ","));
        say(Single::Title, joined("TITLE", "; "));
        say(Single::Notes, joined("NOTE", "\n\n"));
        say(Single::Birthday, birthday(&first("BDAY")));
        let categories =
            card.lines_named("CATEGORIES").flat_map(|line| fields(line, version).into_iter().flatten());
        let categories: Vec<String> =
            categories.map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect();
        say(Single::Categories, categories.join(";"));
        let labels = labels::of(card, version);
        for (many, _, _, property) in Many::ALL {
            let labelled = |line: &Line<'_>| {
                let label = line.group().and_then(|group| labels.get(&group.to_ascii_lowercase()));
                let label = label.map(|label| label.replace(ALSO, "::")).unwrap_or_default();
                Entry { label, ..entry(many, line, version) }
            };
            let entries: Vec<Entry> = card.lines_named(property).map(labelled).collect();
            contact.many.insert(many, entries.into_iter().filter(|entry| !entry.is_empty()).collect());
        }
        contact
    }

    /// What stands in a column. The last one of its kind has all that are left.
    fn cell(&self, field: Field) -> String {
        let of = |many: Many, number: usize, told: &dyn Fn(&Entry) -> String| {
            let columns =
                Many::ALL.iter().find(|(kind, ..)| *kind == many).map_or(1, |(_, _, count, _)| *count);
            let takes = if number == columns { usize::MAX } else { 1 };
            let told: Vec<String> =
                self.entries(many).iter().skip(number - 1).take(takes).map(told).collect();
            told.join(&format!(" {ALSO} "))
        };
        match field {
            Field::Once(single) => self.said(single).to_owned(),
            Field::Part(many, number, part) => of(many, number, &|entry| entry.part(part).to_owned()),
            Field::Types(many, number) => of(many, number, &|entry| entry.types.clone()),
            Field::Label(many, number) => of(many, number, &|entry| entry.label.clone()),
            Field::Typed(..) | Field::TypesOrLabel(..) | Field::Birth(_) => String::new(),
        }
    }
}

fn entry(many: Many, line: &Line<'_>, version: Version) -> Entry {
    let parts = match many {
        Many::Address => fields(line, version).into_iter().map(|part| part.join(",")).collect(),
        _ => vec![text(line, version)],
    };
    let plain = |part: String| {
        let part = part.trim().replace(ALSO, "::");
        match many {
            Many::Email => bare(&part, "mailto:"),
            Many::Phone => bare(&part, "tel:"),
            Many::Address | Many::Url => part,
        }
    };
    Entry {
        types: kinds(line),
        label: String::new(),
        parts: parts.into_iter().map(plain).enumerate().take(many.parts().len()).collect(),
    }
}

fn bare(value: &str, scheme: &str) -> String {
    match value.get(..scheme.len()) {
        Some(said) if said.eq_ignore_ascii_case(scheme) => {
            value.get(scheme.len()..).unwrap_or_default().to_owned()
        }
        _ => value.to_owned(),
    }
}

/// The types of a value; that it is preferred is one of them, and comes last.
fn kinds(line: &Line<'_>) -> String {
    let mut all = types(line);
    let preferred = all.iter().any(|one| one == "pref") || line.param("PREF").is_some();
    all.retain(|one| !matches!(one.as_str(), "pref" | "internet" | "smtp"));
    all.dedup();
    if preferred {
        all.push("pref".to_owned());
    }
    all.join(",")
}

/// `19850412` and `--0412` with dashes; anything else as it is.
fn birthday(text: &str) -> String {
    let text = text.trim();
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match (text.len(), text.get(..4), text.get(4..6), text.get(6..)) {
        (8, Some(year), Some(month), Some(day)) if digits(text) => format!("{year}-{month}-{day}"),
        (6, Some(month), Some(day), _)
            if month.starts_with("--") && digits(month.trim_start_matches('-')) && digits(day) =>
        {
            format!("{month}-{day}")
        }
        _ => text.to_owned(),
    }
}
