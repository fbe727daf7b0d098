//! Expands recurrence rules given as JSON lines, for comparison with other implementations.
//!
//! One case a line on standard input: `{"dtstart": "20200131T100000", "tzid": "Europe/Paris", "rrule": "FREQ=…",
//! "exdate": ["…"], "rdate": ["…"], "window": [from, to]}`, times civil, the window in seconds UTC. `tzid` may be empty
//! (floating, read in UTC) or `DATE`. One line comes out for each: the starts in seconds UTC as a JSON list, or
//! `{"error": "…"}`.

use cenacle::text::component::{Document, Limits};
use cenacle::text::ical::CalendarIndex;
use cenacle::text::recur::{Budget, Window};
use cenacle::text::zone::Zone;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{BufRead, Write as _};

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let answer = expand(&line?).map_or_else(|error| json!({ "error": error }), |starts| json!(starts));
        writeln!(out, "{answer}")?;
    }
    out.flush()
}

fn expand(line: &str) -> Result<Vec<i64>, String> {
    let case: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let body = object(&case);
    let document = Document::parse(&body, Limits::default()).map_err(|error| error.to_string())?;
    let built = CalendarIndex::build(&document).map_err(|error| error.to_string())?;
    // Through the stored form, as a server reads it.
    let index = CalendarIndex::decode(&built.encode()).ok_or("the stored form cannot be read")?;
    let bound = |at: usize| case["window"][at].as_i64().map(|seconds| seconds * 1_000_000);
    let window = Window::new(bound(0).unwrap_or(i64::MIN), bound(1).unwrap_or(i64::MAX));
    let mut budget = Budget::new(20_000_000, 1_000_000);
    let found = index.instances(window, &Zone::Utc, &mut budget).map_err(|error| error.to_string())?;
    Ok(found.iter().map(|instance| instance.start / 1_000_000).collect())
}

fn object(case: &Value) -> String {
    let text = |name: &str| case[name].as_str().unwrap_or_default();
    let params = match text("tzid") {
        "" => String::new(),
        "DATE" => ";VALUE=DATE".to_owned(),
        tzid => format!(";TZID={tzid}"),
    };
    let mut body = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\n");
    let mut add = |name: &str, value: &str| {
        let _ = write!(body, "{name}{params}:{value}\r\n");
    };
    add("DTSTART", text("dtstart"));
    for (property, list) in [("EXDATE", "exdate"), ("RDATE", "rdate")] {
        for value in case[list].as_array().into_iter().flatten() {
            add(property, value.as_str().unwrap_or_default());
        }
    }
    for (property, name) in [("RRULE", "rrule"), ("EXRULE", "exrule")] {
        if !text(name).is_empty() {
            let _ = write!(body, "{property}:{}\r\n", text(name));
        }
    }
    body.push_str("END:VEVENT\r\nEND:VCALENDAR\r\n");
    body
}
