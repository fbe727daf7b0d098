//! Accounts and their homes: made together, so that the first request of a client finds everything ready.

use super::access::{self, Access, Owner};
use super::actor::Actor;
use super::{Core, directory_book, fault, mounts, spelling, teams};
use crate::domain::acl::{Grant, Grantee, Privilege};
use crate::domain::birthdays;
use crate::domain::collection::{CollectionKind, Components, HomeKind, NewCollection};
use crate::domain::fault::Fault;
use crate::domain::id::{HomeToken, PrincipalId};
use crate::domain::principal::{NewPrincipal, PrincipalKind, valid_handle};
use crate::domain::props::{Prop, Props};
use crate::domain::role::Defaults;
use crate::store::{Error, HeldInHome, HomeState, ReadTx, Weight, WriteTx};
use crate::text::collation;
use crate::text::zone::Zone;

/// A home with what the actor may see in it.
#[derive(Debug, Clone)]
pub struct Home {
    /// Whose.
    pub owner: Owner,
    /// Whether it is the actor's own.
    pub own: bool,
    /// Whether he makes and removes what stands in it: his own, or that of a group that he keeps.
    pub kept: bool,
    /// Which of the two.
    pub kind: HomeKind,
    /// Its number and kept properties.
    pub state: HomeState,
    /// Where it stands.
    pub token: HomeToken,
    /// Its collections that the actor may know of, where they were read together with it.
    pub members: Option<Vec<Access>>,
}

impl Home {
    /// Whether the actor has, or had, a calendar of birthdays in it.
    fn has_birthdays(&self) -> bool {
        self.own && birthdays::is_marked(&self.state.props)
    }
}

impl Core {
    /// Makes an account with its default collections. `password_hash` comes from [`Core::hash`].
    pub async fn create_principal(
        &self,
        new: NewPrincipal,
        password: Option<String>,
    ) -> Result<PrincipalId, Fault> {
        let new = checked(new)?;
        let hash = match password {
            Some(password) => Some(super::accounts::hash_password(password).await?),
            None => None,
        };
        let defaults = self.defaults;
        let made = self.store.write(move |tx| {
            let id = insert_account(tx, &new, hash.as_deref(), defaults)?;
            directory_book::note(tx, id)?;
            Ok(id)
        });
        fault(made.await)
    }

    /// A home and its owner, if the actor may know of anything in it.
    pub async fn home(&self, actor: &Actor, owner: &str, kind: HomeKind) -> Result<Home, Fault> {
        let home = self.home_now(actor, owner, kind).await?;
        if home.has_birthdays() && self.freshen_birthdays(actor, None).await {
            return self.home_now(actor, owner, kind).await;
        }
        Ok(home)
    }

    async fn home_now(&self, actor: &Actor, owner: &str, kind: HomeKind) -> Result<Home, Fault> {
        let (actor, owner) = (actor.clone(), owner.to_owned());
        fault(
            self.store
                .read(Weight::Point, move |tx| {
                    actor.reach(kind)?;
                    let (owner, kept) = known(tx, &actor, &owner, kind)?;
                    let id = owner.id;
                    let state = tx.home(id, kind)?;
                    let own = id == actor.id;
                    let mounted =
                        if own { mounts::beside(tx, &actor, kind, state.has_mounts)? } else { Vec::new() };
                    let token = mounts::token(id, kind, state.modseq, tx.epoch(), &mounted);
                    Ok(Home { own, kept, owner, kind, state, token, members: None })
                })
                .await,
        )
    }

    /// The collections of a home that the actor may know of; those of others that stand in it are not among them.
    pub async fn collections(
        &self,
        actor: &Actor,
        owner: &str,
        kind: HomeKind,
    ) -> Result<Vec<Access>, Fault> {
        let (actor, owner) = (actor.clone(), owner.to_owned());
        fault(
            self.store
                .read(Weight::Point, move |tx| {
                    actor.reach(kind)?;
                    let owner = access::owner_of(tx, &actor, &owner)?;
                    let all = tx.collections(owner.id, kind)?;
                    access::visible(tx, &actor, &owner, all)
                })
                .await,
        )
    }

