//! A slow model written apart from the engine: walks over every second, minute or day and asks "is this one in the rule?".
//! It shares no arithmetic with the engine: dates are `jiff` dates, and a set for BYSETPOS is gathered by trying everything.

use super::{expand_in, moment};
use crate::text::recur::civil;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Span, ToSpan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

#[derive(Debug, Clone)]
struct Spec {
    freq: &'static str,
    interval: i64,
    months: Vec<i64>,
    weeks: Vec<i64>,
    year_days: Vec<i64>,
    month_days: Vec<i64>,
    days: Vec<(i64, usize)>,
    hours: Vec<i64>,
    minutes: Vec<i64>,
    seconds: Vec<i64>,
    positions: Vec<i64>,
    wkst: usize,
    skip: &'static str,
    count: Option<usize>,
    start: DateTime,
}

impl Spec {
    fn text(&self) -> String {
        let mut out = format!("FREQ={};INTERVAL={};WKST={}", self.freq, self.interval, DAYS[self.wkst]);
        let lists = [
            ("BYMONTH", &self.months),
            ("BYWEEKNO", &self.weeks),
            ("BYYEARDAY", &self.year_days),
            ("BYMONTHDAY", &self.month_days),
            ("BYHOUR", &self.hours),
            ("BYMINUTE", &self.minutes),
            ("BYSECOND", &self.seconds),
            ("BYSETPOS", &self.positions),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            let numbers: Vec<_> = list.iter().map(i64::to_string).collect();
            out.push_str(&format!(";{name}={}", numbers.join(",")));
        }
        if !self.days.is_empty() {
            let days: Vec<_> = self
                .days
                .iter()
                .map(|&(n, day)| if n == 0 { DAYS[day].to_owned() } else { format!("{n}{}", DAYS[day]) })
                .collect();
            out.push_str(&format!(";BYDAY={}", days.join(",")));
        }
        if self.skip != "OMIT" {
            out.push_str(&format!(";RSCALE=GREGORIAN;SKIP={}", self.skip));
        }
        if let Some(count) = self.count {
            out.push_str(&format!(";COUNT={count}"));
        }
        out
    }

    fn coarse(&self) -> bool {
        ["YEARLY", "MONTHLY", "WEEKLY", "DAILY"].contains(&self.freq)
    }

    fn week_start(&self, date: Date) -> Date {
        let mut date = date;
        while date.weekday().to_monday_zero_offset() as usize != self.wkst {
            date = date.yesterday().expect("in range");
        }
        date
    }

    /// The start of the period that holds `at`.
    fn period(&self, at: DateTime) -> DateTime {
        let date = at.date();
        match self.freq {
            "YEARLY" => date.first_of_year().to_datetime(jiff::civil::Time::midnight()),
            "MONTHLY" => date.first_of_month().to_datetime(jiff::civil::Time::midnight()),
            "WEEKLY" => self.week_start(date).to_datetime(jiff::civil::Time::midnight()),
            "DAILY" => date.to_datetime(jiff::civil::Time::midnight()),
            "HOURLY" => date.at(at.hour(), 0, 0, 0),
            "MINUTELY" => date.at(at.hour(), at.minute(), 0, 0),
            _ => at,
        }
    }

    /// Whether the period is a whole number of intervals from that of DTSTART.
    fn on_interval(&self, period: DateTime) -> bool {
        let first = self.period(self.start);
        let days = period.date().duration_since(first.date()).as_hours() / 24;
        let seconds = period.duration_since(first).as_secs();
        let between = match self.freq {
            "YEARLY" => i64::from(period.year()) - i64::from(first.year()),
            "MONTHLY" => {
                (i64::from(period.year()) - i64::from(first.year())) * 12 + i64::from(period.month())
                    - i64::from(first.month())
            }
            "WEEKLY" => days / 7,
            "DAILY" => days,
            "HOURLY" => seconds / 3_600,
            "MINUTELY" => seconds / 60,
            _ => seconds,
        };
        between.rem_euclid(self.interval) == 0
    }

