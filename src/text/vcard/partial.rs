//! Part of a card: the properties that a client asked for (RFC 6352 §10.4).
//!
//! What binds properties together stays together: a property of a group (`item1.TEL`) brings the labels of its group
//! (`item1.X-ABLabel`), without which Apple's clients show the wrong word.

use super::super::component::{Component, Document, Limits};
use super::super::line::{Line, write_folded};
use std::collections::{HashMap, HashSet};

/// One `prop` element of `address-data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropSelect {
    /// Property name in any case, with or without a group (`TEL`, `item1.TEL`).
    pub name: String,
    /// The client wants to know that the property is there, not what it says.
    pub novalue: bool,
}

/// Whether the line is the property that `name` means: without a group it means the property in every group
/// (RFC 6352 §10.4.2, §10.5.1).
pub fn is_named(line: &Line<'_>, name: &str) -> bool {
    match name.split_once('.') {
        Some((group, name)) => {
            line.is(name) && line.group().is_some_and(|own| own.eq_ignore_ascii_case(group))
        }
        None => line.is(name),
    }
}

/// The card with only the properties in `props`, and those that a card is nothing without (VERSION, UID).
/// An empty list asks for nothing, so it gets those alone. Lines keep their bytes. A text that is no card comes back whole.
pub fn partial(card: &str, props: &[PropSelect]) -> String {
    let Ok(document) = Document::parse(card, Limits::default()) else { return card.to_owned() };
    let mut out = String::with_capacity(card.len().min(1024));
    for root in &document.roots {
        write(&mut out, &document, root, props);
    }
    out
}

fn write(out: &mut String, document: &Document<'_>, card: &Component<'_>, props: &[PropSelect]) {
    let names: HashMap<String, bool> =
        props.iter().map(|select| (select.name.to_ascii_lowercase(), select.novalue)).collect();
    // Whether it is asked for, and then whether without its value; see `is_named`.
    let asked = |line: &Line<'_>| {
        let name = line.name().to_ascii_lowercase();
        let grouped = line.group().map(|group| format!("{}.{name}", group.to_ascii_lowercase()));
        names.get(&name).or_else(|| names.get(&grouped?)).copied()
    };
    let group = |line: &Line<'_>| line.group().map(str::to_ascii_lowercase);
    let groups: HashSet<String> =
        card.lines.iter().filter(|line| asked(line).is_some()).filter_map(group).collect();
    let labels = |line: &Line<'_>| is_label(line) && group(line).is_some_and(|group| groups.contains(&group));
    write_folded(out, &format!("BEGIN:{}", card.name));
    for line in &card.lines {
        match asked(line) {
            Some(true) if !is_essential(line) => {
                let head = line.unfolded().len() - line.value().len();
                write_folded(out, line.unfolded().get(..head).unwrap_or_default());
            }
            None if !is_essential(line) && !labels(line) => {}
            _ => {
                let raw = document.source.get(line.span.clone()).unwrap_or_default();
                out.push_str(raw);
                if !raw.ends_with(['\r', '\n']) {
                    out.push_str("\r\n");
                }
            }
        }
    }
    write_folded(out, &format!("END:{}", card.name));
}

fn is_essential(line: &Line<'_>) -> bool {
    line.is("VERSION") || line.is("UID")
}

/// Properties that only say something about the others of their group.
fn is_label(line: &Line<'_>) -> bool {
    line.is("X-ABLabel") || line.is("X-ABADR")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(names: &[&str]) -> Vec<PropSelect> {
        names
            .iter()
            .map(|name| PropSelect {
                name: name.trim_end_matches('!').to_owned(),
                novalue: name.ends_with('!'),
            })
            .collect()
    }

    const CARD: &str = concat!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Jean\r\nitem1.TEL;TYPE=pref:+33\r\n 1\r\nitem1.X-ABLabel:Bureau\r\n",
        "item2.X-ABDATE:2010-05-01\r\nitem2.X-ABLabel:_$!<Anniversary>!$_\r\nPHOTO;ENCODING=b:AAEC\r\nEND:VCARD\r\n"
    );

    #[test]
    fn asked_properties_bring_their_labels() {
        assert_eq!(
            partial(CARD, &select(&["tel", "photo!"])),
            "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nitem1.TEL;TYPE=pref:+33\r\n 1\r\nitem1.X-ABLabel:Bureau\r\nPHOTO;ENCODING=b:\r\nEND:VCARD\r\n"
        );
        assert_eq!(partial(CARD, &[]), "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nEND:VCARD\r\n");
    }

    #[test]
    fn a_group_in_the_name_narrows_the_choice() {
        let out = partial(CARD, &select(&["item2.X-ABDATE", "item2.TEL"]));
        assert!(out.contains("item2.X-ABDATE") && out.contains("item2.X-ABLabel"));
        assert!(!out.contains("item1."));
    }
}
