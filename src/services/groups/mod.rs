//! Groups: made, changed, found, removed. Who is in them is the matter of `members.rs`, who may know of them that of `sight.rs`.
//!
//! Administrators do everything; owners keep their group; whoever has logged in may make groups that are not public. What changes the
//! graph of groups takes its lock first. RFC 3744 §4.3, §4.4.

mod members;
mod sight;

pub use members::{Added, Inside};
pub use sight::SeenGroup;
pub(super) use sight::{Sight, only_seen, principal, seen};

use super::actor::Actor;
use super::idempotency::{Once, once};
use super::{Core, directory_book, fault, homes, teams};
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::group::{GroupDetail, GroupRefusal, Role, ShownTo, Visibility, may_stand_in};
use crate::domain::precondition::{Preconditions, ResourceState};
use crate::domain::principal::{NewPrincipal, PrincipalKind};
use crate::domain::query::Words;
use crate::domain::role::Defaults;
use crate::domain::team::MembersMay;
use crate::store::{Error, GroupMatch, Weight, WriteTx};
use crate::text::collation::fold;

/// Characters of a name at most.
const NAME: usize = 255;
/// Octets of a description at most.
const DESCRIPTION: usize = 4_000;
/// Addresses of a group at most.
const ADDRESSES: usize = 20;
/// Letters of a handle that are taken from the name.
const FROM_NAME: usize = 40;

/// A group to be made.
#[derive(Debug, Clone)]
pub struct NewGroup {
    /// Its handle, which only an administrator may choose: one that is taken would tell him of a group. Else one is made.
    pub handle: Option<String>,
    /// For people to read.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Mail addresses, the primary one first.
    pub addresses: Vec<String>,
    /// Who knows of it; not public unless an administrator says so.
    pub visibility: Visibility,
    /// Who is told its members.
    pub members_shown_to: ShownTo,
    /// What plain members may do with its calendars and address books.
    pub members_may: MembersMay,
}

/// A change of a group; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct GroupChange {
    /// For people to read.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Mail addresses, the primary one first.
    pub addresses: Option<Vec<String>>,
    /// Who knows of it.
    pub visibility: Option<Visibility>,
    /// Who is told its members.
    pub members_shown_to: Option<ShownTo>,
    /// What plain members may do with its calendars and address books.
    pub members_may: Option<MembersMay>,
}

/// Which groups are listed.
#[derive(Debug, Clone, Default)]
pub struct GroupsAsked {
    /// Words that name, handle and addresses say.
    pub words: Words,
    /// Handle of somebody who is in it, through other groups too.
    pub member: Option<String>,
    /// From after this handle.
    pub after: String,
    /// Groups at most.
    pub limit: i64,
}

impl Core {
    /// Makes a group, and tells its handle. Who makes it owns it, unless he does so as an administrator: he may be no member.
    /// Asked again under the same key, it only tells.
    pub async fn create_group(
        &self,
        actor: &Actor,
        new: NewGroup,
        request: Option<Once>,
    ) -> Result<String, Fault> {
        actor.whole()?;
        let special =
            new.handle.is_some() || !new.addresses.is_empty() || new.visibility == Visibility::Public;
        if special && !actor.admin {
            return Err(Condition::Group(GroupRefusal::AdministratorNeeded).into());
        }
        check(Some(&new.name), Some(&new.description), Some(&new.addresses))?;
        let account = homes::checked(NewPrincipal {
            kind: PrincipalKind::Group,
            handle: new.handle.clone().unwrap_or_else(|| made_handle(&new.name)),
            display_name: new.name.clone(),
            addresses: new.addresses.clone(),
            admin: false,
            time_zone: None,
        })?;
        let detail = GroupDetail {
            visibility: new.visibility,
            members_shown_to: new.members_shown_to,
            description: new.description,
            revision: 1,
            members_may: new.members_may,
        };
        let (most, by) = (self.limits.groups_owned, actor.clone());
        let made = self.store.write(move |tx| {
            once(tx, &by, request.as_ref(), |tx| {
                let lock = tx.lock_groups()?;
                let id = homes::insert_account(tx, &account, None, Defaults::default())?;
                tx.set_group_detail(id, &detail)?;
                if !by.admin {
                    if tx.count_owned(by.id)? >= most {
                        return Err(Condition::QuotaNotExceeded.into());
                    }
                    tx.link(&lock, id, by.id, Role::Owner)?;
                }
                directory_book::note(tx, id)?;
                Ok(account.handle.clone())
            })
        });
        let handle = fault(made.await)?;
        note(actor, "create", &handle, "");
        Ok(handle)
    }

