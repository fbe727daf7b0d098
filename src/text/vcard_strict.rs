//! A second opinion on the 4.0 cards that this server writes itself, by an independent parser.
//!
//! Never on the road of a client's bytes: `vcard_parser` refuses most real cards. What it is known to break (newlines in
//! texts, `tel:` URIs, PID and CLIENTPIDMAP, `VALUE=uri` on a URL without a path) is taken out of what it sees, and large
//! content is cut short, for it is slow.

use super::component::{Document, Limits};
use super::line::Line;
use vcard_parser::vcard::Vcard;
use vcard_parser::vcard::property::Property;

/// Why the other parser does not take a card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Doubt {
    /// 1-based physical line; 0 where the card as a whole is at fault.
    pub line: usize,
    /// What the other parser says, for the log of a test; not for users.
    pub why: String,
}

/// Content longer than this many bytes is shown by its first bytes alone.
const LONG: usize = 1024;

/// Checks a 4.0 card, property by property and then as a whole (FN there, cardinalities kept).
pub fn check(card: &str) -> Result<(), Doubt> {
    let document = Document::parse(card, Limits::default())
        .map_err(|fault| Doubt { line: fault.line, why: fault.what.to_owned() })?;
    let mut shown = String::from("BEGIN:VCARD\r\nVERSION:4.0\r\n");
    let [root] = document.roots.as_slice() else {
        return Err(Doubt { line: 0, why: "not exactly one card".to_owned() });
    };
    let Some((version, lines)) =
        root.lines.split_first().filter(|(first, _)| first.unfolded() == "VERSION:4.0")
    else {
        return Err(Doubt { line: 0, why: "VERSION:4.0 does not come first".to_owned() });
    };
    if !root.children.is_empty() {
        return Err(Doubt { line: version.number, why: "a component inside a card".to_owned() });
    }
    for line in lines.iter().filter(|line| !line.is("CLIENTPIDMAP")) {
        let text = as_shown(line);
        Property::try_from(text.as_str())
            .map_err(|fault| Doubt { line: line.number, why: fault.to_string() })?;
        shown.push_str(&text);
    }
    shown.push_str("END:VCARD\r\n");
    let read = Vcard::try_from(shown.as_str()).map_err(|fault| Doubt { line: 0, why: fault.to_string() })?;
    let kept = read.get_properties().len();
    let sent = lines.iter().filter(|line| !line.is("CLIENTPIDMAP")).count();
    if kept != sent {
        return Err(Doubt { line: 0, why: format!("{sent} properties written, {kept} read") });
    }
    Ok(())
}

/// The line without what the other parser is known to break.
fn as_shown(line: &Line<'_>) -> String {
    let mut out = String::new();
    if let Some(group) = line.group() {
        out.push_str(group);
        out.push('.');
    }
    out.push_str(line.name());
    let uri = (line.is("TEL") || line.is("URL"))
        && line.param("VALUE").is_some_and(|kind| kind.eq_ignore_ascii_case("uri"));
    for param in line.params() {
        let dropped =
            param.name.eq_ignore_ascii_case("PID") || (uri && param.name.eq_ignore_ascii_case("VALUE"));
        if !dropped {
            out.push_str(&format!(";{}={}", param.name, param.raw.replace("^n", " ")));
        }
    }
    out.push(':');
    let value = line.value();
    if value.len() > LONG && value.starts_with("data:") {
        out.push_str(value.get(..64).unwrap_or_default());
    } else {
        out.push_str(&value.replace("\\n", " ").replace("\\N", " "));
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(lines: &str) -> Result<(), Doubt> {
        check(&format!("BEGIN:VCARD\r\nVERSION:4.0\r\n{lines}END:VCARD\r\n"))
    }

    #[test]
    fn good_cards_pass() {
        let photo = format!("PHOTO:data:image/png;base64,{}\r\n", "A".repeat(5000));
        let lines = format!(
            "{}{photo}",
            concat!(
                "UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1\r\nKIND:individual\r\nN:Dupont;Jean;;;\r\nFN:Jean Dupont\r\n",
                "ORG:Mairie de Lyon;Voirie\r\nEMAIL;PREF=1;TYPE=work:j@example.org\r\nTEL;VALUE=uri;TYPE=cell:tel:+33-1\r\n",
                "ADR;LABEL=12 rue^nLyon;TYPE=work:;;12 rue X\\, B;Lyon;;69001;France\r\nBDAY:--0412\r\nNOTE:a\\nb\r\n",
                "item1.URL:https://example.org/\r\nitem1.X-ABLABEL:Site\r\nCATEGORIES:a,b\r\nREV:20260102T030405Z\r\nCLIENTPIDMAP:1;urn:uuid:x\r\n",
            )
        );
        assert_eq!(verdict(&lines), Ok(()));
    }

    #[test]
    fn faults_are_named_by_their_line() {
        assert_eq!(verdict("FN:x\r\nREV:yesterday\r\n").expect_err("doubt").line, 4);
        assert!(verdict("N:x;;;;\r\n").is_err());
        assert!(verdict("FN:x\r\nN:a;;;;\r\nN:b;;;;\r\n").is_err());
        assert!(check("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nN:x;;;;\r\nEND:VCARD\r\n").is_err());
        assert!(check("BEGIN:VCARD\r\nFN:x\r\nVERSION:4.0\r\nEND:VCARD\r\n").is_err());
    }
}