    fn no_day_part(&self) -> bool {
        self.days.is_empty() && self.month_days.is_empty() && self.year_days.is_empty()
    }

    fn month_ok(&self, date: Date) -> bool {
        let from_start =
            self.freq == "YEARLY" && self.months.is_empty() && self.weeks.is_empty() && self.no_day_part();
        if from_start {
            return date.month() == self.start.month();
        }
        self.months.is_empty() || self.months.contains(&i64::from(date.month()))
    }

    fn week_ok(&self, date: Date) -> bool {
        if self.weeks.is_empty() {
            return true;
        }
        // The year that holds the fourth day of the week; its first week holds 4 January.
        let start = self.week_start(date);
        let year = start.checked_add(3.days()).expect("in range").year();
        let weeks_between = |from: Date, to: Date| to.duration_since(from).as_hours() / 24 / 7;
        let first = self.week_start(Date::constant(year, 1, 4));
        let next = self.week_start(Date::constant(year + 1, 1, 4));
        let number = weeks_between(first, start) + 1;
        let from_end = weeks_between(next, start);
        self.weeks.contains(&number) || self.weeks.contains(&from_end)
    }

    fn year_day_ok(&self, date: Date) -> bool {
        let of_year = i64::from(date.day_of_year());
        let length = i64::from(date.days_in_year());
        self.year_days.is_empty()
            || self.year_days.contains(&of_year)
            || self.year_days.contains(&(of_year - length - 1))
    }

    fn month_day_ok(&self, date: Date) -> bool {
        let day = i64::from(date.day());
        let from_end = day - i64::from(date.days_in_month()) - 1;
        if self.month_days.is_empty() {
            let from_start =
                ["YEARLY", "MONTHLY"].contains(&self.freq) && self.no_day_part() && self.weeks.is_empty();
            return !from_start || date.day() == self.start.day();
        }
        self.month_days.contains(&day) || self.month_days.contains(&from_end)
    }

    fn day_ok(&self, date: Date) -> bool {
        let weekday = date.weekday();
        if self.days.is_empty() {
            let from_start = self.no_day_part()
                && (self.freq == "WEEKLY"
                    || (["YEARLY", "MONTHLY"].contains(&self.freq) && !self.weeks.is_empty()));
            return !from_start || weekday == self.start.weekday();
        }
        let numbered = ["YEARLY", "MONTHLY"].contains(&self.freq) && self.weeks.is_empty();
        let of_year = self.freq == "YEARLY" && self.months.is_empty();
        self.days.iter().any(|&(n, day)| {
            let wanted = Weekday::from_monday_zero_offset(day as i8).expect("a weekday");
            if n == 0 || !numbered {
                return weekday == wanted;
            }
            let n = n as i32;
            let nth = if of_year {
                nth_of_year(date, n, wanted)
            } else {
                date.nth_weekday_of_month(n as i8, wanted).ok()
            };
            n.unsigned_abs() <= if of_year { 53 } else { 5 } && nth == Some(date)
        })
    }

    fn date_ok(&self, date: Date) -> bool {
        self.month_ok(date)
            && self.week_ok(date)
            && self.year_day_ok(date)
            && self.month_day_ok(date)
            && self.day_ok(date)
    }

    fn time_ok(&self, at: DateTime) -> bool {
        let unit = |list: &[i64], value: i8, own: i8, expands: bool| {
            if list.is_empty() { !expands || value == own } else { list.contains(&i64::from(value)) }
        };
        unit(&self.hours, at.hour(), self.start.hour(), self.coarse())
            && unit(&self.minutes, at.minute(), self.start.minute(), self.coarse() || self.freq == "HOURLY")
            && unit(&self.seconds, at.second(), self.start.second(), self.freq != "SECONDLY")
    }

