//! What stands in the demonstration's calendars and task lists, around today.

use super::objects::{At, Day, alarm, at, day_property, involved, object, room};
use super::people::{self, PEOPLE, Person, REGIONS, ROOMS};
use crate::text::recur::civil::{date_of, day_number, weekday};
use crate::text::recur::moment::write_date;
use icalendar::{Component, Event, EventLike, Property, Todo};

/// An object for some calendars: `owners` are logins of people and rooms, `slug` a calendar that each of them has.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Whose calendars.
    pub owners: Vec<&'static str>,
    /// Which calendar.
    pub slug: &'static str,
    /// The UID, also its name.
    pub uid: String,
    /// The object.
    pub body: String,
}

/// Everything, as seen from `today`.
pub fn entries(today: Day) -> Vec<Entry> {
    let monday = today - weekday(today);
    let mut all: Vec<Entry> = (0..REGIONS.len()).flat_map(|region| team_meeting(region, monday)).collect();
    all.extend(committee(today, monday));
    all.extend(stand_up(monday));
    all.extend(project(monday));
    for (number, person) in PEOPLE.iter().enumerate() {
        all.extend(own_meetings(number, person, monday));
        all.extend(days_off(number, person, monday));
    }
    all.extend(institute_days(today));
    for (login, _) in people::OPEN {
        all.extend(birthdays(login, today));
        all.extend(tasks(login, today));
    }
    all
}

fn meeting(uid: &str, title: &str, place: &str, from: At, minutes: u32) -> Event {
    let mut event = Event::with_uid(uid);
    event.summary(title).location(place);
    event.append_property(from.property("DTSTART")).append_property(from.plus(minutes).property("DTEND"));
    event.append_property(Property::new("STATUS", "CONFIRMED"));
    event.done()
}

/// The weekly meeting of a region: one instance moved, one cancelled, one with another subject.
fn team_meeting(region: usize, monday: Day) -> Option<Entry> {
    let (city, domain) = REGIONS.get(region)?;
    let people: Vec<&'static Person> = people::of_region(region).collect();
    let leader = people.first()?;
    let (room_login, room_name, ..) = ROOMS.get(region).copied().unwrap_or(("", "Salle de réunion", "", 0));
    let uid = format!("reunion-{domain}@institut.example");
    let day_of_week = (region % 4) as i64;
    let codes = ["MO", "TU", "WE", "TH"];
    let first = at(monday - 7 * 20 + day_of_week, 9 + (region % 3) as u32, 30);
    let involve = |event: &mut Event| {
        event.append_property(involved("ORGANIZER", leader, None));
        for (number, person) in people.iter().enumerate() {
            let status = if number == 2 { "TENTATIVE" } else { "ACCEPTED" };
            event.append_multi_property(involved("ATTENDEE", person, Some(status)));
        }
        if !room_login.is_empty() {
            event.append_multi_property(room(room_name, &people::shared_mail(room_login)));
        }
    };
    let instance = |week: i64| At { day: first.day + 7 * (20 + week), ..first };
    let title = format!("Point d’équipe, délégation de {city}");
    let mut series = meeting(&uid, &title, room_name, first, 60);
    series.description(
        "Ordre du jour :\n- actualités de la délégation\n- projets en cours\n- questions diverses",
    );
    series.append_property(Property::new("RRULE", format!("FREQ=WEEKLY;BYDAY={}", codes.get(region % 4)?)));
    // Cancelled: two weeks ahead and four weeks ago.
    for week in [-4, 2] {
        series.append_multi_property(instance(week).property("EXDATE"));
    }
    series.alarm(alarm("-PT15M", &title));
    involve(&mut series);
    let mut moved = meeting(&uid, &title, "Visioconférence", instance(1).plus(150), 60);
    moved.append_property(instance(1).property("RECURRENCE-ID"));
    involve(&mut moved);
    let mut other = meeting(&uid, &format!("{title} : bilan du trimestre"), room_name, instance(3), 120);
    other.append_property(instance(3).property("RECURRENCE-ID"));
    involve(&mut other);
    let mut owners: Vec<&'static str> = people.iter().map(|person| person.login).collect();
    owners.extend(Some(room_login).filter(|login| !login.is_empty()));
    Some(Entry { owners, slug: "default", uid, body: object(vec![series, moved, other]) })
}

