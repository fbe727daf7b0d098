//! What is seen of an object that is not all public: whole parts as they are, masked ones as an outline, absent ones not at all.
//!
//! An outline is written anew from the compact form, which has no texts. Where the master is whole the other bytes of its
//! object stay; where it is not, nothing of the object around its whole overrides is left.

use super::{Class, Showing, Sight};
use crate::domain::id::Etag;
use crate::domain::personal;
use crate::text::component::{Component, Document, Edit, apply};
use crate::text::ical::CalendarIndex;
use crate::text::ical::index::{ComponentKind, Part, When};
use crate::text::ical::outline::{Definitions, Outline};
use std::collections::HashSet;

/// What is seen of an object.
#[derive(Debug)]
pub enum Form {
    /// The very bytes.
    Whole,
    /// Others.
    Masked(Box<Masked>),
    /// Nothing.
    Absent,
}

/// What is seen in the place of an object.
#[derive(Debug)]
pub struct Masked {
    /// An object with the same UID.
    pub body: String,
    /// Digest of it without the definitions of IANA zones, which follow the zone data of the day and say nothing of the object.
    pub etag: Etag,
    /// Its compact form.
    pub index: CalendarIndex,
}

/// What is seen of an object whose parts have these classes. What cannot be made to be seen is not.
pub fn form(index: &CalendarIndex, body: &str, classes: &[Class], sight: Sight) -> Form {
    let showing: Vec<Showing> = classes.iter().map(|class| sight.of(*class)).collect();
    let all = |wanted| showing.iter().all(|one| *one == wanted);
    if all(Showing::Whole) {
        return Form::Whole;
    }
    if all(Showing::Absent) {
        return Form::Absent;
    }
    // Of a whole part beside hidden ones what is its owner's own is hidden too.
    let view = if all(Showing::Masked) || !sight.foreign { None } else { personal::view(body, None) };
    let (index, body) = view.as_ref().map_or((index, body), |view| (&view.index, view.body.as_str()));
    let parts = index.parts.iter().zip(classes).zip(&showing).map(|((part, class), showing)| Seen {
        part,
        class: *class,
        showing: *showing,
    });
    let work = Work { index, body, parts: parts.collect() };
    let text = if all(Showing::Masked) { Some(work.outlined()) } else { work.mixed() };
    let made = text.and_then(|text| {
        let seen = text.with(true);
        let document = Document::parse(&seen, Default::default()).ok()?;
        let index = CalendarIndex::build(&document).ok()?;
        drop(document);
        Some(Masked { etag: Etag::of(text.with(false).as_bytes()), index, body: seen })
    });
    made.map_or(Form::Absent, |masked| Form::Masked(Box::new(masked)))
}

struct Seen<'i> {
    part: &'i Part,
    class: Class,
    showing: Showing,
}

struct Work<'i> {
    index: &'i CalendarIndex,
    body: &'i str,
    parts: Vec<Seen<'i>>,
}

/// A text with a place for definitions.
struct Text {
    before: String,
    definitions: Definitions,
    after: String,
}

impl Text {
    fn with(&self, known: bool) -> String {
        let Text { before, definitions: Definitions { own, known: iana }, after } = self;
        let iana = if known { iana.as_str() } else { "" };
        [before.as_str(), own.as_str(), iana, after.as_str()].concat()
    }
}

const BEGIN: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Cenacle//Cenacle//EN\r\n";
const END: &str = "END:VCALENDAR\r\n";

impl<'i> Work<'i> {
    /// All parts as outlines.
    fn outlined(&self) -> Text {
        let mut outline = Outline::new(self.index);
        let mut after = String::new();
        for seen in &self.parts {
            self.outline(&mut outline, &mut after, seen);
        }
        after.push_str(END);
        Text { before: BEGIN.to_owned(), definitions: outline.definitions(|_| false), after }
    }

    /// Of several overrides of one instance only the one that counts is outlined.
    fn outline(&self, outline: &mut Outline<'i>, out: &mut String, seen: &Seen<'i>) {
        if seen.part.superseded {
            return;
        }
        let class = match seen.class {
            Class::Public => "CLASS:PUBLIC",
            Class::Private => "CLASS:PRIVATE",
            Class::Confidential => "CLASS:CONFIDENTIAL",
        };
        let all = ["SUMMARY:Busy", class];
        let says = if self.index.kind == ComponentKind::FreeBusy { all.get(1..) } else { all.get(..) };
        let without = if seen.part.is_recurring() { self.absent() } else { Vec::new() };
        outline.part(out, seen.part, says.unwrap_or_default(), &without);
    }

