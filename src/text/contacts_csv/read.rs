//! Rows as cards: vCard 4.0, one for each row that says something.

use super::cells::{delimiter, meant};
use super::columns::{Columns, Field};
use super::labels::{self, is_types};
use super::{ALSO, Contact, Entry, Many, Single};
use crate::text::line::{escape_text, write_folded};
use std::collections::BTreeMap;

/// In which order a date like `4/12/1985` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dates {
    /// Nobody said: what can be only one date is that, anything else stays a text.
    #[default]
    Unsaid,
    /// The day first.
    DayFirst,
    /// The month first.
    MonthFirst,
}

/// A table that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No column is known.
    #[error("the first row names no column that is known")]
    NoColumns,
}

/// Reads a table, row by row.
pub struct Reader<'t> {
    table: &'t str,
    records: csv::StringRecordsIntoIter<&'t [u8]>,
    fields: Vec<Option<Field>>,
    ignored: Vec<String>,
    dates: Dates,
    /// Lines of the file before the table.
    skipped: u64,
}

/// A row that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line of the file where it begins.
    pub line: u64,
    /// Its UID, where it has one.
    pub uid: Option<String>,
    /// The card without `UID`, from `BEGIN` to the line before `END`; or why there is none.
    pub card: Result<String, &'static str>,
}

impl Row {
    /// The whole card with this UID.
    pub fn card_with(card: &str, uid: &str) -> String {
        let mut out = card.to_owned();
        write_folded(&mut out, &format!("UID:{}", escape_text(&clean(uid))));
        out.push_str("END:VCARD\r\n");
        out
    }
}

impl<'t> Reader<'t> {
    /// Begins with the header.
    pub fn new(file: &'t str, columns: &Columns, dates: Dates) -> Result<Self, Unreadable> {
        let (delimiter, table) = delimiter(file);
        let skipped = u64::from(table.len() != file.len());
        let mut records = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .from_reader(table.as_bytes())
            .into_records();
        let header = records.next().and_then(Result::ok).ok_or(Unreadable::NoColumns)?;
        let fields = columns.of(header.iter());
        if fields.iter().all(Option::is_none) {
            return Err(Unreadable::NoColumns);
        }
        let names =
            header.iter().zip(&fields).filter(|(name, field)| field.is_none() && !name.trim().is_empty());
        let ignored = names.map(|(name, _)| name.trim().to_owned()).collect();
        Ok(Reader { table, records, fields, ignored, dates, skipped })
    }

    /// The line where a row begins: its position is that of the end of the row before, perhaps with lines between that say nothing.
    fn line(&self, at: &csv::Position) -> u64 {
        let rest = usize::try_from(at.byte()).ok().and_then(|at| self.table.get(at..)).unwrap_or_default();
        let ends =
            rest.bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| *byte == b'\n');
        self.skipped + at.line() + ends.count() as u64
    }

    /// The names of the columns that nobody knows: what stands in them is left out.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }
}

impl Iterator for Reader<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            let Ok(record) = self.records.next()? else { continue };
            let line = record.position().map_or(0, |at| self.line(at));
            let cells = record.iter().zip(&self.fields).filter_map(|(cell, field)| Some((cell, (*field)?)));
            let contact = gathered(cells, self.dates);
            if contact == Contact::default() {
                continue;
            }
            let uid = Some(contact.said(Single::Uid).to_owned()).filter(|uid| !uid.is_empty());
            return Some(Row { line, uid, card: contact.card() });
        }
    }
}

