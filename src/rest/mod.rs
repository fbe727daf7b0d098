//! REST: JSON for programs, described by OpenAPI. Translates requests into calls of `services`, and their outcomes back.
//!
//! To add a resource: a file with its body types and handlers under `#[utoipa::path]`, its handlers in `list`, then
//! `cenacle openapi`. Knows no other protocol; who asks, and where other protocols serve his data, is put into the request by
//! `server`. RFC 9457 (problems).

mod account_export;
mod account_import;
mod acl;
mod address_books;
mod audit;
mod auth;
mod batch;
mod birthdays;
mod bodies;
mod body;
mod calendars;
mod changes;
mod collections;
mod conditions;
mod contacts;
mod cors;
mod delegates;
mod devices;
pub mod docs;
mod edits;
mod event_instances;
mod events;
mod explain;
mod exports;
mod files;
mod forms;
mod freebusy;
mod grants;
mod group_members;
mod groups;
mod hand_over;
mod history;
pub mod hook_messages;
mod imports;
mod instances;
mod instant;
mod invitations;
mod items;
pub mod jwks;
pub mod link_door;
mod link_uses;
mod links;
mod logins;
mod me;
mod mounts;
mod objects;
mod once;
mod operations;
mod page;
mod path;
mod principals;
pub mod problem;
mod query;
mod report;
mod restores;
mod routes;
mod seats;
mod shares;
pub mod stopping;
pub mod subscriptions;
mod task_instances;
mod tasks;
mod team_collections;
mod trash;
mod undo;
mod webhook_events;
mod webhooks;
mod windows;
mod writes;

use crate::domain::fault::Fault;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, Responder, get};
use routes::{Handlers, Routes, Served};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as OpenApiDocument;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_actix_web::AppExt;

pub use crate::http::rates::Left;
pub use collections::DavPaths;
pub use cors::Sites;
pub use me::Homes;
pub use path::ahead;

/// How many requests principals may make.
pub type Rates = crate::http::rates::Rates;
/// Where everything of this protocol is.
pub const BASE: &str = "/api/v1";
/// What needs no login: what the API looks like is no secret, and tokens carry their own proof.
const PUBLIC: [&str; 3] = [DESCRIPTION, "/api/v1/auth/token", "/api/v1/auth/revoke"];
/// Where the description is.
pub const DESCRIPTION: &str = "/api/v1/openapi.json";

/// Whether a path needs no login.
pub fn is_public(path: &str) -> bool {
    PUBLIC.contains(&path)
}

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Cenacle",
        description = "Calendars, tasks and contacts as JSON. CalDAV and CardDAV serve the same data.",
        license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later")
    ),
    security(("basic" = []), ("bearer" = [])),
    components(schemas(
        problem::Problem,
        hook_messages::WebhookMessage
    ))
)]
struct Description;

/// Serves all resources, below [`BASE`].
pub fn mount(config: &mut ServiceConfig) {
    list(&mut Served::on(config));
}