    /// Every candidate of one date, by trying each second that can matter.
    fn times(&self, date: Date, out: &mut Vec<DateTime>) {
        let hours: Vec<i64> = if self.hours.is_empty() { (0..24).collect() } else { self.hours.clone() };
        let minutes: Vec<i64> =
            if self.minutes.is_empty() { (0..60).collect() } else { self.minutes.clone() };
        let seconds: Vec<i64> = match (self.seconds.is_empty(), self.freq) {
            (true, "SECONDLY") => (0..60).collect(),
            (true, _) => vec![i64::from(self.start.second())],
            _ => self.seconds.clone(),
        };
        for &hour in &hours {
            for &minute in &minutes {
                for &second in &seconds {
                    let at = date.at(hour as i8, minute as i8, second as i8, 0);
                    if self.time_ok(at) {
                        out.push(at);
                    }
                }
            }
        }
    }

    /// The dates that the rule gives for the period of `date`, SKIP applied.
    fn dates(&self, from: Date, to: Date) -> Vec<(DateTime, Date)> {
        let mut dates = Vec::new();
        let mut date = from;
        while date <= to {
            let midnight = date.to_datetime(jiff::civil::Time::midnight());
            if self.date_ok(date) {
                dates.push((self.period(midnight), date));
            }
            if self.skip != "OMIT"
                && ["YEARLY", "MONTHLY"].contains(&self.freq)
                && date.last_of_month() == date
            {
                self.moved(date, &mut dates);
            }
            date = date.tomorrow().expect("in range");
        }
        dates
    }

    /// What the invalid days of the month that ends with `last` become.
    fn moved(&self, last: Date, dates: &mut Vec<(DateTime, Date)>) {
        let own = self.month_days.is_empty() && self.no_day_part() && self.weeks.is_empty();
        let wanted = if own { vec![i64::from(self.start.day())] } else { self.month_days.clone() };
        let invalid = wanted.iter().any(|&day| day > i64::from(last.day()));
        let becomes = if self.skip == "BACKWARD" { last } else { last.tomorrow().expect("in range") };
        if invalid && self.month_ok(last) && self.day_ok(becomes) {
            dates.push((self.period(last.to_datetime(jiff::civil::Time::midnight())), becomes));
        }
    }

    fn instances(&self, from: DateTime, to: DateTime) -> Vec<i64> {
        let reach: Span = if self.coarse() { 366.days() } else { 1.days() };
        let first = self
            .start
            .date()
            .checked_sub(reach)
            .expect("in range")
            .max(from.date().checked_sub(reach.checked_mul(2).expect("small")).expect("in range"));
        let mut sets: std::collections::BTreeMap<DateTime, Vec<DateTime>> = Default::default();
        let first = if self.count.is_some() {
            self.start.date().checked_sub(reach).expect("in range")
        } else {
            first
        };
        for (period, date) in self.dates(first, to.date().checked_add(reach).expect("in range")) {
            let mut times = Vec::new();
            self.times(date, &mut times);
            for at in times {
                let period = if self.coarse() { period } else { self.period(at) };
                if self.on_interval(period) {
                    sets.entry(period).or_default().push(at);
                }
            }
        }
        let mut all = vec![self.start];
        for set in sets.values_mut() {
            set.sort();
            set.dedup();
            let size = set.len() as i64;
            for (index, &at) in set.iter().enumerate() {
                let index = index as i64;
                let picked = self.positions.is_empty()
                    || self.positions.contains(&(index + 1))
                    || self.positions.contains(&(index - size));
                if picked && at > self.start {
                    all.push(at);
                }
            }
        }
        all.sort();
        all.dedup();
        all.truncate(self.count.unwrap_or(usize::MAX));
        all.into_iter().filter(|&at| at >= from && at <= to).map(civil::from_datetime).collect()
    }
}

fn nth_of_year(date: Date, n: i32, wanted: Weekday) -> Option<Date> {
    let edge =
        if n > 0 { date.first_of_year().yesterday().ok()? } else { date.last_of_year().tomorrow().ok()? };
    edge.nth_weekday(n, wanted).ok().filter(|found| found.year() == date.year())
}