/// The first Tuesday of each month since 2015; the next one is cancelled but still shown.
fn committee(today: Day, _: Day) -> Option<Entry> {
    let (_, name, members) = people::GROUPS.iter().find(|(handle, ..)| *handle == "comite")?;
    let chair = people::by_login("sophie.lefevre")?;
    let uid = "comite@institut.example".to_owned();
    let mut series = meeting(&uid, name, "Salle Marie-Curie", at(day_number(2015, 1, 6), 14, 0), 150);
    series.append_property(Property::new("RRULE", "FREQ=MONTHLY;BYDAY=1TU"));
    series.append_property(Property::new("CATEGORIES", "Direction"));
    series.alarm(alarm("-P1D", "Préparer le comité"));
    let next = next_first_tuesday(today);
    let mut cancelled = meeting(&uid, &format!("Annulé : {name}"), "Salle Marie-Curie", at(next, 14, 0), 150);
    cancelled.append_property(at(next, 14, 0).property("RECURRENCE-ID"));
    cancelled.append_property(Property::new("STATUS", "CANCELLED"));
    for event in [&mut series, &mut cancelled] {
        event.append_property(involved("ORGANIZER", chair, None));
        for person in members.iter().filter_map(|login| people::by_login(login)) {
            event.append_multi_property(involved("ATTENDEE", person, Some("ACCEPTED")));
        }
    }
    let owners = members.iter().copied().chain(["salle-curie"]).collect();
    Some(Entry { owners, slug: "default", uid, body: object(vec![series, cancelled]) })
}

fn next_first_tuesday(today: Day) -> Day {
    let (year, month, _) = date_of(today);
    let of = |year, month| {
        let first = day_number(year, month, 1);
        first + (1 - weekday(first)).rem_euclid(7)
    };
    let this = of(year, month);
    if this > today { this } else { of(year + month / 12, month % 12 + 1) }
}