    /// Which instances are those of absent overrides.
    fn absent(&self) -> Vec<When> {
        let absent = self.parts.iter().filter(|seen| seen.showing == Showing::Absent);
        absent.filter_map(|seen| seen.part.recurrence_id).collect()
    }

    fn mixed(&self) -> Option<Text> {
        let document = Document::parse(self.body, Default::default()).ok()?;
        let calendar = document.roots.first()?;
        let master = self.parts.iter().find(|seen| seen.part.recurrence_id.is_none());
        match master {
            Some(master) if master.showing == Showing::Whole => self.beside_master(calendar, master.part),
            _ => Some(self.without_master(calendar)),
        }
    }

    /// The object with its hidden overrides replaced or left out.
    fn beside_master(&self, calendar: &Component<'_>, master: &Part) -> Option<Text> {
        let mut outline = Outline::new(self.index);
        let mut edits = Vec::new();
        let mut excluded = String::new();
        for id in self.absent().into_iter().filter(|_| master.is_recurring()) {
            outline.moment(&mut excluded, "EXDATE", id);
        }
        for seen in self.parts.iter().filter(|seen| seen.showing != Showing::Whole) {
            let mut with = String::new();
            if seen.showing == Showing::Masked {
                self.outline(&mut outline, &mut with, seen);
            }
            edits.push(Edit { span: seen.part.span.start as usize..seen.part.span.end as usize, with });
        }
        let at = calendar.children.iter().find(|child| child.span.start == master.span.start as usize)?;
        edits.push(Edit { span: at.end.start..at.end.start, with: excluded });
        let has = tzids(calendar.children_named("VTIMEZONE"));
        let definitions = outline.definitions(|tzid| has.contains(tzid));
        // In front of all parts, so that no place moves.
        let cut = self.parts.iter().map(|seen| seen.part.span.start as usize).min()?;
        let before = self.body.get(..cut)?.to_owned();
        for edit in &mut edits {
            edit.span = edit.span.start.checked_sub(cut)?..edit.span.end.checked_sub(cut)?;
        }
        Some(Text { before, definitions, after: apply(self.body.get(cut..)?, edits) })
    }

    /// A new object with the whole parts as they are, and outlines.
    fn without_master(&self, calendar: &Component<'_>) -> Text {
        let mut outline = Outline::new(self.index);
        let mut after = String::new();
        let mut named = HashSet::new();
        for seen in &self.parts {
            match seen.showing {
                Showing::Absent => {}
                Showing::Masked => self.outline(&mut outline, &mut after, seen),
                Showing::Whole => {
                    let start = seen.part.span.start as usize;
                    let own = calendar.children.iter().find(|child| child.span.start == start);
                    named.extend(own.into_iter().flat_map(tzids_used));
                    push_lines(&mut after, seen.part.span.of(self.body));
                }
            }
        }
        after.push_str(END);
        let mut before = BEGIN.to_owned();
        let wanted: Vec<&Component<'_>> = calendar
            .children_named("VTIMEZONE")
            .filter(|zone| zone.value("TZID").is_some_and(|tzid| named.contains(tzid.trim())))
            .collect();
        for zone in &wanted {
            push_lines(&mut before, self.body.get(zone.span.clone()).unwrap_or_default());
        }
        let has = tzids(wanted.into_iter());
        Text { before, definitions: outline.definitions(|tzid| has.contains(tzid)), after }
    }
}

/// The last line of a text may have no end.
fn push_lines(out: &mut String, lines: &str) {
    out.push_str(lines);
    if !lines.ends_with(['\n', '\r']) {
        out.push_str("\r\n");
    }
}

fn tzids<'c, 'a: 'c>(zones: impl Iterator<Item = &'c Component<'a>>) -> HashSet<String> {
    zones.filter_map(|zone| zone.value("TZID")).map(|tzid| tzid.trim().to_owned()).collect()
}

/// The zones that a component and those in it name.
fn tzids_used(component: &Component<'_>) -> Vec<String> {
    let mut all = Vec::new();
    let mut open = vec![component];
    while let Some(one) = open.pop() {
        all.extend(one.lines.iter().filter_map(|line| line.param("TZID")).map(|tzid| tzid.trim().to_owned()));
        open.extend(&one.children);
    }
    all
}
