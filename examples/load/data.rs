//! The events and cards that the load tool stores, made from a number alone, so that any answer can be checked without
//! keeping what was sent.
//!
//! Every calendar has the same 280 half hours in the four weeks from [`MONTH`] on, 70 of them in the first week, 10 of each week by
//! series without end (5 since 1990). Everything else lies outside. RFC 5545.

use std::fmt::Write;

/// The week that is asked for, as a CalDAV time-range: 2 to 9 February 2026, all of it winter time.
pub const WEEK: (&str, &str) = ("20260202T000000Z", "20260209T000000Z");
/// The four weeks that free-busy asks for.
pub const MONTH: (&str, &str) = ("20260202T000000Z", "20260302T000000Z");
/// Members of any calendar that fall into [`WEEK`].
pub const WEEK_HITS: usize = 70;
/// Busy half hours in [`MONTH`].
pub const MONTH_PERIODS: usize = 280;
/// Least size of a calendar.
pub const LEAST: usize = 400;
/// Single events in the four weeks.
const SINGLES: usize = 240;
/// Series without end that fall into each week.
const WEEKLY: usize = 10;

/// What a calendar is made of.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Its members.
    pub size: usize,
    /// Percent of the other series that recur yearly without end; the rest has ended.
    pub yearly: usize,
}

const ZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\n\
    DTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\n\
    TZOFFSETTO:+0100\r\nTZNAME:CET\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

impl Shape {
    /// The event `number` in its state `turn`.
    pub fn event(self, number: usize, turn: u32) -> String {
        let (start, rule) = self.when(number);
        event(&format!("e{number}"), &start, &rule, turn)
    }

    /// Local start and recurrence of an event.
    fn when(self, number: usize) -> (String, String) {
        if number < SINGLES {
            let (week, place) = (number / 60, number % 60);
            let (day, hour) = (week * 7 + place % 6, 8 + place / 6);
            // 2 February 2026 is a Monday, and February has 28 days that year.
            return (format!("202602{:02}T{hour:02}0000", 2 + day), String::new()).into_march();
        }
        if number < SINGLES + WEEKLY {
            let series = number - SINGLES;
            let first = if series < WEEKLY / 2 { "19900107" } else { "20250105" };
            return (format!("{first}T{:02}0000", 8 + series), "RRULE:FREQ=WEEKLY\r\n".into());
        }
        let other = number - SINGLES - WEEKLY;
        let (month, day) = (4 + other % 9, 1 + (other / 9) % 28);
        if other < self.size / 10 - WEEKLY {
            let year = 1990 + other % 30;
            let yearly = other % 100 < self.yearly;
            let rule = if yearly {
                "RRULE:FREQ=YEARLY\r\n".into()
            } else {
                format!("RRULE:FREQ=WEEKLY;COUNT={}\r\n", 10 + other % 250)
            };
            return (format!("{year}{month:02}{day:02}T{:02}0000", 8 + other % 10), rule);
        }
        (format!("{}{month:02}{day:02}T{:02}3000", 2005 + other % 26, 8 + other % 10), String::new())
    }
}

/// The days after 28 February belong to March.
trait IntoMarch {
    fn into_march(self) -> Self;
}

impl IntoMarch for (String, String) {
    fn into_march(self) -> Self {
        match self.0.get(6..8).and_then(|day| day.parse::<u32>().ok()) {
            Some(day) if day > 28 => {
                let time = self.0.get(8..).unwrap_or_default();
                (format!("202603{:02}{time}", day - 28), self.1)
            }
            _ => self,
        }
    }
}

