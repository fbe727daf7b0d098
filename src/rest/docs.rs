//! The documentation page: our own few files, made of the description in the reader's browser. Nothing of it comes from elsewhere.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource};

/// Where it is.
pub const BASE: &str = "/api/docs";
/// What the page may do: run its own program, wear its own style, ask its own server. A login that is typed into it cannot
/// leave for elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const FILES: [(&str, &str, &str); 3] = [
    ("/", "text/html; charset=utf-8", include_str!("docs/page.html")),
    ("/page.css", "text/css; charset=utf-8", include_str!("docs/page.css")),
    ("/page.js", "text/javascript; charset=utf-8", include_str!("docs/page.js")),
];

/// The page and what it consists of, below [`BASE`].
pub fn mount(config: &mut ServiceConfig) {
    for (path, media, text) in FILES {
        config.service(file(path, media, text));
    }
    let slash =
        || async { HttpResponse::PermanentRedirect().insert_header((LOCATION, format!("{BASE}/"))).finish() };
    config.service(web::resource("").route(web::get().to(slash)));
    config.default_service(web::route().to(super::nothing));
}

fn file(path: &'static str, media: &'static str, text: &'static str) -> Resource {
    let answer = move || async move {
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, media))
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((CACHE_CONTROL, "no-cache"))
            .body(text)
    };
    web::resource(path).route(web::get().to(answer)).route(web::head().to(answer))
}
