//! A server of one test: started in this process on a free loopback port, over a database of its own.

use super::client::Client;
use super::postgres;
use actix_web::dev::ServerHandle;
use cenacle::config::Config;
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use cenacle::domain::role::Defaults;
use cenacle::server::{listen, telemetry};
use cenacle::services::{Core, Limits};
use cenacle::store::{Location, Store};
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::{OnceLock, mpsc};
use std::thread::JoinHandle;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Db {
    /// The embedded one, in a folder of its own.
    Sqlite,
    /// A database of its own in this run's cluster.
    Postgres,
}

impl Db {
    /// Whether tests can run on it here. Without PostgreSQL they are skipped aloud, unless it is required.
    pub fn is_here(self) -> bool {
        if self == Db::Sqlite || postgres::cluster().is_some() {
            return true;
        }
        assert!(
            std::env::var_os("CENACLE_REQUIRE_POSTGRES").is_none(),
            "PostgreSQL is required and cannot be started"
        );
        println!("skipped: no PostgreSQL server is installed here");
        false
    }

    /// A new empty place for data, and where it is.
    fn place(self) -> (Place, Location) {
        match self {
            Db::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let file = folder.path().join("cenacle.sqlite");
                (Place::Folder(folder), Location::File(file))
            }
            Db::Postgres => {
                let database = postgres::cluster().expect("checked before").create_database();
                let location = Location::Server(database.url());
                (Place::Database(database), location)
            }
        }
    }
}

/// Goes away with its server.
enum Place {
    Folder(TempDir),
    Database(postgres::Database),
    /// It is another server's.
    Shared,
}

/// A running server.
pub struct TestServer {
    core: Option<Core>,
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    place: Option<Place>,
    location: Location,
}

impl TestServer {
    /// A server with the usual limits.
    pub fn start(db: Db) -> TestServer {
        TestServer::with_limits(db, Limits::default())
    }

    /// A server with limits of the test's choice.
    pub fn with_limits(db: Db, limits: Limits) -> TestServer {
        if std::env::var_os("RUST_LOG").is_some() {
            drop(telemetry::start(false, "warn"));
        }
        let (place, location) = db.place();
        TestServer::on(place, location, limits)
    }

    /// A server that is configured by the test, but for its place and its threads.
    pub fn with_config(db: Db, config: Config) -> TestServer {
        let (place, location) = db.place();
        TestServer::configured(place, location, Limits::default(), config)
    }

    /// A server with limits and a configuration of the test's choice.
    pub fn with(db: Db, limits: Limits, config: Config) -> TestServer {
        let (place, location) = db.place();
        TestServer::configured(place, location, limits, config)
    }

    fn on(place: Place, location: Location, limits: Limits) -> TestServer {
        TestServer::configured(place, location, limits, Config::default())
    }

    fn configured(place: Place, location: Location, limits: Limits, config: Config) -> TestServer {
        TestServer::with_rights_of(place, location, limits, config, Defaults::default())
    }

    /// A server whose accounts begin with rights of everybody's.
    pub fn with_rights(db: Db, defaults: Defaults) -> TestServer {
        let (place, location) = db.place();
        TestServer::with_rights_of(place, location, Limits::default(), Config::default(), defaults)
    }

    fn with_rights_of(
        place: Place,
        location: Location,
        limits: Limits,
        config: Config,
        defaults: Defaults,
    ) -> TestServer {
        let core = Core::new(Store::open(&location).expect("the database opens"), limits)
            .issued_by(config.issuer.as_deref())
            .with_privacy(config.privacy)
            .accepting_invitations(config.rights.accept_invitations)
            .with_directory(config.directory_book)
            .with_defaults(defaults);
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let (send, receive) = mpsc::channel();
        let served = core.clone();
        let thread = std::thread::spawn(move || {
            let config = Config { workers: 2, ..config };
            actix_web::rt::System::new().block_on(async move {
                let server = listen::serve(served, &config, listener).expect("the server starts");
                send.send(server.handle()).expect("the test waits");
                server.await.expect("the server runs to its stop");
            });
        });
        let handle = receive.recv().expect("a running server");
        TestServer { core: Some(core), address, handle, thread: Some(thread), place: Some(place), location }
    }

    /// Stops this server and starts another one on the same data.
    pub fn restart(mut self) -> TestServer {
        self.stop();
        let place = self.place.take().expect("only taken here");
        TestServer::on(place, self.location.clone(), Limits::default())
    }

    /// Another node on the same data, with limits of its own; must not outlive this one.
    pub fn beside(&self, limits: Limits) -> TestServer {
        TestServer::on(Place::Shared, self.location.clone(), limits)
    }

    /// As [`TestServer::beside`], with a configuration of its own.
    pub fn beside_with(&self, limits: Limits, config: Config) -> TestServer {
        TestServer::configured(Place::Shared, self.location.clone(), limits, config)
    }

    fn stop(&mut self) {
        if let Some(thread) = self.thread.take() {
            runtime().block_on(self.handle.stop(false));
            // A server that failed has told so on its own thread.
            drop(thread.join());
        }
        self.core = None;
    }

    /// The services below the protocols.
    pub fn core(&self) -> &Core {
        self.core.as_ref().expect("the server runs")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its data are.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Runs something asynchronous to its end.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        runtime().block_on(work)
    }

    /// Runs something asynchronous beside the test, until it is aborted.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        runtime().spawn(work).abort_handle()
    }

    /// A new account `handle` with the address `handle@example.org`, and its client. It logs in with an application
    /// password, whose check costs no slow hash.
    pub fn user(&self, handle: &str) -> Client {
        self.principal(PrincipalKind::User, handle, &[&format!("{handle}@example.org")]);
        self.client_with_scope(handle, "")
    }

    /// A client for an account that exists, whose application password opens only what `scope` says.
    pub fn client_with_scope(&self, handle: &str, scope: &str) -> Client {
        let made = self.wait(self.core().add_app_password(handle, "test", scope));
        let (_, password) = made.expect("an application password");
        Client::new(self.address, handle, &password)
    }

    /// A client that logs in with these words.
    pub fn client(&self, login: &str, password: &str) -> Client {
        Client::new(self.address, login, password)
    }

    /// A client that does not log in.
    pub fn anonymous(&self) -> Client {
        Client::anonymous(self.address)
    }

    /// A principal without a way to log in; its display name is the handle with a capital.
    pub fn principal(&self, kind: PrincipalKind, handle: &str, addresses: &[&str]) {
        let mut letters = handle.chars();
        let first = letters.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
        let new = NewPrincipal {
            kind,
            handle: handle.to_owned(),
            display_name: format!("{first}{}", letters.as_str()),
            addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
            admin: false,
            time_zone: Some("Europe/Paris".to_owned()),
        };
        self.wait(self.core().create_principal(new, None)).expect("a new principal");
    }

    /// A group with these members.
    pub fn group(&self, handle: &str, members: &[&str]) {
        self.principal(PrincipalKind::Group, handle, &[]);
        for member in members {
            self.wait(self.core().add_member(handle, member)).expect("a new member");
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // Told to stop, not waited for: nothing that a next test needs is held by it.
        drop(self.handle.stop(false));
        self.core = None;
        match self.place.take() {
            Some(Place::Folder(folder)) => drop(folder),
            Some(Place::Database(database)) => database.remove(),
            Some(Place::Shared) | None => {}
        }
    }
}

/// Where the tests' own asynchronous work runs.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().expect("a runtime")
    })
}
