//! The one place that decides what an actor may do to a collection.
//!
//! Absent and forbidden look alike: without any right on a collection it is not found. RFC 3744 §3, §7.1.1.

mod finding;

pub(super) use finding::{
    find, find_by_id, find_for_change, find_item_for_change, granted, held_access, home_of, known, lock_all,
    lock_both, owner_by_id, owner_of, still_of, visible,
};

use super::actor::Actor;
use super::homes::named;
use crate::domain::acl::{Privilege, Privileges};
use crate::domain::collection::{Collection, CollectionKind, Components, HomeKind};
use crate::domain::directory;
use crate::domain::fault::{Condition, Fault};
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::principal::PrincipalKind;
use crate::domain::privacy::{Sight, Viewer};
use crate::domain::props::Props;
use crate::domain::role;
use crate::domain::team::Part;
use crate::store::{Error, Held, Mount, ReadTx, Whose};
use std::sync::Arc;

/// A collection that the actor may know of, and what he may do to it. Only [`find`] and its kin make one.
#[derive(Debug, Clone)]
pub struct Access {
    collection: Collection,
    owner: Owner,
    rights: Privileges,
    sight: Sight,
    /// Whether some of it was granted to the actor, or to a group of his, by name.
    by_name: bool,
    /// Whether the actor makes and removes what stands in that home: it is his own, or that of a group that he keeps.
    keeps_home: bool,
    /// Whether it is his own, or his group's that he owns.
    owned: bool,
    /// Who may have something of his own on its items, where it is another's calendar.
    keeps: Option<Keeps>,
    mount: Option<Arc<Mounted>>,
}

/// What the actor has of his own on the items of another's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keeps {
    /// Whose it is, and where.
    pub whose: Whose,
    /// The number of his last change of it; 0 where he has nothing.
    pub number: i64,
}

/// Who looks at the items of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Looker {
    /// At which.
    pub on: CollectionId,
    /// What he sees of them.
    pub sight: Sight,
    /// What he has of his own on them, if he has anything.
    pub keeps: Option<Keeps>,
}

/// Where another's collection stands in the actor's own home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// His handle.
    pub handle: String,
    /// Its place there.
    pub mount: Mount,
    /// What its owner keeps on it.
    pub under: Props,
}

/// Whose home something is in, as far as its URL and its owner's need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its row.
    pub id: PrincipalId,
    /// What it is.
    pub kind: PrincipalKind,
    /// Its handle.
    pub handle: String,
}

/// Proof that an actor holds one privilege on a collection: what writing services ask for.
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    collection: &'a Collection,
}

impl<'a> Checked<'a> {
    /// The collection that the privilege is for.
    pub fn collection(&self) -> &'a Collection {
        self.collection
    }
}

impl Access {
    /// The collection.
    pub fn collection(&self) -> &Collection {
        &self.collection
    }

    /// How the actor has it in his own home, where it is another's; the kept properties of [`Access::collection`] are his then.
    pub fn mounted(&self) -> Option<&Mounted> {
        self.mount.as_deref()
    }

    /// Whose home it is shown in, and under which name there.
    pub fn shown_at(&self) -> (&str, &str) {
        match &self.mount {
            Some(mounted) => (&mounted.handle, &mounted.mount.slug),
            None => (&self.owner.handle, &self.collection.slug),
        }
    }

    /// The place at which it is shown.
    pub fn shown_place(&self) -> Place {
        let (owner, slug) = self.shown_at();
        Place {
            owner: owner.to_owned(),
            home: self.collection.home,
            slug: slug.to_owned(),
            id: Some(self.collection.id),
        }
    }

    /// As the actor has it in his own home.
    pub(super) fn mounted_as(mut self, actor: &Actor, mount: Mount) -> Access {
        let under = std::mem::take(&mut self.collection.props);
        self.collection.props = under.overlaid(&mount.props);
        self.mount = Some(Arc::new(Mounted { handle: actor.handle.clone(), mount, under }));
        self
    }

    /// Whether it is the directory, which is nobody's.
    pub fn is_directory(&self) -> bool {
        self.collection.id == directory::BOOK
    }

    /// Whose it is.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Whether the actor may remove it, as far as it may be removed at all.
    pub(super) fn is_kept(&self) -> bool {
        self.keeps_home
    }

