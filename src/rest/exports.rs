//! Whole calendars and address books as one file, a page in memory at a time. RFC 5545 §3.4, RFC 6350 §3.3.

use super::collections::{ADDRESS_BOOKS, CALENDARS, Kind, label};
use super::path::OfCollection;
use super::problem::{Problem, Refused};
use super::query::Query;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::domain::labels::Label;
use crate::http::stream::{self, Pages};
use crate::services::interchange::{Holds, Merge};
use crate::services::{Access, Actor, Core};
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Data, ReqData};
use actix_web::{HttpResponse, get};

/// Items of a page.
const PAGE: i64 = 200;

/// A file as it is written.
struct File {
    core: Core,
    access: Access,
    merge: Merge,
    /// The number from after which the next page goes on; none before the first.
    after: Option<i64>,
}

impl Pages for File {
    async fn next(&mut self, out: &mut String) -> Result<bool, Fault> {
        if self.after.is_none() {
            out.push_str(&self.merge.head(&label(&self.access, Label::Name).unwrap_or_default()));
        }
        let (items, next) = self.core.whole_items(&self.access, self.after.unwrap_or(0), PAGE).await?;
        for item in &items {
            match self.merge.item(&item.body) {
                Some(text) => out.push_str(&text),
                None => tracing::warn!(id = item.id.0, "an item cannot be read and is not in the file"),
            }
        }
        self.after = next;
        if next.is_none() {
            out.push_str(self.merge.tail());
        }
        Ok(next.is_some())
    }
}

async fn export(core: &Core, actor: &Actor, kind: Kind, id: CollectionId) -> Result<HttpResponse, Refused> {
    let access = kind.find(core, actor, id).await?;
    let (holds, media, ending) = match kind.home {
        HomeKind::Calendars => (Holds::Calendar, "text/calendar; charset=utf-8", "ics"),
        HomeKind::AddressBooks => (Holds::Cards, "text/vcard; charset=utf-8", "vcf"),
    };
    let mut answer = HttpResponse::Ok();
    answer.content_type(media);
    answer.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.{ending}\"")));
    let file = File { core: core.clone(), access, merge: Merge::new(holds), after: None };
    Ok(stream::answer(answer, file).await?)
}

/// A calendar as one file
///
/// With the time zones that its items name.
#[utoipa::path(
    params(("id" = String, Path, description = "The calendar")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/calendar"),
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
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    export(&core, &actor, CALENDARS, of.0).await
}

/// An address book as one file
#[utoipa::path(
    params(("id" = String, Path, description = "The address book")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/vcard"),
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
    query: Query,
) -> Result<HttpResponse, Refused> {
    query.end()?;
    export(&core, &actor, ADDRESS_BOOKS, of.0).await
}
