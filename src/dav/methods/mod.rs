//! The methods, one file each, and the table that says where each is allowed.
//!
//! To add one: its file, a line in [`METHODS`], an arm in [`answer`].

mod acl;
mod copy_move;
mod delete;
mod get;
mod mkcol;
mod options;
mod post;
mod propfind;
mod proppatch;
mod proxies;
mod put;
mod report;
mod representation;
mod sharing;

use super::fault;
use super::href::Target;
use super::precondition;
use super::preferences;
use super::request::Request;
use super::resource::kind;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use actix_web::HttpResponse;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Payload;

pub use options::answer as options;

/// A method and the kinds of resources that take it; the kinds of a place that nothing stands at yet count too.
const METHODS: &[(&str, u16)] = &[
    ("OPTIONS", kind::ANY),
    ("GET", kind::ANY),
    ("HEAD", kind::ANY),
    ("PROPFIND", kind::ANY),
    ("PROPPATCH", kind::COLLECTION | kind::ITEM | kind::HOME | kind::PRINCIPAL),
    ("REPORT", kind::ANY),
    ("PUT", kind::ITEM),
    ("DELETE", kind::COLLECTION | kind::ITEM | kind::NOTICE),
    ("COPY", kind::ITEM | kind::CALENDAR | kind::BOOK),
    ("MOVE", kind::ITEM | kind::CALENDAR | kind::BOOK),
    ("ACL", kind::CALENDAR | kind::BOOK),
    ("POST", kind::CALENDAR | kind::BOOK | kind::HOME | kind::NOTICE),
    ("MKCOL", kind::CALENDAR | kind::BOOK),
    ("MKCALENDAR", kind::CALENDAR),
];

/// Methods that say themselves why they cannot be done at a place that they are not for.
const MAKING: [&str; 2] = ["MKCOL", "MKCALENDAR"];

/// The kinds that may stand at a target, as far as its path tells.
fn kinds(target: &Target) -> u16 {
    match target {
        Target::Root | Target::Context | Target::Principals | Target::PrincipalsOf(_) | Target::Homes(_) => {
            kind::PLAIN
        }
        Target::Principal(..) | Target::Proxy(..) => kind::PRINCIPAL,
        Target::Home(HomeKind::Calendars, _) => kind::CALENDAR_HOME,
        Target::Home(HomeKind::AddressBooks, _) => kind::BOOK_HOME,
        Target::Collection(place) => match place.home {
            HomeKind::Calendars => kind::CALENDAR | kind::INBOX | kind::OUTBOX,
            HomeKind::AddressBooks => kind::BOOK,
        },
        Target::Item(place, _) => match place.home {
            HomeKind::Calendars => kind::EVENT,
            HomeKind::AddressBooks => kind::CARD,
        },
        Target::Notices(_) => kind::NOTICES,
        Target::Notice(..) => kind::NOTICE,
    }
}

/// The value of `Allow` for a target.
pub(super) fn allow(target: &Target) -> String {
    let kinds = kinds(target);
    let names: Vec<&str> = METHODS.iter().filter(|(_, on)| on & kinds != 0).map(|(name, _)| *name).collect();
    names.join(", ")
}

/// Answers a request of an authenticated actor.
pub async fn answer(method: &Method, request: Request<'_>, payload: &mut Payload) -> HttpResponse {
    let path = request.path;
    let allowed = allow(&request.target);
    let known = METHODS.iter().find(|(name, _)| *name == method.as_str());
    let mut outcome = match known {
        None => {
            return HttpResponse::NotImplemented().insert_header((ALLOW, allowed)).finish();
        }
        Some((name, on)) if on & kinds(&request.target) == 0 && !MAKING.contains(name) => {
            Err(Fault::MethodNotAllowed)
        }
        Some((name, _)) => dispatch(name, &request, payload).await,
    };
    if let Ok(done) = &mut outcome {
        preferences::tell_minimal(method.as_str(), &request, done);
    }
    let mut response = outcome.unwrap_or_else(|failed| fault::response(&failed, path));
    if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && let Ok(value) = allowed.parse()
    {
        response.headers_mut().insert(ALLOW, value);
    }
    // RFC 4791 §5.3.1 has it in every answer.
    if MAKING.contains(&method.as_str()) {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}

async fn dispatch(method: &str, request: &Request<'_>, payload: &mut Payload) -> Result<HttpResponse, Fault> {
    match method {
        "OPTIONS" => Ok(options::answer(&request.target)),
        "GET" | "HEAD" => get::answer(request).await,
        "PROPFIND" | "REPORT" => {
            let wanted = precondition::read_of_question(request.headers, &request.target)?;
            request.core.hold_named(&request.actor, wanted).await?;
            match method {
                "REPORT" => report::answer(request, payload).await,
                _ => propfind::answer(request, payload).await,
            }
        }
        "PROPPATCH" => proppatch::answer(request, payload).await,
        "PUT" => put::answer(request, payload).await,
        "DELETE" => delete::answer(request).await,
        "COPY" => copy_move::answer(request, false).await,
        "MOVE" => copy_move::answer(request, true).await,
        "ACL" => acl::answer(request, payload).await,
        "POST" => post::answer(request, payload).await,
        "MKCOL" => mkcol::answer(request, payload, false).await,
        "MKCALENDAR" => mkcol::answer(request, payload, true).await,
        _ => Err(Fault::MethodNotAllowed),
    }
}
