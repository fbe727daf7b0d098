//! The value of RRULE and EXRULE (RFC 5545 §3.3.10, RFC 7529 §4): text to bit sets, and no evaluation.

use super::moment::Moment;
use super::scale;
use serde::{Deserialize, Serialize};

/// FREQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Frequency {
    Secondly,
    Minutely,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// SKIP: what becomes of 30 February (RFC 7529 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Skip {
    /// It is left out.
    #[default]
    Omit,
    /// It becomes the last day of February.
    Backward,
    /// It becomes 1 March.
    Forward,
}

/// UNTIL, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Until {
    /// A day number: through the end of that day.
    Date(i64),
    /// Civil seconds in the zone of DTSTART.
    Local(i64),
    /// Seconds UTC.
    Utc(i64),
}

/// A recurrence rule. Zero or empty means that the part is absent. Bits stand at the number they mean
/// (`months & 1 << 2` is February), weekdays from Monday = bit 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// FREQ.
    pub frequency: Frequency,
    /// INTERVAL, at least 1.
    pub interval: u32,
    /// COUNT. DTSTART is the first that counts.
    pub count: Option<u32>,
    /// UNTIL.
    pub until: Option<Until>,
    /// BYMONTH.
    pub months: u16,
    /// BYMONTHDAY above zero.
    pub month_days: u32,
    /// BYMONTHDAY below zero: bit 1 is the last day.
    pub month_days_back: u32,
    /// BYDAY without number.
    pub weekdays: u8,
    /// BYDAY with number: (which, weekday).
    pub nth_weekdays: Vec<(i8, u8)>,
    /// BYYEARDAY, sorted.
    pub year_days: Vec<i16>,
    /// BYWEEKNO above zero.
    pub weeks: u64,
    /// BYWEEKNO below zero: bit 1 is the last week.
    pub weeks_back: u64,
    /// BYHOUR.
    pub hours: u32,
    /// BYMINUTE.
    pub minutes: u64,
    /// BYSECOND.
    pub seconds: u64,
    /// BYSETPOS, sorted.
    pub positions: Vec<i16>,
    /// WKST: 0 is Monday.
    pub week_start: u8,
    /// SKIP.
    pub skip: Skip,
    /// RSCALE names a calendar other than the Gregorian: only DTSTART itself is an instance, for we cannot say more.
    pub rscale_unsupported: bool,
    /// Civil seconds of the last instance that COUNT allows, once [`super::Pattern::settle`] found it.
    pub last: Option<i64>,
}

/// Why a rule cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRule(pub &'static str);

impl Rule {
    /// A rule with nothing but a frequency.
    pub fn every(frequency: Frequency) -> Self {
        Rule {
            frequency,
            interval: 1,
            count: None,
            until: None,
            months: 0,
            month_days: 0,
            month_days_back: 0,
            weekdays: 0,
            nth_weekdays: Vec::new(),
            year_days: Vec::new(),
            weeks: 0,
            weeks_back: 0,
            hours: 0,
            minutes: 0,
            seconds: 0,
            positions: Vec::new(),
            week_start: 0,
            skip: Skip::Omit,
            rscale_unsupported: false,
            last: None,
        }
    }

    /// Reads the value of RRULE. Case, blanks, an empty part, INTERVAL=0 (as 1), second 60 (as 59) and unknown parts
    /// are tolerated; numbers out of range and a missing FREQ are not.
    pub fn parse(text: &str) -> Result<Rule, BadRule> {
        let parts = || {
            text.split(';').filter_map(|part| {
                let (name, value) = part.split_once('=')?;
                Some((name.trim().to_ascii_uppercase(), value.trim()))
            })
        };
        let frequency = parts()
            .find(|(name, _)| name == "FREQ")
            .and_then(|(_, value)| frequency(value))
            .ok_or(BadRule("RRULE without a valid FREQ"))?;
        let mut rule = Rule::every(frequency);
        rule.rscale_unsupported =
            parts().any(|(name, value)| name == "RSCALE" && !scale::is_gregorian(value));
        if rule.rscale_unsupported {
            // Its numbers follow another calendar (`BYMONTH=5L`) and are not ours to judge.
            return Ok(rule);
        }
        for (name, value) in parts() {
            rule.part(&name, value)?;
        }
        rule.year_days.sort_unstable();
        rule.year_days.dedup();
        rule.positions.sort_unstable();
        rule.positions.dedup();
        rule.nth_weekdays.sort_unstable();
        rule.nth_weekdays.dedup();
        Ok(rule)
    }

