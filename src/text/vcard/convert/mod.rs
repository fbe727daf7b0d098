//! From one version of vCard to another: 2.1 → 3.0 and 4.0, 3.0 ↔ 4.0.
//!
//! RFC 6350 §A (what changed since 3.0), RFC 2426, and the forms Apple, Evolution and Thunderbird gave to what 3.0 lacked.
//! What has no counterpart is carried over untouched, with its parameters: a client that edits the
//! converted card and sends it back must not destroy what it did not understand. A card that has the wanted version
//! already is not touched at all.

mod from_v21;
mod to_v3;
mod to_v4;

use super::super::component::{Component, Document, Limits, Malformed};
use super::super::line::{Param, escape_text, split_unescaped, unescape_text, write_folded};
use super::Version;
use super::index::spoken_name;
use super::prop::Prop;
use std::borrow::Cow;
use std::collections::HashSet;

/// Properties whose value is one URI in both versions.
const ADDRESSES: [&str; 8] =
    ["URL", "IMPP", "SOURCE", "FBURL", "CALURI", "CALADRURI", "MEMBER", "X-SOCIALPROFILE"];

/// The card, or each of several, in version `to`; the same bytes where it has that version.
/// A wanted 2.1 is answered in 3.0: nothing is written in 2.1.
pub fn convert(card: &str, to: Version) -> Result<Cow<'_, str>, Malformed> {
    let to = to.max(Version::V3);
    let document = Document::parse(card, Limits::default())?;
    let mut out = String::with_capacity(card.len() + 256);
    let mut changed = false;
    for root in &document.roots {
        if !root.is("VCARD") {
            return Err(Malformed { line: 0, what: "not a vCard" });
        }
        let said = root.value("VERSION").map(|word| Version::parse(word).ok_or(())).transpose();
        let from = said.map_err(|()| Malformed {
            line: root.line("VERSION").map_or(0, |line| line.number),
            what: "a vCard version other than 2.1, 3.0 and 4.0",
        })?;
        if from == Some(to) {
            out.push_str(document.source.get(root.span.clone()).unwrap_or_default());
        } else {
            changed = true;
            write(&mut out, &document, root, from.unwrap_or(Version::V3), to);
        }
        if !out.ends_with(['\r', '\n']) {
            out.push_str("\r\n");
        }
    }
    Ok(if changed { Cow::Owned(out) } else { Cow::Borrowed(card) })
}

fn write(out: &mut String, document: &Document<'_>, card: &Component<'_>, from: Version, to: Version) {
    let mut props = match from {
        Version::V21 => from_v21::props(document, card),
        _ => card.lines.iter().map(from_v21::modern).collect(),
    };
    props.retain(|prop| !prop.is("VERSION"));
    match (from, to) {
        (_, Version::V4) => to_v4::apply(&mut props),
        (Version::V4, _) => to_v3::apply(&mut props),
        _ => {}
    }
    complete(&mut props, to);
    write_folded(out, "BEGIN:VCARD");
    write_folded(out, &format!("VERSION:{}", to.as_str()));
    for prop in &props {
        prop.write(out);
    }
    if from != Version::V21 {
        for child in &card.children {
            out.push_str(document.source.get(child.span.clone()).unwrap_or_default());
            if !out.ends_with(['\r', '\n']) {
                out.push_str("\r\n");
            }
        }
    }
    write_folded(out, "END:VCARD");
}

/// Adds what the version demands: FN always, N in 3.0, all fields of N and ADR in 4.0.
fn complete(props: &mut Vec<Prop>, to: Version) {
    if to == Version::V4 {
        for (name, fields) in [("N", 5), ("ADR", 7)] {
            // A backslash left alone at the end would escape what is put after it.
            let whole =
                |prop: &Prop| (prop.value.len() - prop.value.trim_end_matches('\\').len()).is_multiple_of(2);
            for prop in props.iter_mut().filter(|prop| prop.is(name) && whole(prop)) {
                let missing = fields - split_unescaped(&prop.value, b';').count().min(fields);
                prop.value.push_str(&";".repeat(missing));
            }
        }
    }
    let has = |props: &[Prop], name: &str| props.iter().any(|prop| prop.is(name));
    if !has(props, "FN") {
        let name = full_name(props);
        props.insert(0, Prop::new("FN", escape_text(&name).into_owned()));
    }
    if to == Version::V3 && !has(props, "N") {
        let value = structured_name(props);
        let at = props.iter().position(|prop| prop.is("FN")).unwrap_or(0);
        props.insert(at, Prop::new("N", value));
    }
    if to == Version::V3 && is_group(props) {
        let name = text_of(props, "FN").unwrap_or_default();
        // Apple shows a group by its family name alone.
        if let Some(n) = props.iter_mut().find(|prop| prop.is("N") && prop.value.trim_matches(';').is_empty())
        {
            n.value = format!("{};;;;", escape_text(&name));
        }
    }
}

