//! Configuration: one struct, checked once at the start. Flags over `CENACLE_*` variables over the file over defaults.

mod fault;

use crate::domain::directory::Showing;
use crate::domain::privacy::Policy;
use crate::domain::role::{Defaults, Role};
use crate::outbound::{Network, Networks, Targets};
use crate::store::{Location, NoLocation};
use fault::Source;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// More threads than any machine has use for; each takes memory.
const MOST_WORKERS: u64 = 1024;
/// A century: counted in microseconds, some thousand years are too many for a number.
const MOST_DAYS: u64 = 36_500;
/// A year.
const MOST_MINUTES: u64 = 525_600;

/// A certificate and its key, as PEM files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// What everybody of the tenant may do with the first calendar of a new account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Opening {
    /// Nothing.
    None,
    /// See when somebody is busy, and invite him.
    Access,
    /// See what is there.
    Read,
}

/// Rights as the tenant has them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rights {
    /// What everybody who has logged in may do with the first calendar of an account that is made from now on.
    pub new_calendars: Opening,
    /// Owners cannot change what everybody may do with the calendars that their account came with.
    pub locked: bool,
    /// What somebody is invited to share stands in his home without his being asked, unless he wants to be.
    pub accept_invitations: bool,
    /// Days that it is kept who gave what to whom; 0 is for ever.
    pub audit_days: u32,
}

impl Default for Rights {
    fn default() -> Self {
        Rights { new_calendars: Opening::Access, locked: false, accept_invitations: false, audit_days: 730 }
    }
}

impl Rights {
    /// What new accounts begin with.
    pub fn defaults(&self) -> Defaults {
        let authenticated = match self.new_calendars {
            Opening::None => None,
            Opening::Access => Some(Role::Access),
            Opening::Read => Some(Role::Read),
        };
        Defaults { authenticated, locked: self.locked }
    }
}

/// Everything that can be configured.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of the embedded database.
    pub data: PathBuf,
    /// `postgres://…` for a database server; the embedded one without.
    pub database_url: Option<String>,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Threads that serve requests.
    pub workers: usize,
    /// Serve TLS.
    pub tls: Option<Tls>,
    /// Addresses of reverse proxies whose word on the client's side of TLS is taken.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Requests that a principal may make by REST in a minute, on each node; 0 is no limit.
    pub rest_requests: u32,
    /// Times that one secret address may be read in a minute, on each node; 0 is no limit.
    pub link_requests: u32,
    /// Sites whose pages may use the REST API: `https://host[:port]`, or `*`. None where empty.
    pub rest_sites: Vec<String>,
    /// Who access tokens say that made them: an address of this server, the same on all nodes. One that is made with the
    /// database without.
    pub issuer: Option<String>,
    /// Days that a key signs access tokens before the next one does; 0 is until somebody rotates them.
    pub key_days: u32,
    /// Networks that webhooks may be sent to besides the public internet: `10.1.0.0/16`, `fd12::/48`, or one address.
    pub webhook_networks: Vec<String>,
    /// Webhooks may be sent in clear text too.
    pub webhook_http: bool,
    /// Networks that subscribed calendars may be fetched from besides the public internet.
    pub subscription_networks: Vec<String>,
    /// Subscribed calendars may be fetched in clear text too.
    pub subscription_http: bool,
    /// Minutes between two looks at a subscribed calendar at least, whatever its reader wants.
    pub subscription_minutes: u32,
    /// What everybody may do from the beginning, and how long it is known who gave what to whom.
    pub rights: Rights,
    /// What people see of each other's items that are not public.
    pub privacy: Policy,
    /// Where people find the directory as an address book: `off`, `gateway`, `listed`.
    pub directory_book: Showing,
    /// Least level that is logged, in the syntax of `RUST_LOG`.
    pub log: String,
    /// Log JSON lines.
    pub log_json: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            data: "cenacle-data".into(),
            database_url: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8008)),
            workers: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            tls: None,
            trusted_proxies: Vec::new(),
            rest_requests: 12_000,
            link_requests: 60,
            rest_sites: Vec::new(),
            issuer: None,
            key_days: 90,
            webhook_networks: Vec::new(),
            webhook_http: false,
            subscription_networks: Vec::new(),
            subscription_http: false,
            subscription_minutes: 15,
            rights: Rights::default(),
            privacy: Policy::default(),
            directory_book: Showing::default(),
            log: "info".into(),
            log_json: false,
        }
    }
}

