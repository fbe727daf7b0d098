//! All calendars and address books of an account as one ZIP archive, written as it is read.
//!
//! An entry ends after some 16 MiB, and the collection goes on in another, so that each can be read at once by whoever takes the archive in. What is told
//! of the collections comes last, when the names of their entries are known.

use super::collections::label;
use super::exports::PAGE;
use super::instant;
use super::problem::{Problem, Refused};
use super::query::Query;
use crate::domain::collection::{CollectionKind, HomeKind};
use crate::domain::fault::Fault;
use crate::domain::labels::Label;
use crate::http::stream::{self, Pages};
use crate::services::interchange::{Described, FORMAT, Form, MANIFEST, Manifest, Packer, Writer};
use crate::services::{Access, Actor, Core, labour};
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Data, ReqData};
use actix_web::{HttpResponse, get};
use std::collections::{HashSet, VecDeque};

/// Octets after which an entry ends.
const PART: usize = 16 * 1024 * 1024;
/// Characters of a collection's name that its entries are called by.
const NAME: usize = 80;

/// An archive as it is written.
struct Archive {
    core: Core,
    account: String,
    /// None when it has ended.
    packer: Option<Packer>,
    waiting: VecDeque<Access>,
    current: Option<Current>,
    told: Vec<Described>,
    /// Names of entries in lower case: on some disks only one of them has room.
    names: HashSet<String>,
}

/// The collection that is written.
struct Current {
    access: Access,
    form: Form,
    /// Of the entry; none between two.
    writer: Option<Writer>,
    /// Octets of the entry.
    bytes: usize,
    files: Vec<String>,
    after: i64,
}

impl Pages<Vec<u8>> for Archive {
    async fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, Fault> {
        if self.current.is_none() {
            let Some(access) = self.waiting.pop_front() else { return self.end(out).await.map(|()| false) };
            self.current = Some(Current::new(access));
        }
        let Some(current) = &mut self.current else { return Err(Fault::Internal) };
        let page = match self.core.whole_items(&current.access, current.after, PAGE).await {
            Ok(page) => page,
            // Deleted meanwhile: what was written of it stays.
            Err(Fault::NotFound) => (Vec::new(), None),
            Err(fault) => return Err(fault),
        };
        let (items, next) = page;
        let mut text = String::new();
        let begins = current.begin(&mut self.names, &mut text);
        for item in &items {
            match current.writer.as_mut().and_then(|writer| writer.item(&item.body)) {
                Some(item) => text.push_str(&item),
                None => tracing::warn!(id = item.id.0, "an item cannot be read and is not in the archive"),
            }
        }
        current.bytes += text.len();
        if next.is_none() || current.bytes >= PART {
            text.push_str(current.writer.take().map_or("", |writer| writer.tail()));
        }
        match next {
            Some(next) => current.after = next,
            None => {
                let ended = self.current.take();
                self.told.extend(ended.map(|ended| Described::of(ended.access.collection(), ended.files)));
            }
        }
        self.pack(begins, text, out).await?;
        Ok(true)
    }
}

impl Archive {
    /// Compresses a piece of an entry, which begins with it where it has a name.
    async fn pack(&mut self, begins: Option<String>, text: String, out: &mut Vec<u8>) -> Result<(), Fault> {
        let Some(mut packer) = self.packer.take() else { return Err(Fault::Internal) };
        let packed = labour::of(text.len(), move || {
            begins.map_or(Ok(()), |name| packer.begin(&name))?;
            packer.write(&text)?;
            Ok::<_, std::io::Error>((packer.take(), packer))
        });
        let (bytes, packer) = packed.await?.map_err(broken)?;
        self.packer = Some(packer);
        out.extend(bytes);
        Ok(())
    }

    async fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let collections = std::mem::take(&mut self.told);
        let manifest = Manifest { format: FORMAT, account: self.account.clone(), collections };
        let text = serde_json::to_string_pretty(&manifest).map_err(|_| Fault::Internal)?;
        self.pack(Some(MANIFEST.to_owned()), text, out).await?;
        let packer = self.packer.take().ok_or(Fault::Internal)?;
        out.extend(packer.end().map_err(broken)?);
        Ok(())
    }
}

fn broken(error: std::io::Error) -> Fault {
    tracing::error!(%error, "an archive cannot be written");
    Fault::Internal
}

impl Current {
    fn new(access: Access) -> Self {
        let form = match access.collection().kind {
            CollectionKind::AddressBook => Form::VCard(None),
            _ => Form::ICalendar,
        };
        Current { access, form, writer: None, bytes: 0, files: Vec::new(), after: 0 }
    }

    /// Begins an entry where none is open; gives its name.
    fn begin(&mut self, names: &mut HashSet<String>, text: &mut String) -> Option<String> {
        if self.writer.is_some() {
            return None;
        }
        let (folder, ending) = match self.form {
            Form::VCard(_) => ("address-books", "vcf"),
            _ => ("calendars", "ics"),
        };
        let name = label(&self.access, Label::Name).unwrap_or_default();
        let stem = stem(if name.is_empty() { &self.access.collection().slug } else { &name });
        let numbered = |number: usize| match number {
            1 => format!("{folder}/{stem}.{ending}"),
            more => format!("{folder}/{stem} ({more}).{ending}"),
        };
        let free = (1..).map(numbered).find(|name| names.insert(name.to_lowercase()))?;
        let writer = Writer::new(self.form);
        text.push_str(&writer.head(&name));
        self.writer = Some(writer);
        self.bytes = 0;
        self.files.push(free.clone());
        Some(free)
    }
}

/// A name as every system can have it for a file.
fn stem(name: &str) -> String {
    let plain =
        |c: char| if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '(' | ')') { c } else { '_' };
    let stem: String = name.trim().chars().map(plain).take(NAME).collect();
    let stem = stem.trim();
    if stem.is_empty() { "_".to_owned() } else { stem.to_owned() }
}

/// The whole account as one archive
///
/// A ZIP archive of the caller's own calendars and address books: an `.ics` or `.vcf` for each, and `cenacle.json` with names, colours, order and the other
/// properties. Nothing of what others have shared.
#[utoipa::path(
    responses(
        (status = 200, description = "The archive", body = String, content_type = "application/zip"),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "imports and exports"
)]
#[get("/export")]
pub async fn account(core: Data<Core>, actor: ReqData<Actor>, query: Query) -> Result<HttpResponse, Refused> {
    query.end()?;
    let mut waiting = VecDeque::new();
    for home in [HomeKind::Calendars, HomeKind::AddressBooks] {
        waiting.extend(core.own_collections(&actor, home).await?);
    }
    let day = instant::second(core.now()).chars().take(10).collect::<String>();
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/zip");
    answer.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"cenacle-{day}.zip\"")));
    let archive = Archive {
        core: (**core).clone(),
        account: actor.handle.clone(),
        packer: Some(Packer::new(core.now())),
        waiting,
        current: None,
        told: Vec::new(),
        names: HashSet::new(),
    };
    Ok(stream::answer(answer, archive).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_entries_lead_nowhere() {
        for (name, expected) in [
            ("Équipe 2", "Équipe 2"),
            ("../../etc/passwd", "______etc_passwd"),
            (" ", "_"),
            ("C:\\a", "C__a"),
            ("a\n", "a"),
        ] {
            assert_eq!(stem(name), expected);
        }
        assert_eq!(stem(&"x".repeat(500)).len(), NAME);
    }
}