/// An event of half an hour in Paris.
pub fn event(uid: &str, start: &str, rule: &str, turn: u32) -> String {
    let mut text = String::with_capacity(1400);
    // Half past if it begins at the full hour, else five to.
    let (hour, minute) = start.split_at(start.len().saturating_sub(4));
    let end = format!("{hour}{}", if minute == "0000" { "3000" } else { "5500" });
    let _ = write!(
        text,
        "BEGIN:VCALENDAR\r\nPRODID:-//Cenacle//load//EN\r\nVERSION:2.0\r\n{ZONE}BEGIN:VEVENT\r\nUID:{uid}@load.example.org\r\n\
         DTSTAMP:20260101T120000Z\r\nCREATED:20251201T080000Z\r\nLAST-MODIFIED:20260101T120000Z\r\nSEQUENCE:{turn}\r\n\
         SUMMARY:Réunion de service {uid}, état {turn}\r\nLOCATION:Salle du conseil, bâtiment C\r\n\
         DESCRIPTION:Ordre du jour : points en cours\\, questions diverses.\r\n\
         DTSTART;TZID=Europe/Paris:{start}\r\nDTEND;TZID=Europe/Paris:{end}\r\n{rule}TRANSP:OPAQUE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    text
}

/// An event outside of all windows, for what is put anew.
pub fn fresh(uid: &str) -> String {
    event(uid, "20240610T090000", "", 0)
}

const FIRST: [&str; 40] = [
    "Marie", "Jean", "Zoé", "Léon", "Alice", "Bruno", "Chloé", "Denis", "Élise", "Fabien", "Gaëlle", "Hugo",
    "Inès", "Jules", "Karim", "Louise", "Malik", "Nadia", "Octave", "Pauline", "Quentin", "Rachel", "Simon",
    "Théo", "Ursule", "Victor", "Wassim", "Xavier", "Yasmine", "Zacharie", "Anne", "Benoît", "Carole",
    "David", "Emma", "Franck", "Gérard", "Hélène", "Igor", "Julie",
];
const LAST: [&str; 50] = [
    "Martin",
    "Bernard",
    "Dubois",
    "Thomas",
    "Robert",
    "Richard",
    "Petit",
    "Durand",
    "Leroy",
    "Moreau",
    "Simonin",
    "Laurent",
    "Lefebvre",
    "Michel",
    "Garcia",
    "Davidoux",
    "Bertrand",
    "Roux",
    "Vincent",
    "Fournier",
    "Morel",
    "Girard",
    "Andréani",
    "Lefevre",
    "Mercier",
    "Dupont",
    "Lambert",
    "Bonnet",
    "Francois",
    "Martinez",
    "Legrand",
    "Garnier",
    "Faure",
    "Rousseau",
    "Blanc",
    "Guerin",
    "Muller",
    "Henry",
    "Roussel",
    "Nicolas",
    "Perrin",
    "Morin",
    "Mathieu",
    "Clement",
    "Gauthier",
    "Dumont",
    "Lopez",
    "Fontaine",
    "Chevalier",
    "Robin",
];

/// First and last name of a card.
pub fn name(number: usize) -> (&'static str, &'static str) {
    let first = FIRST.get(number % FIRST.len()).copied().unwrap_or_default();
    let last = LAST.get((number / FIRST.len()) % LAST.len()).copied().unwrap_or_default();
    (first, last)
}

/// The card `number` in its state `turn`.
pub fn card(number: usize, turn: u32) -> String {
    let (first, last) = name(number);
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Cenacle//load//EN\r\nUID:c{number}@load.example.org\r\nN:{last};{first};;;\r\n\
         FN:{first} {last}\r\nEMAIL;TYPE=INTERNET,WORK:{}\r\nTEL;TYPE=WORK:+33 1 23 45 {:02} {:02}\r\n\
         ORG:Institut;Service {}\r\nTITLE:Ingénieur\r\nADR;TYPE=WORK:;;12 rue des Écoles;Paris;;75005;France\r\nNOTE:état {turn}\r\nEND:VCARD\r\n",
        mail(number),
        number % 100,
        (number / 100) % 100,
        number % 17,
    )
}

/// The mail address of a card.
fn mail(number: usize) -> String {
    let (first, last) = name(number);
    format!("{}.{}{number}@example.org", first.to_lowercase(), last.to_lowercase())
}

/// How many of `count` cards have `text` in their name or mail address, without regard to case.
pub fn cards_with(text: &str, count: usize) -> usize {
    let text = text.to_lowercase();
    let has = |number: &usize| {
        let (first, last) = name(*number);
        format!("{first} {last}").to_lowercase().contains(&text) || mail(*number).contains(&text)
    };
    (0..count).filter(has).count()
}
