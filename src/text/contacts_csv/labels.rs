//! What owners call their numbers and addresses: Apple's `X-ABLabel`, which stands beside a property in a group of its own
//! (`item1.TEL:…`, `item1.X-ABLabel:Boat`).
//!
//! Labels that its programs have themselves stand in marks (`_$!<HomePage>!$_`), which nobody wants to see in a table.

use crate::text::component::Component;
use crate::text::vcard::{Version, text};
use std::collections::HashMap;

/// The property.
pub(super) const PROPERTY: &str = "X-ABLabel";
const MARKS: (&str, &str) = ("_$!<", ">!$_");
/// Labels of numbers, mail and postal addresses and pages that Apple's programs have themselves.
const OWN: [&str; 14] = [
    "Home", "Work", "School", "Other", "Mobile", "Main", "HomeFAX", "WorkFAX", "OtherFAX", "Pager",
    "HomePage", "Profile", "Blog", "Radio",
];

/// The labels of a card by their groups in lower case, as people read them.
pub(super) fn of(card: &Component<'_>, version: Version) -> HashMap<String, String> {
    let labels = card.lines_named(PROPERTY);
    labels
        .filter_map(|line| Some((line.group()?.to_ascii_lowercase(), shown(text(line, version).trim()))))
        .collect()
}

/// Without its marks.
fn shown(label: &str) -> String {
    let (begin, end) = MARKS;
    let inside = label.strip_prefix(begin).and_then(|label| label.strip_suffix(end));
    inside.filter(|inside| OWN.contains(inside)).unwrap_or(label).to_owned()
}

/// With its marks, where Apple's programs have it themselves: so they show it in their user's language.
pub(super) fn kept(label: &str) -> String {
    if OWN.contains(&label) { format!("{}{label}{}", MARKS.0, MARKS.1) } else { label.to_owned() }
}

/// Whether what stands in a column of types or labels is types: Google writes there `* Home`, `Work Fax`, or what its user likes.
pub(super) fn is_types(cell: &str) -> bool {
    const KNOWN: [&str; 15] = [
        "home",
        "work",
        "other",
        "mobile",
        "cell",
        "main",
        "fax",
        "pager",
        "voice",
        "text",
        "video",
        "textphone",
        "internet",
        "smtp",
        "pref",
    ];
    cell.split(|c: char| matches!(c, '*' | ',' | ';') || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .all(|word| KNOWN.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_apple_s_own() {
        for (kept_as, shown_as) in
            [("_$!<HomePage>!$_", "HomePage"), ("Boat", "Boat"), ("_$!<Boat>!$_", "_$!<Boat>!$_")]
        {
            assert_eq!((shown(kept_as).as_str(), kept(shown_as).as_str()), (shown_as, kept_as));
        }
    }

    #[test]
    fn types_are_words_that_are_known() {
        for types in ["", "* Home", "Work Fax", "mobile", "HOME,pref"] {
            assert!(is_types(types), "{types}");
        }
        for label in ["Boat", "Home of my aunt", "Work-2", "Bureau"] {
            assert!(!is_types(label), "{label}");
        }
    }
}
