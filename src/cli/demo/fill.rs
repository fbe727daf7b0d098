//! Puts the demonstration into a database, through the services that clients use. What is there already stays or is
//! written again alike, so that an interrupted start can be begun anew.

use super::agenda::{self, Entry};
use super::objects::Day;
use super::people::{self, AROUND, EVERYBODY, GROUPS, KEEPERS, OPEN, PEOPLE, REGIONS, ROOMS, SECRET};
use super::{contacts, people::Person};
use crate::cli::{Failed, progress};
use crate::domain::acl::{Grant, Grantee, Privileges};
use crate::domain::collection::{CollectionKind, Components, HomeKind};
use crate::domain::fault::Fault;
use crate::domain::group::{Role, Visibility};
use crate::domain::precondition::Preconditions;
use crate::domain::principal::{NewPrincipal, PrincipalKind};
use crate::domain::props::{Prop, Props};
use crate::services::access::Place;
use crate::services::collections::CollectionDraft;
use crate::services::content::{Media, Sent};
use crate::services::groups::GroupChange;
use crate::services::{Actor, Core, homes};
use crate::store::CollectionUpdate;
use crate::text::vcard_strict;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::HashMap;

/// Writes that wait for the database at a time.
const AT_ONCE: usize = 32;
const COLOURS: [&str; 6] = ["#2A9D8F", "#E76F51", "#264653", "#F4A261", "#6A4C93", "#1D70B8"];

/// How the program names itself in the change log.
const DEVICE: &str = "cenacle demo";

/// Whether the demonstration is there to its end.
pub async fn is_there(core: &Core) -> Result<bool, Fault> {
    match core.principal(PrincipalKind::Group, EVERYBODY.0).await {
        Ok(_) => Ok(true),
        Err(Fault::NotFound) => Ok(false),
        Err(failed) => Err(failed),
    }
}

/// Whether somebody else's data are there: then nothing may be filled in.
pub async fn is_foreign(core: &Core) -> Result<bool, Fault> {
    let users = core.principals(PrincipalKind::User, "", PEOPLE.len() as i64 + 1).await?;
    Ok(users.iter().any(|user| people::by_login(&user.handle).is_none()))
}

/// Fills everything in.
pub async fn everything(core: &Core, passwords: &HashMap<&str, String>, today: Day) -> Result<(), Failed> {
    let entries = agenda::entries(today);
    let puts: usize = entries.iter().map(|entry| entry.owners.len()).sum();
    let bar = progress::bar((PEOPLE.len() + puts) as u64);
    bar.set_message("accounts");
    for person in &PEOPLE {
        made(core.create_principal(person.account(), passwords.get(person.login).cloned()).await)?;
        bar.inc(1);
    }
    for (login, name, place, _) in ROOMS {
        let account = NewPrincipal {
            kind: PrincipalKind::Room,
            handle: login.into(),
            display_name: format!("{name} ({place})"),
            addresses: vec![people::shared_mail(login)],
            admin: false,
            time_zone: Some(people::ZONE.into()),
        };
        made(core.create_principal(account, None).await)?;
    }
    let mut actors = HashMap::new();
    for login in PEOPLE.iter().map(|person| person.login).chain(ROOMS.iter().map(|(login, ..)| *login)) {
        actors.insert(login, core.on_behalf(login, DEVICE).await?);
    }
    groups(core).await?;
    bar.set_message("calendars");
    collections(core, &actors).await?;
    let work = entries.into_iter().flat_map(|entry| {
        let owners = entry.owners.clone();
        owners.into_iter().map(move |owner| (owner, entry.clone()))
    });
    stream::iter(work.map(|(owner, entry)| event(core, &actors, owner, entry)))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|()| {
            bar.inc(1);
            std::future::ready(Ok(()))
        })
        .await?;
    bar.set_message("contacts");
    for person in &PEOPLE {
        cards(core, &actors, person).await?;
    }
    bar.finish_and_clear();
    everybody(core).await
}

/// What is there already is as good as made.
fn made<T>(outcome: Result<T, Fault>) -> Result<(), Fault> {
    match outcome {
        Ok(_) | Err(Fault::Exists) => Ok(()),
        Err(failed) => Err(failed),
    }
}

async fn group(core: &Core, handle: &str, name: &str, members: &[&str]) -> Result<(), Failed> {
    let account = NewPrincipal {
        kind: PrincipalKind::Group,
        handle: handle.to_owned(),
        display_name: name.to_owned(),
        addresses: vec![people::shared_mail(handle)],
        admin: false,
        time_zone: None,
    };
    made(core.create_principal(account, None).await)?;
    let known =
        core.members_of(&Actor::operator(), &core.principal(PrincipalKind::Group, handle).await?).await?;
    for member in members.iter().filter(|member| !known.iter().any(|known| known.handle == **member)) {
        core.add_member(handle, member).await?;
    }
    Ok(())
}

async fn groups(core: &Core) -> Result<(), Failed> {
    for (handle, name, members) in GROUPS {
        group(core, handle, name, members).await?;
    }
    for (region, (city, domain)) in REGIONS.iter().enumerate() {
        let members: Vec<&str> = people::of_region(region).map(|person| person.login).collect();
        group(core, &format!("delegation-{domain}"), &format!("Délégation de {city}"), &members).await?;
    }
    for (handle, name, about, members) in AROUND {
        group(core, handle, name, members).await?;
        describe(core, handle, about, Visibility::Public).await?;
    }
    let (handle, name, about, members) = SECRET;
    group(core, handle, name, members).await?;
    describe(core, handle, about, Visibility::Private).await?;
    let owner = members.first().map(|owner| (handle, *owner, Role::Owner));
    for (group, keeper, role) in KEEPERS.into_iter().chain(owner) {
        core.set_member(&Actor::operator(), group, keeper, role, Preconditions::default()).await?;
    }
    Ok(())
}

