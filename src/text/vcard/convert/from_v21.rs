//! vCard 2.1 into the forms of 3.0: bare types, quoted-printable, character sets, base64, embedded agents.

use super::super::super::component::{Component, Document};
use super::super::super::line::{Line, escape_text};
use super::super::date;
use super::super::image::Packed;
use super::super::prop::{self, Prop};
use super::super::read::{Packing, is_binary, is_worded, unpacked};

/// Properties whose `;` parts their fields.
const STRUCTURED: [&str; 4] = ["N", "ADR", "ORG", "CATEGORIES"];
/// Properties whose value is no text and has no escapes in 3.0 either.
const VERBATIM: [&str; 8] = ["URL", "UID", "GEO", "REV", "TZ", "BDAY", "SOURCE", "VERSION"];

/// The properties of a 2.1 card as 3.0 would have them.
pub(super) fn props(document: &Document<'_>, card: &Component<'_>) -> Vec<Prop> {
    let mut agents = card.children.iter().filter_map(|child| document.source.get(child.span.clone()));
    let mut props: Vec<Prop> = card.lines.iter().map(|line| prop(line, &mut agents)).collect();
    // An agent without an AGENT line before it is kept all the same.
    props.extend(agents.map(|agent| Prop::new("AGENT", escape_text(agent).into_owned())));
    props
}

/// A property of 3.0 or 4.0 without what only 2.1 has and programs write there too: quoted-printable (Android), parameters
/// without a name (`PHOTO;ENCODING=BASE64;JPEG`).
pub(super) fn modern(line: &Line<'_>) -> Prop {
    let mut prop = Prop::of(line);
    if prop.params.iter().any(|(name, _)| name.is_empty()) {
        prop.params = named(prop.params);
        if Packing::of(line) == Packing::Base64 && prop.param("ENCODING").is_none() {
            prop.set_param("ENCODING", "b");
        }
    }
    if Packing::of(line) == Packing::QuotedPrintable {
        prop.value = unpacked(line).replace('\r', "").replace('\n', "\\n");
        prop.params
            .retain(|(name, raw)| Packing::parse(raw).is_none() && !name.eq_ignore_ascii_case("CHARSET"));
    }
    // No reader shall look for soft breaks in what is written here.
    prop.params.retain(|(_, raw)| !raw.to_ascii_uppercase().contains("QUOTED-PRINTABLE"));
    prop
}

fn prop<'d>(line: &Line<'_>, agents: &mut impl Iterator<Item = &'d str>) -> Prop {
    let packing = Packing::of(line);
    let mut prop = Prop { value: String::new(), ..Prop::of(line) };
    prop.params = params(line);
    prop.value = if line.is("AGENT") && line.value().trim().is_empty() {
        agents.next().map(|agent| escape_text(agent).into_owned()).unwrap_or_default()
    } else if packing == Packing::Base64 && !is_worded(line) {
        prop.set_param("ENCODING", "b");
        Packed::base64_of(line.value()).base64().unwrap_or_else(|| line.value().trim().to_owned())
    } else {
        value(line, &prop)
    };
    if prop.is("BDAY") {
        prop.value = date::to_extended(&prop.value).unwrap_or(prop.value);
    }
    prop
}

fn value(line: &Line<'_>, prop: &Prop) -> String {
    let plain = unpacked(line).replace('\r', "");
    let verbatim = VERBATIM.iter().any(|name| line.is(name)) || prop.has_value_type("uri") || is_binary(line);
    if verbatim {
        return plain.replace('\n', "");
    }
    let structured = STRUCTURED.iter().any(|name| line.is(name));
    let unknown = line.name().get(..2).is_some_and(|start| start.eq_ignore_ascii_case("X-"));
    if unknown {
        // Nobody knows what its `;` and `,` mean.
        return plain.replace('\n', "\\n");
    }
    let mut out = String::with_capacity(plain.len() + 8);
    let mut chars = plain.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), Some(';' | ',')) => {
                out.push('\\');
                out.extend(chars.next());
            }
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // CATEGORIES is the only list; its commas part it in 2.1 too.
            ',' if !line.is("CATEGORIES") => out.push_str("\\,"),
            ';' if !structured => out.push_str("\\;"),
            c => out.push(c),
        }
    }
    out
}

/// Parameters with names; encodings and character sets are undone.
fn params(line: &Line<'_>) -> Vec<(String, String)> {
    let mut params = named(prop::params(line));
    params.retain(|(name, raw)| {
        !name.eq_ignore_ascii_case("CHARSET")
            && !name.eq_ignore_ascii_case("ENCODING")
            && !raw.to_ascii_uppercase().contains("QUOTED-PRINTABLE")
    });
    for (name, raw) in &mut params {
        *raw = raw.trim().to_owned();
        if name.eq_ignore_ascii_case("VALUE") && raw.eq_ignore_ascii_case("URL") {
            "uri".clone_into(raw);
        }
    }
    params
}

/// Bare words become `TYPE`, `VALUE` or, where they are encodings, nothing.
fn named(params: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::with_capacity(params.len());
    let mut types: Vec<String> = Vec::new();
    for (name, raw) in params {
        let word = raw.trim();
        let is_any = |words: &[&str]| words.iter().any(|any| word.eq_ignore_ascii_case(any));
        if !name.is_empty() {
            out.push((name, raw));
        } else if is_any(&["URL", "URI"]) {
            out.push(("VALUE".to_owned(), "uri".to_owned()));
        } else if is_any(&["INLINE", "CID", "CONTENT-ID"]) {
            out.push(("VALUE".to_owned(), word.to_owned()));
        } else if Packing::parse(word).is_none() && !word.is_empty() {
            types.push(word.to_owned());
        }
    }
    if !types.is_empty() {
        out.push(("TYPE".to_owned(), types.join(",")));
    }
    out
}