    /// A group that the actor may know of.
    pub async fn group(&self, actor: &Actor, handle: &str) -> Result<SeenGroup, Fault> {
        let (actor, handle) = (actor.clone(), handle.to_lowercase());
        fault(self.store.read(Weight::Point, move |tx| sight::seen(tx, &actor, &handle)).await)
    }

    /// A page of the groups that the actor may know of, by handle, and whether there are more. With a member only those are told
    /// whose members the actor may see, or all where it is himself.
    pub async fn groups(&self, actor: &Actor, asked: GroupsAsked) -> Result<(Vec<SeenGroup>, bool), Fault> {
        let actor = actor.clone();
        let page =
            self.store.read(Weight::Scan, move |tx| {
                let sight = Sight::of(tx, &actor)?;
                let mut wanted = GroupMatch {
                    beside_public: sight.beside_public(tx)?,
                    needles: asked.words.iter().map(str::to_owned).collect(),
                    after: asked.after.clone(),
                    limit: asked.limit + 1,
                    ..GroupMatch::default()
                };
                if let Some(member) = &asked.member {
                    let member = match principal(tx, &actor, &member.to_lowercase()) {
                        Ok(member) => member.id,
                        Err(Error::Fault(Fault::NotFound)) => return Ok((Vec::new(), false)),
                        Err(other) => return Err(other),
                    };
                    wanted.with = Some(member);
                    if member != actor.id {
                        wanted.beside_open = sight.beside_open(tx)?;
                    }
                }
                let mut found = tx.find_groups(&wanted)?;
                let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
                let more = found.len() > limit;
                found.truncate(limit);
                let seen = |(principal, detail): (crate::domain::principal::Principal, GroupDetail)| {
                    SeenGroup { by: sight.on(principal.id), principal, detail }
                };
                Ok((found.into_iter().map(seen).collect(), more))
            });
        fault(page.await)
    }

    /// Changes a group, for an owner or an administrator; only an administrator gives it addresses, and makes it public or no longer.
    pub async fn change_group(
        &self,
        actor: &Actor,
        handle: &str,
        change: GroupChange,
        conditions: Preconditions,
    ) -> Result<(), Fault> {
        actor.whole()?;
        check(change.name.as_deref(), change.description.as_deref(), change.addresses.as_deref())?;
        let (by, of) = (actor.clone(), handle.to_lowercase());
        let done = self.store.write(move |tx| {
            tx.lock_groups()?;
            let group = sight::seen(tx, &by, &of)?;
            hold(&conditions, &group)?;
            group.by.owns().map_err(Condition::Group)?;
            apply(tx, &group, &change)?;
            directory_book::note(tx, group.principal.id)
        });
        fault(done.await)?;
        note(actor, "change", handle, "");
        Ok(())
    }

    /// Removes a group for an owner or an administrator: it leaves all groups, and every grant to it ends. Refused while it
    /// has calendars or address books, or something of deleted ones can still be restored: nothing is lost by it.
    pub async fn delete_group(
        &self,
        actor: &Actor,
        handle: &str,
        conditions: Preconditions,
    ) -> Result<(), Fault> {
        actor.whole()?;
        let (by, of) = (actor.clone(), handle.to_lowercase());
        let done = self.store.write(move |tx| {
            let lock = tx.lock_groups()?;
            let group = sight::seen(tx, &by, &of)?;
            hold(&conditions, &group)?;
            group.by.owns().map_err(Condition::Group)?;
            let id = group.principal.id;
            // Whoever stores something there takes these first, and then finds no home.
            let homes = [HomeKind::Calendars, HomeKind::AddressBooks];
            super::access::lock_all(tx, homes.map(|home| (id, home)).to_vec())?;
            if teams::owns_anything(tx, id)? || tx.holds_content(id)? {
                return Err(Condition::Group(GroupRefusal::NotEmpty).into());
            }
            let around = tx.direct_groups_of(id)?;
            tx.delete_group(&lock, id)?;
            around.iter().map(|group| group.id).chain([id]).try_for_each(|of| directory_book::note(tx, of))
        });
        fault(done.await)?;
        note(actor, "delete", handle, "");
        Ok(())
    }
}

