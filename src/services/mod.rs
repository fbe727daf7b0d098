//! LAYER 3, use cases: decide rights, check, run one transaction, record the change.
//!
//! [`Core`] is the one handle that protocols hold. Every function takes an [`Actor`]; what it may do to a collection is
//! decided in `access.rs` alone, inside the transaction. May use `store`, `domain`, `text`; knows no HTTP and no XML.

pub mod access;
pub mod accounts;
pub mod actor;
mod admission;
mod ahead;
mod app_passwords;
pub mod archive;
mod as_seen;
pub mod audit;
pub mod batch;
mod birthdays;
mod brake;
pub mod calendar_queries;
mod card_search;
pub mod collection_transfer;
pub mod collections;
pub mod conditions;
pub mod contact_queries;
pub mod content;
pub mod delegates;
pub mod deliveries;
pub mod devices;
pub mod directory;
mod directory_book;
pub mod edits;
pub mod explain;
pub mod feeds;
mod following;
pub mod formats;
pub mod freebusy;
pub mod groups;
pub mod hand_over;
pub mod history;
pub mod home_sync;
pub mod homes;
pub mod idempotency;
pub mod instances;
pub mod interchange;
pub mod invitations;
pub mod items;
pub mod keys;
mod known_collections;
pub mod labour;
pub mod limits;
pub mod link_reads;
pub mod link_uses;
pub mod links;
mod listings;
pub mod mounts;
pub mod opened;
pub mod past;
mod personal;
pub mod principals;
pub mod projection;
pub mod rights;
pub mod sessions;
mod sieve;
mod slow_hash;
mod spelling;
pub mod subscriptions;
pub mod sync;
pub mod teams;
pub mod tokens;
pub mod transfer;
pub mod trash;
pub mod undo;
pub mod webhooks;

pub use crate::store::{
    Action, Attempt, AuditEntry, CollectionUpdate, Credential, Deleted, Door, Due, Happened, PrincipalMatch,
    Session, Webhook,
};
pub use access::Access;
pub use actor::{Actor, Scope};
pub use ahead::Ahead;
pub use following::AccountChanges;
pub use limits::Limits;
pub use projection::{Shown, SyncItem};

use crate::domain::directory::Showing;
use crate::domain::fault::Fault;
use crate::domain::privacy::Policy;
use crate::domain::role::Defaults;
use crate::store::{Error, Store};
use std::sync::Arc;

/// What all protocols share; cheap to clone.
#[derive(Clone)]
pub struct Core {
    store: Store,
    limits: Arc<Limits>,
    accounts: Arc<accounts::Accounts>,
    tokens: Arc<tokens::Tokens>,
    keys: Arc<keys::Ring>,
    issuer: Arc<str>,
    defaults: Defaults,
    accepts_invitations: bool,
    privacy: Policy,
    directory: Showing,
    card_search: Arc<card_search::CardSearch>,
    guesses: Arc<mounts::Guesses>,
    sightings: Arc<devices::Sightings>,
    links: Arc<link_reads::Links>,
    reads: Arc<link_uses::Reads>,
}

impl Core {
    /// The core over an open store.
    pub fn new(store: Store, limits: Limits) -> Self {
        let issuer = format!("urn:cenacle:{}", store.epoch());
        Core {
            store,
            limits: Arc::new(limits),
            accounts: Arc::new(accounts::Accounts::new()),
            tokens: Arc::new(tokens::Tokens::new()),
            keys: Arc::default(),
            issuer: issuer.into(),
            defaults: Defaults::default(),
            accepts_invitations: false,
            privacy: Policy::default(),
            directory: Showing::default(),
            card_search: Arc::new(card_search::CardSearch::new()),
            guesses: Arc::default(),
            sightings: Arc::default(),
            links: Arc::new(link_reads::Links::new()),
            reads: Arc::default(),
        }
    }

    /// The same, its tokens naming this issuer, where one is given: it must be the same on all nodes.
    #[must_use]
    pub fn issued_by(self, issuer: Option<&str>) -> Self {
        match issuer {
            Some(issuer) => Core { issuer: issuer.into(), ..self },
            None => self,
        }
    }

    /// The same, new accounts beginning with these rights of everybody's; without, with none.
    #[must_use]
    pub fn with_defaults(self, defaults: Defaults) -> Self {
        Core { defaults, ..self }
    }

    /// The same, asking nobody who is invited to share something, unless he wants to be: it must be the same on all nodes.
    #[must_use]
    pub fn accepting_invitations(self, accepts: bool) -> Self {
        Core { accepts_invitations: accepts, ..self }
    }

    /// The same, letting people see this of each other's items that are not public: it must be the same on all nodes.
    #[must_use]
    pub fn with_privacy(self, privacy: Policy) -> Self {
        Core { privacy, ..self }
    }

    /// The same, the directory being found there as an address book: it must be the same on all nodes.
    #[must_use]
    pub fn with_directory(self, directory: Showing) -> Self {
        Core { directory, ..self }
    }

    /// Who tokens say that made them.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The bounds that are enforced and advertised.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Microseconds UTC.
    pub fn now(&self) -> i64 {
        crate::store::now()
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<(), Fault> {
        fault(
            self.store
                .read(crate::store::Weight::Point, |tx| {
                    tx.count_principals(crate::domain::principal::PrincipalKind::Group)
                })
                .await,
        )
        .map(|_| ())
    }
}

/// The outcome of a transaction in the words of protocols.
fn fault<T>(result: Result<T, Error>) -> Result<T, Fault> {
    result.map_err(Error::into_fault)
}