/// What the cells of a row say.
fn gathered<'c>(cells: impl Iterator<Item = (&'c str, Field)>, dates: Dates) -> Contact {
    let mut contact = Contact::default();
    let mut many: BTreeMap<(Many, usize, usize), Entry> = BTreeMap::new();
    let mut birth: [String; 3] = Default::default();
    for (cell, field) in cells {
        let cell = clean(meant(cell));
        match field {
            Field::Once(single) => {
                let said = cell.trim();
                if !said.is_empty() {
                    contact.once.entry(single).or_insert_with(|| said.to_owned());
                }
            }
            Field::Birth(part) => {
                birth.iter_mut().skip(part).take(1).for_each(|kept| cell.trim().clone_into(kept));
            }
            Field::Types(kind, number) => {
                for (at, types) in cell.split(ALSO).enumerate() {
                    many.entry((kind, number, at)).or_default().types = kinds(types);
                }
            }
            Field::Label(kind, number) => {
                for (at, label) in cell.split(ALSO).enumerate() {
                    label.trim().clone_into(&mut many.entry((kind, number, at)).or_default().label);
                }
            }
            Field::TypesOrLabel(kind, number) => {
                for (at, said) in cell.split(ALSO).enumerate() {
                    let entry = many.entry((kind, number, at)).or_default();
                    if is_types(said) {
                        entry.types = kinds(said);
                    } else {
                        // The star is none of its letters.
                        entry.types = kinds(&said.chars().filter(|c| *c == '*').collect::<String>());
                        said.trim().trim_start_matches("* ").trim().clone_into(&mut entry.label);
                    }
                }
            }
            Field::Part(kind, number, part) => place(&mut many, (kind, number, part), None, &cell),
            Field::Typed(kind, number, part, types) => {
                place(&mut many, (kind, number, part), Some(types), &cell)
            }
        }
    }
    if let Some(whole) = whole_birthday(&birth) {
        contact.once.entry(Single::Birthday).or_insert(whole);
    }
    if let Some(said) = contact.once.get_mut(&Single::Birthday) {
        *said = date(said, dates);
    }
    for ((kind, ..), entry) in many {
        if !entry.is_empty() {
            contact.many.entry(kind).or_default().push(entry);
        }
    }
    contact
}

/// Puts the values of a cell where they belong; of a column that comes twice the second has further values.
fn place(
    many: &mut BTreeMap<(Many, usize, usize), Entry>,
    (kind, number, part): (Many, usize, usize),
    types: Option<&str>,
    cell: &str,
) {
    let mut at = 0;
    for value in cell.split(ALSO).map(str::trim) {
        while many.get(&(kind, number, at)).is_some_and(|entry| !entry.part(part).is_empty()) {
            at += 1;
        }
        let entry = many.entry((kind, number, at)).or_default();
        if let Some(types) = types {
            types.clone_into(&mut entry.types);
        }
        entry.parts.insert(part, value.to_owned());
        at += 1;
    }
}

/// Without what no property can hold, and with one kind of line ends.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Types as a card has them: words of letters, digits and dashes. Google marks the preferred one with a star.
fn kinds(cell: &str) -> String {
    let preferred = cell.contains('*');
    let words =
        cell.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| !word.is_empty());
    let mut all: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    for word in &mut all {
        if word == "mobile" {
            "cell".clone_into(word);
        }
    }
    all.retain(|word| !matches!(word.as_str(), "smtp" | "internet" | "ex" | "other"));
    all.dedup();
    if preferred {
        all.push("pref".to_owned());
    }
    all.join(",")
}

/// Thunderbird tells a birthday in three columns, the year perhaps not.
fn whole_birthday([year, month, day]: &[String; 3]) -> Option<String> {
    let (month, day): (u8, u8) = (month.parse().ok()?, day.parse().ok()?);
    let year = Some(year.as_str()).filter(|year| year.len() == 4).unwrap_or("-");
    Some(format!("{year}-{month:02}-{day:02}"))
}

/// A date as `1985-04-12`, where it can be only that; else the text.
fn date(text: &str, dates: Dates) -> String {
    let text = text.trim();
    let Some(between) = text.chars().find(|c| matches!(c, '/' | '.')) else { return text.to_owned() };
    let numbers: Option<Vec<u16>> = text.split(between).map(|part| part.trim().parse().ok()).collect();
    let Some(&[first, second, year]) = numbers.as_deref().and_then(<[u16]>::first_chunk::<3>).filter(|_| {
        // Years of two digits mean nothing certain.
        text.split(between).count() == 3
            && text.rsplit(between).next().is_some_and(|year| year.trim().len() == 4)
    }) else {
        return text.to_owned();
    };
    let day_first = match dates {
        _ if between == '.' || first > 12 => true,
        _ if second > 12 => false,
        Dates::DayFirst => true,
        Dates::MonthFirst => false,
        Dates::Unsaid if first == second => true,
        Dates::Unsaid => return text.to_owned(),
    };
    let (day, month) = if day_first { (first, second) } else { (second, first) };
    if (1..=12).contains(&month) && (1..=31).contains(&day) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        text.to_owned()
    }
}

