//! Rights as JSON: who, by which role or which privileges. Knows no resource.

use super::problem::Refused;
use crate::domain::acl::{Grant, Grantee, Privilege, Privileges, Space};
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::domain::role::{self, Role};
use crate::services::rights::{Hold, NamedGrant};
use crate::services::{Actor, Core};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Stands in the place of a handle for everybody who has logged in: no handle has a colon.
pub const AUTHENTICATED: &str = ":authenticated";
/// The same for everybody, without a login too.
pub const PUBLIC: &str = ":public";
/// The same for groups that the caller may not know of.
pub const HIDDEN: &str = ":hidden";
/// Told in the place of a role where a set of privileges has no name.
const CUSTOM: &str = "custom";

/// Who has which right.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
pub struct AclEntry {
    /// Handle of a user or a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "karim.benali")]
    principal: Option<String>,
    /// Everybody who has logged in is meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    authenticated: bool,
    /// Everybody is meant, without a login too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    public: bool,
    /// `access`, `read`, `write`, `delegate` or `admin`; told as `owner` of the owner, and as `custom` where the privileges have no such name.
    #[serde(default)]
    #[schema(required = false, example = "read")]
    role: Option<String>,
    /// Whether rights may be given too, beside what the role says.
    #[serde(default)]
    #[schema(required = false)]
    admin: bool,
    /// Names of privileges (RFC 3744, RFC 4791, RFC 6638). In a request, in the place of a role.
    #[serde(default)]
    #[schema(required = false, example = json!(["read", "read-free-busy"]))]
    privileges: Option<Vec<String>>,
    /// Whether it is granted on all that the owner has, and changed there (`/me/delegates`). In a request such an entry is passed over.
    #[serde(default)]
    #[schema(required = false)]
    inherited: bool,
    /// Whether nobody can change it: the owner's, and what the settings of this server keep. In a request such an entry is passed over.
    #[serde(default)]
    #[schema(required = false)]
    protected: bool,
    /// Whether it is to a group that the caller may not know of, which has no name here. In a request such an entry is passed over; the
    /// group keeps what it has, until `shares/:hidden` is deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    hidden: bool,
}

impl AclEntry {
    /// A grant as it is told.
    pub fn of(named: &NamedGrant, home: HomeKind) -> Self {
        let privileges = named.grant.privileges;
        let (role, admin) = called(privileges, home);
        AclEntry {
            principal: match named.grant.grantee {
                Grantee::Principal(_) if named.hidden => None,
                // Whoever is gone has no handle any more.
                Grantee::Principal(_) => {
                    Some(named.principal.as_ref().map(|one| one.handle.clone()).unwrap_or_default())
                }
                Grantee::Authenticated | Grantee::Everyone => None,
            },
            authenticated: named.grant.grantee == Grantee::Authenticated,
            public: named.grant.grantee == Grantee::Everyone,
            role: Some(role.to_owned()),
            admin,
            privileges: Some(names(privileges)),
            inherited: named.hold == Hold::Inherited,
            protected: matches!(named.hold, Hold::Locked | Hold::Team),
            hidden: named.hidden,
        }
    }

    /// The owner's, which stands in no row.
    pub fn of_owner(handle: &str) -> Self {
        AclEntry {
            principal: Some(handle.to_owned()),
            role: Some("owner".to_owned()),
            admin: true,
            privileges: Some(names(Privileges::ALL)),
            protected: true,
            ..AclEntry::default()
        }
    }

    /// Whether rights may be given too.
    pub fn is_admin(&self) -> bool {
        self.admin
    }

    /// The role's name.
    pub fn into_role(self) -> String {
        self.role.unwrap_or_default()
    }

    /// Whether it may be changed where it is told.
    pub fn is_own(&self) -> bool {
        !self.inherited && !self.protected && !self.hidden
    }

    /// The grant that it asks for; `at` is its place in the request.
    pub async fn grant(
        &self,
        core: &Core,
        actor: &Actor,
        home: HomeKind,
        at: &str,
    ) -> Result<Grant, Refused> {
        let grantee = self.grantee(core, actor, at).await?;
        let privileges = self.asked(home, at)?;
        if !grantee.may_hold(privileges) {
            return Err(too_much(grantee).field(at));
        }
        Ok(Grant { grantee, privileges })
    }

    async fn grantee(&self, core: &Core, actor: &Actor, at: &str) -> Result<Grantee, Refused> {
        match (&self.principal, self.authenticated, self.public) {
            (Some(handle), false, false) => match principal(core, actor, handle).await? {
                Some(grantee) => Ok(grantee),
                None => Err(Refused::at(&format!("{at}/principal"), "there is no such principal")),
            },
            (None, true, false) => Ok(Grantee::Authenticated),
            (None, false, true) => Ok(Grantee::Everyone),
            _ => Err(Refused::at(at, "must name one of principal, authenticated and public")),
        }
    }

    fn asked(&self, home: HomeKind, at: &str) -> Result<Privileges, Refused> {
        let named = match self.role.as_deref().filter(|name| *name != CUSTOM) {
            Some(name) => role_named(name, home).map_err(|why| Refused::at(&format!("{at}/role"), why))?,
            None if self.role.is_none() && self.privileges.is_none() && self.admin => Privileges::NONE,
            None => {
                let none = || Refused::at(at, "must have a role or privileges");
                read_names(self.privileges.as_deref().ok_or_else(none)?, at)?
            }
        };
        let admin = if self.admin { Role::Admin.privileges(home) } else { Privileges::NONE };
        let all = named.with(admin);
        if all.is_empty() {
            return Err(Refused::at(at, "grants nothing"));
        }
        Ok(all)
    }
}

