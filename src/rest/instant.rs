//! Instants as JSON writes them: RFC 3339, in UTC.

use super::problem::Refused;
use super::query::Query;
use jiff::Timestamp;

/// Microseconds UTC as text.
pub fn text(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map(|instant| instant.to_string()).unwrap_or_default()
}

/// Microseconds UTC as text, without the part of a second.
pub fn second(micros: i64) -> String {
    Timestamp::from_second(micros.div_euclid(1_000_000))
        .map(|instant| instant.to_string())
        .unwrap_or_default()
}

/// Takes a parameter that is an instant.
pub fn take(query: &mut Query, name: &str) -> Result<Option<i64>, Refused> {
    let Some(text) = query.text(name) else { return Ok(None) };
    // An unencoded plus of an offset comes as a blank.
    let instant: Result<Timestamp, _> = text.replace(' ', "+").parse();
    match instant {
        Ok(instant) => Ok(Some(instant.as_microsecond())),
        Err(_) => Err(Refused::at(
            name,
            "must be an instant such as 2026-03-09T00:00:00Z or 2026-03-09T00:00:00+01:00",
        )),
    }
}

/// A member of a body that is an instant, microseconds UTC.
pub fn member(field: &str, text: &str) -> Result<i64, Refused> {
    let instant: Result<Timestamp, _> = text.parse();
    instant
        .map(Timestamp::as_microsecond)
        .map_err(|_| Refused::at(field, "must be an instant such as 2026-03-09T00:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_told_in_utc() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(1_500_000), "1970-01-01T00:00:01.5Z");
        assert_eq!(text(i64::MAX), "");
        assert_eq!(second(1_999_999), "1970-01-01T00:00:01Z");
    }
}