    /// Whether it is the actor's to give away.
    pub(super) fn is_owned(&self) -> bool {
        self.owned
    }

    /// What the actor may do.
    pub fn rights(&self) -> Privileges {
        self.rights
    }

    /// Whether it may be seen that it is there. What everybody may ask for busy times alone is there for nobody else.
    pub fn is_shown(&self) -> bool {
        self.by_name || !self.rights.without(Privileges::BUSY).is_empty()
    }

    /// What the actor sees of items that are not public. It follows from what he is, not from how much of that his login opens.
    pub fn sight(&self) -> Sight {
        self.sight
    }

    /// What the actor has of his own here; `None` where the collection is his, or no calendar.
    pub(super) fn keeps(&self) -> Option<Keeps> {
        self.keeps
    }

    /// What is needed to show its items.
    pub(super) fn looker(&self) -> Looker {
        Looker {
            on: self.collection.id,
            sight: self.sight,
            keeps: self.keeps.filter(|keeps| keeps.number > 0),
        }
    }

    /// As [`Access::keeps`], to be noted.
    pub(super) fn keeps_mut(&mut self) -> Option<&mut Keeps> {
        self.keeps.as_mut()
    }

    /// The same for reading alone.
    #[must_use]
    pub(super) fn reading(self) -> Access {
        let rights = if self.rights.has(Privilege::Read) { Privileges::READER } else { Privileges::NONE };
        Access { rights, keeps: None, ..self }
    }

    /// The same as somebody sees it whom nobody knows: no more than one who may only read, and than the actor himself; and nothing whole
    /// that is not public.
    #[must_use]
    pub(super) fn for_anybody(self, actor: &Actor) -> Access {
        let rights =
            if self.rights.has(Privilege::Read) { Privileges::READER } else { Privilege::ReadFreeBusy.bit() };
        let sight = self.sight.within(actor.privacy.sight(Viewer::Reader)).within(Sight::MASKED);
        Access { rights, sight, keeps: None, ..self }
    }

    /// Where it stands now. A transaction that is given this place works on this very collection or on none.
    pub fn place(&self) -> Place {
        Place {
            owner: self.owner.handle.clone(),
            home: self.collection.home,
            slug: self.collection.slug.clone(),
            id: Some(self.collection.id),
        }
    }

    /// Proof of one privilege. Who may not even read is told nothing but absence.
    pub fn need(&self, privilege: Privilege) -> Result<Checked<'_>, Fault> {
        if self.rights.has(privilege) {
            return Ok(Checked { collection: &self.collection });
        }
        if !self.rights.has(Privilege::Read) {
            return Err(Fault::NotFound);
        }
        Err(Condition::NeedPrivileges { href: String::new(), privilege }.into())
    }
}

/// Where a collection is: whose, in which home, under which name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The owner's handle.
    pub owner: String,
    /// The home.
    pub home: HomeKind,
    /// Last segment, decoded.
    pub slug: String,
    /// The collection that must stand there, where the request names one: another that has taken the place meanwhile is not
    /// meant. None where the place alone is named.
    pub id: Option<CollectionId>,
}

pub(super) fn own_owner(actor: &Actor) -> Owner {
    Owner { id: actor.id, kind: PrincipalKind::User, handle: actor.handle.clone() }
}

/// What an actor may do with a collection of his own, if his proof reaches it.
pub(super) fn own_access(actor: &Actor, collection: Collection) -> Option<Access> {
    let rights = scoped(actor, &collection, Privileges::ALL);
    (!rights.is_empty()).then(|| Access {
        rights,
        owner: own_owner(actor),
        collection,
        sight: Sight::WHOLE,
        by_name: true,
        keeps_home: true,
        owned: true,
        keeps: None,
        mount: None,
    })
}

