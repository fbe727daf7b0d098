//! Changes of an item's text: read, edited outside of any transaction, and stored if nobody was faster; else once more.
//!
//! Knows no form of items but text; what is edited, and how, is the caller's. RFC 9110 §13.1.1.

use super::access::Place;
use super::actor::Actor;
use super::content::{Media, Sent};
use super::items::{Named, Stored, Terms};
use super::{Core, labour};
use crate::domain::acl::Privilege;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::object::ItemKind;
use crate::domain::precondition::{Preconditions, Tag, Tags};
use std::sync::Arc;

/// Attempts where others keep changing the same item.
const ATTEMPTS: usize = 8;

/// An edit of a text; it may run several times, and refuses in the caller's words.
pub type Edit<E> = dyn Fn(&str) -> Result<String, E> + Send + Sync;

impl Core {
    /// Edits the text of an item of this kind, if the conditions hold. Inside: what the edit refused.
    pub async fn edit_item<E: Send + 'static>(
        &self,
        actor: &Actor,
        place: &Place,
        name: &str,
        kind: ItemKind,
        conditions: Preconditions,
        edit: Arc<Edit<E>>,
    ) -> Result<Result<Named, E>, Fault> {
        for _ in 0..ATTEMPTS {
            let (access, object) = self.item(actor, place, name).await?;
            if object.kind != kind {
                return Err(Fault::NotFound);
            }
            access.need(Privilege::WriteContent)?;
            self.hold_for_read(actor, conditions.clone(), &access, &object).await?;
            let (edit, body) = (Arc::clone(&edit), object.body.clone());
            let edited = match labour::of(body.len(), move || edit(&body)).await? {
                Ok(edited) => edited,
                Err(refused) => return Ok(Err(refused)),
            };
            let name = object.name;
            if edited == object.body {
                let schedule_tag = object.schedule_tag;
                let stored = Stored { created: false, etag: object.etag, schedule_tag };
                return Ok(Ok(Named { name, stored }));
            }
            let media = match place.home {
                HomeKind::Calendars => Media::Calendar,
                HomeKind::AddressBooks => Media::Card,
            };
            let seen = Tags::These(vec![Tag { weak: false, value: object.etag.0 }]);
            let unmoved = Preconditions { if_match: Some(seen), ..Preconditions::default() };
            let terms = Terms { kind: Some(kind), ..Terms::default() };
            let sent = Sent { body: edited, media };
            match self.put_item_on(actor, place, &name, sent, unmoved, terms).await {
                Err(Fault::PreconditionFailed) => {}
                other => return other.map(Ok),
            }
        }
        Err(Fault::Busy(1))
    }
}