/// Each working day since 2019, without end.
fn stand_up(_: Day) -> Option<Entry> {
    let (_, _, members) = people::GROUPS.iter().find(|(handle, ..)| *handle == "informatique")?;
    let uid = "quotidien-informatique@institut.example".to_owned();
    let mut event =
        meeting(&uid, "Mêlée quotidienne", "Visioconférence", at(day_number(2019, 9, 2), 9, 15), 15);
    event.append_property(Property::new("RRULE", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"));
    event.append_property(Property::new("URL", "https://visio.institut.example/melee"));
    Some(Entry { owners: members.to_vec(), slug: "default", uid, body: object(vec![event]) })
}

/// The project's own calendar, which its group shares.
fn project(monday: Day) -> Vec<Entry> {
    let milestones = [
        (-10, "Livraison des échantillons"),
        (2, "Séquençage, lot 3"),
        (9, "Revue des résultats"),
        (24, "Soumission de l’article"),
    ];
    let make = |(days, title): (i64, &str)| {
        let uid = format!("jalon-{}@institut.example", days + 100);
        let mut event = Event::with_uid(&uid);
        event.summary(title).append_property(day_property("DTSTART", monday + days));
        event.append_property(day_property("DTEND", monday + days + 1));
        event.append_property(Property::new("TRANSP", "TRANSPARENT"));
        Entry {
            owners: vec!["karim.benali"],
            slug: "projet-genomique",
            uid,
            body: object(vec![event.done()]),
        }
    };
    milestones.into_iter().map(make).collect()
}

/// Meetings of one person, two weeks back and three ahead.
fn own_meetings(number: usize, person: &'static Person, monday: Day) -> Vec<Entry> {
    const SUBJECTS: [(&str, &str, u32); 9] = [
        ("Entretien annuel", "Bureau 214", 60),
        ("Relecture du manuscrit", "", 90),
        ("Séminaire : imagerie du vivant", "Amphithéâtre Barré-Sinoussi", 120),
        ("Commande de réactifs", "", 30),
        ("Visite du laboratoire", "Hall d’accueil", 45),
        ("Réunion budgétaire", "Salle Louis-Pasteur", 75),
        ("Soutenance blanche", "Salle Lumière", 60),
        ("Déjeuner avec les partenaires", "Restaurant du personnel", 90),
        ("Formation à la sécurité", "Salle Duclaux", 180),
    ];
    let full = people::OPEN.iter().any(|(login, _)| *login == person.login);
    let count = if full { 14 } else { 4 };
    let make = |nth: usize| {
        let (title, place, minutes) = *SUBJECTS.get((number * 5 + nth * 4) % SUBJECTS.len())?;
        let weeks = (nth as i64 % 5) - 2;
        let day = monday + weeks * 7 + ((number + nth * 3) % 5) as i64;
        let uid = format!("rdv-{nth}-{}@institut.example", person.login);
        let from = at(day, 10 + ((number + nth * 2) % 7) as u32, if nth.is_multiple_of(2) { 0 } else { 30 });
        let mut event = meeting(&uid, title, place, from, minutes);
        if nth == 1 {
            event.summary("Rendez-vous médical").append_property(Property::new("CLASS", "PRIVATE"));
        }
        if nth.is_multiple_of(3) {
            event.alarm(alarm("-PT10M", title));
        }
        Some(Entry { owners: vec![person.login], slug: "default", uid, body: object(vec![event]) })
    };
    (0..count).filter_map(make).collect()
}

/// Days off: some whole days, that everybody has at another time.
fn days_off(number: usize, person: &'static Person, monday: Day) -> Option<Entry> {
    let uid = format!("conges-{}@institut.example", person.login);
    let from = monday + 7 * (1 + number as i64 % 8) + (number as i64 % 3);
    let mut event = Event::with_uid(&uid);
    event.summary("Congés").append_property(day_property("DTSTART", from));
    event.append_property(day_property("DTEND", from + 3 + number as i64 % 3));
    event.append_property(Property::new("CATEGORIES", "Absence"));
    Some(Entry { owners: vec![person.login], slug: "default", uid, body: object(vec![event.done()]) })
}

/// Yearly days that everybody has in view: since 1964, and one this year.
fn institute_days(today: Day) -> Vec<Entry> {
    let owners: Vec<&'static str> = people::OPEN.iter().map(|(login, _)| *login).collect();
    let mut founded = Event::with_uid("fondation@institut.example");
    founded
        .summary("Anniversaire de l’Institut")
        .append_property(day_property("DTSTART", day_number(1964, 7, 18)));
    founded
        .append_property(Property::new("RRULE", "FREQ=YEARLY"))
        .append_property(Property::new("TRANSP", "TRANSPARENT"));
    let mut open = Event::with_uid("portes-ouvertes@institut.example");
    open.summary("Journées portes ouvertes").append_property(day_property("DTSTART", today + 12));
    open.append_property(day_property("DTEND", today + 14));
    [("fondation", founded.done()), ("portes-ouvertes", open.done())]
        .into_iter()
        .map(|(name, event)| Entry {
            owners: owners.clone(),
            slug: "default",
            uid: format!("{name}@institut.example"),
            body: object(vec![event]),
        })
        .collect()
}

/// Birthdays of colleagues, in a calendar of their own.
fn birthdays(login: &'static str, _: Day) -> Vec<Entry> {
    let make = |(number, person): (usize, &Person)| {
        let uid = format!("anniversaire-{}-{login}@institut.example", person.login);
        let mut event = Event::with_uid(&uid);
        event.summary(&format!("Anniversaire de {}", person.name()));
        event.append_property(day_property(
            "DTSTART",
            day_number(1966 + number as i64, 1 + (number as i64 * 5) % 12, 3 + number as i64),
        ));
        event
            .append_property(Property::new("RRULE", "FREQ=YEARLY"))
            .append_property(Property::new("TRANSP", "TRANSPARENT"));
        event.alarm(alarm("-P1D", "Anniversaire demain"));
        Entry { owners: vec![login], slug: "anniversaires", uid, body: object(vec![event.done()]) }
    };
    PEOPLE.iter().enumerate().skip(2).step_by(3).take(12).map(make).collect()
}

/// Tasks: with reminders, percentages, steps of a greater one, done ones, and one that comes back.
fn tasks(login: &'static str, today: Day) -> Vec<Entry> {
    let uid = |name: &str| format!("tache-{name}-{login}@institut.example");
    let task = |name: &str, title: &str, due: At, percent: u8| {
        let mut todo = Todo::with_uid(&uid(name));
        todo.summary(title).percent_complete(percent).append_property(due.property("DUE"));
        todo.append_property(Property::new(
            "STATUS",
            if percent == 0 { "NEEDS-ACTION" } else { "IN-PROCESS" },
        ));
        todo.done()
    };
    let mut report = task("rapport", "Rapport d’activité", at(today + 9, 18, 0), 40);
    report.priority(1).description("Une page par équipe, avec les chiffres de l’année.");
    report.append_component(alarm("-P1D", "Le rapport est dû demain"));
    let step = |name: &str, title: &str, days: i64, percent: u8| {
        let mut todo = task(name, title, at(today + days, 12, 0), percent);
        todo.append_property(
            Property::new("RELATED-TO", uid("rapport")).add_parameter("RELTYPE", "PARENT").done(),
        );
        todo.done()
    };
    let mut done = task("etape-chiffres", "Réunir les chiffres", at(today - 2, 12, 0), 100);
    done.append_property(
        Property::new("RELATED-TO", uid("rapport")).add_parameter("RELTYPE", "PARENT").done(),
    );
    done.append_property(Property::new("STATUS", "COMPLETED"));
    done.append_property(Property::new("COMPLETED", format!("{}T101500Z", write_date(today - 2))));
    let mut monthly = Todo::with_uid(&uid("frais"));
    monthly.summary("Note de frais").append_property(at(today - 40, 9, 0).property("DTSTART"));
    monthly
        .append_property(at(today - 40, 17, 0).property("DUE"))
        .append_property(Property::new("RRULE", "FREQ=MONTHLY"));
    let mut someday = Todo::with_uid(&uid("ranger"));
    someday.summary("Ranger les archives du bureau");
    let todos = vec![
        ("rapport", report),
        ("etape-chiffres", done),
        ("etape-texte", step("etape-texte", "Écrire le texte", 4, 25)),
        ("etape-relecture", step("etape-relecture", "Faire relire", 7, 0)),
        ("frais", monthly.done()),
        ("ranger", someday.done()),
        ("retard", task("retard", "Répondre à l’appel à projets", at(today - 1, 17, 0), 10)),
    ];
    todos
        .into_iter()
        .map(|(name, todo)| Entry {
            owners: vec![login],
            slug: "tasks",
            uid: uid(name),
            body: object(vec![todo]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::component::{Document, Limits};
    use crate::text::ical::CalendarIndex;
    use std::collections::BTreeSet;

    #[test]
    fn every_entry_is_valid_and_has_a_uid_of_its_own() {
        for today in [day_number(2026, 11, 23), day_number(2028, 2, 29), day_number(2027, 1, 1)] {
            let entries = entries(today);
            let mut seen = BTreeSet::new();
            for entry in &entries {
                let document = Document::parse(&entry.body, Limits::default()).expect("readable");
                let index =
                    CalendarIndex::build(&document).unwrap_or_else(|error| panic!("{error}\n{}", entry.body));
                assert_eq!(index.uid, entry.uid);
                assert!(
                    entry.owners.iter().all(|owner| seen.insert((*owner, entry.slug, entry.uid.clone()))),
                    "{}",
                    entry.uid
                );
            }
            let series = entries.iter().filter(|entry| entry.body.contains("RECURRENCE-ID")).count();
            assert!(series >= 15 && entries.iter().any(|entry| entry.body.contains("STATUS:CANCELLED")));
        }
    }

    #[test]
    fn the_next_first_tuesday_lies_ahead() {
        for today in day_number(2026, 1, 1)..day_number(2028, 1, 1) {
            let next = next_first_tuesday(today);
            assert!(next > today && next <= today + 36 && weekday(next) == 1 && date_of(next).2 <= 7);
        }
    }
}
