//! Time zone data for clients that take them by reference: TZDIST (RFC 7808), public and read-only.
//!
//! Serves what `text::zone` writes out of the IANA data that are part of the program. Truncated data and leap seconds are not
//! offered, and not advertised. Knows no people and no calendar.

mod expand;
mod pattern;

use crate::text::zone;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::web::{self, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// Where everything of this protocol is.
pub const BASE: &str = "/tzdist";
/// How long clients may take an answer for current: zones change some times a year, with the program.
const FRESH: &str = "public, max-age=86400";
/// The name of an error (RFC 7808 §5.3, §5.4).
const TZID_NOT_FOUND: &str = "tzid-not-found";

/// The resources, below [`BASE`].
pub fn mount(config: &mut ServiceConfig) {
    config
        .route("", web::get().to(capabilities))
        .route("/capabilities", web::get().to(capabilities))
        .route("/zones", web::get().to(zones))
        .route("/zones/{tzid:.+}/observances", web::get().to(expand::expand))
        .route("/zones/{tzid:.+}", web::get().to(one))
        .default_service(web::route().to(nothing));
}

async fn nothing() -> HttpResponse {
    refusal(StatusCode::BAD_REQUEST, "invalid-action", "there is no such action")
}

/// RFC 7808 §5.1.
async fn capabilities() -> HttpResponse {
    let action = |name: &str, template: String, parameters: Value| json!({"name": name, "uri-template": template, "parameters": parameters});
    answer(json!({
        "version": 1,
        "info": {
            "primary-source": format!("IANA Time Zone Database {}", zone::release()),
            "formats": ["text/calendar"],
            "truncated": {"any": false, "untruncated": true},
        },
        "actions": [
            action("capabilities", format!("{BASE}/capabilities"), json!([])),
            action("list", format!("{BASE}/zones{{?changedsince}}"), json!([{"name": "changedsince", "required": false, "multi": false}])),
            action("get", format!("{BASE}/zones{{/tzid}}"), json!([])),
            action("expand", format!("{BASE}/zones{{/tzid}}/observances{{?start,end}}"), json!([
                {"name": "start", "required": true, "multi": false},
                {"name": "end", "required": true, "multi": false},
            ])),
            action("find", format!("{BASE}/zones{{?pattern}}"), json!([{"name": "pattern", "required": true, "multi": false}])),
        ],
    }))
}

/// The parameters of a query, decoded.
fn params(request: &HttpRequest) -> Vec<(String, String)> {
    Query::from_query(request.query_string()).map(Query::into_inner).unwrap_or_default()
}

/// More than one parameter has the name that only one may have.
struct Repeated;

/// The value of a parameter that may be there once.
fn single<'p>(params: &'p [(String, String)], name: &str) -> Result<Option<&'p str>, Repeated> {
    let mut values = params.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let first = values.next();
    if values.next().is_some() { Err(Repeated) } else { Ok(first) }
}

/// RFC 7808 §5.2 (list) and §5.5 (find).
async fn zones(request: HttpRequest) -> HttpResponse {
    let params = params(&request);
    let Ok(pattern) = single(&params, "pattern") else {
        return refusal(StatusCode::BAD_REQUEST, "invalid-pattern", "pattern is there more than once");
    };
    let Ok(changed_since) = single(&params, "changedsince") else {
        return refusal(
            StatusCode::BAD_REQUEST,
            "invalid-changedsince",
            "changedsince is there more than once",
        );
    };
    // All zones are written once, for their entity tags: too long for the thread that serves.
    let Ok(all) = web::block(all).await else {
        return refusal(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the zones could not be read");
    };
    let chosen: Vec<&Listed> = match (pattern, changed_since) {
        (Some(_), Some(_)) => {
            return refusal(
                StatusCode::BAD_REQUEST,
                "invalid-pattern",
                "pattern and changedsince exclude each other",
            );
        }
        (None, None) => all.zones.iter().collect(),
        // The data change only with the program, so nothing changes after a token that it gave.
        (None, Some(token)) if token == all.token => Vec::new(),
        (None, Some(_)) => {
            return refusal(StatusCode::BAD_REQUEST, "invalid-changedsince", "this token is not known");
        }
        (Some(pattern), None) => match pattern::Pattern::parse(pattern) {
            Some(pattern) => all.zones.iter().filter(|zone| pattern.matches(zone.tzid)).collect(),
            None => {
                return refusal(
                    StatusCode::BAD_REQUEST,
                    "invalid-pattern",
                    "a star may stand only at the ends, with text beside it",
                );
            }
        },
    };
    let zones: Vec<Value> = chosen
        .into_iter()
        .map(|zone| {
            json!({
                "tzid": zone.tzid,
                "etag": zone.etag,
                "last-modified": all.modified,
                "publisher": "IANA",
                "version": zone::release(),
            })
        })
        .collect();
    answer(json!({"synctoken": all.token, "timezones": zones}))
}

/// RFC 7808 §5.3.
async fn one(request: HttpRequest) -> HttpResponse {
    let params = params(&request);
    for (name, error) in [("start", "invalid-start"), ("end", "invalid-end")] {
        if params.iter().any(|(own, _)| own == name) {
            return refusal(StatusCode::BAD_REQUEST, error, "truncated data are not offered");
        }
    }
    let Some((name, text)) = zone_of(&request, "").and_then(|name| Some((name, resource(name)?))) else {
        return refusal(StatusCode::NOT_FOUND, TZID_NOT_FOUND, "there is no such zone");
    };
    if !accepts_calendar(&request) {
        return refusal(StatusCode::NOT_ACCEPTABLE, "invalid-format", "only text/calendar is offered");
    }
    answer_to(&request, "text/calendar; charset=utf-8", text, |answer| {
        let file = format!("attachment; filename=\"{}.ics\"", name.replace('/', "-"));
        answer.insert_header((CONTENT_DISPOSITION, file));
    })
}

/// The zone that a path below `/zones/` names, `after` taken off its end.
fn zone_of(request: &HttpRequest, after: &str) -> Option<&'static str> {
    // The raw path: a slash of the name may be written as %2F, or plainly.
    let raw = request.path().strip_prefix(BASE)?.strip_prefix("/zones/")?.strip_suffix(after)?;
    let tzid = percent_decode_str(raw).decode_utf8().ok()?;
    zone::names().find(|name| name.eq_ignore_ascii_case(&tzid))
}