/// Changes what is named of a group, and counts that.
fn apply(tx: &mut WriteTx<'_>, group: &SeenGroup, change: &GroupChange) -> Result<(), Error> {
    let id = group.principal.id;
    let mut detail = group.detail.clone();
    if let Some(visibility) = change.visibility.filter(|new| *new != detail.visibility) {
        if !group.by.admin && [visibility, detail.visibility].contains(&Visibility::Public) {
            return Err(Condition::Group(GroupRefusal::AdministratorNeeded).into());
        }
        let (around, inside) = tx.visibility_around(id)?;
        if around.is_some_and(|around| !may_stand_in(visibility, around))
            || inside.is_some_and(|inside| !may_stand_in(inside, visibility))
        {
            return Err(Condition::Group(GroupRefusal::LessVisible).into());
        }
        detail.visibility = visibility;
    }
    detail.members_shown_to = change.members_shown_to.unwrap_or(detail.members_shown_to);
    detail.description = change.description.clone().unwrap_or(detail.description);
    detail.members_may = change.members_may.unwrap_or(detail.members_may);
    detail.revision += 1;
    tx.set_group_detail(id, &detail)?;
    if change.name.is_none() && change.addresses.is_none() {
        return Ok(());
    }
    let known = &group.principal;
    let renamed = homes::checked(NewPrincipal {
        kind: PrincipalKind::Group,
        handle: known.handle.clone(),
        display_name: change.name.clone().unwrap_or_else(|| known.display_name.clone()),
        addresses: change.addresses.clone().unwrap_or_else(|| known.addresses.clone()),
        admin: false,
        time_zone: None,
    })?;
    let fresh: Vec<String> =
        renamed.addresses.iter().filter(|mail| !known.addresses.contains(mail)).cloned().collect();
    if !fresh.is_empty() && !group.by.admin {
        return Err(Condition::Group(GroupRefusal::AdministratorNeeded).into());
    }
    homes::free(tx, &fresh)?;
    tx.rename_principal(id, &renamed.display_name, &renamed.addresses, &homes::search_text(&renamed))
}

/// Whether the group is in the state that a request asks for.
fn hold(conditions: &Preconditions, group: &SeenGroup) -> Result<(), Fault> {
    let tag = group.tag();
    let own = ResourceState { etag: Some(&tag), ..ResourceState::default() };
    conditions.check(own, ResourceState::default())
}

fn check(name: Option<&str>, description: Option<&str>, addresses: Option<&[String]>) -> Result<(), Fault> {
    let wrong = |why: String| Err(Fault::BadRequest(why));
    if name.is_some_and(|name| {
        name.trim().is_empty() || name.chars().count() > NAME || name.contains(char::is_control)
    }) {
        return wrong(format!("a group's name has 1 to {NAME} characters on one line"));
    }
    if description.is_some_and(|text| text.len() > DESCRIPTION || text.contains('\0')) {
        return wrong(format!("a group's description has {DESCRIPTION} octets at most"));
    }
    let Some(all) = addresses else { return Ok(()) };
    let mut mails: Vec<String> = all.iter().map(|mail| mail.trim().to_lowercase()).collect();
    mails.sort_unstable();
    mails.dedup();
    match mails.len() {
        count if count < all.len() => wrong("an address is said twice".to_owned()),
        count if count > ADDRESSES => wrong(format!("a group has {ADDRESSES} addresses at most")),
        _ => Ok(()),
    }
}

/// A handle for a group of this name that no other has, and that tells nothing of others.
fn made_handle(name: &str) -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut handle = String::new();
    for letter in fold(name).chars() {
        match letter {
            'a'..='z' | '0'..='9' => handle.push(letter),
            _ if handle.ends_with('-') || handle.is_empty() => {}
            _ => handle.push('-'),
        }
        if handle.len() == FROM_NAME {
            break;
        }
    }
    if handle.is_empty() {
        handle.push_str("groupe");
    }
    if !handle.ends_with('-') {
        handle.push('-');
    }
    let random: u64 = rand::random();
    handle.extend(
        (0..8)
            .filter_map(|at| LETTERS.get(usize::try_from(random >> (5 * at) & 31).ok()?))
            .map(|b| char::from(*b)),
    );
    handle
}

/// Who did what to which group, for those who look after the server.
fn note(actor: &Actor, what: &str, group: &str, member: &str) {
    tracing::info!(target: "cenacle::audit", actor = %actor.handle, action = %format_args!("group.{what}"), group, member, "group changed");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_made_of_names() {
        let made = made_handle("  Équipe « Génomique », 2e étage ");
        assert!(made.starts_with("equipe-genomique-2e-etage-"), "{made}");
        assert_eq!(made.len(), "equipe-genomique-2e-etage-".len() + 8);
        assert_ne!(made_handle("a"), made_handle("a"));
        assert!(made_handle("日本").starts_with("groupe-"));
        assert!(made_handle(&"x".repeat(500)).len() <= FROM_NAME + 9);
    }

    #[test]
    fn what_a_group_may_be_called() {
        let named = |name: &str| check(Some(name), None, None).is_ok();
        assert!(named("Équipe") && !named(" ") && !named("a\nb") && !named(&"x".repeat(NAME + 1)));
        assert!(check(None, Some(&"x".repeat(DESCRIPTION + 1)), None).is_err());
        let twice = ["x@b.c", "a@b.c", " A@b.c"].map(str::to_owned);
        assert!(check(None, None, Some(&twice)).is_err());
    }
}