/// The variables that are read, each after `CENACLE_`; others of that prefix are somebody else's.
const VARIABLES: &[&str] = &[
    "data",
    "database_url",
    "listen",
    "workers",
    "tls__certificate",
    "tls__key",
    "trusted_proxies",
    "rest_requests",
    "link_requests",
    "rest_sites",
    "issuer",
    "key_days",
    "webhook_networks",
    "webhook_http",
    "subscription_networks",
    "subscription_http",
    "subscription_minutes",
    "rights__new_calendars",
    "rights__locked",
    "rights__accept_invitations",
    "rights__audit_days",
    "privacy__writer__private",
    "privacy__writer__confidential",
    "privacy__reader__private",
    "privacy__reader__confidential",
    "directory_book",
    "log",
    "log_json",
];

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// Some value cannot be read: where, and what is expected there, without the value.
    #[error("configuration: {0}")]
    Unreadable(String),
    /// A number that the server cannot work with.
    #[error("configuration: {place}: a number from {least} to {most} is expected")]
    Number {
        /// Where it stands.
        place: String,
        /// The least that is taken.
        least: u64,
        /// The most that is taken.
        most: u64,
    },
    /// What should say where the data are does not. It may hold a password, and is not shown.
    #[error("configuration: {0}: {1}")]
    Database(String, NoLocation),
    /// Passwords would cross a network in clear text.
    #[error(
        "{0} is not a loopback address: configure [tls], or name your reverse proxy in trusted_proxies, so that \
         passwords do not cross the network in clear text"
    )]
    ClearText(SocketAddr),
    /// What should be a network is none.
    #[error("{0}: '{1}' is not a network such as 10.1.0.0/16")]
    Network(&'static str, String),
}

/// What the command line says; it goes before all else.
#[derive(Debug, Clone, Default, Serialize, clap::Args)]
pub struct Flags {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "CENACLE_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Folder of the embedded database [default: cenacle-data]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// PostgreSQL database instead of the embedded one: postgres://user:password@host/name
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
}

impl Config {
    /// Reads everything, `listen` being the flag of `serve` and `demo`.
    pub fn read(flags: &Flags, listen: Option<SocketAddr>) -> Result<Config, Wrong> {
        let mut figment = Figment::from(Serialized::defaults(Config::default()));
        let file = flags.config.as_deref().map(Source::read).transpose().map_err(Wrong::Unreadable)?;
        if let Some(file) = &file {
            figment = figment.merge(Toml::string(&file.text));
        }
        figment = figment
            .merge(Env::prefixed("CENACLE_").only(VARIABLES).split("__"))
            .merge(Serialized::defaults(flags));
        if let Some(listen) = listen {
            figment = figment.merge(("listen", listen));
        }
        let config: Config =
            figment.extract().map_err(|error| Wrong::Unreadable(fault::explain(error, file.as_ref())))?;
        let origin = |setting: &str| fault::origin(&figment, setting, file.as_ref());
        for (setting, value, bounds) in config.numbers() {
            if !bounds.contains(&value) {
                return Err(Wrong::Number {
                    place: origin(setting),
                    least: *bounds.start(),
                    most: *bounds.end(),
                });
            }
        }
        if let Some(Err(none)) = config.database_url.as_deref().map(Location::parse) {
            return Err(Wrong::Database(origin("database_url"), none));
        }
        if !config.listen.ip().is_loopback() && config.tls.is_none() && config.trusted_proxies.is_empty() {
            return Err(Wrong::ClearText(config.listen));
        }
        config.webhook_targets()?;
        config.subscription_targets()?;
        Ok(config)
    }

    /// Numbers that not all are of use, with those that are.
    fn numbers(&self) -> [(&'static str, u64, RangeInclusive<u64>); 4] {
        [
            ("workers", self.workers as u64, 1..=MOST_WORKERS),
            ("key_days", self.key_days.into(), 0..=MOST_DAYS),
            ("rights.audit_days", self.rights.audit_days.into(), 0..=MOST_DAYS),
            ("subscription_minutes", self.subscription_minutes.into(), 0..=MOST_MINUTES),
        ]
    }

    /// Where webhooks may be sent.
    pub fn webhook_targets(&self) -> Result<Targets, Wrong> {
        targets("webhook_networks", &self.webhook_networks, self.webhook_http)
    }

    /// Where subscribed calendars may be.
    pub fn subscription_targets(&self) -> Result<Targets, Wrong> {
        targets("subscription_networks", &self.subscription_networks, self.subscription_http)
    }

    /// Where the data are.
    pub fn location(&self) -> Location {
        match &self.database_url {
            // What is neither has been refused by `read`; opened as a file it is not found.
            Some(url) => Location::parse(url).unwrap_or_else(|_| Location::File(url.into())),
            None => Location::File(self.database_file()),
        }
    }

    /// The file of the embedded database.
    pub fn database_file(&self) -> PathBuf {
        self.data.join(Path::new("cenacle.sqlite"))
    }
}

/// Where requests of the server's own may go; `name` is that of the setting.
fn targets(name: &'static str, networks: &[String], http: bool) -> Result<Targets, Wrong> {
    let read = |text: &String| Network::parse(text).ok_or_else(|| Wrong::Network(name, text.clone()));
    Ok(Targets { http, networks: Networks(networks.iter().map(read).collect::<Result<_, _>>()?) })
}