/// An answer with its entity tag, or that the client has it already.
fn answer_to(
    request: &HttpRequest,
    media_type: &'static str,
    body: String,
    more: impl FnOnce(&mut HttpResponseBuilder),
) -> HttpResponse {
    let etag = format!("\"{}\"", digest(&body));
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let has_it = known.is_some_and(|tags| {
        tags.trim() == "*" || tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
    });
    let mut answer = if has_it { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((ETAG, etag)).insert_header((CACHE_CONTROL, FRESH));
    if has_it {
        return answer.finish();
    }
    more(&mut answer);
    answer.insert_header((CONTENT_TYPE, media_type)).body(body)
}

fn accepts_calendar(request: &HttpRequest) -> bool {
    let accept = request.headers().get("Accept").and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    accept.split(',').any(|one| {
        let (kind, rest) = one.split_once(';').unwrap_or((one, ""));
        let refused = rest
            .replace(' ', "")
            .split(';')
            .any(|param| matches!(param, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        !refused
            && matches!(kind.trim().to_ascii_lowercase().as_str(), "*/*" | "text/*" | "text/calendar" | "")
    })
}

/// A zone as a calendar object.
fn resource(name: &str) -> Option<String> {
    let zone = zone::vtimezone(name)?;
    let head = concat!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cenacle//",
        env!("CARGO_PKG_VERSION"),
        "//EN\r\n"
    );
    Some(format!("{head}{zone}END:VCALENDAR\r\n"))
}

struct Listed {
    tzid: &'static str,
    etag: String,
}

struct All {
    zones: Vec<Listed>,
    token: String,
    modified: String,
}

/// All zones with their entity tags, written once.
fn all() -> &'static All {
    static ALL: OnceLock<All> = OnceLock::new();
    ALL.get_or_init(|| {
        let list = |name| resource(name).map(|text| Listed { tzid: name, etag: digest(&text) });
        let zones: Vec<Listed> = zone::names().filter_map(list).collect();
        let mut token = Sha256::new();
        token.update(zone::release());
        for zone in &zones {
            token.update(&zone.etag);
        }
        let token = hex(&token.finalize());
        // The data are part of the program's file, and as old as it.
        let modified = std::env::current_exe()
            .and_then(|path| path.metadata()?.modified())
            .unwrap_or(std::time::UNIX_EPOCH);
        let modified = jiff::Timestamp::try_from(modified).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        All { zones, token, modified: modified.strftime("%Y-%m-%dT%H:%M:%SZ").to_string() }
    })
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// The first half of a digest: more than enough to tell data apart.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn answer(value: Value) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, FRESH)).json(value)
}

/// RFC 7808 §5 and §4.1.7.
fn refusal(status: StatusCode, name: &str, title: &str) -> HttpResponse {
    let problem = json!({"type": format!("urn:ietf:params:tzdist:error:{name}"), "status": status.as_u16(), "title": title});
    HttpResponse::build(status).content_type("application/problem+json").body(problem.to_string())
}

#[cfg(test)]
mod tests;