async fn describe(core: &Core, group: &str, about: &str, visibility: Visibility) -> Result<(), Failed> {
    let (description, visibility) = (Some(about.to_owned()), Some(visibility));
    let change = GroupChange { description, visibility, ..GroupChange::default() };
    Ok(core.change_group(&Actor::operator(), group, change, Preconditions::default()).await?)
}

/// The group of groups. Nothing comes after it.
async fn everybody(core: &Core) -> Result<(), Failed> {
    let regions: Vec<String> = REGIONS.iter().map(|(_, domain)| format!("delegation-{domain}")).collect();
    group(core, EVERYBODY.0, EVERYBODY.1, &regions.iter().map(String::as_str).collect::<Vec<_>>()).await
}

fn place(owner: &str, home: HomeKind, slug: &str) -> Place {
    Place { owner: owner.to_owned(), home, slug: slug.to_owned(), id: None }
}

/// Display name and colour, as clients keep them.
fn dress(name: &str, colour: &str) -> Props {
    const APPLE: &str = "http://apple.com/ns/ical/";
    let mut props = homes::named(name);
    let xml = format!("<calendar-color xmlns=\"{APPLE}\">{colour}</calendar-color>");
    props.set(Prop { ns: APPLE.into(), local: "calendar-color".into(), text: colour.into(), xml });
    props
}

async fn collections(core: &Core, actors: &HashMap<&str, Actor>) -> Result<(), Failed> {
    let rooms = [Grant { grantee: Grantee::Authenticated, privileges: Privileges::READER }];
    for (number, (login, name, ..)) in ROOMS.iter().enumerate() {
        let Some(actor) = actors.get(login) else { continue };
        let at = place(login, HomeKind::Calendars, "default");
        let props = dress(name, COLOURS.get(number % COLOURS.len()).copied().unwrap_or_default());
        core.update_collection(actor, &at, Preconditions::default(), move |kept| {
            *kept = props.clone();
            CollectionUpdate::default()
        })
        .await?;
        core.set_grants(actor, &at, rooms.to_vec(), Preconditions::default()).await?;
    }
    for (login, _) in OPEN {
        let Some(actor) = actors.get(login) else { continue };
        let at = place(login, HomeKind::Calendars, "anniversaires");
        made(core.create_collection(actor, &at, calendar("Anniversaires", "#D4A017", true)).await)?;
    }
    let Some(owner) = actors.get("karim.benali") else { return Ok(()) };
    let at = place("karim.benali", HomeKind::Calendars, "projet-genomique");
    made(core.create_collection(owner, &at, calendar("Projet Génomique", "#6A4C93", false)).await)?;
    let team = core.principal(PrincipalKind::Group, "projet-genomique").await?;
    let privileges = Privileges::READER.with(Privileges::WRITE);
    let grants = vec![Grant { grantee: Grantee::Principal(team.id), privileges }];
    core.set_grants(owner, &at, grants, Preconditions::default()).await?;
    Ok(())
}

fn calendar(name: &str, colour: &str, transparent: bool) -> CollectionDraft {
    CollectionDraft {
        kind: CollectionKind::Calendar,
        components: Components::EVENTS,
        transparent,
        time_zone: Some(people::ZONE.into()),
        props: dress(name, colour),
    }
}

async fn event(core: &Core, actors: &HashMap<&str, Actor>, owner: &str, entry: Entry) -> Result<(), Failed> {
    let Some(actor) = actors.get(owner) else { return Ok(()) };
    let at = place(owner, HomeKind::Calendars, entry.slug);
    let sent = Sent { body: entry.body, media: Media::Calendar };
    let name = format!("{}.ics", entry.uid);
    core.put_item(actor, &at, &name, sent, Preconditions::default()).await?;
    Ok(())
}

/// Partners, colleagues and groups of both for those who can log in; some colleagues for all others.
async fn cards(core: &Core, actors: &HashMap<&str, Actor>, of: &Person) -> Result<(), Failed> {
    const FIRST_COLLEAGUE: usize = 100;
    const FIRST_GROUP: usize = 200;
    let Some(actor) = actors.get(of.login) else { return Ok(()) };
    let at = place(of.login, HomeKind::AddressBooks, "default");
    let near: Vec<_> =
        PEOPLE.iter().filter(|other| other.region == of.region && other.login != of.login).collect();
    let mut cards: Vec<(String, String)> = near
        .iter()
        .enumerate()
        .map(|(nth, other)| contacts::colleague(of.login, FIRST_COLLEAGUE + nth, other))
        .collect();
    if OPEN.iter().any(|(login, _)| *login == of.login) {
        cards.extend(
            contacts::PARTNERS
                .iter()
                .enumerate()
                .map(|(nth, partner)| contacts::partner(of.login, nth, partner)),
        );
        let colleagues: Vec<usize> = (0..near.len()).map(|nth| FIRST_COLLEAGUE + nth).collect();
        cards.push(contacts::group(of.login, FIRST_GROUP, "Partenaires européens", &[3, 4, 6]));
        cards.push(contacts::group(of.login, FIRST_GROUP + 1, "Mon équipe", &colleagues));
    }
    for (name, body) in cards {
        vcard_strict::check(&body)
            .map_err(|doubt| Failed::Other(format!("the card {name} is not right: {doubt:?}")))?;
        let sent = Sent { body, media: Media::Card };
        core.put_item(actor, &at, &name, sent, Preconditions::default()).await?;
    }
    Ok(())
}
