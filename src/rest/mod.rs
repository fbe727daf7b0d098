//! REST: JSON for programs, described by OpenAPI. Translates requests into calls of `services`, and their outcomes back.
//!
//! To add a resource: a file with its body types and handlers under `#[utoipa::path]`, its handlers in [`mount`], then
//! `cenacle openapi`. Knows no other protocol; who asks, and where other protocols serve his data, is put into the request by
//! `server`. RFC 9457 (problems).

mod me;
pub mod problem;

use crate::domain::fault::Fault;
use actix_web::{HttpResponse, Responder, get};
use std::sync::OnceLock;
use utoipa::OpenApi;
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

/// What is answered where there is no resource.
pub async fn nothing() -> HttpResponse {
    problem::response(&Fault::NotFound)
}

/// The description of the API, as it stands in `openapi/cenacle.json`.
pub fn document() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let (_, mut api) = actix_web::App::new()
            .into_utoipa_app()
            .openapi(Description::openapi())
            .service(utoipa_actix_web::scope(BASE).configure(mount))
            .split_for_parts();
        let schemes = api.components.get_or_insert_default();
        schemes.add_security_scheme("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
        schemes.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        let mut text = api.to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
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
    fn the_kept_description_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/cenacle.json");
        let kept = std::fs::read_to_string(path).expect("there");
        assert!(kept == document(), "run: cargo run -- openapi");
    }
}
