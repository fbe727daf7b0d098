//! Which handler takes a request: found by the segments of its path, once a request, and the same list for the description of the API.
//!
//! The framework tries one pattern after the other, each by a regular expression; with this many resources that costs more than most
//! answers. Here a handler stands behind a guard that knows its number, and only the one that is meant sees the request.

use actix_web::dev::HttpServiceFactory;
use actix_web::guard::{Guard, GuardContext};
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use percent_encoding::percent_decode_str;
use std::collections::BTreeSet;
use std::sync::OnceLock;
use utoipa::openapi::HttpMethod;
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::service_config::ServiceConfig as Described;

/// Where handlers are put.
pub(super) trait Handlers {
    /// One more; of several that fit a request the first takes it.
    fn service<H>(&mut self, handler: H) -> &mut Self
    where
        H: HttpServiceFactory + OpenApiFactory + utoipa::Path + 'static;
}

impl Handlers for Described<'_> {
    fn service<H>(&mut self, handler: H) -> &mut Self
    where
        H: HttpServiceFactory + OpenApiFactory + utoipa::Path + 'static,
    {
        Described::service(self, handler)
    }
}

/// The list of all routes: what a path must look like, by which methods.
#[derive(Debug, Default)]
pub(super) struct Routes(Vec<Route>);

#[derive(Debug)]
struct Route {
    methods: Vec<Method>,
    segments: Vec<Segment>,
}

/// What stands in a path between two slashes.
#[derive(Debug, PartialEq, Eq)]
enum Segment {
    /// This.
    Is(String),
    /// Something, and this after it.
    Ends {
        after: String,
        /// Whether the something is an item's name, which may have any character.
        item: bool,
    },
}

impl Segment {
    fn of(template: &str) -> Segment {
        match template.rsplit_once('}') {
            Some((of, after)) => Segment::Ends { after: after.to_owned(), item: of == "{item" },
            None => Segment::Is(template.to_owned()),
        }
    }

    fn fits(&self, sent: &str) -> bool {
        match self {
            Segment::Is(name) => {
                sent == name || (sent.contains('%') && percent_decode_str(sent).eq(name.bytes()))
            }
            Segment::Ends { after, .. } => sent.len() > after.len() && sent.ends_with(after.as_str()),
        }
    }

    /// Whether it says what is to be done with something that is called by an id of the server's.
    fn is_action(&self) -> bool {
        matches!(self, Segment::Ends { after, item: false } if !after.is_empty())
    }
}

impl Route {
    fn new(template: &str, methods: Vec<Method>) -> Route {
        Route { methods, segments: template.split('/').skip(1).map(Segment::of).collect() }
    }

    fn fits(&self, path: &str) -> bool {
        let sent = path.split('/').skip(1);
        self.segments.iter().zip(sent).all(|(segment, sent)| segment.fits(sent))
    }

    fn is_action(&self) -> bool {
        self.segments.last().is_some_and(Segment::is_action)
    }
}

impl Handlers for Routes {
    fn service<H>(&mut self, _: H) -> &mut Self
    where
        H: HttpServiceFactory + OpenApiFactory + utoipa::Path + 'static,
    {
        let methods = <H as utoipa::Path>::methods().iter().map(method).collect();
        self.0.push(Route::new(&<H as utoipa::Path>::path(), methods));
        self
    }
}

fn method(of: &HttpMethod) -> Method {
    match of {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}

impl Routes {
    /// All of the API.
    pub(super) fn all() -> &'static Routes {
        static ALL: OnceLock<Routes> = OnceLock::new();
        ALL.get_or_init(|| {
            let mut routes = Routes::default();
            super::list(&mut routes);
            routes
        })
    }

    /// Those of the resource at a path below [`super::BASE`], with their numbers in the list.
    fn at<'r>(&'r self, path: &'r str) -> impl Iterator<Item = (usize, &'r Route)> {
        let segments = path.bytes().filter(|byte| *byte == b'/').count();
        let all = self.0.iter().enumerate();
        all.filter(move |(_, route)| route.segments.len() == segments && route.fits(path))
    }

    /// The first that takes this request, by its number in the list.
    fn find(&self, method: &Method, path: &str) -> Option<usize> {
        self.at(path).find(|(_, route)| route.methods.contains(method)).map(|(number, _)| number)
    }

    /// The methods of the resource at a path below [`super::BASE`]; none where there is no such resource.
    pub(super) fn methods<'r>(&'r self, path: &'r str) -> BTreeSet<&'r str> {
        let mut found: Vec<&Route> = self.at(path).map(|(_, route)| route).collect();
        // The path of an action on an item is also that of an item; other ids have no colon.
        if found.iter().any(|route| route.is_action()) {
            found.retain(|route| route.is_action());
        }
        let mut methods: BTreeSet<&str> =
            found.iter().flat_map(|route| &route.methods).map(Method::as_str).collect();
        // What can be read can be asked for its head: see `server`.
        if methods.contains("GET") {
            methods.insert("HEAD");
        }
        methods
    }
}