    /// How many items the collections of one's own home have together, and their bytes. Not those of others that stand in it: they
    /// take their owners' room.
    pub async fn home_usage(&self, actor: &Actor, home: &Home) -> Result<(i64, i64), Fault> {
        if !home.own || actor.scope.collection.is_some() {
            return Err(Fault::NotFound);
        }
        let (owner, kind) = (home.owner.id, home.kind);
        fault(self.store.read(Weight::Scan, move |tx| tx.home_usage(owner, kind)).await)
    }

    /// Changes what clients keep on the actor's own home.
    pub async fn update_home(
        &self,
        actor: &Actor,
        owner: &str,
        kind: HomeKind,
        change: impl Fn(&mut Props) + Send + 'static,
    ) -> Result<(), Fault> {
        let (actor, owner) = (actor.clone(), owner.to_owned());
        fault(
            self.store
                .write(move |tx| {
                    known(tx, &actor, &owner, kind)?;
                    own(tx, &actor, &owner)?;
                    tx.lock_home(actor.id, kind)?;
                    let mut state = tx.home(actor.id, kind)?;
                    change(&mut state.props);
                    super::collections::within_bounds(&state.props)?;
                    tx.set_home_props(actor.id, kind, &state.props)
                })
                .await,
        )
    }
}

/// Only one's own home and principal can be changed, and only with a proof that may write.
pub(super) fn own(tx: &mut WriteTx<'_>, actor: &Actor, owner: &str) -> Result<(), Error> {
    if access::owner_of(tx, actor, owner)?.id == actor.id
        && actor.scope.write
        && actor.scope.collection.is_none()
    {
        Ok(())
    } else {
        let privilege = Privilege::WriteProperties;
        Err(crate::domain::fault::Condition::NeedPrivileges { href: String::new(), privilege }.into())
    }
}

/// Whose home it is, and whether the actor keeps it; one of which he may know nothing is not there.
fn known(tx: &mut ReadTx<'_>, actor: &Actor, owner: &str, kind: HomeKind) -> Result<(Owner, bool), Error> {
    let owner = match access::owner_of(tx, actor, owner) {
        // Nobody's home is looked for as long as one in which there is nothing for the actor.
        Err(Error::Fault(Fault::NotFound)) => {
            Owner { id: PrincipalId(0), kind: PrincipalKind::User, handle: owner.to_owned() }
        }
        owner => owner?,
    };
    if owner.id == actor.id {
        return Ok((owner, true));
    }
    let kept = teams::keeps(tx, actor, &owner)?;
    if kept
        || (tx.held_in_home(actor.id, owner.id, kind)? != HeldInHome::default()
            && shows(tx, actor, &owner, kind)?)
    {
        return Ok((owner, kept));
    }
    Err(Fault::NotFound.into())
}

/// Whether there is anything in a home that the actor may know of.
fn shows(tx: &mut ReadTx<'_>, actor: &Actor, owner: &Owner, kind: HomeKind) -> Result<bool, Error> {
    let all = tx.collections(owner.id, kind)?;
    Ok(!access::visible(tx, actor, owner, all)?.is_empty())
}

/// A principal to be made, in the one spelling, if it can be one.
pub(super) fn checked(mut new: NewPrincipal) -> Result<NewPrincipal, Fault> {
    new.handle = spelling::login(&new.handle);
    if !valid_handle(&new.handle) {
        return Err(Fault::BadRequest(format!(
            "'{}' cannot be a login: no blank, slash or colon",
            new.handle
        )));
    }
    if new.time_zone.as_deref().is_some_and(|zone| Zone::iana(zone).is_none()) {
        let zone = new.time_zone.unwrap_or_default();
        return Err(Fault::BadRequest(format!(
            "'{zone}' is not the name of an IANA time zone, as Europe/Paris is"
        )));
    }
    for address in &mut new.addresses {
        *address = spelling::login(address);
        if address.split('@').count() != 2 || address.contains(char::is_whitespace) {
            return Err(Fault::BadRequest(format!("'{address}' is not a mail address")));
        }
    }
    Ok(new)
}

