//! RSCALE: which calendar a rule counts in. RFC 7529 §4 and §5.

/// Calendars of CLDR beside the Gregorian, by name and alias: the registry that RFC 7529 §5 points to.
const REGISTERED: [&str; 19] = [
    "BUDDHIST",
    "CHINESE",
    "COPTIC",
    "DANGI",
    "ETHIOAA",
    "ETHIOPIC",
    "ETHIOPIC-AMETE-ALEM",
    "HEBREW",
    "INDIAN",
    "ISLAMIC",
    "ISLAMIC-CIVIL",
    "ISLAMIC-RGSA",
    "ISLAMIC-TBLA",
    "ISLAMIC-UMALQURA",
    "ISLAMICC",
    "ISO8601",
    "JAPANESE",
    "PERSIAN",
    "ROC",
];

/// The calendars in which rules are evaluated.
pub const EVALUATED: [&str; 1] = ["GREGORIAN"];

/// What a rule names as its calendar.
pub fn of_rule(text: &str) -> Option<&str> {
    text.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("RSCALE").then(|| value.trim())
    })
}

/// Whether this is the Gregorian calendar, which CLDR knows as `gregorian` and `gregory`.
pub fn is_gregorian(name: &str) -> bool {
    name.eq_ignore_ascii_case("GREGORIAN") || name.eq_ignore_ascii_case("GREGORY")
}

/// Whether there is such a calendar at all, evaluated or not.
pub fn is_known(name: &str) -> bool {
    is_gregorian(name) || REGISTERED.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_of_a_rule_is_found_in_any_spelling() {
        assert_eq!(of_rule("FREQ=YEARLY; rscale = Hebrew ;SKIP=OMIT"), Some("Hebrew"));
        assert_eq!(of_rule("FREQ=YEARLY;X-RSCALE=HEBREW;SKIP"), None);
    }

    #[test]
    fn calendars_of_the_registry_are_known_and_others_are_not() {
        for known in ["gregorian", "GREGORY", "Chinese", "ETHIOPIC-AMETE-ALEM", "islamicc", "ISO8601"] {
            assert!(is_known(known), "{known}");
        }
        // Names of CLDR have no underscore (RFC 7529 §5).
        for unknown in ["KLINGON", "", "ISLAMIC_CIVIL", "JULIANISH"] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }
}
