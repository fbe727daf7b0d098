//! `free-busy-query`: a VFREEBUSY for a calendar, or for all opaque calendars of a home. RFC 4791 §7.10.

use super::parse;
use crate::dav::request::Request;
use crate::dav::resource::Resource;
use crate::dav::xml::names::CALDAV;
use crate::domain::collection::{CollectionKind, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::domain::freebusy::{self, Answer};
use crate::text::xml::Element;
use actix_web::HttpResponse;

/// Answers 200 with `text/calendar`.
pub async fn run(request: &Request<'_>, resource: Resource, root: &Element) -> Result<HttpResponse, Fault> {
    let range =
        root.child(CALDAV, "time-range").ok_or_else(|| Fault::BadRequest("there is no time-range".into()))?;
    let window = parse::window(range).map_err(|why| Fault::BadRequest(why.into()))?;
    if window.start == i64::MIN || window.end == i64::MAX {
        return Err(Fault::BadRequest("both start and end are needed here".into()));
    }
    let mut periods = Vec::new();
    match resource {
        Resource::Collection(access) => periods = request.core.busy_periods(&access, window).await?,
        Resource::Home(home) => {
            let all =
                request.core.collections(&request.actor, &home.owner.handle, HomeKind::Calendars).await?;
            for access in all {
                let collection = access.collection();
                if collection.kind == CollectionKind::Calendar && !collection.transparent {
                    periods.extend(request.core.busy_periods(&access, window).await?);
                }
            }
            periods = freebusy::merge(periods);
        }
        _ => return Err(Condition::SupportedReport.into()),
    }
    let body = freebusy::vfreebusy(window, &periods, request.core.now(), Answer::default());
    Ok(HttpResponse::Ok().content_type("text/calendar; charset=utf-8").body(body))
}
