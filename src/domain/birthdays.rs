//! A calendar of birthdays: how it is known, and what of a card it says.
//!
//! RFC 5545 §3.6.1, §3.8.5.3; RFC 6350 §6.2.5 (BDAY), §6.2.6 (ANNIVERSARY). Knows no storage and no clock.

use super::id::CollectionId;
use super::props::{Change, Prop, Props};
use crate::text::component::{Component, Document, Limits};
use crate::text::line::{escape_text, write_folded};
use crate::text::vcard::{self, Version, YearlyDay, yearly_day};
use sha2::{Digest, Sha256};

/// The kept property by which the calendar is known, and the calendar home of who has one. DAV takes it from nobody.
pub const MARK: (&str, &str) = ("urn:cenacle:properties", "birthdays");
/// The calendar's name in its home.
pub const SLUG: &str = "birthdays";
/// What people call it.
pub const NAME: &str = "Anniversaires";
/// Where a day that comes without a year begins: a leap year, which all clients can show.
const WITHOUT_YEAR: u16 = 2000;
/// When all of its events were written, so that one that says the same stays the same.
const STAMP: &str = "20000101T000000Z";

/// Marks properties: of the calendar, and of the home that it is in.
pub fn mark(props: &mut Props) {
    let (ns, local) = MARK;
    let xml = format!("<{local} xmlns=\"{ns}\"/>");
    props.set(Prop { ns: ns.to_owned(), local: local.to_owned(), text: String::new(), xml });
}

/// Takes the mark away.
pub fn unmark(props: &mut Props) {
    let (ns, local) = MARK;
    props.apply(&[Change::Remove { ns, local }]);
}

/// Whether these are marked.
pub fn is_marked(props: &Props) -> bool {
    props.get(MARK.0, MARK.1).is_some()
}

/// What comes back each year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feast {
    Birthday,
    Anniversary,
}

/// With what the names of the events of an address book begin.
pub fn prefix(book: CollectionId) -> String {
    format!("{book}-")
}

fn name_of(book: CollectionId, card: &str, feast: Feast) -> String {
    let digest = Sha256::digest(card.as_bytes());
    let hex: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let end = if feast == Feast::Birthday { "" } else { "-a" };
    format!("{}{hex}{end}.ics", prefix(book))
}

/// The events of a card, both by name, each with what it says; `None` for one that there is not. `body` is `None` for a card that went.
pub fn events(book: CollectionId, card: &str, body: Option<&str>) -> [(String, Option<String>); 2] {
    let [birthday, anniversary] =
        [Feast::Birthday, Feast::Anniversary].map(|feast| name_of(book, card, feast));
    let none = |birthday, anniversary| [(birthday, None), (anniversary, None)];
    let Some(document) = body.and_then(|body| Document::parse(body, Limits::default()).ok()) else {
        return none(birthday, anniversary);
    };
    let Some(root) = document.roots.first() else { return none(birthday, anniversary) };
    let event = |name: String, feast, property| {
        let day = root.lines_named(property).find_map(yearly_day);
        let who = || called(root);
        let text = day.and_then(|day| Some(event(&name, &summary(feast, &who()?), day)));
        (name, text)
    };
    [event(birthday, Feast::Birthday, "BDAY"), event(anniversary, Feast::Anniversary, "ANNIVERSARY")]
}

/// What a card is called; `None` where it has no name.
fn called(card: &Component<'_>) -> Option<String> {
    let version = Version::of(card).unwrap_or(Version::V3);
    let said = |name: &str| {
        let text = vcard::text(card.line(name)?, version);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    };
    let parts = || {
        let fields = vcard::fields(card.line("N")?, version);
        let of = |at: usize| fields.get(at).into_iter().flatten().map(String::as_str);
        let all: Vec<&str> = of(1).chain(of(0)).filter(|part| !part.trim().is_empty()).collect();
        (!all.is_empty()).then(|| all.join(" "))
    };
    said("FN").or_else(parts).or_else(|| said("NICKNAME")).or_else(|| said("ORG"))
}

