//! What was read of a request's resource together with its login, kept for the first who asks for it: one question to the database
//! instead of two, for protocols whose handlers find their resource themselves.
//!
//! Each thing is given once. Whoever asks again, after a change or later in a long answer, reads it anew. Decides no right:
//! what is in here was decided in `access.rs`.

use super::access::Access;
use super::opened::Opened;
use super::projection::Shown;
use crate::domain::collection::HomeKind;
use crate::domain::id::CollectionId;
use std::sync::{Arc, Mutex, PoisonError};

/// What was read ahead for one request; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Ahead(Option<Arc<Mutex<Opened>>>);

impl Ahead {
    /// Keeps what a login opened.
    pub fn of(opened: Opened) -> Self {
        Ahead(opened.collection.is_some().then(|| Arc::new(Mutex::new(opened))))
    }

    /// The collection with this id in a home of this kind, if it was read and nobody has taken it.
    pub(super) fn collection(&self, home: HomeKind, id: CollectionId) -> Option<Access> {
        let mut opened = self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        opened.collection.take_if(|access| {
            let found = access.collection();
            found.id == id && found.home == home
        })
    }

    /// The item of this name in this collection, if it was read and nobody has taken it.
    pub(super) fn object(&self, of: CollectionId, name: &str) -> Option<Shown> {
        let mut opened = self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        opened.object.take_if(|object| object.collection == of && object.name == name)
    }
}