fn list(range: std::ops::RangeInclusive<i64>, chance: f64, most: usize) -> impl Strategy<Value = Vec<i64>> {
    prop::option::weighted(chance, prop::collection::vec(range, 1..=most)).prop_map(|list| {
        let mut list: Vec<_> = list.unwrap_or_default().into_iter().filter(|&n| n != 0).collect();
        list.sort_unstable();
        list.dedup();
        list
    })
}

fn spec() -> impl Strategy<Value = (Spec, i64, i64)> {
    let freq = prop::sample::select(vec![
        "YEARLY", "YEARLY", "MONTHLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY",
    ]);
    let starts = prop::sample::select(vec![
        "20120229T100000",
        "20150131T233005",
        "20161231T000000",
        "20140330T023000",
        "19991228T120000",
        "20200101T091500",
        "20180615T183000",
    ]);
    let parts = (
        list(1..=12, 0.3, 4),
        list(-53..=53, 0.12, 4),
        list(-366..=366, 0.12, 6),
        list(-31..=31, 0.35, 5),
        prop::option::weighted(0.4, prop::collection::vec((-5_i64..=5, 0_usize..7), 1..=4)),
        list(0..=23, 0.2, 3),
        list(0..=59, 0.15, 3),
        list(0..=59, 0.1, 2),
        list(-4..=4, 0.2, 2),
    );
    let more = (
        1_i64..=5,
        0_usize..7,
        prop::sample::select(vec!["OMIT", "OMIT", "BACKWARD", "FORWARD"]),
        prop::option::weighted(0.2, 1_usize..30),
        0_i64..300,
        1_i64..400,
    );
    (freq, starts, parts, more).prop_map(
        |(freq, start, parts, (interval, wkst, skip, count, offset, length))| {
            let (months, weeks, year_days, month_days, days, hours, minutes, seconds, positions) = parts;
            let coarse = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY"].contains(&freq);
            let unit = match freq {
                "YEARLY" => 86_400 * 9,
                "MONTHLY" => 86_400 * 3,
                "WEEKLY" | "DAILY" => 86_400,
                "HOURLY" => 1_200,
                _ => 60,
            };
            let mut spec = Spec {
                freq,
                interval,
                months,
                weeks: if freq == "YEARLY" { weeks } else { Vec::new() },
                year_days: if ["MONTHLY", "WEEKLY", "DAILY"].contains(&freq) {
                    Vec::new()
                } else {
                    year_days
                },
                month_days: if freq == "WEEKLY" { Vec::new() } else { month_days },
                days: days.unwrap_or_default(),
                hours,
                minutes,
                seconds,
                positions,
                wkst,
                skip: if coarse { skip } else { "OMIT" },
                count: count.filter(|_| freq != "YEARLY" || interval < 3),
                start: civil::to_datetime(moment(start)),
            };
            if spec.skip != "OMIT" {
                // The model moves days of the month only.
                spec.year_days.clear();
                spec.weeks.clear();
            }
            (spec, offset * unit, length * unit)
        },
    )
}

/// Compares engine and model on `cases` random rules.
pub(super) fn compare(cases: u32) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let total = std::cell::Cell::new(0_usize);
    TestRunner::new(config)
        .run(&spec(), |(spec, offset, length)| {
            let start = civil::from_datetime(spec.start);
            // With COUNT everything from DTSTART on has to be looked at, so the window stays near.
            let offset = if spec.count.is_some() { offset / 4 } else { offset };
            let (from, to) = (start + offset - 7_200, start + offset + length);
            let expected = spec.instances(civil::to_datetime(from), civil::to_datetime(to));
            let found = expand_in(start, &spec.text(), from, to);
            total.set(total.get() + expected.len());
            prop_assert_eq!(&found, &expected, "{} from {}", spec.text(), spec.start);
            Ok(())
        })
        .expect("the engine agrees with the model");
    assert!(total.get() > cases as usize, "only {} instances compared", total.get());
}
