//! The routes of all protocols, and what every request passes through.

use super::auth;
use super::telemetry;
use crate::dav;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::principal::PrincipalKind;
use crate::rest::link_door::ClientAddress;
use crate::rest::problem::Refused;
use crate::rest::{self, Rates, Sites};
use crate::services::opened::Wanted;
use crate::services::{Actor, Ahead, Core, Door};
use crate::tzdist;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{self, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::web::{self, Bytes, Data, Payload, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, Route, guard};
use futures_util::{Stream, StreamExt};
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Reverse proxies whose word is taken that the client came by TLS.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(pub Vec<IpAddr>);

impl TrustedProxies {
    /// Whether what the request carries was private on its way: by TLS, on this machine, or through a trusted proxy
    /// that took it by TLS.
    fn private(&self, request: &HttpRequest) -> bool {
        if request.app_config().secure() {
            return true;
        }
        let Some(peer) = request.peer_addr().map(|address| address.ip().to_canonical()) else { return false };
        // A proxy may append to what the client wrote: only where all say so did the client come by TLS.
        let https = |value: &HeaderValue| {
            value
                .to_str()
                .is_ok_and(|list| list.split(',').all(|scheme| scheme.trim().eq_ignore_ascii_case("https")))
        };
        (peer.is_loopback() || self.0.contains(&peer))
            && request.headers().get_all("X-Forwarded-Proto").all(https)
    }
}

impl TrustedProxies {
    /// From where a request comes: what the nearest proxy says, where that is to be believed.
    fn client(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr().map(|address| address.ip().to_canonical())?;
        if !peer.is_loopback() && !self.0.contains(&peer) {
            return Some(peer);
        }
        let told = request.headers().get_all("X-Forwarded-For").last();
        let last = told.and_then(|value| value.to_str().ok()?.rsplit(',').next());
        last.and_then(|address| address.trim().parse().ok()).or(Some(peer))
    }
}

/// Mounts everything on an application.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/healthz", asked().to(healthz))
        .route("/readyz", asked().to(readyz))
        .route("/metrics", asked().to(telemetry::metrics))
        .service(
            web::scope(rest::BASE)
                .configure(rest::mount)
                .default_service(web::route().to(rest::nothing))
                .wrap(from_fn(rest_door)),
        )
        .service(
            web::resource(rest::jwks::PATH)
                .route(web::get().to(rest::jwks::keys))
                .route(web::head().to(rest::jwks::keys))
                .wrap(from_fn(public_door)),
        )
        .service(
            web::scope(rest::link_door::BASE)
                .configure(rest::link_door::mount)
                .default_service(web::route().to(rest::link_door::nothing))
                .wrap(Compress::default())
                .wrap(from_fn(links_door)),
        )
        .service(web::scope(rest::docs::BASE).configure(rest::docs::mount).wrap(from_fn(public_door)))
        .service(web::scope(tzdist::BASE).configure(tzdist::mount).wrap(from_fn(public_door)))
        .default_service(web::route().to(dav_door));
}

/// GET and HEAD, whose body is left out where it is written to the connection.
fn asked() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

async fn readyz(core: Data<Core>) -> HttpResponse {
    match core.ready().await {
        Ok(()) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"),
        Err(_) => {
            HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body("no database\n")
        }
    }
}

/// All of DAV, and what leads to it.
async fn dav_door(
    request: HttpRequest,
    mut payload: Payload,
    core: Data<Core>,
    doors: Data<TrustedProxies>,
) -> HttpResponse {
    let begun = Instant::now();
    let mut response = answer(&request, &mut payload, &core, &doors).await;
    // A client that neither sends nor reads is not waited for.
    let _ = tokio::time::timeout(DRAIN, drain(&mut payload)).await;
    harden(response.headers_mut());
    telemetry::note(&request, &response, begun);
    response
}

/// All of REST: the same logins as for DAV, faults as problem documents.
async fn rest_door(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let begun = Instant::now();
    let (Some(sites), Some(rates)) =
        (request.app_data::<Data<Sites>>().cloned(), request.app_data::<Data<Rates>>().cloned())
    else {
        return Ok(finished(request.into_response(rest::problem::response(&Fault::Internal)), begun));
    };
    if let Some(answer) = sites.preflight(request.request()) {
        return Ok(finished(request.into_response(answer), begun));
    }
    let site = sites.allowed(request.request()).cloned();
    let mut left_of_body = shared_body(&mut request);
    let (mut response, left) = match admit_rest(&request, &rates, site.is_some()).await {
        Ok(left) => {
            // The answer to HEAD is that to GET; its body is left out where it is written to the connection.
            if request.method() == Method::HEAD {
                request.head_mut().method = Method::GET;
            }
            (next.call(request).await?.map_into_boxed_body(), left)
        }
        Err(refused) => {
            let mut answer = refused.answer();
            auth::challenge(request.headers(), &mut answer);
            (request.into_response(answer), None)
        }
    };
    let _ = tokio::time::timeout(DRAIN, drain(&mut left_of_body)).await;
    sites.mark(site.as_ref(), response.headers_mut());
    if let Some(left) = left {
        rates.mark(response.headers_mut(), left);
    }
    Ok(finished(response, begun))
}

