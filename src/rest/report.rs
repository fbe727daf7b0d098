//! What an import tells while it goes on: a line of JSON for each thing that is done, and at last the sums.

use crate::services::interchange::Fate;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use utoipa::ToSchema;

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

/// A collection or a file of an archive: what became of it stands before its items.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportCollection)]
pub struct Collection<'c> {
    /// What the collection is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<&'c str>,
    /// Its id, unless it only would be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The name of the file in the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'c str>,
    /// Of a collection `created`, `replaced` (its name and the like), `kept` or `refused`; of a file `read`, `ignored` or `refused`.
    fate: &'static str,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

impl<'c> Collection<'c> {
    /// A collection that takes items in.
    pub fn reached(name: &'c str, fate: &Fate, id: Option<String>) -> Self {
        Collection { collection: Some(name), id, file: None, fate: word(fate), why: None }
    }

    /// One that does not.
    pub fn refused(name: &'c str, why: String) -> Self {
        Collection { collection: Some(name), id: None, file: None, fate: "refused", why: Some(why) }
    }

    /// A file.
    pub fn file(name: &'c str, fate: &'static str, why: Option<String>) -> Self {
        Collection { collection: None, id: None, file: Some(name), fate, why }
    }
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
