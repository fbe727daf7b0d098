//! Pages of other sites: refused by their browsers unless their site is named in the configuration. Never with cookies, for none
//! authenticates anybody. Fetch §3.2.

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

/// What pages may send.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const HEADERS: &str =
    "Authorization, Accept, Content-Type, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID";
/// What pages may read.
const EXPOSED: &str = "ETag, Location, Retry-After, RateLimit, RateLimit-Policy";
/// Seconds that a browser may remember the answer to what it asks beforehand.
const REMEMBER: &str = "3600";

/// The sites whose pages may use the API: `https://host[:port]`, or `*` for all.
#[derive(Debug, Clone, Default)]
pub struct Sites(pub Vec<String>);

impl Sites {
    /// The site that a request comes from, if its pages may use the API.
    pub fn allowed<'r>(&self, request: &'r HttpRequest) -> Option<&'r HeaderValue> {
        let origin = request.headers().get(header::ORIGIN)?;
        let named = |site: &String| {
            site == "*" || origin.to_str().is_ok_and(|origin| site.eq_ignore_ascii_case(origin))
        };
        self.0.iter().any(named).then_some(origin)
    }

    /// The answer to what a browser asks before the request of a page of another site.
    pub fn preflight(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if request.method() != Method::OPTIONS || !asks {
            return None;
        }
        let origin = self.allowed(request)?;
        let mut answer = HttpResponse::NoContent();
        answer.insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()));
        answer.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS));
        answer.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS));
        answer.insert_header((header::ACCESS_CONTROL_MAX_AGE, REMEMBER));
        answer.insert_header((header::VARY, "Origin"));
        Some(answer.finish())
    }

    /// Lets the page of an allowed site read an answer.
    pub fn mark(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(
                HeaderName::from_static("access-control-expose-headers"),
                HeaderValue::from_static(EXPOSED),
            );
        }
    }
}
