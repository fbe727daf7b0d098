//! Makes the tenant: accounts, chains of groups in groups, grants, and the three people whose homes are measured. Through the services,
//! many at a time: one commit holds many.

use cenacle::domain::acl::{Grant, Grantee, Privileges};
use cenacle::domain::collection::{CollectionKind, Components, HomeKind};
use cenacle::domain::id::PrincipalId;
use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use cenacle::domain::props::{Prop, Props};
use cenacle::services::access::Place;
use cenacle::services::collections::CollectionDraft;
use cenacle::services::homes::named;
use cenacle::services::mounts::Wish;
use cenacle::services::rights::{GrantChange, Guard};
use cenacle::services::{Actor, Core};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use std::io::Write;
use std::time::Instant;

/// Owners whose calendars are granted, and grants on each.
pub const OWNERS: usize = 5_000;
const GRANTS: usize = 10;
/// Chains of groups, one in the other, and how many stand in each.
const CHAINS: usize = 100;
const DEPTH: usize = 4;
/// Accounts in each group beside the group below it.
const MEMBERS: usize = 20;
/// Chains at whose foot the grantee stands.
const HIS: usize = 10;
/// Shares that he takes in: those of the first owners.
pub const SHARES: usize = 60;
const AT_ONCE: usize = 256;

/// Somebody whose home is measured.
pub struct Person {
    pub actor: Actor,
    pub password: String,
}

/// Who has taken shares in, who has as many calendars of his own, who has neither.
pub struct People {
    pub shared: Person,
    pub own: Person,
    pub plain: Person,
}

/// Runs all, and tells how far it is.
async fn all<T>(
    what: &str,
    count: usize,
    work: impl Stream<Item = impl Future<Output = Result<T, String>>>,
) -> Result<Vec<T>, String> {
    let begun = Instant::now();
    let mut done = Vec::with_capacity(count);
    let mut running = std::pin::pin!(work.buffered(AT_ONCE));
    while let Some(one) = running.try_next().await? {
        done.push(one);
        if done.len() % 500 == 0 {
            eprint!("\r{what}: {} of {count}", done.len());
            drop(std::io::stderr().flush());
        }
    }
    eprintln!("\r{what}: {} in {:.0} s", done.len(), begun.elapsed().as_secs_f64());
    Ok(done)
}

fn told<T>(done: Result<T, cenacle::domain::fault::Fault>) -> Result<T, String> {
    done.map_err(|fault| fault.to_string())
}

fn handle(number: usize) -> String {
    format!("person{number}")
}

fn group(chain: usize, level: usize) -> String {
    format!("group{chain}-{level}")
}

async fn principal(core: Core, kind: PrincipalKind, handle: String) -> Result<PrincipalId, String> {
    let new = NewPrincipal {
        kind,
        display_name: format!("The {handle}"),
        addresses: vec![format!("{handle}@example.org")],
        handle,
        admin: false,
        time_zone: None,
    };
    told(core.create_principal(new, None).await)
}

/// The default calendar of somebody.
pub fn place(number: usize) -> Place {
    Place { owner: handle(number), home: HomeKind::Calendars, slug: "default".into(), id: None }
}

/// Everything; the three people come last.
pub async fn tenant(core: &Core, accounts: usize) -> Result<People, String> {
    let make = |number| principal(core.clone(), PrincipalKind::User, handle(number));
    let ids = all("accounts", accounts, stream::iter((0..accounts).map(make))).await?;
    let shared = person(core, "shared").await?;
    let (own, plain) = (person(core, "own").await?, person(core, "plain").await?);
    let tops = groups(core, accounts).await?;
    grants(core, &ids, &tops, shared.actor.id).await?;
    take_in(core, &shared.actor).await?;
    for number in 0..SHARES {
        calendar(core, &own.actor, number).await?;
    }
    Ok(People { shared, own, plain })
}

async fn person(core: &Core, name: &str) -> Result<Person, String> {
    let id = principal(core.clone(), PrincipalKind::User, name.to_owned()).await?;
    let (_, password) = told(core.add_app_password(name, "speed", "").await)?;
    Ok(Person { actor: Actor::undoubted(id, name.to_owned(), None), password })
}