/// The directory at this number, as an address book of the actor's home, if his proof reaches it: to be read, and no more.
pub(super) fn directory(actor: &Actor, number: i64) -> Option<Access> {
    let owner = Owner { id: PrincipalId(0), kind: PrincipalKind::User, handle: actor.handle.clone() };
    let collection = Collection {
        id: directory::BOOK,
        owner: owner.id,
        home: HomeKind::AddressBooks,
        kind: CollectionKind::AddressBook,
        slug: directory::SLUG.to_owned(),
        is_default: false,
        components: Components(0),
        transparent: true,
        time_zone: None,
        modseq: number,
        home_modseq: 0,
        created_at: 0,
        props: named(directory::NAME),
    };
    let rights = scoped(actor, &collection, Privileges::READER);
    (!rights.is_empty()).then_some(Access {
        collection,
        owner,
        rights,
        sight: Sight::WHOLE,
        by_name: false,
        keeps_home: false,
        owned: false,
        keeps: None,
        mount: None,
    })
}

/// What `actor` may do on this collection.
pub(super) fn rights_on(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    collection: &Collection,
) -> Result<Privileges, Error> {
    let effective = effective_on(tx, actor, collection)?;
    Ok(scoped(actor, collection, effective.privileges))
}

/// What somebody may do with a collection, whatever of it his login opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effective {
    /// All of it.
    pub privileges: Privileges,
    /// Whether some of it comes to him by name, by a group that he is in, or because it is his group's.
    by_name: bool,
    /// How he stands to the group whose it is.
    part: Option<Part>,
    /// Whether it is his own.
    own: bool,
}

/// What the owner may: it stands in no row.
const OWNER: Effective = Effective { privileges: Privileges::ALL, by_name: true, part: None, own: true };

fn effective_on(tx: &mut ReadTx<'_>, actor: &Actor, collection: &Collection) -> Result<Effective, Error> {
    if collection.owner == actor.id {
        return Ok(OWNER);
    }
    Ok(effective(collection, tx.held(actor.id, collection)?))
}

/// What grants on a collection and on its home, and a role in the group whose it is, come to.
pub(super) fn effective(collection: &Collection, held: Held) -> Effective {
    let home = role::inherited(collection.kind, held.home.privileges);
    let team = held.team.map(|part| part.privileges(collection.kind, collection.home)).unwrap_or_default();
    Effective {
        privileges: held.own.privileges.with(home).with(team).closed(),
        by_name: held.own.by_name || (held.home.by_name && !home.is_empty()) || !team.is_empty(),
        part: held.team,
        own: false,
    }
}

/// A collection with what the actor may do to it, and what he sees of its items; `None` where he may not know of it.
fn accessed(actor: &Actor, collection: Collection, owner: Owner, found: Effective) -> Option<Access> {
    let Effective { privileges, by_name, part, own } = found;
    let rights = scoped(actor, &collection, privileges);
    let owned = own || part.is_some_and(Part::owns);
    let sight = actor.privacy.sight(Viewer::of(owned, privileges));
    let keeps_home = own || part.is_some_and(Part::keeps);
    let keeps = (!own && collection.kind == CollectionKind::Calendar)
        .then_some(Keeps { whose: Whose { of: actor.id, on: collection.id }, number: 0 });
    let access = Access { collection, owner, rights, sight, by_name, keeps_home, owned, keeps, mount: None };
    (!rights.is_empty()).then_some(access)
}

/// What changes the items of a collection.
const CONTENT: Privileges =
    Privilege::WriteContent.bit().with(Privilege::Bind.bit()).with(Privilege::Unbind.bit());

/// What the actor's proof leaves of his rights on a collection.
fn scoped(actor: &Actor, collection: &Collection, rights: Privileges) -> Privileges {
    // What is filled from elsewhere is nobody's to write to.
    let rights = if collection.is_subscription() { rights.without(CONTENT) } else { rights };
    let rights = match collection.is_birthdays() {
        true if collection.owner != actor.id => Privileges::NONE,
        true => rights.without(CONTENT).without(Privilege::WriteAcl.bit()),
        false => rights,
    };
    if !actor.scope.takes(collection.id) {
        Privileges::NONE
    } else if actor.scope.write {
        rights
    } else {
        read_only(rights)
    }
}

fn read_only(rights: Privileges) -> Privileges {
    let kept = [
        Privilege::Read,
        Privilege::ReadAcl,
        Privilege::ReadCurrentUserPrivilegeSet,
        Privilege::ReadFreeBusy,
    ];
    let allowed = kept.iter().fold(Privileges::NONE, |set, p| set.with(p.bit()));
    rights.without(Privileges::ALL.without(allowed))
}