/// The list of resources.
fn list(config: &mut impl Handlers) {
    // Of several that fit a request the first takes it.
    config.service(changes::of_calendar).service(changes::of_address_book).service(changes::of_account);
    config
        .service(events::list)
        .service(events::create)
        .service(events::read)
        .service(events::replace)
        .service(events::change)
        .service(events::remove)
        .service(events::move_to)
        .service(events::copy)
        .service(event_instances::list)
        .service(event_instances::read)
        .service(event_instances::change)
        .service(event_instances::cancel)
        .service(event_instances::restore);
    config
        .service(tasks::list)
        .service(tasks::create)
        .service(tasks::read)
        .service(tasks::replace)
        .service(tasks::change)
        .service(tasks::remove)
        .service(tasks::move_to)
        .service(tasks::copy)
        .service(task_instances::list)
        .service(task_instances::read)
        .service(task_instances::change)
        .service(task_instances::cancel)
        .service(task_instances::restore);
    config
        .service(contacts::list)
        .service(contacts::create)
        .service(contacts::read)
        .service(contacts::replace)
        .service(contacts::change)
        .service(contacts::remove)
        .service(contacts::move_to)
        .service(contacts::copy);
    config
        .service(calendars::list)
        .service(calendars::create)
        .service(calendars::read)
        .service(calendars::change)
        .service(calendars::remove);
    config
        .service(address_books::list)
        .service(address_books::create)
        .service(address_books::read)
        .service(address_books::change)
        .service(address_books::remove);
    config.service(me::me).service(principals::search).service(description);
    config
        .service(groups::list)
        .service(groups::create)
        .service(groups::read)
        .service(groups::change)
        .service(groups::remove)
        .service(team_collections::add_calendar)
        .service(team_collections::add_address_book)
        .service(group_members::list)
        .service(group_members::add)
        .service(group_members::set)
        .service(group_members::remove)
        .service(group_members::effective);
    config.service(batch::run);
    config.service(exports::calendar).service(exports::address_book).service(account_export::account);
    config.service(imports::calendar).service(imports::address_book).service(account_import::account);
    config.service(auth::give).service(auth::revoke);
    config
        .service(logins::app_passwords)
        .service(logins::add_app_password)
        .service(logins::remove_app_password)
        .service(logins::sessions)
        .service(logins::end_session);
    config
        .service(webhooks::list)
        .service(webhooks::create)
        .service(webhooks::read)
        .service(webhooks::change)
        .service(webhooks::remove)
        .service(webhooks::deliveries)
        .service(webhooks::test)
        .service(webhooks::replay)
        .service(webhooks::renew_secret);
    config
        .service(acl::of_calendar)
        .service(acl::replace_of_calendar)
        .service(acl::change_of_calendar)
        .service(acl::of_address_book)
        .service(acl::replace_of_address_book)
        .service(acl::change_of_address_book);
    config
        .service(shares::of_calendar)
        .service(shares::give_calendar)
        .service(shares::take_calendar)
        .service(shares::of_address_book)
        .service(shares::give_address_book)
        .service(shares::take_address_book);
    config
        .service(invitations::list)
        .service(invitations::answer)
        .service(invitations::own_choice)
        .service(invitations::choose);
    config
        .service(delegates::list)
        .service(delegates::set)
        .service(delegates::remove)
        .service(delegates::delegations);
    config.service(birthdays::show).service(birthdays::switch_on).service(birthdays::switch_off);
    config.service(explain::explain);
    config.service(audit::of_calendar).service(audit::of_address_book).service(audit::of_all);
    config
        .service(links::of_calendar)
        .service(links::add_to_calendar)
        .service(links::one_of_calendar)
        .service(links::change_of_calendar)
        .service(links::remove_of_calendar)
        .service(links::rotate_of_calendar)
        .service(links::of_address_book)
        .service(links::add_to_address_book)
        .service(links::one_of_address_book)
        .service(links::change_of_address_book)
        .service(links::remove_of_address_book)
        .service(links::rotate_of_address_book)
        .service(link_uses::of_calendar)
        .service(link_uses::of_address_book)
        .service(link_uses::of_all);
    config
        .service(subscriptions::list)
        .service(subscriptions::create)
        .service(subscriptions::read)
        .service(subscriptions::change)
        .service(subscriptions::remove)
        .service(subscriptions::look_again);
    config.service(devices::list).service(devices::remove).service(devices::undo);
    config.service(history::of_calendar).service(history::of_address_book);
    config
        .service(history::of_event)
        .service(history::of_task)
        .service(history::of_contact)
        .service(history::event_then)
        .service(history::task_then)
        .service(history::contact_then);
    config.service(restores::event).service(restores::task).service(restores::contact);
    config.service(undo::calendar).service(undo::address_book);
    config.service(hand_over::calendar).service(hand_over::address_book);
    config
        .service(trash::calendars)
        .service(trash::address_books)
        .service(trash::restore_calendar)
        .service(trash::restore_address_book);
    config.service(freebusy::of_calendar).service(freebusy::of_principals);
    config
        .service(mounts::take_calendar)
        .service(mounts::give_up_calendar)
        .service(mounts::take_address_book)
        .service(mounts::give_up_address_book);
}

