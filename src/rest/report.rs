//! What an import tells while it goes on: a line of JSON for each thing that is done, and at last the sums.

use crate::services::interchange::Fate;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::openapi::schema::OneOf;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// After how many items it is told how far an import is.
const EACH: u64 = 500;

/// What became of an item.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportLine)]
pub struct Line<'l> {
    /// The item: its UID, and what it is called.
    item: &'l str,
    /// `created`, `replaced`, `kept` (it was there already) or `refused`.
    fate: &'static str,
    /// The line of the file where it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// How far an import is: at its beginning, and after each 500 items.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportProgress)]
pub struct Progress<'p> {
    /// Items of the file that were looked at.
    done: u64,
    /// Items of the file.
    total: u64,
    /// Columns of a table that are not known: what stands in them is left out.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    ignored: &'p [String],
}

/// A collection of an archive: what became of it stands before its items.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportCollection)]
pub struct Collection<'c> {
    /// What the collection is called.
    collection: &'c str,
    /// Its id, unless it only would be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// `created`, `replaced` (its name and the like), `kept` or `refused`.
    fate: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl<'c> Collection<'c> {
    /// A collection that takes items in.
    pub fn reached(name: &'c str, fate: &Fate, id: Option<String>) -> Self {
        Collection { collection: name, id, fate: word(fate), why: None }
    }

    /// One that does not.
    pub fn refused(name: &'c str, why: String) -> Self {
        Collection { collection: name, id: None, fate: "refused", why: Some(why) }
    }
}

/// A file of an archive: what became of it stands before its items.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportFile)]
pub struct File<'f> {
    /// Its name in the archive.
    pub file: &'f str,
    /// `read`, `ignored` or `refused`.
    pub fate: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

const fn word(fate: &Fate) -> &'static str {
    match fate {
        Fate::Created => "created",
        Fate::Replaced => "replaced",
        Fate::Kept => "kept",
        Fate::Refused(_) => "refused",
    }
}

/// How many items became what: the last line.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportSum)]
pub struct Sum {
    created: u64,
    replaced: u64,
    kept: u64,
    refused: u64,
    /// Whether nothing was stored, for the request asked only what would be.
    dry_run: bool,
    /// True where all items were looked at.
    complete: bool,
}

/// A line of the answer to an import of one file, for the description.
#[derive(Debug)]
pub struct FileReport;

/// A line of the answer to an import of an archive, for the description.
#[derive(Debug)]
pub struct ArchiveReport;

/// One of these, told apart by what must be there.
fn one_of(names: &[&str], description: &str) -> RefOr<Schema> {
    let lines = names.iter().fold(OneOf::builder(), |all, name| all.item(Ref::from_schema_name(*name)));
    RefOr::T(Schema::OneOf(lines.description(Some(description)).build()))
}

type Schemas = Vec<(String, RefOr<Schema>)>;

fn add<T: ToSchema>(schemas: &mut Schemas) {
    schemas.push((T::name().into(), T::schema()));
}

impl PartialSchema for FileReport {
    fn schema() -> RefOr<Schema> {
        let each = "One line of the answer: how far it is, an item, or the sums";
        one_of(&[&Progress::name(), &Line::name(), &Sum::name()], each)
    }
}

impl ToSchema for FileReport {
    fn name() -> Cow<'static, str> {
        "ImportReport".into()
    }

    fn schemas(schemas: &mut Schemas) {
        add::<Progress<'_>>(schemas);
        add::<Line<'_>>(schemas);
        add::<Sum>(schemas);
    }
}

impl PartialSchema for ArchiveReport {
    fn schema() -> RefOr<Schema> {
        let each = "One line of the answer: a collection, a file, how far that is, an item, or the sums";
        let names = [Collection::name(), File::name(), Progress::name(), Line::name(), Sum::name()];
        one_of(&names.each_ref().map(|name| name.as_ref()), each)
    }
}

impl ToSchema for ArchiveReport {
    fn name() -> Cow<'static, str> {
        "ArchiveImportReport".into()
    }

    fn schemas(schemas: &mut Schemas) {
        add::<Collection<'_>>(schemas);
        add::<File<'_>>(schemas);
        FileReport::schemas(schemas);
    }
}

/// Which items are told one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Each.
    All,
    /// Those that are refused.
    Refused,
}

