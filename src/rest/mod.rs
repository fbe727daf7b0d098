//! REST: JSON for programs, described by OpenAPI. Translates requests into calls of `services`, and their outcomes back.
//!
//! To add a resource: a file with its body types and handlers under `#[utoipa::path]`, its handlers in [`mount`], then
//! `cenacle openapi`. Knows no other protocol; who asks, and where other protocols serve his data, is put into the request by
//! `server`. RFC 9457 (problems).

mod me;
pub mod problem;

use crate::domain::fault::Fault;
use actix_web::dev::ResourceDef;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder, get};
use std::sync::OnceLock;
use utoipa::OpenApi;
use utoipa::openapi::PathItem;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

pub use me::Homes;

/// Where everything of this protocol is.
pub const BASE: &str = "/api/v1";
/// The one place that needs no login: what the API looks like is no secret.
pub const DESCRIPTION: &str = "/api/v1/openapi.json";

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Cenacle",
        description = "Calendars, tasks and contacts as JSON. CalDAV and CardDAV serve the same data.",
        license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later")
    ),
    security(("basic" = []), ("bearer" = [])),
    components(schemas(problem::Problem))
)]
struct Description;

/// The list of resources, below [`BASE`].
pub fn mount(config: &mut ServiceConfig<'_>) {
    config.service(me::me).service(description);
}

/// What is answered where no handler takes a request: 405 on a resource that lacks the method, 404 where there is none.
pub async fn nothing(request: HttpRequest) -> HttpResponse {
    match allowed(request.path()) {
        Some(methods) => {
            let mut answer = problem::response(&Fault::MethodNotAllowed);
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
            answer
        }
        None => problem::response(&Fault::NotFound),
    }
}

/// A resource and the value of its `Allow`.
struct Known {
    path: ResourceDef,
    methods: String,
}

/// The methods of the resource at a path. They fall out of the description, so that no resource can be forgotten here.
fn allowed(path: &str) -> Option<&'static str> {
    static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let paths = api().paths.paths.iter();
        paths
            .map(|(path, item)| Known { path: ResourceDef::new(path.as_str()), methods: methods(item) })
            .collect()
    });
    known.iter().find(|one| one.path.is_match(path)).map(|one| one.methods.as_str())
}

fn methods(item: &PathItem) -> String {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
    let all = [
        ("GET", get),
        ("HEAD", head),
        ("POST", post),
        ("PUT", put),
        ("PATCH", patch),
        ("DELETE", delete),
        ("OPTIONS", options),
        ("TRACE", trace),
    ];
    let there: Vec<&str> =
        all.iter().filter(|(_, operation)| operation.is_some()).map(|(name, _)| *name).collect();
    there.join(", ")
}

/// The description of the API, as it stands in `openapi/cenacle.json`.
pub fn document() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let mut text = api().to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    })
}

fn api() -> &'static utoipa::openapi::OpenApi {
    static API: OnceLock<utoipa::openapi::OpenApi> = OnceLock::new();
    API.get_or_init(|| {
        let (_, mut api) = actix_web::App::new()
            .into_utoipa_app()
            .openapi(Description::openapi())
            .service(utoipa_actix_web::scope(BASE).configure(mount))
            .split_for_parts();
        let schemes = api.components.get_or_insert_default();
        schemes.add_security_scheme("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
        schemes.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        api
    })
}

/// The description of this API
///
/// OpenAPI 3.1. Needs no login.
#[utoipa::path(responses((status = 200, description = "The description")), security(()), tag = "api")]
#[get("/openapi.json")]
async fn description() -> impl Responder {
    HttpResponse::Ok().content_type("application/json").body(document())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_resource() {
        let value: serde_json::Value = serde_json::from_str(document()).expect("JSON");
        let paths: Vec<&String> = value["paths"].as_object().expect("paths").keys().collect();
        assert_eq!(paths, ["/api/v1/me", "/api/v1/openapi.json"]);
        assert_eq!(value["info"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(value["components"]["schemas"]["Problem"].is_object());
        assert!(value["components"]["securitySchemes"]["bearer"].is_object());
    }

    #[test]
    fn methods_fall_out_of_the_description() {
        for (path, item) in &api().paths.paths {
            let methods = allowed(path).expect("known");
            assert_eq!(methods, super::methods(item), "{path}");
            assert!(!methods.is_empty(), "{path}");
        }
        assert_eq!(allowed("/api/v1/me"), Some("GET"));
        for none in ["/api/v1/", "/api/v1/me/", "/api/v1/mex", "/me"] {
            assert_eq!(allowed(none), None, "{none}");
        }
    }

    #[test]
    fn the_kept_description_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/cenacle.json");
        let kept = std::fs::read_to_string(path).expect("there");
        assert!(kept == document(), "run: cargo run -- openapi");
    }
}
