//! Files in the forms that programs write them in, as items: iCalendar, jCal, vCard, jCard, tables of contacts.
//!
//! What is wrong with one item does not spoil the others. RFC 5545 §3.4, RFC 7265 §3, RFC 6350, RFC 7095 §3, RFC 4180.

use super::Holds;
use super::split::{Item, Unreadable, split, steady_uid};
use crate::text::contacts_csv::{Columns, Dates, Reader, Row};
use crate::text::jarray::{self, check_values, elements, elements_within};
use crate::text::vcard::Version;
use crate::text::{jcal, jcard};
use serde_json::Value;
use std::fmt::Display;

/// Octets of the JSON of one item: its tree takes many times as much.
const MAX_JSON: usize = 10 * 1024 * 1024;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `text/calendar`
    ICalendar,
    /// `application/calendar+json`
    JCal,
    /// `text/vcard`, as the cards are kept or all in one version. Any is read.
    VCard(Option<Version>),
    /// `application/vcard+json`
    JCard,
    /// `text/csv`
    Csv,
}

impl Form {
    /// What such a file holds.
    pub const fn holds(self) -> Holds {
        match self {
            Form::ICalendar | Form::JCal => Holds::Calendar,
            Form::VCard(_) | Form::JCard | Form::Csv => Holds::Cards,
        }
    }
}

/// How a table is to be read.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Names of foreign columns.
    pub columns: Columns,
    /// The order of days and months.
    pub dates: Dates,
}

/// A part of a file that is, or should be, an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// An item.
    Item(Item),
    /// Something that is none: how to find it, and why not.
    Broken {
        /// What is known of it.
        label: String,
        /// The line of the file where it begins.
        line: Option<u64>,
        /// Why it is no item.
        why: String,
    },
}

/// A file taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// In order of appearance; what is broken in JSON comes last.
    pub pieces: Vec<Piece>,
    /// Columns of a table that nobody knows.
    pub ignored: Vec<String>,
}

/// Takes a file apart.
pub fn parts(form: Form, text: &str, table: &Table) -> Result<Parts, Unreadable> {
    match form {
        Form::ICalendar | Form::VCard(_) => {
            let (holds, items) = split(text)?;
            if !items.is_empty() && holds != form.holds() {
                return Err(Unreadable::Other);
            }
            Ok(Parts { pieces: items.into_iter().map(Piece::Item).collect(), ignored: Vec::new() })
        }
        Form::JCal => calendars(text),
        Form::JCard => cards(text),
        Form::Csv => rows(text, table),
    }
}

/// One item's JSON as text; or why it is none.
fn converted<E: Display>(json: &str, by: fn(&Value) -> Result<String, E>) -> Result<String, String> {
    if json.len() > MAX_JSON {
        return Err(format!("longer than {MAX_JSON} bytes"));
    }
    check_values(json).map_err(|bad| bad.to_string())?;
    let value: Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    by(&value).map_err(|bad| bad.to_string())
}

/// A calendar, or a list of some; each component is brought to text by itself.
fn calendars(text: &str) -> Result<Parts, Unreadable> {
    let outer = elements(text).map_err(unreadable)?;
    let alone = outer.first().is_some_and(|first| first.starts_with('"'));
    let (mut whole, mut broken) = (String::new(), Vec::new());
    let mut left = jarray::MOST;
    for calendar in if alone { vec![text] } else { outer } {
        let [name, properties, components] =
            elements(calendar).ok().and_then(|parts| <[&str; 3]>::try_from(parts).ok()).ok_or_else(|| {
                Unreadable::Json("a calendar is an array of name, properties and components".into())
            })?;
        // An empty calendar around the components, as text.
        let shell =
            converted(&format!("[{name},{properties},[]]"), jcal::from_jcal).map_err(Unreadable::Json)?;
        let (begin, end) = shell.trim_end().rsplit_once('\n').unwrap_or_default();
        whole.push_str(begin);
        whole.push('\n');
        let components = elements_within(components, left).map_err(unreadable)?;
        left -= components.len();
        for (at, component) in components.into_iter().enumerate() {
            match converted(component, jcal::from_jcal) {
                Ok(text) => whole.push_str(&text),
                Err(why) => {
                    broken.push(Piece::Broken { label: format!("component {}", at + 1), line: None, why })
                }
            }
        }
        whole.push_str(end);
        whole.push_str("\r\n");
    }
    with(whole, broken, Holds::Calendar)
}

/// A card, or a list of some.
fn cards(text: &str) -> Result<Parts, Unreadable> {
    let outer = elements(text).map_err(unreadable)?;
    let alone = outer.first().is_some_and(|first| first.starts_with('"'));
    let (mut whole, mut broken) = (String::new(), Vec::new());
    for (at, card) in if alone { vec![text] } else { outer }.into_iter().enumerate() {
        match converted(card, jcard::from_jcard) {
            Ok(text) => whole.push_str(&text),
            Err(why) => broken.push(Piece::Broken { label: format!("card {}", at + 1), line: None, why }),
        }
    }
    with(whole, broken, Holds::Cards)
}

/// The items of a text that was made of JSON, whose lines nobody knows, and what is broken.
fn with(whole: String, broken: Vec<Piece>, wanted: Holds) -> Result<Parts, Unreadable> {
    let mut pieces = Vec::new();
    if !whole.is_empty() {
        let (holds, items) = split(&whole)?;
        if holds != wanted {
            return Err(Unreadable::Other);
        }
        pieces.extend(items.into_iter().map(|item| Piece::Item(Item { line: None, ..item })));
    }
    pieces.extend(broken);
    Ok(Parts { pieces, ignored: Vec::new() })
}

fn unreadable(bad: impl Display) -> Unreadable {
    Unreadable::Json(bad.to_string())
}

fn rows(text: &str, table: &Table) -> Result<Parts, Unreadable> {
    let reader = Reader::new(text, &table.columns, table.dates)?;
    let ignored = reader.ignored().to_vec();
    let pieces = reader.map(|row| match row.card {
        Ok(card) => {
            // Of a row without a UID the same one each time, so that a second import finds the first.
            let uid = row.uid.unwrap_or_else(|| steady_uid(&card));
            let item =
                split(&Row::card_with(&card, &uid)).ok().and_then(|(_, items)| items.into_iter().next());
            match item {
                Some(item) => Piece::Item(Item { line: Some(row.line), ..item }),
                None => broken_row(row.line, "the row makes no card"),
            }
        }
        Err(why) => broken_row(row.line, why),
    });
    Ok(Parts { pieces: pieces.collect(), ignored })
}

fn broken_row(line: u64, why: &str) -> Piece {
    Piece::Broken { label: format!("line {line}"), line: Some(line), why: why.to_owned() }
}
