//! Whether a series has so many instances in its first month that no calendar program could show them.
//!
//! RFC 4791 §5.2.8 bounds the instances of an object. Taken by the letter it would refuse the endless series that every client
//! writes, so they are counted in the month from DTSTART. Knows no zone: an hour more or less does not matter here.

use super::CalendarIndex;
use super::index::{ComponentKind, Part};
use crate::text::recur::civil::DAY;
use crate::text::recur::{Budget, Frequency, Pattern, Rule, Until};
use std::ops::ControlFlow;

/// Days that instances are counted in.
const MONTH: i64 = 31;
/// Steps that may be spent besides one for each instance; a rule that needs more has few instances.
const STEPS: u64 = 20_000;

/// Whether the rules of an object give more than `most` instances in the month from their DTSTART.
pub fn is_denser(index: &CalendarIndex, most: u64) -> bool {
    // There is one instance a second at most.
    if most >= (MONTH * DAY).unsigned_abs() {
        return false;
    }
    if !matches!(index.kind, ComponentKind::Event | ComponentKind::Todo | ComponentKind::Journal) {
        return false;
    }
    let mut left = most;
    index.parts.iter().any(|part| {
        part.rules.iter().filter(|rule| may_be_dense(rule)).any(|rule| !fits(part, rule, &mut left))
    })
}

/// Less than daily with one time of the day is one instance a day at most.
fn may_be_dense(rule: &Rule) -> bool {
    rule.frequency < Frequency::Daily || rule.hours != 0 || rule.minutes != 0 || rule.seconds != 0
}

/// Takes the instances of a rule from what is left; false where that is not enough.
fn fits(part: &Part, rule: &Rule, left: &mut u64) -> bool {
    let Some(anchor) = part.anchor() else { return true };
    let pattern = Pattern::new(rule, anchor.civil);
    let until = match rule.until {
        Some(Until::Utc(at)) => at,
        _ => i64::MAX,
    };
    let to = anchor.civil.saturating_add(MONTH * DAY).min(until);
    let mut budget = Budget::new(left.saturating_add(STEPS), 0);
    // Out of budget means few instances, or it would have broken off.
    let walked = pattern.walk(anchor.civil, to, &mut budget, &mut |_| match left.checked_sub(1) {
        Some(less) => {
            *left = less;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    });
    !walked.is_ok_and(|flow| flow.is_break())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::component::{Document, Limits};

    fn dense(rules: &[&str], most: u64) -> bool {
        let rules: String = rules.iter().map(|rule| format!("RRULE:{rule}\r\n")).collect();
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\n\
             DTSTART:20260301T090000Z\r\n{rules}END:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let document = Document::parse(&text, Limits::default()).expect("parsed");
        is_denser(&CalendarIndex::build(&document).expect("built"), most)
    }

    #[test]
    fn endless_series_of_real_life_are_none() {
        for rule in ["FREQ=DAILY", "FREQ=HOURLY", "FREQ=MINUTELY;INTERVAL=5", "FREQ=DAILY;COUNT=2147483647"] {
            assert!(!dense(&[rule], 10_000), "{rule}");
        }
        for rule in ["FREQ=SECONDLY", "FREQ=MINUTELY"] {
            assert!(dense(&[rule], 10_000), "{rule}");
        }
        let by_parts = "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8;BYMINUTE=0,1,2;BYSECOND=0,1,2";
        assert!(dense(&[by_parts], 2_500) && !dense(&[by_parts], 2_600));
    }

    #[test]
    fn rules_count_together_and_ended_ones_by_what_they_give() {
        assert!(!dense(&["FREQ=HOURLY;COUNT=100"], 100));
        assert!(dense(&["FREQ=HOURLY;COUNT=101"], 100));
        assert!(dense(&["FREQ=HOURLY;COUNT=60", "FREQ=MINUTELY;COUNT=60"], 100));
        assert!(!dense(&["FREQ=SECONDLY;UNTIL=20260301T090100Z"], 100));
        // What hardly ever matches costs little to know.
        assert!(!dense(&["FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"], 100));
    }
}