impl Contact {
    /// What can stand for its name.
    fn full_name(&self) -> Option<String> {
        let parts = [Single::Prefix, Single::Given, Single::Middle, Single::Family, Single::Suffix];
        let name = parts.map(|part| self.said(part)).into_iter().filter(|part| !part.is_empty());
        let name = name.collect::<Vec<_>>().join(" ");
        let value = |many| self.entries(many).first().map_or("", |entry| entry.part(0));
        let candidates = [
            self.said(Single::FullName),
            &name,
            self.said(Single::Nickname),
            self.said(Single::Organization),
            value(Many::Email),
            value(Many::Phone),
        ];
        candidates.into_iter().find(|name| !name.is_empty()).map(str::to_owned)
    }

    /// The card but its UID and its end.
    fn card(&self) -> Result<String, &'static str> {
        let Some(full_name) = self.full_name() else {
            return Err("the row has neither a name nor an organisation, a mail address or a number");
        };
        let mut out = String::from("BEGIN:VCARD\r\nVERSION:4.0\r\n");
        let mut write = |line: String| write_folded(&mut out, &line);
        write(format!("FN:{}", escape_text(&full_name)));
        let parts = [Single::Family, Single::Given, Single::Middle, Single::Prefix, Single::Suffix];
        let name = parts.map(|part| escape_text(self.said(part)).into_owned());
        if name.iter().any(|part| !part.is_empty()) {
            write(format!("N:{}", name.join(";")));
        }
        let units = self.said(Single::Department).split(';').filter(|unit| !unit.is_empty());
        let units: Vec<String> = std::iter::once(self.said(Single::Organization))
            .chain(units)
            .map(|unit| escape_text(unit).into_owned())
            .collect();
        if units.iter().any(|unit| !unit.is_empty()) {
            write(format!("ORG:{}", units.join(";")));
        }
        for (single, property) in
            [(Single::Nickname, "NICKNAME"), (Single::Title, "TITLE"), (Single::Notes, "NOTE")]
        {
            if !self.said(single).is_empty() {
                write(format!("{property}:{}", escape_text(self.said(single))));
            }
        }
        if let Some(line) = birthday(self.said(Single::Birthday)) {
            write(line);
        }
        let categories = self.said(Single::Categories).replace(ALSO, ";");
        let categories = categories.split(';').map(|one| one.trim().trim_start_matches("* ").trim());
        let categories: Vec<String> =
            categories.filter(|one| !one.is_empty()).map(|one| escape_text(one).into_owned()).collect();
        if !categories.is_empty() {
            write(format!("CATEGORIES:{}", categories.join(",")));
        }
        let mut labels = 0;
        for (many, _, _, property) in Many::ALL {
            for entry in self.entries(many) {
                let line = format!("{property}{}:{}", params(&entry.types), value(many, entry));
                if entry.label.is_empty() {
                    write(line);
                    continue;
                }
                labels += 1;
                write(format!("item{labels}.{line}"));
                write(format!(
                    "item{labels}.{}:{}",
                    labels::PROPERTY,
                    escape_text(&labels::kept(&entry.label))
                ));
            }
        }
        Ok(out)
    }
}

fn value(many: Many, entry: &Entry) -> String {
    let parts = (0..many.parts().len()).map(|at| match many {
        // A URI has no escapes, and no line ends.
        Many::Url => entry.part(at).split_whitespace().collect::<Vec<_>>().join("%20"),
        _ => escape_text(entry.part(at)).into_owned(),
    });
    parts.collect::<Vec<_>>().join(";")
}

fn params(types: &str) -> String {
    let words: Vec<&str> = types.split(',').filter(|word| !word.is_empty() && *word != "pref").collect();
    let mut out = String::new();
    if !words.is_empty() {
        out.push_str(&format!(";TYPE={}", words.join(",")));
    }
    if types.split(',').any(|word| word == "pref") {
        out.push_str(";PREF=1");
    }
    out
}

/// `1985-04-12` and `--04-12` as dates, anything else as a text. Outlook writes zeroes where there is none.
fn birthday(text: &str) -> Option<String> {
    let numbers = text.replace('-', "");
    let is_date = matches!((text.len(), numbers.len()), (10, 8) | (7, 4) | (8, 8))
        && numbers.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() != 7 || text.starts_with("--"));
    if text.chars().all(|c| matches!(c, '0' | '/' | '-' | '.')) {
        return None;
    }
    Some(if is_date {
        let sign = if numbers.len() == 4 { "--" } else { "" };
        format!("BDAY:{sign}{numbers}")
    } else {
        format!("BDAY;VALUE=text:{}", escape_text(text))
    })
}