/// The groups at the top of each chain.
async fn groups(core: &Core, accounts: usize) -> Result<Vec<PrincipalId>, String> {
    let make = |at: usize| principal(core.clone(), PrincipalKind::Group, group(at / DEPTH, at % DEPTH));
    let ids = all("groups", CHAINS * DEPTH, stream::iter((0..CHAINS * DEPTH).map(make))).await?;
    let fill = |at: usize| {
        let core = core.clone();
        let (chain, level) = (at / DEPTH, at % DEPTH);
        async move {
            let mut members: Vec<String> =
                (0..MEMBERS).map(|one| handle((at * 31 + one * 7) % accounts)).collect();
            if level > 0 {
                members.push(group(chain, level - 1));
            } else if chain < HIS {
                members.push("shared".to_owned());
            }
            for member in members {
                told(core.add_member(&group(chain, level), &member).await)?;
            }
            Ok(())
        }
    };
    all("groups filled", CHAINS * DEPTH, stream::iter((0..CHAINS * DEPTH).map(fill))).await?;
    Ok(ids.into_iter().skip(DEPTH - 1).step_by(DEPTH).collect())
}

/// On each owner's calendar: to eight accounts, to a group, and to one more; the first owners' groups are those of the grantee, and every third
/// of those calendars is given to him by name instead.
async fn grants(
    core: &Core,
    ids: &[PrincipalId],
    tops: &[PrincipalId],
    him: PrincipalId,
) -> Result<(), String> {
    let give = |owner: usize| {
        let core = core.clone();
        let actor = Actor::undoubted(ids[owner], handle(owner), None);
        let top = if owner < SHARES { tops[owner % HIS] } else { tops[HIS + owner % (CHAINS - HIS)] };
        let by_name = owner < SHARES && owner.is_multiple_of(3);
        let others = (1..GRANTS).map(|one| ids[(owner + one * 17) % ids.len()]);
        let grantees: Vec<PrincipalId> = others.chain([if by_name { him } else { top }]).collect();
        async move {
            let grant = |id| Grant { grantee: Grantee::Principal(id), privileges: Privileges::READER };
            let wanted = GrantChange::Set(grantees.into_iter().map(grant).collect());
            let guard = Guard::Acl(Default::default());
            told(core.change_grants(&actor, &place(owner), wanted, guard).await)
        }
    };
    all("calendars with ten grants", OWNERS, stream::iter((0..OWNERS).map(give))).await.map(|_| ())
}

async fn take_in(core: &Core, him: &Actor) -> Result<(), String> {
    let known = told(core.known_collections(him, HomeKind::Calendars).await)?;
    let others: Vec<_> = known.iter().filter(|one| one.owner().id != him.id).collect();
    if others.len() != SHARES {
        return Err(format!("{} shares instead of {SHARES}", others.len()));
    }
    for one in others {
        told(core.mount(him, HomeKind::Calendars, one.collection().id, Wish::default()).await)?;
    }
    Ok(())
}

/// With a name and a colour, as the calendars have that others share: without, it would be cheaper than any that somebody uses.
fn as_clients_make_it(name: &str) -> Props {
    const APPLE: &str = "http://apple.com/ns/ical/";
    let mut props = named(name);
    let xml = format!("<calendar-color xmlns=\"{APPLE}\">#CC0000FF</calendar-color>");
    props.set(Prop { ns: APPLE.into(), local: "calendar-color".into(), text: "#CC0000FF".into(), xml });
    props
}

async fn calendar(core: &Core, owner: &Actor, number: usize) -> Result<(), String> {
    let draft = CollectionDraft {
        kind: CollectionKind::Calendar,
        components: Components::EVENTS,
        transparent: false,
        time_zone: None,
        props: as_clients_make_it(&format!("Calendar {number}")),
    };
    let slug = format!("calendar{number}");
    let place = Place { owner: owner.handle.clone(), home: HomeKind::Calendars, slug, id: None };
    told(core.create_collection(owner, &place, draft).await)
}