/// A refusal of rights that a grantee cannot have.
pub fn too_much(grantee: Grantee) -> Refused {
    Refused::from(Condition::AllowedPrincipal).said(match grantee {
        Grantee::Everyone => "who has not logged in can be let read, and no more",
        Grantee::Authenticated => "the right to give rights is given by name",
        Grantee::Principal(_) => "nobody gives rights to himself",
    })
}

/// What a role contains; why it cannot be one.
pub fn role_named(name: &str, home: HomeKind) -> Result<Privileges, String> {
    let role = Role::parse(name).ok_or("must be access, read, write, delegate or admin")?;
    let privileges = role.privileges(home);
    if privileges.is_empty() {
        return Err(format!("{name} is of calendars only: nobody is busy in an address book"));
    }
    Ok(privileges)
}

/// What a set is called, and whether rights may be given too.
pub fn called(privileges: Privileges, home: HomeKind) -> (&'static str, bool) {
    role::called(privileges, home).map_or((CUSTOM, false), |called| (called.role.name(), called.admin))
}

/// The names of privileges.
pub fn names(set: Privileges) -> Vec<String> {
    Privilege::ALL.iter().filter(|one| set.has(**one)).map(|one| one.name().1.to_owned()).collect()
}

/// The set that a name stands for, whatever its namespace; `all` and other sums too.
pub fn read_name(name: &str) -> Option<Privileges> {
    [Space::Dav, Space::CalDav].into_iter().find_map(|space| Privileges::named(space, name))
}

fn read_names(names: &[String], at: &str) -> Result<Privileges, Refused> {
    let mut set = Privileges::NONE;
    for (place, name) in names.iter().enumerate() {
        let wrong = || Refused::at(&format!("{at}/privileges/{place}"), "there is no such privilege");
        set = set.with(read_name(name).ok_or_else(wrong)?);
    }
    Ok(set)
}

/// A grantee in one word.
pub fn word(named: &NamedGrant) -> String {
    match named.grant.grantee {
        Grantee::Authenticated => AUTHENTICATED.to_owned(),
        Grantee::Everyone => PUBLIC.to_owned(),
        Grantee::Principal(_) if named.hidden => HIDDEN.to_owned(),
        Grantee::Principal(_) => named.principal.as_ref().map(|one| one.handle.clone()).unwrap_or_default(),
    }
}

/// The grantee that a word names, if there is one.
pub async fn read_word(core: &Core, actor: &Actor, word: &str) -> Result<Option<Grantee>, Refused> {
    match word {
        AUTHENTICATED => Ok(Some(Grantee::Authenticated)),
        PUBLIC => Ok(Some(Grantee::Everyone)),
        handle => principal(core, actor, handle).await,
    }
}

async fn principal(core: &Core, actor: &Actor, handle: &str) -> Result<Option<Grantee>, Refused> {
    match core.grantee(actor, handle).await {
        Ok(id) => Ok(Some(Grantee::Principal(id))),
        Err(Fault::NotFound) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// Why a change of rights was refused, in words and with its place.
pub fn explained(fault: Fault, at: &str) -> Refused {
    let why = match &fault {
        Fault::Condition(Condition::NoAceConflict) => "you would lose the right to give rights yourself",
        Fault::Condition(Condition::NoProtectedAceConflict) => "this entry is not yours to change",
        Fault::Condition(Condition::AllowedPrincipal) => "this grantee cannot have that",
        Fault::Condition(Condition::LimitedNumberOfAces) => "there are too many entries",
        _ => return fault.into(),
    };
    Refused::from(fault.clone()).said(why).field(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::PrincipalId;

    fn told(privileges: Privileges) -> AclEntry {
        let grant = Grant { grantee: Grantee::Principal(PrincipalId(1)), privileges };
        AclEntry::of(
            &NamedGrant { grant, hold: Hold::Own, principal: None, hidden: false },
            HomeKind::Calendars,
        )
    }

    #[test]
    fn what_is_told_may_be_sent_back() {
        let home = HomeKind::Calendars;
        let read = Role::Read.privileges(home);
        for set in [
            Role::Access.privileges(home),
            read,
            Role::Write.privileges(home),
            Role::Delegate.privileges(home),
            Role::Admin.privileges(home),
            read.with(Role::Admin.privileges(home)),
            Privileges::ALL,
            Privilege::Bind.bit(),
        ] {
            let entry = told(set);
            assert_eq!(entry.asked(home, "").expect("understood").closed(), set.closed(), "{entry:?}");
        }
        assert_eq!(told(Privilege::Bind.bit()).role.as_deref(), Some(CUSTOM));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let home = HomeKind::AddressBooks;
        let entry = |role: Option<&str>, privileges: Option<&[&str]>| AclEntry {
            role: role.map(str::to_owned),
            privileges: privileges.map(|all| all.iter().map(|one| (*one).to_owned()).collect()),
            ..AclEntry::default()
        };
        let field =
            |entry: AclEntry| entry.asked(home, "/entries/2").expect_err("refused").pointer().to_owned();
        assert_eq!(field(entry(Some("access"), None)), "/entries/2/role");
        assert_eq!(field(entry(Some("owner"), None)), "/entries/2/role");
        assert_eq!(field(entry(None, Some(&["read", "fly"]))), "/entries/2/privileges/1");
        assert_eq!(field(entry(None, Some(&[]))), "/entries/2");
        assert_eq!(field(entry(None, None)), "/entries/2");
        assert_eq!(entry(None, Some(&["all"])).asked(home, "").ok(), Some(Privileges::ALL));
    }
}
