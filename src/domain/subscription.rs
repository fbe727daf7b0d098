//! Subscribed remote calendars: how a calendar is known for one, how often it is looked for news, what can go wrong, and which changes
//! of a feed are none.
//!
//! RFC 7986 §5.7. Knows no storage, no clock and no network.

use super::props::{Change, Prop, Props};

/// The kept property by which a calendar is known for a subscription. DAV takes it from nobody.
pub const MARK: (&str, &str) = ("urn:cenacle:properties", "subscription");

/// Seconds between two looks where nobody says anything.
const USUAL: i64 = 3_600;
/// Seconds between two looks at most, whatever a feed or its reader says, and however often it failed.
const LONGEST: i64 = 7 * 86_400;
/// Seconds that a feed can ask to be left alone at most: some say a year.
const FEED_LONGEST: i64 = 86_400;
/// Seconds between two looks at a feed that fails, at most, where it is not usually looked at more seldom.
const FAILING_LONGEST: i64 = 86_400;

/// Makes a calendar's properties those of a subscription.
pub fn mark(props: &mut Props) {
    let (ns, local) = MARK;
    let xml = format!("<{local} xmlns=\"{ns}\"/>");
    props.set(Prop { ns: ns.to_owned(), local: local.to_owned(), text: String::new(), xml });
}

/// Makes them those of a calendar of one's own.
pub fn unmark(props: &mut Props) {
    let (ns, local) = MARK;
    props.apply(&[Change::Remove { ns, local }]);
}

/// Whether these are the properties of a subscription.
pub fn is_marked(props: &Props) -> bool {
    props.get(MARK.0, MARK.1).is_some()
}

/// What went wrong with a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Its address is one that is not to be reached from here.
    Forbidden,
    /// No address, or no connection.
    Unreachable,
    /// No TLS, or a certificate that is not trusted.
    Tls,
    /// Not in time.
    TimedOut,
    /// An answer that is not HTTP.
    NotHttp,
    /// Longer than is read, as it came or after it was inflated.
    TooLarge,
    /// Sent on too often, or to nowhere.
    Redirected,
    /// A status that brings nothing.
    Refused(u16),
    /// What came is no calendar.
    NoCalendar,
    /// More items than a calendar takes.
    TooMany,
}

impl Trouble {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Trouble::Forbidden => "address-forbidden",
            Trouble::Unreachable => "unreachable",
            Trouble::Tls => "tls",
            Trouble::TimedOut => "timed-out",
            Trouble::NotHttp => "not-http",
            Trouble::TooLarge => "too-large",
            Trouble::Redirected => "too-many-redirects",
            Trouble::Refused(_) => "refused",
            Trouble::NoCalendar => "no-calendar",
            Trouble::TooMany => "too-many-items",
        }
    }

    /// The status of the answer, where that is the trouble.
    pub const fn status(self) -> Option<u16> {
        match self {
            Trouble::Refused(status) => Some(status),
            _ => None,
        }
    }
}

/// Seconds between two looks: as its reader wants it (`asked`, in minutes), but not more often than the feed asks for (`feed`, in
/// seconds; 0 where it does not) nor than the server does (`least`, in seconds).
pub fn interval(asked: Option<i32>, feed: i64, least: i64) -> i64 {
    let wanted = asked.map_or(USUAL, |minutes| i64::from(minutes) * 60);
    wanted.max(feed.min(FEED_LONGEST)).max(least).min(LONGEST)
}

/// Seconds until the next look after so many failures in a row: the interval, doubled each time, up to a day; a quarter more or less of
/// it as `chance`, from 0 to 1, decides.
pub fn after_failures(interval: i64, failures: u32, chance: f64) -> i64 {
    let doubled = interval.saturating_mul(2_i64.saturating_pow(failures.saturating_sub(1).min(30)));
    let pause = doubled.min(FAILING_LONGEST.max(interval));
    // Seconds of some days are exact in this type.
    (pause as f64 * (0.75 + chance.clamp(0.0, 1.0) / 2.0)) as i64
}

/// Whether two contents of an item say the same but for when they were written: many servers write that anew at each request.
pub fn says_the_same(one: &str, other: &str) -> bool {
    fn told(text: &str) -> impl Iterator<Item = &str> {
        text.lines().map(str::trim_end).filter(|line| !line.starts_with("DTSTAMP"))
    }
    told(one).eq(told(other))
}

/// The address of a feed as it is asked for: `webcal` is a word of programs for an address of a calendar.
pub fn address(text: &str) -> String {
    let text = text.trim();
    for scheme in ["webcal://", "webcals://"] {
        if text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)) {
            return format!("https://{}", text.get(scheme.len()..).unwrap_or_default());
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_too_often() {
        let least = 900;
        for (asked, feed, seconds) in [
            (None, 0, 3_600),
            (Some(5), 0, 900),
            (Some(120), 0, 7_200),
            (Some(60), 43_200, 43_200),
            (None, 300, 3_600),
            (None, 365 * 86_400, 86_400),
            (Some(i32::MAX), 0, LONGEST),
        ] {
            assert_eq!(interval(asked, feed, least), seconds, "{asked:?} {feed}");
        }
    }

    #[test]
    fn what_fails_is_looked_at_less_and_less() {
        assert_eq!(after_failures(3_600, 1, 0.5), 3_600);
        assert_eq!(after_failures(3_600, 3, 0.5), 14_400);
        assert_eq!(after_failures(3_600, 40, 0.5), 86_400);
        assert_eq!(after_failures(LONGEST, 40, 0.5), LONGEST);
        assert!(after_failures(3_600, 1, 0.0) < after_failures(3_600, 1, 1.0));
    }

    #[test]
    fn another_time_of_writing_is_no_change() {
        let one = "BEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:A\r\nEND:VEVENT\r\n";
        assert!(says_the_same(one, &one.replace("20260101", "20260202")));
        assert!(says_the_same(one, &one.replace("\r\n", "\n")));
        assert!(!says_the_same(one, &one.replace('A', "B")));
        assert!(!says_the_same(one, &format!("{one}X")));
    }

    #[test]
    fn calendars_on_the_web_are_asked_for_by_https() {
        assert_eq!(address(" webcal://a.example/b.ics "), "https://a.example/b.ics");
        assert_eq!(address("WebCals://a.example/"), "https://a.example/");
        assert_eq!(address("http://a.example/"), "http://a.example/");
        assert_eq!(address("é"), "é");
    }

    #[test]
    fn a_mark_is_set_and_taken_away() {
        let mut props = Props::default();
        assert!(!is_marked(&props));
        mark(&mut props);
        assert!(is_marked(&props));
        unmark(&mut props);
        assert_eq!(props, Props::default());
    }
}
