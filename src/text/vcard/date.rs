//! Dates of cards: the extended form that 3.0 readers want, the basic form that 4.0 demands.
//!
//! RFC 6350 §4.3 (basic, parts may be missing), RFC 2426 §3.1.5 and §3.6.4 (extended). What is not plainly one of the
//! forms is none of this module's business and gives `None`.

/// `1985-04-12`, `--04-12`, `1985-04-12T23:20:50Z` in basic form; `None` where it is not in extended form.
pub(super) fn to_basic(value: &str) -> Option<String> {
    let value = value.trim();
    let (date, time) = split(value);
    let basic = match date.as_bytes() {
        [b'-', b'-', m1, m2, b'-', d1, d2] => digits(&[*m1, *m2, *d1, *d2]).map(|md| format!("--{md}"))?,
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] => digits(&[*y1, *y2, *y3, *y4, *m1, *m2, *d1, *d2])?,
        // `20100501T10:00:00Z`: the date is basic already.
        bytes if bytes.len() == 8 && time.is_some_and(|time| time.contains(':')) => digits(bytes)?,
        _ => return None,
    };
    match time {
        None => Some(basic),
        Some(time) => Some(format!("{basic}T{}", time_to_basic(time)?)),
    }
}

/// `19850412`, `19850412T232050Z` in extended form; `None` where it is not in basic form or has no year.
pub(super) fn to_extended(value: &str) -> Option<String> {
    let value = value.trim();
    let (date, time) = split(value);
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    if date.len() != 8 || digits(date.as_bytes()).is_none() {
        return None;
    }
    let date = format!("{year}-{month}-{day}");
    match time {
        None => Some(date),
        Some(time) => Some(format!("{date}T{}", time_to_extended(time)?)),
    }
}

/// Month and day of `--0412` or `--04-12`, as `04-12`.
pub(super) fn yearless(value: &str) -> Option<String> {
    let value = value.trim();
    let basic = to_basic(value).unwrap_or_else(|| value.to_owned());
    let rest = basic.strip_prefix("--")?;
    digits(rest.as_bytes()).filter(|digits| digits.len() == 4)?;
    Some(format!("{}-{}", rest.get(..2)?, rest.get(2..)?))
}

fn split(value: &str) -> (&str, Option<&str>) {
    match value.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (value, None),
    }
}

fn digits(bytes: &[u8]) -> Option<String> {
    bytes.iter().all(u8::is_ascii_digit).then(|| bytes.iter().map(|&byte| char::from(byte)).collect())
}

/// Fractions of a second are dropped: 4.0 has no place for them.
fn time_to_basic(time: &str) -> Option<String> {
    let (clock, zone) = clock_and_zone(time);
    let clock = clock.split('.').next().unwrap_or_default().replace(':', "");
    digits(clock.as_bytes()).filter(|digits| matches!(digits.len(), 2 | 4 | 6))?;
    Some(format!("{clock}{}", offset_to_basic(zone)?))
}

fn time_to_extended(time: &str) -> Option<String> {
    let (clock, zone) = clock_and_zone(time);
    if clock.len() != 6 || digits(clock.as_bytes()).is_none() {
        return None;
    }
    let zone = if zone.is_empty() || zone == "Z" { zone.to_owned() } else { offset_to_extended(zone)? };
    Some(format!("{}:{}:{}{zone}", clock.get(..2)?, clock.get(2..4)?, clock.get(4..)?))
}

fn clock_and_zone(time: &str) -> (&str, &str) {
    let at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    (time.get(..at).unwrap_or_default(), time.get(at..).unwrap_or_default())
}

/// `-05:00` as `-0500`; `Z` and nothing stay.
pub(super) fn offset_to_basic(zone: &str) -> Option<String> {
    if zone.is_empty() {
        return Some(String::new());
    }
    if zone.eq_ignore_ascii_case("Z") {
        return Some("Z".to_owned());
    }
    let sign = zone.get(..1).filter(|sign| matches!(*sign, "+" | "-"))?;
    let rest = zone.get(1..)?.replace(':', "");
    digits(rest.as_bytes()).filter(|digits| matches!(digits.len(), 2 | 4))?;
    Some(format!("{sign}{rest}"))
}

/// `-0500` as `-05:00`.
pub(super) fn offset_to_extended(zone: &str) -> Option<String> {
    let basic = offset_to_basic(zone).filter(|basic| matches!(basic.len(), 3 | 5))?;
    let minutes = basic.get(3..).filter(|minutes| !minutes.is_empty()).unwrap_or("00");
    Some(format!("{}:{minutes}", basic.get(..3)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_map_to_each_other() {
        for (extended, basic) in [
            ("1985-04-12", "19850412"),
            ("1953-10-15T23:10:00Z", "19531015T231000Z"),
            ("1953-10-15T23:10:00-08:30", "19531015T231000-0830"),
        ] {
            assert_eq!(to_basic(extended).as_deref(), Some(basic));
            assert_eq!(to_extended(basic).as_deref(), Some(extended));
            assert_eq!(to_basic(basic), None);
            assert_eq!(to_extended(extended), None);
        }
        assert_eq!(to_basic("--08-20").as_deref(), Some("--0820"));
        assert_eq!(to_basic("1996-10-22T14:00:00.5Z").as_deref(), Some("19961022T140000Z"));
        assert_eq!(yearless("--0820").as_deref(), Some("08-20"));
        assert_eq!(yearless("--08"), None);
    }

    #[test]
    fn other_texts_are_left_alone() {
        for text in
            ["", "circa 1800", "1985", "1985-04", "---12", "T102200", "é985-04-12", "19850412T", "--0é20"]
        {
            assert_eq!(to_basic(text), None, "{text}");
            assert_eq!(to_extended(text), None, "{text}");
        }
        assert_eq!(offset_to_extended("-05").as_deref(), Some("-05:00"));
        assert_eq!(offset_to_extended("Z"), None);
    }
}
