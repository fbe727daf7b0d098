//! Secret addresses as they are read: `/links/{token}`, without a login, by whoever has it. RFC 5546 §3.2.1, RFC 7986 §5.7.
//!
//! An address that opens nothing is answered in the same words whatever the reason. Tokens are never logged.

use super::files::{self, Wanted};
use super::instant;
use super::problem::Refused;
use super::query::Query;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::freebusy::{Answer, busy_events, vfreebusy};
use crate::domain::labels::Label;
use crate::domain::link::{LinkScope, digest};
use crate::http::rates::Rates;
use crate::http::stream::{self, Pages};
use crate::http::tags::not_modified;
use crate::services::Core;
use crate::services::formats::{self, Format};
use crate::services::interchange::{Form, Writer};
use crate::services::link_reads::Followed;
use crate::services::link_uses::Reader;
use crate::text::recur::Window;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, ETAG, USER_AGENT, VARY};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// Where secret addresses are.
pub const BASE: &str = "/links";
/// What a published calendar says of itself: that it is one, and how often it is worth looking again.
const PUBLISHED: &[&str] =
    &["METHOD:PUBLISH", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"];
/// The same without the method, where that is said otherwise.
const TIMES: &[&str] = &["REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"];
/// Days of busy times at most.
const MOST_DAYS: i64 = 5 * 366;
const DAY: i64 = 86_400 * 1_000_000;

/// How often an address may be read in a minute, whether it opens something or not.
#[derive(Debug, Clone)]
pub struct LinkRates(pub Rates<String>);

/// From where a request comes, as far as that is known.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub Option<IpAddr>);

/// The path of the address with this token, in the form that most programs know.
pub fn path(home: HomeKind, token: &str) -> String {
    let ending = match home {
        HomeKind::Calendars => "ics",
        HomeKind::AddressBooks => "vcf",
    };
    format!("{BASE}/{token}.{ending}")
}

/// The resources, below [`BASE`].
pub fn mount(config: &mut ServiceConfig) {
    config.service(
        web::resource("/{name}").route(web::get().to(read)).default_service(web::route().to(only_read)),
    );
}

/// What is answered where nothing is opened.
pub async fn nothing() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body("there is no such address\n")
}

async fn only_read() -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET, HEAD")).finish()
}

async fn read(request: HttpRequest, core: Data<Core>, rates: Data<LinkRates>) -> HttpResponse {
    match shown(&request, &core, &rates).await {
        Ok(answer) => answer,
        Err(refused) if refused.status_code() == StatusCode::NOT_FOUND => nothing().await,
        Err(refused) => refused.answer(),
    }
}

async fn shown(request: &HttpRequest, core: &Core, rates: &LinkRates) -> Result<HttpResponse, Refused> {
    let name = request.path().rsplit('/').next().unwrap_or_default();
    let (token, ending) = match name.split_once('.') {
        Some((token, ending)) => (token, Some(ending)),
        None => (name, None),
    };
    let digest = digest(token).ok_or(Fault::NotFound)?;
    if let Some(Err(seconds)) = rates.0.take(digest) {
        return Err(Refused::too_many(u32::try_from(seconds).unwrap_or(u32::MAX)));
    }
    let followed = core.follow_link(token).await?;
    let home = followed.access.collection().home;
    let mut query = Query::parse(request.query_string())?;
    let wanted = match ending {
        Some(ending) => files::ending(ending, home).ok_or(Fault::NotFound)?,
        None => form(request, &mut query, home)?,
    };
    let answer = match followed.scope {
        LinkScope::FreeBusy => busy(request, core, &followed, &wanted, query).await?,
        LinkScope::Public | LinkScope::Full => {
            query.end()?;
            items(request, core, &followed, &wanted).await?
        }
    };
    let address = request.extensions().get::<ClientAddress>().and_then(|known| known.0);
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    core.note_link_read(&followed, Reader { address, agent });
    tracing::info!(
        link = followed.id,
        scope = followed.scope.name(),
        address = address.map(tracing::field::display),
        status = answer.status().as_u16(),
        "a link was read"
    );
    Ok(answer)
}

/// As `Accept` says; who takes nothing that there is gets the usual form, for few programs that read addresses know what they take.
fn form(request: &HttpRequest, query: &mut Query, home: HomeKind) -> Result<Wanted, Refused> {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    match files::wanted(query, accept, home) {
        Err(refused) if refused.status_code() == StatusCode::NOT_ACCEPTABLE => {
            files::wanted(query, None, home)
        }
        found => found,
    }
}

/// The collection's name, where who has the link may know it.
fn name(of: &Followed) -> &str {
    Label::Name.of(&of.access.collection().props).unwrap_or_default()
}

/// The items of a link, a page in memory at a time.
struct Feed {
    core: Core,
    of: Followed,
    writer: Writer,
    mark: bool,
    /// The row from after which the next page goes on; none before the first.
    after: Option<i64>,
}