/// Methods that make collections, for which a missing collection is a conflict.
const MAKING: [&str; 2] = ["MKCOL", "MKCALENDAR"];

/// How long what a refused request still sends is read.
const DRAIN: Duration = Duration::from_secs(5);

/// Hands the body of a request on in such a way that what a handler leaves of it can still be read.
fn shared_body(
    request: &mut ServiceRequest,
) -> impl Stream<Item = Result<Bytes, PayloadError>> + Unpin + use<> {
    let body = Rc::new(RefCell::new(request.take_payload()));
    let handed = Rc::clone(&body);
    let rest = futures_util::stream::poll_fn(move |cx| handed.borrow_mut().poll_next_unpin(cx));
    request.set_payload(dev::Payload::Stream { payload: Box::pin(rest) });
    futures_util::stream::poll_fn(move |cx| body.borrow_mut().poll_next_unpin(cx))
}

/// Puts into the request who asks, and where DAV serves his data. Tells what he has left to ask.
async fn admit_rest(
    request: &ServiceRequest,
    rates: &Rates,
    known_site: bool,
) -> Result<Option<rest::Left>, Refused> {
    let public = rest::is_public(request.path());
    let request = request.request();
    let (Some(core), Some(doors)) =
        (request.app_data::<Data<Core>>(), request.app_data::<Data<TrustedProxies>>())
    else {
        return Err(Fault::Internal.into());
    };
    // A body may carry a password as well.
    let secret =
        request.headers().contains_key("Authorization") || (public && request.method() == Method::POST);
    if secret && !doors.private(request) {
        return Err(Refused::forbidden("clear-text", "passwords are not taken over clear text: use https"));
    }
    if cross_site(request) && !known_site {
        return Err(Refused::forbidden("cross-site", "requests from pages of other sites are refused"));
    }
    if public {
        return Ok(None);
    }
    let ahead = rest::ahead(request.path());
    let shown = matches!(request.method(), &Method::GET | &Method::HEAD);
    let wanted = ahead.as_ref().map(|of| Wanted::Known {
        home: of.home,
        id: of.collection,
        item: of.item.as_deref().filter(|_| shown || request.method() == Method::PUT),
        shown,
    });
    let (actor, opened) = auth::actor_for(core, request.headers(), wanted).await?;
    telemetry::name_actor(request, &actor.handle);
    core.note_seen(&actor);
    let left = match rates.take(actor.id) {
        None => None,
        Some(Ok(left)) => Some(left),
        Some(Err(seconds)) => return Err(Refused::too_many(u32::try_from(seconds).unwrap_or(u32::MAX))),
    };
    let homes = rest::Homes {
        principal: dav::href::principal(PrincipalKind::User, &actor.handle),
        calendars: dav::href::home(HomeKind::Calendars, &actor.handle),
        addressbooks: dav::href::home(HomeKind::AddressBooks, &actor.handle),
    };
    request.extensions_mut().insert(Actor { door: Some(Door::Rest), ahead: Ahead::of(opened), ..actor });
    request.extensions_mut().insert(homes);
    request.extensions_mut().insert(rest::DavPaths {
        collection: dav::href::collection,
        item: dav::href::item_in,
        principal: dav::href::principal,
    });
    Ok(left)
}

/// What everybody may read.
async fn public_door(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let begun = Instant::now();
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(finished(response, begun))
}

/// What is opened by a secret in the address.
async fn links_door(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let begun = Instant::now();
    telemetry::hush(request.request());
    let doors = request.app_data::<Data<TrustedProxies>>().cloned();
    let private = doors.as_ref().is_some_and(|doors| doors.private(request.request()));
    if !private {
        let refused =
            Refused::forbidden("clear-text", "secret addresses are not read over clear text: use https");
        return Ok(finished(request.into_response(refused.answer()), begun));
    }
    let address = doors.and_then(|doors| doors.client(request.request()));
    request.extensions_mut().insert(ClientAddress(address));
    // The answer to HEAD is that to GET; its body is left out where it is written to the connection.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let response = next.call(request).await?.map_into_boxed_body();
    Ok(finished(response, begun))
}