/// Makes a principal with its default collections, where it is no group.
pub(super) fn insert_account(
    tx: &mut WriteTx<'_>,
    new: &NewPrincipal,
    hash: Option<&str>,
    defaults: Defaults,
) -> Result<PrincipalId, Error> {
    free(tx, std::slice::from_ref(&new.handle))?;
    free(tx, &new.addresses)?;
    let id = tx.insert_principal(new, &search_text(new))?;
    if let Some(hash) = hash {
        tx.set_password(id, hash)?;
    }
    // A group has what is made for it.
    let first = match new.kind {
        PrincipalKind::Group => Vec::new(),
        _ => default_collections(id, new.time_zone.as_deref()),
    };
    for collection in first {
        let made = tx.insert_collection(&collection, None)?;
        if let Some(role) = defaults.authenticated.filter(|_| is_agenda(&collection)) {
            let privileges = role.privileges(collection.home);
            tx.insert_grants(made, &[Grant { grantee: Grantee::Authenticated, privileges }])?;
        }
    }
    Ok(id)
}

/// Whether it is the calendar in which people look when somebody is busy.
fn is_agenda(collection: &NewCollection) -> bool {
    collection.kind == CollectionKind::Calendar && !collection.transparent
}

/// Refuses what somebody is called by already. A handle with "@" must not hide another's address, by which he logs in, nor an address
/// another's handle.
pub(super) fn free(tx: &mut WriteTx<'_>, logins: &[String]) -> Result<(), Error> {
    for login in logins {
        if tx.principal_by_handle(login)?.is_some() || tx.principal_by_address(login)?.is_some() {
            return Err(Fault::Exists.into());
        }
    }
    Ok(())
}

/// What a principal is found by: name, handle and addresses, folded.
pub(super) fn search_text(new: &NewPrincipal) -> String {
    let mut text = collation::fold(&new.display_name);
    for part in std::iter::once(&new.handle).chain(&new.addresses) {
        text.push('\n');
        text.push_str(&collation::fold(part));
    }
    text
}

/// What each account has from its first request on, and keeps.
fn default_collections(owner: PrincipalId, zone: Option<&str>) -> Vec<NewCollection> {
    let make = |home, kind, slug: &str, name: &str, components, color: Option<&str>| NewCollection {
        owner,
        home,
        kind,
        slug: slug.to_owned(),
        is_default: true,
        components,
        transparent: kind != CollectionKind::Calendar || components == Components::TASKS,
        time_zone: zone.map(str::to_owned).filter(|_| home == HomeKind::Calendars),
        props: colored(named(name), color),
    };
    use HomeKind::{AddressBooks, Calendars};
    vec![
        make(Calendars, CollectionKind::Calendar, "default", "Agenda", Components::EVENTS, Some("#3465A4FF")),
        make(Calendars, CollectionKind::Calendar, "tasks", "Tâches", Components::TASKS, Some("#4E9A06FF")),
        make(Calendars, CollectionKind::Inbox, "inbox", "Boîte de réception", Components::ALL, None),
        make(Calendars, CollectionKind::Outbox, "outbox", "Boîte d’envoi", Components::ALL, None),
        make(AddressBooks, CollectionKind::AddressBook, "default", "Contacts", Components(0), None),
    ]
}

/// With the colour that most clients show; those that find none make up one, black among them.
fn colored(mut props: Props, color: Option<&str>) -> Props {
    const APPLE: &str = "http://apple.com/ns/ical/";
    if let Some(color) = color {
        let xml = format!("<calendar-color xmlns=\"{APPLE}\">{color}</calendar-color>");
        props.set(Prop { ns: APPLE.into(), local: "calendar-color".into(), text: color.into(), xml });
    }
    props
}

/// Properties with only a display name.
pub fn named(name: &str) -> Props {
    let mut props = Props::default();
    let mut xml = String::from("<displayname xmlns=\"DAV:\">");
    crate::text::xml::escape(&mut xml, name);
    xml.push_str("</displayname>");
    props.set(Prop { ns: "DAV:".into(), local: "displayname".into(), text: name.to_owned(), xml });
    props
}
