//! Logs and figures: one line a request with id, principal, method, place, status and time. Never content or secrets.

use super::log::{self, AtEnd};
use super::log_line::PlainLine;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::borrow::Cow;
use std::io::IsTerminal;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tracing_subscriber::EnvFilter;

static PROMETHEUS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts logging: text or JSON lines on standard error, filtered by `RUST_LOG`, else `level`.
/// Lines that still wait are written when the answer is dropped.
pub fn start(json: bool, level: &str) -> AtEnd {
    let filter = filter(std::env::var(EnvFilter::DEFAULT_ENV).ok().as_deref(), level);
    let coloured = std::io::stderr().is_terminal();
    let base = tracing_subscriber::fmt().with_env_filter(filter).with_writer(log::Lines).with_ansi(coloured);
    // A second start in one process (tests) keeps the first subscriber.
    let started = match (json, coloured) {
        (true, _) => base.json().try_init(),
        (false, true) => base.with_target(false).try_init(),
        (false, false) => base.event_format(PlainLine).try_init(),
    };
    if started.is_ok()
        && let Err(error) = log::carry()
    {
        tracing::warn!(%error, "log lines wait until there are many");
    }
    PROMETHEUS.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // Fails only where another recorder stands already; ours then stays empty.
        let _ = metrics::set_global_recorder(recorder);
        handle
    });
    AtEnd
}

/// What the HTTP library says of each connection. It calls it an error that somebody sent what is no HTTP, and so everybody could fill
/// the log with errors.
const CONNECTIONS: &str = "actix_http::h1::dispatcher";

/// What is logged: as `RUST_LOG` says, else as `level` does; of connections nothing but where one of them names `actix_http`.
fn filter(asked: Option<&str>, level: &str) -> EnvFilter {
    let quiet = |wanted: &str| {
        if wanted.contains("actix_http") { wanted.to_owned() } else { format!("{wanted},{CONNECTIONS}=off") }
    };
    let asked = asked.filter(|asked| !asked.trim().is_empty());
    asked
        .and_then(|asked| EnvFilter::try_new(quiet(asked)).ok())
        .unwrap_or_else(|| EnvFilter::new(quiet(level)))
}

/// Sums up what was noted since the last time: without it every request's time would be kept until somebody asks.
pub fn sum_up() {
    if let Some(prometheus) = PROMETHEUS.get() {
        prometheus.run_upkeep();
    }
}

/// `/metrics` in Prometheus' text form.
pub async fn metrics() -> HttpResponse {
    let body = PROMETHEUS.get().map(PrometheusHandle::render).unwrap_or_default();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(body)
}

/// The name of the actor, once known, for the request's line.
struct ActorName(String);

/// Remembers who asks.
pub fn name_actor(request: &HttpRequest, handle: &str) {
    request.extensions_mut().insert(ActorName(handle.to_owned()));
}

/// Notes an answered request.
pub fn note(request: &HttpRequest, response: &HttpResponse, begun: Instant) {
    let took = begun.elapsed();
    let status = response.status().as_u16();
    figures(request.method().as_str()).note(status, took);
    if tracing::enabled!(tracing::Level::INFO) {
        let extensions = request.extensions();
        let principal = extensions.get::<ActorName>().map_or("-", |name| name.0.as_str());
        tracing::info!(
            id = request_id(request),
            principal,
            method = %request.method(),
            path = %said_path(request),
            status,
            micros = took.as_micros() as u64,
            "request"
        );
    }
}

/// Its path is a secret, however it is spelt.
struct Hushed;

/// Keeps the path of a request out of its line.
pub fn hush(request: &HttpRequest) {
    request.extensions_mut().insert(Hushed);
}

/// Figures of the longest number that can be the id of a link: what is longer may be a secret that came to a wrong address.
const LONGEST_ID: usize = 19;

/// The path as it may be written down: without what opens something by itself.
fn said_path(request: &HttpRequest) -> Cow<'_, str> {
    if request.extensions().get::<Hushed>().is_some() {
        return Cow::Borrowed("/links/-");
    }
    hidden(request.path())
}

fn hidden(path: &str) -> Cow<'_, str> {
    let Some((before, after)) = path.split_once("links/") else { return Cow::Borrowed(path) };
    let secret = |segment: &str| segment.len() > LONGEST_ID;
    if after.split('/').any(secret) { Cow::Owned(format!("{before}links/-")) } else { Cow::Borrowed(path) }
}

/// Methods as figures know them: a fixed set, so that no client can make new series.
const METHODS: [&str; 15] = [
    "GET",
    "HEAD",
    "OPTIONS",
    "PUT",
    "DELETE",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "REPORT",
    "MKCOL",
    "MKCALENDAR",
    "COPY",
    "MOVE",
    "ACL",
    "other",
];

/// The figures of one method, registered once: looking them up by their labels at each request would cost more than
/// the noting.
struct Figures {
    /// Requests by the first digit of their status.
    classes: [metrics::Counter; 5],
    seconds: metrics::Histogram,
}

impl Figures {
    fn of(method: &'static str) -> Self {
        let class = |digit: &'static str| metrics::counter!("http_requests_total", "method" => method, "status" => digit);
        Figures {
            classes: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(class),
            seconds: metrics::histogram!("http_request_seconds", "method" => method),
        }
    }

    fn note(&self, status: u16, took: Duration) {
        if let Some(counter) = self.classes.get(usize::from(status / 100).saturating_sub(1)) {
            counter.increment(1);
        }
        self.seconds.record(took.as_secs_f64());
    }
}

fn figures(method: &str) -> &'static Figures {
    static ALL: OnceLock<Vec<Figures>> = OnceLock::new();
    static NONE: OnceLock<Figures> = OnceLock::new();
    let all = ALL.get_or_init(|| METHODS.into_iter().map(Figures::of).collect());
    let at = METHODS.iter().position(|known| *known == method).unwrap_or(METHODS.len() - 1);
    all.get(at).unwrap_or_else(|| NONE.get_or_init(|| Figures::of("other")))
}

/// The id that a proxy gave, else one of our own.
fn request_id(request: &HttpRequest) -> String {
    let given = request.headers().get("X-Request-Id").and_then(|value| value.to_str().ok());
    match given.filter(|id| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')) {
        Some(id) => id.to_owned(),
        None => own_id(),
    }
}

/// Unique enough to find a request in the logs of some nodes: a number of this process and a count.
fn own_id() -> String {
    static PROCESS: OnceLock<u32> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("{:08x}-{:x}", PROCESS.get_or_init(rand::random), COUNT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_something_is_not_written_down() {
        let secret = crate::domain::link::new_token();
        for (path, said) in [
            (format!("/links/{secret}"), "/links/-"),
            (format!("//links/{secret}.ics"), "//links/-"),
            (format!("/api/v1/links/{secret}/x"), "/api/v1/links/-"),
            (
                "/api/v1/calendars/a/links/1234567890123456789".to_owned(),
                "/api/v1/calendars/a/links/1234567890123456789",
            ),
            ("/dav/calendars/alice/".to_owned(), "/dav/calendars/alice/"),
        ] {
            assert_eq!(hidden(&path), said, "{path}");
        }
    }
}