/// What every answer outside of DAV passes through.
fn finished(mut response: ServiceResponse<BoxBody>, begun: Instant) -> ServiceResponse<BoxBody> {
    harden(response.headers_mut());
    telemetry::note(response.request(), response.response(), begun);
    response
}

/// Reads what a refused request still sends, within bounds: a client that writes its body to the end before it reads then sees
/// the answer instead of a broken connection.
async fn drain<E>(payload: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) {
    const MOST: usize = 1024 * 1024;
    let mut seen = 0;
    while seen < MOST {
        match payload.next().await {
            Some(Ok(chunk)) => seen += chunk.len(),
            Some(Err(_)) | None => return,
        }
    }
}

/// The answer of DAV to a login that was not taken.
fn refused(request: &HttpRequest, fault: &Fault) -> HttpResponse {
    let mut answer = dav::fault::response(fault, request.uri().path());
    auth::challenge(request.headers(), &mut answer);
    answer
}

async fn answer(
    request: &HttpRequest,
    payload: &mut Payload,
    core: &Core,
    doors: &TrustedProxies,
) -> HttpResponse {
    let path = request.uri().path();
    if let Some(home) = well_known(path) {
        return home;
    }
    if cross_site(request) {
        return HttpResponse::Forbidden().body("requests from pages of other sites are refused\n");
    }
    if request.headers().contains_key("Authorization") && !doors.private(request) {
        return HttpResponse::Forbidden().body("passwords are not taken over clear text: use https\n");
    }
    let Some(target) = dav::href::parse(path) else {
        // Even what cannot exist asks for a login first, so that nothing can be learnt without one.
        return match auth::actor(core, request.headers()).await {
            Ok(_) if !dav::href::is_well_formed(path) => {
                let broken = Fault::BadRequest("the path has a broken escape".into());
                dav::fault::response(&broken, path)
            }
            // RFC 4918 §9.3.1; in another's home what is missing looks like what is hidden.
            Ok(actor)
                if MAKING.contains(&request.method().as_str())
                    && dav::href::is_below(path, &actor.handle) =>
            {
                dav::fault::response(&Fault::Conflict("the collection does not exist"), path)
            }
            Ok(_) => dav::fault::response(&Fault::NotFound, path),
            Err(fault) => refused(request, &fault),
        };
    };
    // What the server can do is no secret, and some clients ask before they log in.
    if request.method() == Method::OPTIONS && !request.headers().contains_key("Authorization") {
        return dav::options(&target);
    }
    let wanted = target.wanted(request.method());
    let (actor, opened) = match auth::actor_for(core, request.headers(), wanted).await {
        Ok(admitted) => admitted,
        Err(fault) => return refused(request, &fault),
    };
    telemetry::name_actor(request, &actor.handle);
    core.note_seen(&actor);
    let dav_request = dav::Request {
        core,
        actor,
        target,
        opened: opened.into(),
        path,
        headers: request.headers(),
        query: request.query_string(),
    };
    dav::answer(request.method(), dav_request, payload).await
}

/// RFC 6764 §5: the context root. 308 keeps method and body, for clients also send PROPFIND here.
fn well_known(path: &str) -> Option<HttpResponse> {
    let target = match path.trim_end_matches('/') {
        "/.well-known/caldav" | "/.well-known/carddav" => "/dav/",
        // RFC 7808 §4.2.1.3.
        "/.well-known/timezone" => tzdist::BASE,
        _ => return None,
    };
    let mut answer = HttpResponse::PermanentRedirect();
    Some(answer.insert_header((LOCATION, target)).insert_header(("Cache-Control", "max-age=86400")).finish())
}

/// A browser that somebody else's page drives with remembered credentials must not change anything.
fn cross_site(request: &HttpRequest) -> bool {
    let safe = matches!(request.method().as_str(), "GET" | "HEAD" | "OPTIONS");
    let site = request.headers().get("Sec-Fetch-Site").and_then(|value| value.to_str().ok());
    !safe && matches!(site, Some("cross-site" | "same-site"))
}

fn harden(headers: &mut HeaderMap) {
    let fixed = [
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("referrer-policy", "no-referrer"),
    ];
    for (name, value) in fixed {
        let name = HeaderName::from_static(name);
        // A page that is one says itself what it may do.
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