/// What is answered where no handler takes a request: 405 on a resource that lacks the method, 404 where there is none.
pub async fn nothing(request: HttpRequest) -> HttpResponse {
    match allowed(request.path()) {
        Some(methods) => {
            let mut answer = problem::response(&Fault::MethodNotAllowed);
            if let Ok(methods) = HeaderValue::from_str(&methods) {
                answer.headers_mut().insert(ALLOW, methods);
            }
            answer
        }
        None => problem::response(&Fault::NotFound),
    }
}

/// The methods of the resource at a path.
fn allowed(path: &str) -> Option<String> {
    let methods: Vec<&str> = Routes::all().methods(path.strip_prefix(BASE)?).into_iter().collect();
    (!methods.is_empty()).then(|| methods.join(", "))
}

/// The description of the API, as it is kept in `openapi/cenacle.json`. A running server never makes it: that takes megabytes.
pub const DOCUMENT: &str = include_str!("../../openapi/cenacle.json");

/// The description of the API, made from the handlers.
pub fn document() -> String {
    let mut text = api().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

fn api() -> OpenApiDocument {
    let (_, mut api) = actix_web::App::new()
        .into_utoipa_app()
        .openapi(Description::openapi())
        .service(utoipa_actix_web::scope(BASE).configure(|config| list(config)))
        .split_for_parts();
    operations::complete(&mut api);
    bodies::complete(&mut api);
    let schemes = api.components.get_or_insert_default();
    schemes.add_security_scheme("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
    schemes.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    api
}

/// The description of this API
///
/// OpenAPI 3.1. Needs no login.
#[utoipa::path(responses((status = 200, description = "The description")), security(()), tag = "api")]
#[get("/openapi.json")]
async fn description() -> impl Responder {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_resource() {
        let value: serde_json::Value = serde_json::from_str(DOCUMENT).expect("JSON");
        let paths: Vec<&String> = value["paths"].as_object().expect("paths").keys().collect();
        for path in ["/api/v1/me", "/api/v1/calendars/{id}", "/api/v1/openapi.json"] {
            assert!(paths.iter().any(|known| *known == path), "{path}");
        }
        assert_eq!(value["info"]["version"], env!("CARGO_PKG_VERSION"));
        assert!(value["components"]["schemas"]["Problem"].is_object());
        assert!(value["components"]["securitySchemes"]["bearer"].is_object());
    }

    /// The names that references below a value give.
    fn references(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(members) => {
                found.extend(members.get("$ref").and_then(|name| name.as_str()).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            serde_json::Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_of_the_description_leads_somewhere() {
        let value: serde_json::Value = serde_json::from_str(DOCUMENT).expect("JSON");
        let mut found = Vec::new();
        references(&value, &mut found);
        assert!(found.len() > 50);
        for name in found {
            let pointer = name.strip_prefix('#').expect("in this document");
            assert!(value.pointer(pointer).is_some(), "{name}");
        }
    }

    #[test]
    fn methods_fall_out_of_the_description() {
        let value: serde_json::Value = serde_json::from_str(DOCUMENT).expect("JSON");
        for (path, item) in value["paths"].as_object().expect("paths") {
            let told = allowed(path).expect("known");
            let methods: Vec<String> =
                item.as_object().expect("operations").keys().map(|name| name.to_uppercase()).collect();
            assert!(!methods.is_empty(), "{path}");
            for method in methods {
                assert!(told.split(", ").any(|one| one == method), "{path}: {method} of {told}");
            }
        }
        assert_eq!(allowed("/api/v1/me").as_deref(), Some("GET, HEAD"));
        assert_eq!(allowed("/api/v1/webhooks/1:test").as_deref(), Some("POST"));
        assert_eq!(allowed("/api/v1/calendars/x/events/a:move").map(|all| all.contains("PUT")), Some(true));
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