fn summary(feast: Feast, who: &str) -> String {
    let what = match feast {
        Feast::Birthday => "Anniversaire",
        Feast::Anniversary => "Anniversaire de mariage",
    };
    let first = crate::text::collation::fold(who).chars().next().unwrap_or_default();
    match first {
        'a' | 'e' | 'i' | 'o' | 'u' | 'y' => format!("{what} d’{who}"),
        _ => format!("{what} de {who}"),
    }
}

fn event(name: &str, summary: &str, of: YearlyDay) -> String {
    let YearlyDay { year, month, day } = of;
    let stem = name.strip_suffix(".ics").unwrap_or(name);
    let mut out = String::with_capacity(320);
    let mut say = |line: &str| write_folded(&mut out, line);
    say("BEGIN:VCALENDAR");
    say("VERSION:2.0");
    say("PRODID:-//Cenacle//Birthdays//FR");
    say("BEGIN:VEVENT");
    say(&format!("UID:birthday-{stem}"));
    say(&format!("DTSTAMP:{STAMP}"));
    say(&format!("DTSTART;VALUE=DATE:{:04}{month:02}{day:02}", year.unwrap_or(WITHOUT_YEAR)));
    // Who was born on a 29th of February feasts on the last day of that month.
    say(if (month, day) == (2, 29) {
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"
    } else {
        "RRULE:FREQ=YEARLY"
    });
    say(&format!("SUMMARY:{}", escape_text(summary)));
    say("TRANSP:TRANSPARENT");
    say("END:VEVENT");
    say("END:VCALENDAR");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::ical::CalendarIndex;

    const BOOK: CollectionId = CollectionId(77);

    fn card(lines: &str) -> [(String, Option<String>); 2] {
        let body = format!("BEGIN:VCARD\r\nVERSION:4.0\r\n{lines}END:VCARD\r\n");
        events(BOOK, "a.vcf", Some(&body))
    }

    #[test]
    fn a_card_has_an_event_for_each_feast() {
        let [(birthday, one), (anniversary, other)] =
            card("FN:Zoé; la grande\r\nBDAY:--0412\r\nANNIVERSARY:20100619\r\n");
        assert!(birthday != anniversary && birthday.starts_with(&prefix(BOOK)));
        let (one, other) = (one.expect("a birthday"), other.expect("an anniversary"));
        assert!(one.contains("DTSTART;VALUE=DATE:20000412\r\nRRULE:FREQ=YEARLY\r\n"), "{one}");
        assert!(one.contains("SUMMARY:Anniversaire de Zoé\\; la grande\r\n"), "{one}");
        assert!(other.contains("DTSTART;VALUE=DATE:20100619"), "{other}");
        for text in [one, other] {
            let document = Document::parse(&text, Limits::default()).expect("well-formed");
            CalendarIndex::build(&document).expect("a calendar object");
        }
    }

    #[test]
    fn what_a_card_does_not_say_is_no_event() {
        for lines in ["FN:A\r\n", "FN:A\r\nBDAY:1985\r\n", "BDAY:19850412\r\n"] {
            assert!(card(lines).iter().all(|(_, text)| text.is_none()), "{lines}");
        }
        assert_eq!(events(BOOK, "a.vcf", None), card("FN:A\r\n"));
        assert_eq!(events(BOOK, "a.vcf", Some("no card")), card("FN:A\r\n"));
    }

    #[test]
    fn names_are_called_as_they_are() {
        let said = |lines: &str| card(&format!("{lines}BDAY:20000229\r\n"))[0].1.clone().expect("an event");
        assert!(said("FN:Élise\r\n").contains("SUMMARY:Anniversaire d’Élise\r\n"));
        assert!(said("N:Martin;Claire;;;\r\n").contains("SUMMARY:Anniversaire de Claire Martin\r\n"));
        assert!(said("FN: \r\nNICKNAME:Bob\r\n").contains("Anniversaire de Bob\r\n"));
        assert!(said("FN:x\r\n").contains("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1\r\n"));
    }
}
