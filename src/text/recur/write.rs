//! A recurrence rule as text, in one spelling: what [`Rule::parse`] reads as the same rule (RFC 5545 §3.3.10, RFC 7529 §4.1).

use super::moment::{write_date, write_local};
use super::rule::{Frequency, Rule, Skip, Until};
use std::fmt::{self, Display, Formatter};

const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl Display for Rule {
    /// A rule of another calendar than the Gregorian says only its frequency, for nothing else of it was read.
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let skips = self.skip != Skip::Omit;
        if skips {
            out.write_str("RSCALE=GREGORIAN;")?;
        }
        write!(out, "FREQ={}", frequency(self.frequency))?;
        if self.interval != 1 {
            write!(out, ";INTERVAL={}", self.interval)?;
        }
        if let Some(count) = self.count {
            write!(out, ";COUNT={count}")?;
        }
        match self.until {
            None => {}
            Some(Until::Date(day)) => write!(out, ";UNTIL={}", write_date(day))?,
            Some(Until::Local(seconds)) => write!(out, ";UNTIL={}", write_local(seconds))?,
            Some(Until::Utc(seconds)) => write!(out, ";UNTIL={}Z", write_local(seconds))?,
        }
        list(out, "BYMONTH", bits(self.months.into()))?;
        list(out, "BYWEEKNO", bits(self.weeks).chain(back(self.weeks_back)))?;
        list(out, "BYYEARDAY", self.year_days.iter().copied())?;
        list(out, "BYMONTHDAY", bits(self.month_days.into()).chain(back(self.month_days_back.into())))?;
        list(out, "BYDAY", self.days())?;
        list(out, "BYHOUR", bits(self.hours.into()))?;
        list(out, "BYMINUTE", bits(self.minutes))?;
        list(out, "BYSECOND", bits(self.seconds))?;
        list(out, "BYSETPOS", self.positions.iter().copied())?;
        if self.week_start != 0 {
            write!(out, ";WKST={}", day(self.week_start))?;
        }
        match self.skip {
            Skip::Omit => Ok(()),
            Skip::Backward => out.write_str(";SKIP=BACKWARD"),
            Skip::Forward => out.write_str(";SKIP=FORWARD"),
        }
    }
}

impl Rule {
    fn days(&self) -> impl Iterator<Item = String> {
        let plain = (0..7).filter(|at| self.weekdays & 1 << at != 0).map(|at| day(at).to_owned());
        plain.chain(self.nth_weekdays.iter().map(|(nth, at)| format!("{nth}{}", day(*at))))
    }
}

fn frequency(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Secondly => "SECONDLY",
        Frequency::Minutely => "MINUTELY",
        Frequency::Hourly => "HOURLY",
        Frequency::Daily => "DAILY",
        Frequency::Weekly => "WEEKLY",
        Frequency::Monthly => "MONTHLY",
        Frequency::Yearly => "YEARLY",
    }
}

fn day(at: u8) -> &'static str {
    DAYS.get(usize::from(at)).copied().unwrap_or("MO")
}

/// The numbers of the bits that are set.
fn bits(set: u64) -> impl Iterator<Item = i16> {
    (0_i16..64).filter(move |at| set & 1 << at != 0)
}

/// The same, counted from the end.
fn back(set: u64) -> impl Iterator<Item = i16> {
    bits(set).map(|at| -at)
}

fn list<T: Display>(out: &mut Formatter<'_>, name: &str, values: impl Iterator<Item = T>) -> fmt::Result {
    for (at, value) in values.enumerate() {
        if at == 0 {
            write!(out, ";{name}=")?;
        } else {
            out.write_str(",")?;
        }
        write!(out, "{value}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_back_as_it_was() {
        for text in [
            "FREQ=DAILY",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=10;BYDAY=MO,FR;WKST=SU",
            "FREQ=MONTHLY;UNTIL=20270101;BYMONTHDAY=1,31,-1,-31",
            "FREQ=MONTHLY;UNTIL=20270101T120000Z;BYDAY=-1FR,2TU,MO;BYSETPOS=-1,1",
            "FREQ=YEARLY;UNTIL=20270101T120000;BYMONTH=1,12;BYWEEKNO=1,53,-1;BYYEARDAY=-366,1,366",
            "FREQ=HOURLY;BYHOUR=0,23;BYMINUTE=0,59;BYSECOND=0,59",
            "RSCALE=GREGORIAN;FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;SKIP=FORWARD",
            "FREQ=SECONDLY;COUNT=0",
        ] {
            let rule = Rule::parse(text).expect("a rule");
            assert_eq!(Rule::parse(&rule.to_string()), Ok(rule.clone()), "{text}: {rule}");
        }
    }
}
