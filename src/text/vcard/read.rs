//! Values of properties in plain Unicode, whatever the version: quoted-printable, character sets, base64, escapes.
//!
//! vCard 2.1 §2.1.3 and §2.1.5, RFC 2426 §2.4.2, RFC 6350 §3.4, RFC 2045 §6.7. Lenient: what cannot be
//! decoded is taken as it stands. Knows no property but the few whose values are binary.

use super::super::line::{Line, split_unescaped, unescape_text};
use super::Version;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

/// Decodes base64 with or without padding and with stray last bits: clients cut it anywhere.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// How a value is packed for transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    QuotedPrintable,
    Base64,
}

impl Packing {
    /// From `ENCODING=…` or a bare word of 2.1.
    pub(super) fn of(line: &Line<'_>) -> Self {
        let said = line.params().filter(|param| param.name.eq_ignore_ascii_case("ENCODING"));
        let bare = line.params().filter(|param| param.name.is_empty());
        said.chain(bare).find_map(|param| Packing::parse(param.raw)).unwrap_or(Packing::Plain)
    }

    /// `None` for a word that is no encoding; 7BIT and 8BIT are plain.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let word = word.trim().trim_matches('"');
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        if is("QUOTED-PRINTABLE") || is("Q") {
            Some(Packing::QuotedPrintable)
        } else if is("BASE64") || is("B") {
            Some(Packing::Base64)
        } else if is("7BIT") || is("8BIT") {
            Some(Packing::Plain)
        } else {
            None
        }
    }
}

/// Whether the property holds bytes rather than words.
pub(super) fn is_binary(line: &Line<'_>) -> bool {
    ["PHOTO", "LOGO", "SOUND", "KEY"].iter().any(|name| line.is(name))
}

/// Whether base64 in this property is words: not where it is binary, nor where nobody knows (`X-MS-CARDPICTURE`).
pub(super) fn is_worded(line: &Line<'_>) -> bool {
    !is_binary(line) && !line.name().get(..2).is_some_and(|start| start.eq_ignore_ascii_case("X-"))
}

/// The value with transfer encoding and character set undone; escapes are kept.
pub fn unpacked<'l>(line: &'l Line<'_>) -> Cow<'l, str> {
    let charset = || line.param("CHARSET").unwrap_or_default();
    match Packing::of(line) {
        Packing::QuotedPrintable => Cow::Owned(decode_charset(&quoted_printable(line.value()), &charset())),
        Packing::Base64 if is_worded(line) => match base64_bytes(line.value()) {
            Some(bytes) => Cow::Owned(decode_charset(&bytes, &charset())),
            None => Cow::Borrowed(line.value()),
        },
        _ => Cow::Borrowed(line.value()),
    }
}

/// Whether the value is quoted-printable: only right in 2.1, met everywhere.
pub fn is_quoted_printable(line: &Line<'_>) -> bool {
    Packing::of(line) == Packing::QuotedPrintable
}

/// What a text-match looks at: the value in plain Unicode, escapes undone. Structured values (N, ADR, ORG) and
/// lists stay in one piece with their `;` and `,`; a group (`item1.`) is no part of it.
pub fn text(line: &Line<'_>, version: Version) -> String {
    match unpacked(line) {
        Cow::Borrowed(value) => unescaped(value, version).into_owned(),
        Cow::Owned(value) => unescaped(&value, version).into_owned(),
    }
}

/// The fields of a structured value (N, ADR, ORG, GENDER), each a list of plain texts.
pub fn fields(line: &Line<'_>, version: Version) -> Vec<Vec<String>> {
    let value = unpacked(line);
    split_unescaped(&value, b';')
        .map(|field| match version {
            // 2.1 has no lists inside a field.
            Version::V21 => vec![unescaped(field, version).into_owned()],
            _ => split_unescaped(field, b',').map(|part| unescape_text(part).into_owned()).collect(),
        })
        .collect()
}

/// 2.1 only knows `\;`; a backslash before anything else is a backslash.
fn unescaped(value: &str, version: Version) -> Cow<'_, str> {
    if version != Version::V21 {
        return unescape_text(value);
    }
    if value.contains('\\') {
        Cow::Owned(value.replace("\\;", ";").replace("\\,", ","))
    } else {
        Cow::Borrowed(value)
    }
}

/// Types of the property in lower case, see [`type_words`].
pub fn types(line: &Line<'_>) -> Vec<String> {
    type_words(line).map(str::to_ascii_lowercase).collect()
}

/// Types of the property as written, one by one: `TYPE=a,b`, the quoted list of 4.0 (`TYPE="a,b"`, RFC 6350 §5.6) and the
/// bare words of 2.1.
pub fn type_words<'l>(line: &'l Line<'_>) -> impl Iterator<Item = &'l str> {
    line.params()
        .filter(|param| {
            param.name.is_empty() && Packing::parse(param.raw).is_none()
                || param.name.eq_ignore_ascii_case("TYPE")
        })
        .flat_map(|param| param.raw.split(','))
        .map(|word| word.trim().trim_matches('"'))
        .filter(|word| !word.is_empty())
}