impl Pages for Feed {
    async fn next(&mut self, out: &mut String) -> Result<bool, Fault> {
        if self.after.is_none() {
            if self.mark {
                out.push('\u{feff}');
            }
            out.push_str(&self.writer.head(name(&self.of)));
        }
        let (items, next) = self.core.link_page(&self.of, self.after).await?;
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

async fn items(
    request: &HttpRequest,
    core: &Core,
    of: &Followed,
    wanted: &Wanted,
) -> Result<HttpResponse, Refused> {
    let etag = etag(&[&core.link_state(of).await?, name(of), wanted.media]);
    if not_modified(request.headers(), &etag, None) {
        return Ok(told(StatusCode::NOT_MODIFIED, &etag).finish());
    }
    let writer = Writer::new(wanted.form).saying(PUBLISHED);
    let feed = Feed { core: core.clone(), of: of.clone(), writer, mark: wanted.mark, after: None };
    Ok(stream::answer(file(&etag, wanted), feed).await?)
}

async fn busy(
    request: &HttpRequest,
    core: &Core,
    of: &Followed,
    wanted: &Wanted,
    mut query: Query,
) -> Result<HttpResponse, Refused> {
    let today = core.now().div_euclid(DAY) * DAY;
    let usual = usual_window(today);
    let start = instant::take(&mut query, "start")?.unwrap_or(usual.start);
    let end = instant::take(&mut query, "end")?.unwrap_or(usual.end);
    let events = match query.text("as").as_deref() {
        None | Some("freebusy") => false,
        Some("events") => true,
        Some(_) => return Err(Refused::at("as", "must be events or freebusy")),
    };
    query.end()?;
    if start >= end {
        return Err(Refused::at("end", "must come after 'start'"));
    }
    if end.saturating_sub(start) > MOST_DAYS * DAY {
        return Err(Refused::at("end", format!("more than {MOST_DAYS} days after 'start'")));
    }
    let window = Window::new(start, end);
    let periods = core.link_busy(of, window).await?;
    let seed = of.id.to_string();
    // The day as the time of writing: so nothing changes while no busy time does.
    let text = match events {
        true => busy_events(&periods, today, PUBLISHED, &seed),
        false => {
            let uid = format!("UID:{seed}@links.cenacle");
            let answer = Answer { method: Some("PUBLISH"), about: TIMES, lines: &[&uid] };
            vfreebusy(window, &periods, today, answer)
        }
    };
    let etag = etag(&[&text, wanted.media]);
    if not_modified(request.headers(), &etag, None) {
        return Ok(told(StatusCode::NOT_MODIFIED, &etag).finish());
    }
    let body = match wanted.form {
        Form::JCal => formats::convert(&text, Format::JCal)?.0,
        _ => text,
    };
    Ok(file(&etag, wanted).body(body))
}

/// Two months back to twelve ahead, in whole days.
fn usual_window(today: i64) -> Window {
    let date = Timestamp::from_microsecond(today).map(|at| TimeZone::UTC.to_datetime(at));
    let moved = |span: Span| -> Option<i64> {
        let date = date.as_ref().ok()?.checked_add(span).ok()?;
        Some(TimeZone::UTC.to_timestamp(date).ok()?.as_microsecond())
    };
    let start = moved(Span::new().months(-2)).unwrap_or(today - 61 * DAY);
    Window::new(start, moved(Span::new().months(12)).unwrap_or(today + 366 * DAY))
}

/// Weak, for compressed it is the same file in other bytes.
fn etag(parts: &[&str]) -> String {
    let mut sha = Sha256::new();
    for part in parts.iter().copied().chain([env!("CARGO_PKG_VERSION")]) {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    let digest: String = sha.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{digest}\"")
}

fn told(status: StatusCode, etag: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((ETAG, etag));
    // Kept by who has asked, and asked for again each time: who takes an address back is heard at the next request.
    answer.insert_header((CACHE_CONTROL, "private, no-cache"));
    answer.insert_header((VARY, "Accept"));
    answer.insert_header(("X-Robots-Tag", "noindex"));
    answer
}

fn file(etag: &str, wanted: &Wanted) -> HttpResponseBuilder {
    let mut answer = told(StatusCode::OK, etag);
    answer.content_type(wanted.media);
    let name = format!("attachment; filename=\"shared.{}\"", wanted.ending);
    answer.insert_header((CONTENT_DISPOSITION, name));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_times_are_those_around_today() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant").as_microsecond();
        let window = usual_window(at("2026-04-30T00:00:00Z"));
        assert_eq!((window.start, window.end), (at("2026-02-28T00:00:00Z"), at("2027-04-30T00:00:00Z")));
    }

    #[test]
    fn a_tag_is_of_all_its_parts() {
        let one = etag(&["a", "b"]);
        assert!(one.starts_with("W/\""));
        assert_eq!(one, etag(&["a", "b"]));
        assert_ne!(one, etag(&["ab", ""]));
    }
}
