//! Whole calendars and address books as one file, a page in memory at a time. RFC 5545 §3.4, RFC 6350 §3.3,
//! RFC 7265, RFC 7095, RFC 4180.

use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind, label};
use super::path::OfCollection;
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{files, forms};
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::labels::Label;
use crate::http::stream::{self, Pages};
use crate::services::interchange::Writer;
use crate::services::{Access, Actor, Core};
use actix_web::http::header::{CONTENT_DISPOSITION, VARY};
use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse, get};

/// Items of a page.
pub const PAGE: i64 = 200;

/// A file as it is written.
struct File {
    core: Core,
    access: Access,
    writer: Writer,
    mark: bool,
    /// The number from after which the next page goes on; none before the first.
    after: Option<i64>,
}

impl Pages for File {
    async fn next(&mut self, out: &mut String) -> Result<bool, Fault> {
        if self.after.is_none() {
            if self.mark {
                out.push('\u{feff}');
            }
            out.push_str(&self.writer.head(&label(&self.access, Label::Name).unwrap_or_default()));
        }
        let (items, next) = self.core.whole_items(&self.access, self.after.unwrap_or(0), PAGE).await?;
        for item in &items {
            match self.writer.item(&item.body) {
                Some(text) => out.push_str(&text),
                None => tracing::warn!(id = item.id.0, "an item cannot be read and is not in the file"),
            }
        }
        self.after = next;
        if next.is_none() {
            out.push_str(self.writer.tail());
        }
        Ok(next.is_some())
    }
}

async fn export(
    core: &Core,
    actor: &Actor,
    (kind, id): (Kind, CollectionId),
    request: &HttpRequest,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let accept = forms::accepted(request.headers());
    let wanted = files::wanted(&mut query, accept.as_deref(), kind.home)?;
    query.end()?;
    let access = kind.find(core, actor, id).await?;
    let mut answer = HttpResponse::Ok();
    answer.content_type(wanted.media);
    answer.insert_header((VARY, "Accept"));
    answer.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.{}\"", wanted.ending)));
    let (writer, mark) = (Writer::new(wanted.form), wanted.mark);
    let file = File { core: core.clone(), access, writer, mark, after: None };
    Ok(stream::answer(answer, file).await?)
}

/// A calendar as one file
///
/// With the time zones that its items name.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("format" = Option<String>, Query, description = "`icalendar` or `jcal`; as `Accept` says where absent"),
    ),
    responses(
        (status = 200, description = "The file", content((String = "text/calendar"), (Vec<serde_json::Value> = "application/calendar+json"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "imports and exports"
)]
#[get("/calendars/{id}/export")]
pub async fn calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Refused> {
    export(&core, &actor, (CALENDARS, of.0), &request, query).await
}

/// An address book as one file
///
/// A table (`csv`) has what its columns tell, the other forms have all.
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The address book"),
        ("format" = Option<String>, Query, description = "`vcard` (as kept), `vcard3`, `vcard4`, `jcard` or `csv`; as `Accept` says where absent"),
        ("bom" = Option<bool>, Query, description = "Begin a table with a byte order mark, by which spreadsheets know UTF-8"),
    ),
    responses(
        (status = 200, description = "The file", content((String = "text/vcard"), (Vec<serde_json::Value> = "application/vcard+json"), (String = "text/csv"))),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "imports and exports"
)]
#[get("/address-books/{id}/export")]
pub async fn address_book(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    request: HttpRequest,
    query: Query,
) -> Result<HttpResponse, Refused> {
    export(&core, &actor, (ADDRESS_BOOKS, of.0), &request, query).await
}
