//! The forms of files of many items: by media type, or by a short name in `format`. RFC 9110 §12.5.1.

use super::edits;
use super::forms::preferred;
use super::problem::Refused;
use super::query::Query;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::services::interchange::{Form, Table};
use crate::text::contacts_csv::{Columns, Dates};
use crate::text::vcard::Version;
use std::collections::BTreeMap;

/// A form, its short name, its media type with the version that it has, what is told of it, and the ending of its files.
struct Row {
    form: Form,
    name: &'static str,
    media: &'static str,
    version: Option<&'static str>,
    told: &'static str,
    ending: &'static str,
}

const fn row(
    form: Form,
    name: &'static str,
    (media, version): (&'static str, Option<&'static str>),
    told: &'static str,
    ending: &'static str,
) -> Row {
    Row { form, name, media, version, told, ending }
}

impl Row {
    fn wanted(&self, mark: bool) -> Wanted {
        Wanted { form: self.form, media: self.told, ending: self.ending, mark }
    }
}

/// All of them; of those that a client likes alike the first is given.
const CALENDARS: &[Row] = &[
    row(Form::ICalendar, "icalendar", ("text/calendar", None), "text/calendar; charset=utf-8", "ics"),
    row(Form::JCal, "jcal", ("application/calendar+json", None), "application/calendar+json", "json"),
];
const CARDS: &[Row] = &[
    row(Form::VCard(None), "vcard", ("text/vcard", None), "text/vcard; charset=utf-8", "vcf"),
    row(
        Form::VCard(Some(Version::V4)),
        "vcard4",
        ("text/vcard", Some("4.0")),
        "text/vcard; version=4.0; charset=utf-8",
        "vcf",
    ),
    row(
        Form::VCard(Some(Version::V3)),
        "vcard3",
        ("text/vcard", Some("3.0")),
        "text/vcard; version=3.0; charset=utf-8",
        "vcf",
    ),
    row(Form::JCard, "jcard", ("application/vcard+json", None), "application/vcard+json", "json"),
    row(Form::Csv, "csv", ("text/csv", None), "text/csv; charset=utf-8; header=present", "csv"),
];

fn rows(home: HomeKind) -> &'static [Row] {
    match home {
        HomeKind::Calendars => CALENDARS,
        HomeKind::AddressBooks => CARDS,
    }
}

/// The form of a file to be written.
pub struct Wanted {
    /// Which.
    pub form: Form,
    /// Its media type.
    pub media: &'static str,
    /// The ending of its name.
    pub ending: &'static str,
    /// Whether it begins with a byte order mark, by which spreadsheets know UTF-8.
    pub mark: bool,
}

/// What a request for a file asks for: `format`, else its `Accept`.
pub fn wanted(query: &mut Query, accept: Option<&str>, home: HomeKind) -> Result<Wanted, Refused> {
    let named = query.text("format");
    let mark = home == HomeKind::AddressBooks && query.flag("bom")?;
    let found = match named.as_deref() {
        Some(name) => {
            rows(home).iter().find(|row| row.name == name).map(Some).ok_or_else(|| no_format(home, None))?
        }
        None => preferred(accept, rows(home).iter().map(|row| (row, row.media, row.version)))?,
    };
    let row = found.or_else(|| rows(home).first()).ok_or(Fault::Internal)?;
    if mark && row.form != Form::Csv {
        return Err(Refused::at("bom", "only a table has one"));
    }
    Ok(row.wanted(mark))
}

/// The form of files with this ending.
pub fn ending(text: &str, home: HomeKind) -> Option<Wanted> {
    rows(home).iter().find(|row| row.ending == text).map(|row| row.wanted(false))
}

/// `more` is a form that is read only.
fn no_format(home: HomeKind, more: Option<&'static str>) -> Refused {
    let names: Vec<&str> = rows(home).iter().map(|row| row.name).chain(more).collect();
    Refused::at("format", format!("must be one of {}", names.join(", ")))
}

/// A file that is sent.
#[derive(Debug, Clone, Copy)]
pub enum Sent {
    /// In a form that is written, too.
    Form(Form),
    /// JSCalendar or JSContact.
    Objects,
}

/// The form of a file that is sent: `format`, else its media type.
pub fn sent(query: &mut Query, media: Option<&str>, home: HomeKind) -> Result<Sent, Refused> {
    let objects = match home {
        HomeKind::Calendars => "jscalendar",
        HomeKind::AddressBooks => "jscontact",
    };
    if let Some(name) = query.text("format") {
        if name == objects {
            return Ok(Sent::Objects);
        }
        let named = rows(home).iter().find(|row| row.name == name);
        return named.map(|row| Sent::Form(row.form)).ok_or_else(|| no_format(home, Some(objects)));
    }
    if edits::is_said_by(media, home) {
        return Ok(Sent::Objects);
    }
    let known = |media: &str| match (media, home) {
        ("text/x-vcard" | "text/directory", HomeKind::AddressBooks) => Some(Form::VCard(None)),
        _ => rows(home).iter().find(|row| row.media == media).map(|row| row.form),
    };
    let form = media.and_then(known).map(Sent::Form);
    form.ok_or_else(|| Refused::from(Fault::UnsupportedMediaType).field("Content-Type"))
}

/// How a table is to be read: `columns`, an object of foreign names and ours, and `dates`. Calendars have none.
pub fn table(query: &mut Query, home: HomeKind) -> Result<Table, Refused> {
    if home == HomeKind::Calendars {
        return Ok(Table::default());
    }
    let dates = match query.text("dates").as_deref() {
        None => Dates::Unsaid,
        Some("dmy") => Dates::DayFirst,
        Some("mdy") => Dates::MonthFirst,
        Some(_) => return Err(Refused::at("dates", "must be dmy or mdy")),
    };
    let columns = match query.text("columns") {
        None => Columns::default(),
        Some(text) => {
            let pairs: BTreeMap<String, String> = serde_json::from_str(&text)
                .map_err(|_| Refused::at("columns", "must be a JSON object of names of columns"))?;
            Columns::new(pairs).map_err(|unknown| Refused::at("columns", unknown.to_string()))?
        }
    };
    Ok(Table { columns, dates })
}