/// Serves the handlers.
pub(super) struct Served<'c> {
    config: &'c mut ServiceConfig,
    next: usize,
}

impl<'c> Served<'c> {
    /// Below [`super::BASE`].
    pub(super) fn on(config: &'c mut ServiceConfig) -> Self {
        Served { config, next: 0 }
    }
}

impl Handlers for Served<'_> {
    fn service<H>(&mut self, handler: H) -> &mut Self
    where
        H: HttpServiceFactory + OpenApiFactory + utoipa::Path + 'static,
    {
        self.config.service(web::scope("").guard(Meant(self.next)).service(handler));
        self.next += 1;
        self
    }
}

/// Lets a request through to the handler of this number, if it is the one that takes it.
struct Meant(usize);

/// The number of the handler that takes a request, if one does.
#[derive(Debug, Clone, Copy)]
struct Taken(Option<usize>);

impl Guard for Meant {
    fn check(&self, asked: &GuardContext<'_>) -> bool {
        let known = asked.req_data().get::<Taken>().copied();
        let Taken(taken) = known.unwrap_or_else(|| {
            let head = asked.head();
            let path = head.uri.path().strip_prefix(super::BASE);
            let taken = Taken(path.and_then(|path| Routes::all().find(&head.method, path)));
            asked.req_data_mut().insert(taken);
            taken
        });
        taken == Some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(all: &[(&str, Method)]) -> Routes {
        Routes(all.iter().map(|(path, method)| Route::new(path, vec![method.clone()])).collect())
    }

    #[test]
    fn the_first_that_fits_by_path_and_method_takes_a_request() {
        let all = routes(&[
            ("/calendars", Method::GET),
            ("/calendars/{id}", Method::GET),
            ("/calendars/{id}", Method::DELETE),
            ("/calendars/{id}:restore", Method::POST),
            ("/calendars/{id}/events/{item}", Method::GET),
            ("/calendars/{id}/events/{item}:move", Method::POST),
            ("/calendars/mine", Method::GET),
        ]);
        for (method, path, taken) in [
            (Method::GET, "/calendars", Some(0)),
            (Method::GET, "/c%61lendars", Some(0)),
            (Method::GET, "/calendars/", None),
            (Method::GET, "/calendars/x", Some(1)),
            (Method::GET, "/calendars/mine", Some(1)),
            (Method::DELETE, "/calendars/x", Some(2)),
            (Method::POST, "/calendars/x:restore", Some(3)),
            (Method::GET, "/calendars/x:restore", Some(1)),
            (Method::POST, "/calendars/:restore", None),
            (Method::POST, "/calendars/x", None),
            (Method::GET, "/calendars/x/events/a%2Fb", Some(4)),
            (Method::GET, "/calendars/x/events/", None),
            (Method::POST, "/calendars/x/events/a:b:move", Some(5)),
            (Method::GET, "/calendars/x/events/a/b", None),
            (Method::GET, "", None),
            (Method::GET, "calendars", None),
        ] {
            assert_eq!(all.find(&method, path), taken, "{method} {path}");
        }
        assert_eq!(all.methods("/calendars/x:restore"), BTreeSet::from(["POST"]));
        assert_eq!(all.methods("/calendars/x/events/a:move"), BTreeSet::from(["GET", "HEAD", "POST"]));
        assert!(all.methods("/calendars/x/y").is_empty());
    }

    #[test]
    fn no_route_is_hidden_by_one_before_it() {
        for (number, route) in Routes::all().0.iter().enumerate() {
            let path: String = route
                .segments
                .iter()
                .map(|segment| match segment {
                    Segment::Is(name) => format!("/{name}"),
                    Segment::Ends { after, .. } => format!("/x{after}"),
                })
                .collect();
            for method in &route.methods {
                assert_eq!(Routes::all().find(method, &path), Some(number), "{method} {path}");
            }
        }
    }
}