/// The text of a LABEL parameter, in which a line break may be `\n` as in a value (RFC 6350 §6.3.1) besides what RFC 6868
/// makes of it, which is undone already.
pub fn label_text(param: &str) -> Cow<'_, str> {
    if param.contains("\\n") || param.contains("\\N") {
        Cow::Owned(param.replace("\\n", "\n").replace("\\N", "\n"))
    } else {
        Cow::Borrowed(param)
    }
}

/// Undoes quoted-printable; soft breaks are already joined by the reader of lines.
fn quoted_printable(value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [byte, tail @ ..] = rest {
        if let (b'=', [high, low, after @ ..]) = (*byte, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push(high << 4 | low);
            rest = after;
            continue;
        }
        // A last `=` is a soft break with nothing after it.
        if *byte != b'=' || !tail.is_empty() {
            out.push(*byte);
        }
        rest = tail;
    }
    out
}

/// The value of one hexadecimal digit.
pub(super) fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Base64 with blanks taken out; `None` where it is not base64.
pub(super) fn base64_bytes(value: &str) -> Option<Vec<u8>> {
    let value = value.trim();
    if value.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let dense: Vec<u8> = value.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        return LENIENT.decode(dense).ok();
    }
    LENIENT.decode(value).ok()
}

/// Bytes to Unicode by the name of a character set. An unknown or missing name, and bytes that are not UTF-8 though
/// they should be, are read as UTF-8 where that is possible and else as windows-1252.
fn decode_charset(bytes: &[u8], charset: &str) -> String {
    let name: String =
        charset.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let map = match name.as_str() {
        "iso88591" | "latin1" | "l1" => char::from,
        "iso885915" | "latin9" => latin9,
        "windows1252" | "cp1252" => windows_1252,
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => return text.to_owned(),
            Err(_) => windows_1252,
        },
    };
    bytes.iter().map(|&byte| map(byte)).collect()
}

fn latin9(byte: u8) -> char {
    match byte {
        0xa4 => '€',
        0xa6 => 'Š',
        0xa8 => 'š',
        0xb4 => 'Ž',
        0xb8 => 'ž',
        0xbc => 'Œ',
        0xbd => 'œ',
        0xbe => 'Ÿ',
        _ => char::from(byte),
    }
}

fn windows_1252(byte: u8) -> char {
    // 0x80 to 0x9f; the five holes of the table keep their control character.
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    byte.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at)).copied()).unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::super::super::component::{Document, Limits};
    use super::*;

    fn read(source: &str, name: &str) -> String {
        let document = Document::parse(source, Limits::default()).expect("a card");
        let card = &document.roots[0];
        text(card.line(name).expect("there"), Version::of(card).expect("a version"))
    }

    #[test]
    fn quoted_printable_comes_out_of_four_character_sets() {
        for (charset, bytes, expected) in [
            ("UTF-8", "Andr=C3=A9=E2=82=AC", "André€"),
            ("ISO-8859-1", "Andr=E9", "André"),
            ("ISO-8859-15", "Andr=E9=A4=BD", "André€œ"),
            ("Windows-1252", "Andr=E9=80=9C", "André€œ"),
            ("nonsense", "Andr=C3=A9", "André"),
            ("UTF-8", "Andr=E9", "André"),
            ("UTF-8", "a=3Db=zz", "a=b=zz"),
        ] {
            let card = format!(
                "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET={charset};QUOTED-PRINTABLE:{bytes}\nEND:VCARD\n"
            );
            assert_eq!(read(&card, "FN"), expected, "{charset} {bytes}");
        }
    }

    #[test]
    fn escapes_depend_on_the_version() {
        let card = |version: &str| format!("BEGIN:VCARD\nVERSION:{version}\nNOTE:a\\nb\\;c\\,d\nEND:VCARD\n");
        assert_eq!(read(&card("2.1"), "NOTE"), "a\\nb;c,d");
        assert_eq!(read(&card("3.0"), "NOTE"), "a\nb;c,d");
        assert_eq!(read(&card("4.0"), "NOTE"), "a\nb;c,d");
    }

    #[test]
    fn structured_values_are_searched_as_one_text_and_split_in_fields() {
        let source = "BEGIN:VCARD\nVERSION:4.0\nitem1.N:Le Goff;Anne,Marie;\\;;;\nEND:VCARD\n";
        assert_eq!(read(source, "N"), "Le Goff;Anne,Marie;;;;");
        let document = Document::parse(source, Limits::default()).expect("a card");
        let line = document.roots[0].line("N").expect("there");
        assert_eq!(
            fields(line, Version::V4),
            [vec!["Le Goff"], vec!["Anne", "Marie"], vec![";"], vec![""], vec![""]]
        );
    }

    #[test]
    fn base64_text_and_bare_types_are_read() {
        let source =
            "BEGIN:VCARD\nVERSION:2.1\nNOTE;BASE64:w6l0w6k\nTEL;CELL;TYPE=\"work,pref\":1\nEND:VCARD\n";
        assert_eq!(read(source, "NOTE"), "été");
        let document = Document::parse(source, Limits::default()).expect("a card");
        assert_eq!(types(document.roots[0].line("TEL").expect("there")), ["cell", "work", "pref"]);
    }
}
