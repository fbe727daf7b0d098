//! Which characters the bytes of a document are (XML 1.0 §4.3.3 and appendix F): UTF-8, UTF-16 with a byte order mark, and
//! the sets of western Europe where the declaration names them.
//!
//! Never lenient about bytes: what is not what it says is refused, for it would be kept wrong.

use super::{BadXml, bad};
use encoding_rs::{Encoding, ISO_8859_15, UTF_8, WINDOWS_1252};
use std::borrow::Cow;

/// A declaration is far shorter.
const DECLARATION: usize = 256;

/// The text of a document, without its byte order mark.
pub(super) fn decode(body: &[u8]) -> Result<Cow<'_, str>, BadXml> {
    const NOT_UTF_8: BadXml = bad("the body is not UTF-8");
    if let Ok(text) = std::str::from_utf8(body) {
        return Ok(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)));
    }
    let (encoding, from) = match Encoding::for_bom(body) {
        Some(marked) => marked,
        None => (declared(body).ok_or(NOT_UTF_8)?, 0),
    };
    if encoding == UTF_8 {
        return Err(NOT_UTF_8);
    }
    let bytes = body.get(from..).unwrap_or_default();
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or(bad("the body is not in the character set that it says"))
}

/// The set that the declaration names, if it is one that is read here: of the others some hide markup from who looks at
/// the bytes.
fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(body.get(..DECLARATION.min(body.len()))?);
    let (declaration, _) = head.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, said) = declaration.split_once("encoding")?;
    let said = said.trim_start().strip_prefix('=')?.trim_start();
    let quote = said.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let label = said.strip_prefix(quote)?.split(quote).next()?;
    Encoding::for_label(label.as_bytes()).filter(|known| [WINDOWS_1252, ISO_8859_15].contains(known))
}

#[cfg(test)]
mod tests {
    use super::super::{Element, parse};
    use super::*;

    const DOCUMENT: &str = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a b='é'>€😀</a>";

    /// In UTF-16 with a mark.
    fn utf_16(text: &str, octets: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(octets).collect()
    }

    fn what(body: &[u8]) -> &'static str {
        parse(body).expect_err("refused").what
    }

    #[test]
    fn utf_16_is_read_in_both_orders() {
        let expected = parse(DOCUMENT.as_bytes()).expect("well-formed");
        assert_eq!((expected.attribute("b"), expected.text().as_str()), (Some("é"), "€😀"));
        assert_eq!(parse(&utf_16(DOCUMENT, u16::to_le_bytes)).as_ref(), Ok(&expected));
        assert_eq!(parse(&utf_16(DOCUMENT, u16::to_be_bytes)).as_ref(), Ok(&expected));
    }

    #[test]
    fn broken_utf_16_is_refused() {
        for octets in [u16::to_le_bytes, u16::to_be_bytes] {
            let mut odd = utf_16("<a/>", octets);
            odd.push(0);
            assert!(what(&odd).contains("character set"));
            let mut units: Vec<u16> = "<a>".encode_utf16().collect();
            units.push(0xd800);
            units.extend("</a>".encode_utf16());
            let alone: Vec<u8> = std::iter::once(0xfeff).chain(units).flat_map(octets).collect();
            assert!(what(&alone).contains("character set"));
            assert!(what(&utf_16("<a>\0</a>", octets)).contains("XML 1.0 forbids"));
            assert!(what(&utf_16("<!DOCTYPE a><a/>", octets)).contains("DOCTYPE"));
            // Without its mark it is no UTF-16.
            assert!(parse(utf_16("<a/>", octets).get(2..).expect("longer")).is_err());
        }
        // UTF-32 looks like UTF-16 with many NULs.
        assert!(parse(b"\xff\xfe\0\0<\0\0\0a\0\0\0/\0\0\0>\0\0\0").is_err());
    }

    #[test]
    fn declared_sets_of_one_octet_are_read() {
        let text = |encoding: &str, octets: &[u8]| -> Result<Element, BadXml> {
            let head = format!("<?xml version='1.0' encoding = {encoding} standalone='yes' ?><a>");
            parse(&[head.as_bytes(), octets, b"</a>"].concat())
        };
        for (encoding, octets, expected) in [
            ("'ISO-8859-1'", &b"\xe9t\xe9"[..], "été"),
            ("\"windows-1252\"", b"\x80 \xe9", "€ é"),
            ("'iso-8859-15'", b"\xa4", "€"),
            // Valid UTF-8 is UTF-8: who declares something else by mistake is far more frequent than such words.
            ("'ISO-8859-1'", "é".as_bytes(), "é"),
        ] {
            assert_eq!(text(encoding, octets).expect("well-formed").text(), expected, "{encoding}");
        }
        for encoding in
            ["'UTF-8'", "'UTF-16'", "'UTF-7'", "'Shift_JIS'", "'ISO-2022-JP'", "'klingon'", "'", "é"]
        {
            assert_eq!(
                text(encoding, b"\xe9").expect_err("refused").what,
                "the body is not UTF-8",
                "{encoding}"
            );
        }
        assert_eq!(what(b"<a>\xe9</a>"), "the body is not UTF-8");
        assert_eq!(what(b"\xef\xbb\xbf<a>\xe9</a>"), "the body is not UTF-8");
        assert_eq!(what(b"\xff"), "the body is not UTF-8");
    }
}
