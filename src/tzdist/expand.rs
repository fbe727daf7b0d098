//! The `expand` action: what a clock shows between two instants, change by change. RFC 7808 §5.4 and §6.3.

use super::{TZID_NOT_FOUND, answer_to, params, refusal, single, zone_of};
use crate::text::zone::{self, Onset};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What comes after the name of the zone.
const OBSERVANCES: &str = "/observances";
/// Observances in an answer: a thousand years of two changes.
const MOST: usize = 2_000;

/// Answers for one zone.
pub(super) async fn expand(request: HttpRequest) -> HttpResponse {
    let Some(name) = zone_of(&request, OBSERVANCES) else {
        return refusal(StatusCode::NOT_FOUND, TZID_NOT_FOUND, "there is no such zone");
    };
    let refused = |name: &str, title: &str| refusal(StatusCode::BAD_REQUEST, name, title);
    let params = params(&request);
    let given = |name: &str| single(&params, name).ok().flatten().and_then(instant);
    let Some(start) = given("start") else {
        return refused("invalid-start", "start is needed once, as a date and time in UTC (RFC 3339)");
    };
    let Some(end) = given("end") else {
        return refused("invalid-end", "end is needed once, as a date and time in UTC (RFC 3339)");
    };
    if end <= start {
        return refused("invalid-end", "end must be later than start");
    }
    let Some(onsets) = zone::onsets(name, start, end, MOST + 1) else {
        return refusal(StatusCode::NOT_FOUND, TZID_NOT_FOUND, "there is no such zone");
    };
    if onsets.len() > MOST {
        return refused("invalid-end", "end is too far from start: there are more than 2000 observances");
    }
    let observances: Vec<Value> = onsets.iter().map(observance).collect();
    let body =
        json!({"tzid": name, "start": written(start), "end": written(end), "observances": observances});
    answer_to(&request, "application/json", body.to_string(), |_| {})
}

fn observance(onset: &Onset) -> Value {
    json!({
        "name": onset.name,
        "onset": written(onset.at),
        "utc-offset-from": onset.from,
        "utc-offset-to": onset.to,
    })
}

/// RFC 3339 in UTC, which says `Z`.
fn instant(text: &str) -> Option<Timestamp> {
    const SHORTEST: usize = "2026-01-01T00:00:00Z".len();
    let whole = text.len() >= SHORTEST && text.ends_with(['Z', 'z']);
    text.parse().ok().filter(|_| whole)
}

fn written(at: Timestamp) -> String {
    at.to_string()
}