fn is_group(props: &[Prop]) -> bool {
    let kind = props.iter().find(|prop| prop.is("KIND") || prop.is("X-ADDRESSBOOKSERVER-KIND"));
    kind.is_some_and(|prop| prop.value.trim().eq_ignore_ascii_case("group"))
}

/// The first property `name` with some text in it, unescaped.
fn text_of(props: &[Prop], name: &str) -> Option<String> {
    let texts =
        props.iter().filter(|prop| prop.is(name)).map(|prop| unescape_text(&prop.value).trim().to_owned());
    texts.into_iter().find(|text| !text.is_empty())
}

fn split_fields(value: &str) -> Vec<Vec<String>> {
    split_unescaped(value, b';')
        .map(|field| split_unescaped(field, b',').map(|part| unescape_text(part).into_owned()).collect())
        .collect()
}

/// What can stand for a missing FN; empty where the card names nothing and nobody.
fn full_name(props: &[Prop]) -> String {
    let fields = |name: &str| props.iter().find(|prop| prop.is(name)).map(|prop| split_fields(&prop.value));
    fields("N")
        .map(|fields| spoken_name(&fields))
        .filter(|name| !name.is_empty())
        .or_else(|| text_of(props, "NICKNAME"))
        .or_else(|| {
            fields("ORG")
                .and_then(|fields| fields.first().map(|parts| parts.join(", ")))
                .filter(|name| !name.is_empty())
        })
        .or_else(|| text_of(props, "EMAIL"))
        .or_else(|| text_of(props, "TEL"))
        .unwrap_or_default()
}

/// N out of FN: the last word is taken for the family name; a group or an organisation keeps its name whole.
fn structured_name(props: &[Prop]) -> String {
    let name = text_of(props, "FN").unwrap_or_default();
    let whole = is_group(props)
        || props.iter().any(|prop| prop.is("KIND") && !prop.value.trim().eq_ignore_ascii_case("individual"))
        || props
            .iter()
            .any(|prop| prop.is("X-ABShowAs") && prop.value.trim().eq_ignore_ascii_case("COMPANY"));
    match name.rsplit_once(char::is_whitespace) {
        Some((given, family)) if !whole => {
            format!("{};{};;;", escape_text(family), escape_text(given.trim_end()))
        }
        _ => format!("{};;;;", escape_text(&name)),
    }
}

/// The groups that Apple's label of an anniversary stands in.
fn anniversary_groups(props: &[Prop]) -> HashSet<String> {
    let is_label = |prop: &&Prop| {
        let value = prop.value.trim();
        prop.is("X-ABLabel")
            && (value.eq_ignore_ascii_case("_$!<Anniversary>!$_")
                || value.eq_ignore_ascii_case("Anniversary"))
    };
    props.iter().filter(is_label).filter_map(Prop::group_key).collect()
}

/// A raw parameter as text: quotes and RFC 6868 undone.
fn param_text(raw: &str) -> String {
    let values: Vec<Cow<'_, str>> = Param { name: "", raw }.values().collect();
    values.join(",")
}

/// The first string of SORT-AS, which is a list with or without quotes; `None` where there is none, or it is empty.
fn first_sort_string(prop: &Prop) -> Option<String> {
    let (_, raw) = prop.params.iter().find(|(name, _)| name.eq_ignore_ascii_case("SORT-AS"))?;
    let text = param_text(raw);
    text.split(',').next().map(str::trim).filter(|first| !first.is_empty()).map(str::to_owned)
}

/// An address without the backslashes that Apple and others put before `:`, `,` and `;`: a URI has no escapes.
pub(in crate::text) fn address(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, ':' | ',' | ';') {
            out.truncate(out.trim_end_matches('\\').len());
        }
        out.push(c);
    }
    out
}

/// Percent-encodes what no URI may hold.
fn uri_part(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_graphic() && !"\"<>\\^`{|}%".contains(c) {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
