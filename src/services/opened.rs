//! What a login opens of the actor's own together with itself: one question to the database, where that is possible.
//!
//! Decides no right; `access.rs` does.

use super::access::{Access, Place, own_access, own_owner};
use super::actor::Actor;
use super::homes::Home;
use super::projection::{self, Shown};
use super::{Core, directory_book, fault, mounts};
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::id::CollectionId;
use crate::store::{At, Login, OwnPlace, ReadTx, Weight};
use futures_util::future::try_join;

/// What a request asks for, so that it is read together with its login.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'w> {
    /// A collection.
    Collection(&'w Place),
    /// A collection of which the id is known, and an item in it, which will be shown or else changed.
    Known {
        /// In a home of this kind.
        home: HomeKind,
        /// Its id.
        id: CollectionId,
        /// The item's name.
        item: Option<&'w str>,
        /// Whether the item will be shown.
        shown: bool,
    },
    /// A collection and an item in it, which will be shown.
    Shown(&'w Place, &'w str),
    /// A collection and an item in it, which will be written or removed.
    Changed(&'w Place, &'w str),
    /// The home of a principal with this handle, and its collections.
    Home(HomeKind, &'w str),
}

/// What was read together with a login: nothing, where the place is another's or the proof does not reach it.
#[derive(Debug, Clone, Default)]
pub struct Opened {
    /// The collection at the place that was wanted.
    pub collection: Option<Access>,
    /// The item of it that was wanted.
    pub object: Option<Shown>,
    /// The home that was wanted.
    pub home: Option<Home>,
}

impl Core {
    /// What of a principal's own a login opens together with itself; `None` where the login no longer holds.
    pub(super) async fn open(
        &self,
        actor: &Actor,
        login: Login,
        wanted: Option<Wanted<'_>>,
    ) -> Result<Option<Opened>, Fault> {
        let own = |owner: &str, home| owner == actor.handle && actor.reach(home).is_ok();
        let place = match wanted {
            Some(Wanted::Home(kind, owner)) if own(owner, kind) => {
                return self.open_home(actor, login, kind).await;
            }
            Some(Wanted::Known { home, id, item, shown }) if actor.reach(home).is_ok() => {
                let item = item.filter(|_| shown || !self.store.is_embedded());
                let own = OwnPlace { home, at: At::Id(id), name: item.map(str::to_owned) };
                return self.opened(actor, login, Some(own)).await;
            }
            Some(Wanted::Collection(place)) => Some((place, None)),
            Some(Wanted::Shown(place, name)) => Some((place, Some(name))),
            // The embedded database is asked for it once more in the transaction, which costs no journey.
            Some(Wanted::Changed(place, name)) => {
                Some((place, Some(name).filter(|_| !self.store.is_embedded())))
            }
            _ => None,
        };
        let place = place.filter(|(place, _)| own(&place.owner, place.home) && place.id.is_none());
        let place = place.map(|(place, name)| OwnPlace {
            home: place.home,
            at: At::Slug(place.slug.clone()),
            name: name.map(str::to_owned),
        });
        self.opened(actor, login, place).await
    }

    async fn opened(
        &self,
        actor: &Actor,
        login: Login,
        place: Option<OwnPlace>,
    ) -> Result<Option<Opened>, Fault> {
        let Some((collection, object)) = fault(self.store.open_place(login, place).await)? else {
            return Ok(None);
        };
        let collection = collection.and_then(|collection| own_access(actor, collection));
        if self.freshen_among(actor, collection.as_slice()).await {
            // It is another than it was read: whoever asks for it reads it himself.
            return Ok(Some(Opened::default()));
        }
        // Only one's own is opened so.
        let object = object.map(projection::own);
        Ok(Some(Opened { collection, object, home: None }))
    }

    async fn open_home(&self, actor: &Actor, login: Login, kind: HomeKind) -> Result<Option<Opened>, Fault> {
        let id = actor.id;
        let guessed = self.guesses.has_mounts(id, kind);
        let opening = move |tx: &mut ReadTx<'_>| {
            let opened = tx.open_home(login, kind)?;
            // After the home's own number: what leaves it later is then told with a later one.
            let there = match &opened {
                Some((state, _)) if guessed && state.has_mounts => Some(tx.beside(id, kind)?),
                _ => None,
            };
            Ok((opened, there))
        };
        let opening = self.store.read(Weight::Point, opening);
        let holding = async {
            match guessed {
                true => self.held_on_mounts(id, kind).await.map(Some),
                false => Ok(None),
            }
        };
        let ((opened, there), held) = fault(try_join(opening, holding).await)?;
        let Some((state, collections)) = opened else { return Ok(None) };
        self.guesses.note(actor.id, kind, state.has_mounts);
        let mut members: Vec<Access> =
            collections.into_iter().filter_map(|collection| own_access(actor, collection)).collect();
        if self.freshen_among(actor, &members).await {
            return Ok(Some(Opened::default()));
        }
        let mounted = if state.has_mounts || directory_book::is_listed(actor, kind) {
            self.beside(actor, kind, state.has_mounts, there.zip(held)).await?
        } else {
            Vec::new()
        };
        let token = mounts::token(actor.id, kind, state.modseq, self.store.epoch(), &mounted);
        members.extend(mounted);
        let home = Home {
            owner: own_owner(actor),
            own: true,
            kept: true,
            kind,
            state,
            token,
            members: Some(members),
        };
        Ok(Some(Opened { home: Some(home), ..Opened::default() }))
    }
}
