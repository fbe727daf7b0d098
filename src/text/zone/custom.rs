//! A VTIMEZONE evaluated by its own rules (RFC 5545 §3.6.5), through the same recurrence as events.

use super::super::component::Component;
use super::super::ical::values;
use super::super::recur::moment::Moment;
use super::super::recur::{Budget, Frequency, Pattern, Rule, Until};
use serde::{Deserialize, Serialize};

/// Observances that a definition may have; real ones have up to some hundred.
const MAX_OBSERVANCES: usize = 500;
/// Observances with a rule among them; the longest history of a real zone has some twenty.
const MAX_RULES: usize = 40;
/// Steps one look-up may take; a sane definition needs about ten.
const LOOKUP_STEPS: u64 = 5_000;
/// Steps that settling COUNT may take for one definition.
const SETTLE_STEPS: u64 = 10_000;
/// An instant like those that will be asked for: 2035.
const SAMPLE: i64 = 2_051_222_400;
const DAY: i64 = 86_400;

/// A zone that only its file knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custom {
    /// Its TZID.
    pub tzid: String,
    /// STANDARD and DAYLIGHT, never empty.
    pub observances: Vec<Observance>,
    /// Steps that one look-up takes: what a walk over instances pays for each.
    pub cost: u32,
}

/// One STANDARD or DAYLIGHT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observance {
    /// DTSTART: civil seconds by the clock before the change.
    pub onset: i64,
    /// TZOFFSETFROM in seconds.
    pub from: i32,
    /// TZOFFSETTO in seconds.
    pub to: i32,
    /// RRULE, its UNTIL in civil time, its COUNT settled.
    pub rule: Option<Rule>,
    /// RDATE: further onsets in civil seconds.
    pub further: Vec<i64>,
}

impl Custom {
    /// Reads a VTIMEZONE; observances without a readable DTSTART or offset are left out, `None` where none remains.
    pub fn parse(tzid: &str, definition: &Component<'_>) -> Option<Custom> {
        let mut budget = Budget::new(SETTLE_STEPS, 0);
        let mut observances: Vec<_> = definition
            .children
            .iter()
            .filter(|child| child.is("STANDARD") || child.is("DAYLIGHT"))
            .take(MAX_OBSERVANCES)
            .filter_map(|child| Observance::parse(child, &mut budget))
            .collect();
        let with_rule = observances.iter_mut().filter(|observance| observance.rule.is_some());
        with_rule.skip(MAX_RULES).for_each(|observance| observance.rule = None);
        if observances.is_empty() {
            return None;
        }
        let mut custom = Custom { tzid: tzid.to_owned(), observances, cost: 0 };
        let mut budget = Budget::new(LOOKUP_STEPS, 0);
        custom.latest_within(SAMPLE, &mut budget);
        let spent = LOOKUP_STEPS - budget.steps;
        custom.cost = u32::try_from(spent).unwrap_or(u32::MAX);
        Some(custom)
    }

    /// Seconds east of UTC at an instant in seconds.
    pub(super) fn offset(&self, utc: i64) -> i32 {
        match self.latest(utc) {
            Some((_, observance)) => observance.to,
            None => self.earliest_offset(),
        }
    }

    /// Seconds UTC of civil seconds: the offset before a gap, the first of an overlap.
    pub(super) fn utc_seconds(&self, civil: i64) -> i64 {
        // No civil time is further from UTC than a day; two changes within two days are already unheard of.
        let mut before = civil.saturating_add(DAY);
        for _ in 0..8 {
            let Some((onset, observance)) = self.latest(before) else { break };
            if civil >= onset + i64::from(observance.from.max(observance.to)) {
                return civil - i64::from(observance.to);
            }
            before = onset - 1;
        }
        civil - i64::from(self.offset(before))
    }

    /// The last onset at or before an instant, in seconds UTC.
    fn latest(&self, utc: i64) -> Option<(i64, &Observance)> {
        self.latest_within(utc, &mut Budget::new(LOOKUP_STEPS, 0))
    }

    fn latest_within(&self, utc: i64, budget: &mut Budget) -> Option<(i64, &Observance)> {
        self.observances
            .iter()
            .filter_map(|observance| Some((observance.latest(utc, budget)?, observance)))
            .max_by_key(|(onset, _)| *onset)
    }

    /// Before the first onset the clock stood as the first observance says.
    fn earliest_offset(&self) -> i32 {
        self.observances
            .iter()
            .min_by_key(|observance| observance.onset)
            .map_or(0, |observance| observance.from)
    }
}

impl Observance {
    fn parse(component: &Component<'_>, budget: &mut Budget) -> Option<Observance> {
        let onset = Moment::parse(component.value("DTSTART")?)?.literal();
        let to = values::offset(component.value("TZOFFSETTO")?)?;
        let from = component.value("TZOFFSETFROM").and_then(values::offset).unwrap_or(to);
        let rule = component.value("RRULE").and_then(|text| Rule::parse(text).ok()).filter(is_plain).map(
            |mut rule| {
                if let Some(Until::Utc(utc)) = rule.until {
                    rule.until = Some(Until::Local(utc + i64::from(from)));
                }
                rule.last = Pattern::new(&rule, onset).settle(budget).unwrap_or(None);
                rule
            },
        );
        let mut further: Vec<i64> = component
            .lines_named("RDATE")
            .flat_map(|line| line.value().split(','))
            .filter_map(|value| Moment::parse(value.split('/').next()?))
            .map(|moment| match moment {
                Moment::Utc(utc) => utc + i64::from(from),
                other => other.literal(),
            })
            .collect();
        further.sort_unstable();
        further.dedup();
        Some(Observance { onset, from, to, rule, further })
    }

    /// The last time at or before `utc` that this observance began, in seconds UTC.
    fn latest(&self, utc: i64, budget: &mut Budget) -> Option<i64> {
        let from = i64::from(self.from);
        let limit = utc.saturating_add(from);
        let first = (self.onset <= limit).then_some(self.onset);
        let by_rule = self.rule.as_ref().filter(|_| first.is_some()).and_then(|rule| {
            // A definition that burns its budget counts as if it had no rule.
            Pattern::new(rule, self.onset).last_before(limit, budget).unwrap_or(None)
        });
        let later = self.further.partition_point(|&onset| onset <= limit);
        let by_date = later.checked_sub(1).and_then(|at| self.further.get(at)).copied();
        [first, by_rule, by_date].into_iter().flatten().max().map(|civil| civil - from)
    }
}

/// Whether a rule can be meant for a clock: once or some times a year. Whatever else counts as no rule.
fn is_plain(rule: &Rule) -> bool {
    rule.frequency >= Frequency::Monthly
        && rule.hours == 0
        && rule.minutes == 0
        && rule.seconds == 0
        && rule.positions.is_empty()
}