    fn part(&mut self, name: &str, value: &str) -> Result<(), BadRule> {
        match name {
            "INTERVAL" => {
                self.interval =
                    value.parse().map(|n: u32| n.max(1)).map_err(|_| BadRule("RRULE with a bad INTERVAL"))?;
            }
            "COUNT" => self.count = Some(value.parse().map_err(|_| BadRule("RRULE with a bad COUNT"))?),
            "UNTIL" => {
                let moment = Moment::parse(value).ok_or(BadRule("RRULE with a bad UNTIL"))?;
                self.until = Some(match moment {
                    Moment::Date(day) => Until::Date(day),
                    Moment::Local(seconds) => Until::Local(seconds),
                    Moment::Utc(seconds) => Until::Utc(seconds),
                });
            }
            "BYSECOND" => each(value, 0, 60, |n| self.seconds |= 1 << n.min(59))?,
            "BYMINUTE" => each(value, 0, 59, |n| self.minutes |= 1 << n)?,
            "BYHOUR" => each(value, 0, 23, |n| self.hours |= 1 << n)?,
            "BYMONTH" => each(value, 1, 12, |n| self.months |= 1 << n)?,
            "BYMONTHDAY" => each(value, -31, 31, |n| match n {
                1.. => self.month_days |= 1 << n,
                _ => self.month_days_back |= 1 << -n,
            })?,
            "BYYEARDAY" => each(value, -366, 366, |n| self.year_days.extend(i16::try_from(n)))?,
            "BYWEEKNO" => each(value, -53, 53, |n| match n {
                1.. => self.weeks |= 1 << n,
                _ => self.weeks_back |= 1 << -n,
            })?,
            "BYSETPOS" => each(value, -366, 366, |n| self.positions.extend(i16::try_from(n)))?,
            "BYDAY" => {
                for item in value.split(',').map(str::trim).filter(|item| !item.is_empty()) {
                    self.day(item)?;
                }
            }
            "WKST" => self.week_start = weekday(value).ok_or(BadRule("RRULE with a bad WKST"))?,
            "SKIP" => {
                self.skip = match value.to_ascii_uppercase().as_str() {
                    "OMIT" => Skip::Omit,
                    "BACKWARD" => Skip::Backward,
                    "FORWARD" => Skip::Forward,
                    _ => return Err(BadRule("RRULE with a bad SKIP")),
                };
            }
            _ => {}
        }
        Ok(())
    }

    /// One item of BYDAY: `MO`, `-1FR`, `+2TU`.
    fn day(&mut self, item: &str) -> Result<(), BadRule> {
        const BAD: BadRule = BadRule("RRULE with a bad BYDAY");
        let split = item.len().checked_sub(2).ok_or(BAD)?;
        let (number, name) = item.split_at_checked(split).ok_or(BAD)?;
        let weekday = weekday(name).ok_or(BAD)?;
        if number.trim().is_empty() {
            self.weekdays |= 1 << weekday;
            return Ok(());
        }
        match number.trim().parse::<i8>() {
            Ok(n) if n != 0 && (-53..=53).contains(&n) => self.nth_weekdays.push((n, weekday)),
            _ => return Err(BAD),
        }
        Ok(())
    }

    /// Whether the rule has no end of its own.
    pub fn is_infinite(&self) -> bool {
        self.count.is_none() && self.until.is_none() && !self.rscale_unsupported
    }
}

/// Calls `keep` for each number of a comma list; zero is only allowed where `least` is zero.
fn each(value: &str, least: i32, most: i32, mut keep: impl FnMut(i32)) -> Result<(), BadRule> {
    let mut any = false;
    for item in value.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        match item.parse::<i32>() {
            Ok(n) if (least..=most).contains(&n) && (n != 0 || least == 0) => keep(n),
            _ => return Err(BadRule("RRULE with a number out of range")),
        }
        any = true;
    }
    if any { Ok(()) } else { Err(BadRule("RRULE with an empty list")) }
}

fn frequency(text: &str) -> Option<Frequency> {
    Some(match text.to_ascii_uppercase().as_str() {
        "SECONDLY" => Frequency::Secondly,
        "MINUTELY" => Frequency::Minutely,
        "HOURLY" => Frequency::Hourly,
        "DAILY" => Frequency::Daily,
        "WEEKLY" => Frequency::Weekly,
        "MONTHLY" => Frequency::Monthly,
        "YEARLY" => Frequency::Yearly,
        _ => return None,
    })
}

fn weekday(text: &str) -> Option<u8> {
    Some(match text.to_ascii_uppercase().as_str() {
        "MO" => 0,
        "TU" => 1,
        "WE" => 2,
        "TH" => 3,
        "FR" => 4,
        "SA" => 5,
        "SU" => 6,
        _ => return None,
    })
}