/// Writes the lines.
#[derive(Debug)]
pub struct Report {
    told: Told,
    sum: Sum,
    done: u64,
    total: u64,
}

impl Report {
    /// A report that has told nothing yet.
    pub fn new(told: Told, dry_run: bool) -> Self {
        Report { told, sum: Sum { dry_run, ..Sum::default() }, done: 0, total: 0 }
    }

    /// Begins a file of so many items.
    pub fn file(&mut self, total: usize, ignored: &[String], out: &mut String) {
        (self.done, self.total) = (0, total as u64);
        push(out, &Progress { done: 0, total: self.total, ignored });
    }

    /// Tells what became of an item.
    pub fn item(&mut self, item: &str, line: Option<u64>, fate: Fate, out: &mut String) {
        let word = word(&fate);
        let (count, why) = match fate {
            Fate::Created => (&mut self.sum.created, None),
            Fate::Replaced => (&mut self.sum.replaced, None),
            Fate::Kept => (&mut self.sum.kept, None),
            Fate::Refused(why) => (&mut self.sum.refused, Some(why)),
        };
        *count += 1;
        self.done += 1;
        if self.told == Told::All || why.is_some() {
            push(out, &Line { item, fate: word, line, why });
        }
        if self.done.is_multiple_of(EACH) && self.done < self.total {
            push(out, &Progress { done: self.done, total: self.total, ignored: &[] });
        }
    }

    /// Tells why an import ends before its end.
    pub fn broken(&mut self, why: String, out: &mut String) {
        push(out, &Line { item: "", fate: "refused", line: None, why: Some(why) });
    }

    /// Tells the sums.
    pub fn end(&mut self, complete: bool, out: &mut String) {
        self.sum.complete = complete;
        push(out, &self.sum);
    }
}

/// The beginning of an answer that tells how far an import is: proxies are not to gather it.
pub fn answer() -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/x-ndjson");
    answer.insert_header(("X-Accel-Buffering", "no")).insert_header((CACHE_CONTROL, "no-store"));
    answer
}

/// One line.
pub fn push(out: &mut String, line: &impl Serialize) {
    out.push_str(&serde_json::to_string(line).unwrap_or_default());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// How many of the kinds of lines that the description names a line is, by what must be there.
    fn kinds(document: &Value, report: &str, line: &Value) -> usize {
        let all = document["components"]["schemas"][report]["oneOf"].as_array().expect("kinds");
        let fits = |kind: &&Value| {
            let pointer = kind["$ref"].as_str().and_then(|name| name.strip_prefix('#')).expect("a name");
            let schema = document.pointer(pointer).expect("a schema");
            let required = schema["required"].as_array().expect("what must be there");
            let known = |name: &String| schema["properties"].get(name).is_some();
            required.iter().all(|name| line.get(name.as_str().expect("a name")).is_some())
                && line.as_object().expect("a line").keys().all(known)
        };
        all.iter().filter(fits).count()
    }

    #[test]
    fn each_line_is_of_one_kind_that_the_description_names() {
        let document: Value = serde_json::from_str(super::super::DOCUMENT).expect("JSON");
        let mut out = String::new();
        let mut report = Report::new(Told::All, false);
        report.file(EACH as usize + 1, &["x".to_owned()], &mut out);
        for at in 0..=EACH {
            report.item("i", Some(at), Fate::Created, &mut out);
        }
        report.item("i", None, Fate::Refused("no".into()), &mut out);
        report.broken("why".into(), &mut out);
        report.end(true, &mut out);
        let mut archive = String::new();
        push(&mut archive, &Collection::reached("c", &Fate::Kept, Some("1".into())));
        push(&mut archive, &Collection::refused("c", "no".into()));
        push(&mut archive, &File { file: "a.ics", fate: "read", why: None });
        for line in out.lines() {
            let line: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(kinds(&document, "ImportReport", &line), 1, "{line}");
            assert_eq!(kinds(&document, "ArchiveImportReport", &line), 1, "{line}");
        }
        for line in archive.lines() {
            let line: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(kinds(&document, "ImportReport", &line), 0, "{line}");
            assert_eq!(kinds(&document, "ArchiveImportReport", &line), 1, "{line}");
        }
    }
}
