//! The day of the year that a line of a card says: BDAY, ANNIVERSARY and their like.
//!
//! RFC 6350 §4.3 (parts may be missing), RFC 2426 §3.1.5; Apple writes a year that is none (`X-APPLE-OMIT-YEAR`). Dates that lack the month or the
//! day, and texts, are no day.

use super::super::line::Line;

/// A day that comes back each year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearlyDay {
    /// The year of the first one, where it is said.
    pub year: Option<u16>,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31, one that the month has, in the year that is said.
    pub day: u8,
}

/// The day of a line; `None` where it says none.
pub fn yearly_day(line: &Line<'_>) -> Option<YearlyDay> {
    let said = line.param("VALUE");
    if said.is_some_and(|value| value.eq_ignore_ascii_case("text")) {
        return None;
    }
    let value = line.value().trim();
    let date = value.split(['T', 't']).next()?;
    let omitted = line.param("X-APPLE-OMIT-YEAR").and_then(|year| year.trim().parse::<u16>().ok());
    let (year, rest) = match date.strip_prefix("--") {
        Some(rest) => (None, rest.to_owned()),
        None => {
            let year: u16 = number(date.get(..4)?)?;
            (Some(year).filter(|year| Some(*year) != omitted), date.get(4..)?.to_owned())
        }
    };
    let digits = match rest.as_bytes() {
        [b'-', _, _, b'-', _, _] | [_, _, b'-', _, _] => rest.replace('-', ""),
        [_, _, _, _] => rest,
        _ => return None,
    };
    let (month, day) = (number(digits.get(..2)?)?, number(digits.get(2..)?)?);
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    let fits = (1..=12).contains(&month) && day >= 1 && day <= days(year, month);
    (fits && year != Some(0)).then_some(YearlyDay { year, month, day })
}

fn number(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn days(year: Option<u16>, month: u8) -> u8 {
    let leap = |year: u16| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_none_or(leap) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::component::{Document, Limits};
    use super::*;

    fn read(line: &str) -> Option<(Option<u16>, u8, u8)> {
        let card = format!("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:x\r\n{line}\r\nEND:VCARD\r\n");
        let document = Document::parse(&card, Limits::default()).expect("well-formed");
        let day = yearly_day(document.roots[0].line("BDAY").expect("a line"))?;
        Some((day.year, day.month, day.day))
    }

    #[test]
    fn days_are_read_in_all_forms() {
        for (line, day) in [
            ("BDAY:19850412", (Some(1985), 4, 12)),
            ("BDAY:1985-04-12", (Some(1985), 4, 12)),
            ("BDAY;VALUE=date:1985-04-12", (Some(1985), 4, 12)),
            ("BDAY:1985-04-12T00:00:00Z", (Some(1985), 4, 12)),
            ("BDAY:19850412T101500", (Some(1985), 4, 12)),
            ("BDAY:--0412", (None, 4, 12)),
            ("BDAY:--04-12", (None, 4, 12)),
            ("BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12", (None, 4, 12)),
            ("BDAY;X-APPLE-OMIT-YEAR=1604:1985-04-12", (Some(1985), 4, 12)),
            ("BDAY:--0229", (None, 2, 29)),
            ("BDAY:20000229", (Some(2000), 2, 29)),
        ] {
            assert_eq!(read(line), Some(day), "{line}");
        }
    }

    #[test]
    fn what_is_no_day_is_none() {
        for line in [
            "BDAY:",
            "BDAY:1985",
            "BDAY:1985-04",
            "BDAY:---12",
            "BDAY:--04",
            "BDAY:19850431",
            "BDAY:19000229",
            "BDAY:20011301",
            "BDAY:00000101",
            "BDAY;VALUE=text:19850412",
            "BDAY:+9850412",
            "BDAY:1985-0412x",
            "BDAY:é9850412",
            "BDAY:circa 1800",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
