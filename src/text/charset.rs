//! Bytes of files as text: what they say of themselves, else what they can be. Knows no format.
//!
//! A byte order mark decides, then the name that came with the file; then UTF-8, if it is that, and at last what western European
//! programs wrote before: Windows-1252 where bytes stand that ISO-8859-15 leaves to control characters, else that. WHATWG Encoding.

use encoding_rs::{Encoding, ISO_8859_15, UTF_8, WINDOWS_1252};
use std::borrow::Cow;

/// The text of a file, without its byte order mark. `label` is the name of a character set that came with it (`charset=…`); `None` for one
/// that nobody knows.
pub fn decode<'b>(bytes: &'b [u8], label: Option<&str>) -> Option<Cow<'b, str>> {
    if let Some((marked, mark)) = Encoding::for_bom(bytes) {
        return Some(marked.decode_without_bom_handling(bytes.get(mark..)?).0);
    }
    let named = match label.map(str::trim).filter(|label| !label.is_empty()) {
        Some(label) => Encoding::for_label(label.as_bytes())?,
        None => UTF_8,
    };
    // What calls itself UTF-8 and is not is as old as what says nothing.
    let encoding = if named == UTF_8 && std::str::from_utf8(bytes).is_err() { old(bytes) } else { named };
    Some(encoding.decode_without_bom_handling(bytes).0)
}

fn old(bytes: &[u8]) -> &'static Encoding {
    if bytes.iter().any(|byte| (0x80..0xa0).contains(byte)) { WINDOWS_1252 } else { ISO_8859_15 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_names_and_bytes_decide_in_this_order() {
        for (bytes, label, expected) in [
            (&b"Zo\xc3\xa9"[..], None, "Zoé"),
            (b"\xef\xbb\xbfZo\xc3\xa9", Some("iso-8859-1"), "Zoé"),
            (b"\xff\xfeZ\0\xe9\0", None, "Zé"),
            (b"\xfe\xff\0Z\0\xe9", None, "Zé"),
            (b"Zo\xe9 5 \xa4 \xbd", None, "Zoé 5 € œ"),
            (b"Zo\xe9 5 \x80", None, "Zoé 5 €"),
            (b"Zo\xe9", Some("UTF-8"), "Zoé"),
            (b"\xe9", Some("KOI8-R"), "И"),
            (b"", None, ""),
        ] {
            assert_eq!(decode(bytes, label).as_deref(), Some(expected), "{bytes:?} {label:?}");
        }
        assert_eq!(decode(b"a", Some("klingon")), None);
    }
}
