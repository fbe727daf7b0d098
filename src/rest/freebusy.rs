//! When people and calendars are busy: never what they do. RFC 4791 §7.10.

use super::collections::CALENDARS;
use super::path::OfCollection;
use super::problem::{Problem, Refused};
use super::query::Query;
use super::{instant, windows};
use crate::domain::freebusy::{BusyKind, Period};
use crate::services::{Actor, Core};
use crate::text::recur::Window;
use actix_web::web::{Data, ReqData};
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

/// Principals of one request at most.
const MOST: usize = 100;

/// A stretch of time that is taken.
#[derive(Debug, Serialize, ToSchema)]
struct Busy {
    /// Its first instant.
    #[schema(format = DateTime)]
    start: String,
    /// The first instant after it.
    #[schema(format = DateTime)]
    end: String,
    /// How it is taken: `busy`, `tentative`, or `unavailable`.
    kind: &'static str,
}

impl Busy {
    fn of(period: &Period) -> Self {
        let kind = match period.kind {
            BusyKind::Tentative => "tentative",
            BusyKind::Unavailable => "unavailable",
            // Free time is never told.
            BusyKind::Busy | BusyKind::Free => "busy",
        };
        Busy { start: instant::text(period.start), end: instant::text(period.end), kind }
    }
}

/// When a calendar is busy.
#[derive(Debug, Serialize, ToSchema)]
struct CalendarBusy {
    /// In order, none touching another of its kind.
    busy: Vec<Busy>,
}

/// When somebody is busy.
#[derive(Debug, Serialize, ToSchema)]
struct PrincipalBusy {
    /// His handle, as it was asked for.
    #[schema(example = "claire.martin")]
    principal: String,
    /// Whether the caller may see busy times of any of his calendars. Where not, and where there is no such principal, nothing is known.
    known: bool,
    /// In order, none touching another of its kind.
    busy: Vec<Busy>,
}

/// When some people are busy.
#[derive(Debug, Serialize, ToSchema)]
struct FreeBusy {
    /// In the order in which they were asked for.
    principals: Vec<PrincipalBusy>,
}

fn bounded(query: &mut Query) -> Result<Window, Refused> {
    windows::window(query)?
        .filter(|window| window.start != i64::MIN && window.end != i64::MAX)
        .ok_or_else(|| Refused::at("from", "busy times are those from 'from' to 'to': give both"))
}

/// When a calendar is busy
#[utoipa::path(
    params(
        ("id" = String, Path, description = "The calendar"),
        ("from" = String, Query, format = DateTime, description = "First instant"),
        ("to" = String, Query, format = DateTime, description = "First instant after it"),
    ),
    responses(
        (status = 200, description = "Its busy times", body = CalendarBusy),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "free/busy"
)]
#[get("/calendars/{id}/freebusy")]
pub async fn of_calendar(
    core: Data<Core>,
    actor: ReqData<Actor>,
    of: OfCollection,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let window = bounded(&mut query)?;
    query.end()?;
    let access = CALENDARS.find_busy(&core, &actor, of.0).await?;
    let periods = core.busy_periods(&access, window).await?;
    Ok(HttpResponse::Ok().json(CalendarBusy { busy: periods.iter().map(Busy::of).collect() }))
}

/// When people are busy
///
/// Over all calendars of theirs whose busy times the caller may see, but those that count as free.
#[utoipa::path(
    params(
        ("principals" = Option<String>, Query, description = "Handles, with commas between them; the caller where absent", example = "claire.martin,karim.benali"),
        ("from" = String, Query, format = DateTime, description = "First instant"),
        ("to" = String, Query, format = DateTime, description = "First instant after it"),
    ),
    responses(
        (status = 200, description = "Their busy times", body = FreeBusy),
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Try again later", body = Problem, content_type = "application/problem+json"),
    ),
    tag = "free/busy"
)]
#[get("/freebusy")]
pub async fn of_principals(
    core: Data<Core>,
    actor: ReqData<Actor>,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let window = bounded(&mut query)?;
    let handles: Vec<String> = match query.text("principals") {
        None => vec![actor.handle.clone()],
        Some(text) => text.split(',').map(|handle| handle.trim().to_lowercase()).collect(),
    };
    query.end()?;
    if handles.len() > MOST {
        return Err(Refused::at("principals", format!("more than {MOST}")));
    }
    let found = core.busy_principals(&actor, &handles, window).await?;
    let told = handles.into_iter().zip(found).map(|(principal, busy)| PrincipalBusy {
        principal,
        known: busy.is_some(),
        busy: busy.unwrap_or_default().iter().map(Busy::of).collect(),
    });
    Ok(HttpResponse::Ok().json(FreeBusy { principals: told.collect() }))
}
