//! Text as XML may hold it (XML 1.0 §2.2, §2.4, §2.11, §3.3.3). Fast, for most of each answer passes through here.

use memchr::{memchr_iter, memchr2_iter};

/// Appends `text` escaped for the content of elements. CR becomes a reference, for a reader would turn CRLF into LF; what
/// XML 1.0 cannot hold becomes U+FFFD, so that one bad item never spoils a whole answer.
pub fn escape(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len());
    if !holds_rare(bytes) {
        return returns(out, text);
    }
    let mut from = 0;
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        at += plain(rest);
        let Some(&byte) = bytes.get(at) else { break };
        let (with, taken) = match byte {
            b'&' => ("&amp;", 1),
            b'<' => ("&lt;", 1),
            b'>' => ("&gt;", 1),
            b'"' => ("&quot;", 1),
            b'\r' => ("&#13;", 1),
            0..=8 | 11 | 12 | 14..=31 => ("\u{fffd}", 1),
            // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
            0xef if matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf])) => ("\u{fffd}", 3),
            _ => {
                at += 1;
                continue;
            }
        };
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(with);
        at += taken;
        from = at;
    }
    out.push_str(text.get(from..).unwrap_or_default());
}

/// Appends `text` escaped for the value of an attribute: as [`escape`], and the blanks that a reader would turn into spaces
/// become references (XML 1.0 §3.3.3).
pub fn escape_attribute(out: &mut String, text: &str) {
    let mut from = 0;
    for at in memchr2_iter(b'\t', b'\n', text.as_bytes()) {
        escape(out, text.get(from..at).unwrap_or_default());
        out.push_str(if text.as_bytes().get(at) == Some(&b'\t') { "&#9;" } else { "&#10;" });
        from = at + 1;
    }
    escape(out, text.get(from..).unwrap_or_default());
}

/// As [`escape`], of text in which nothing but CR needs it: most items.
fn returns(out: &mut String, text: &str) {
    let mut from = 0;
    for at in memchr_iter(b'\r', text.as_bytes()) {
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str("&#13;");
        from = at + 1;
    }
    out.push_str(text.get(from..).unwrap_or_default());
}

/// Whether a byte other than CR needs a second look.
fn holds_rare(bytes: &[u8]) -> bool {
    let rare = |found: bool, byte: &u8| found | (special(*byte) & (*byte != b'\r'));
    let (pieces, rest) = bytes.as_chunks::<PIECE>();
    pieces.iter().any(|piece| piece.iter().fold(false, rare)) || rest.iter().fold(false, rare)
}

/// Bytes that are judged at once, which the compiler does with wide registers.
const PIECE: usize = 16;

/// Whether a byte needs a second look.
const fn special(byte: u8) -> bool {
    (byte < 32) & (byte != b'\t') & (byte != b'\n')
        | (byte == b'&')
        | (byte == b'<')
        | (byte == b'>')
        | (byte == b'"')
        | (byte == 0xef)
}

/// The same by byte, for where one after the other is looked at.
#[allow(clippy::indexing_slicing, reason = "made by the compiler, which would say so")]
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte: u8 = 0;
    while byte < 255 {
        table[byte as usize] = special(byte);
        byte += 1;
    }
    table
};

/// How many bytes at the beginning need no second look.
fn plain(bytes: &[u8]) -> usize {
    let (pieces, _) = bytes.as_chunks::<PIECE>();
    let clean = |piece: &&[u8; PIECE]| !piece.iter().fold(false, |found, byte| found | special(*byte));
    let at = pieces.iter().take_while(clean).count() * PIECE;
    let rest = bytes.get(at..).unwrap_or_default();
    let known = |byte: &u8| SPECIAL.get(usize::from(*byte)).copied().unwrap_or(true);
    at + rest.iter().position(known).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::super::{is_xml_char, parse};
    use super::*;

    #[test]
    fn escaping_keeps_returns_and_survives_forbidden_characters() {
        let mut out = String::new();
        escape(&mut out, "a\r\n<&>\u{0}\u{ffff}é");
        assert_eq!(out, "a&#13;\n&lt;&amp;&gt;\u{fffd}\u{fffd}é");
        let mut wrapped = String::from("<a>");
        wrapped.push_str(&out);
        wrapped.push_str("</a>");
        assert!(parse(wrapped.as_bytes()).is_ok());
    }

    /// One character after the other.
    fn escaped(text: &str) -> String {
        let one = |c: char| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\r' => "&#13;".to_owned(),
            c if is_xml_char(c) => c.to_string(),
            _ => "\u{fffd}".to_owned(),
        };
        text.chars().map(one).collect()
    }

    #[test]
    fn escaping_is_the_same_wherever_something_stands() {
        for special in
            ["", "\r", "\r\r\n", "&", "<", ">", "\"", "\u{1f}", "\u{fffe}", "\u{ff01}", "\t", "\n", "é"]
        {
            for before in 0..40 {
                for after in [0, 1, 15, 16, 17, 40] {
                    let text = format!("{}{special}{}\r\n", "a".repeat(before), "b".repeat(after));
                    let mut out = String::from("x");
                    escape(&mut out, &text);
                    assert_eq!(out, format!("x{}", escaped(&text)), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn attributes_keep_their_blanks() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("a\nb\tc\r\nd", "a&#10;b&#9;c&#13;&#10;d"),
            ("\n\n<é\t", "&#10;&#10;&lt;é&#9;"),
        ] {
            let mut out = String::from("x");
            escape_attribute(&mut out, text);
            assert_eq!(out, format!("x{expected}"));
        }
    }
}
