//! Bytes inside cards: photos, logos, sounds and keys, in base64 or as `data:` URIs; their size and their kind.
//!
//! RFC 2426 §3.1.4, RFC 6350 §6.2.4, RFC 2397. Sizes are reckoned without decoding, for a limit must be
//! cheap to check.

use super::super::component::Document;
use super::super::line::Line;
use super::read::{LENIENT, Packing, base64_bytes, hex, is_binary};
use base64::Engine;
use std::borrow::Cow;

/// Bytes that a card carries itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// Media type in lower case: as said, else as the bytes look; empty where neither tells.
    pub media_type: String,
    /// The decoded content.
    pub bytes: Vec<u8>,
}

/// The size in bytes of each image (PHOTO, LOGO) that is embedded in the document's cards, in order.
/// Images by address are not counted.
pub fn image_bytes(document: &Document<'_>) -> Vec<usize> {
    let lines = document.roots.iter().flat_map(|card| &card.lines);
    lines
        .filter(|line| line.is("PHOTO") || line.is("LOGO"))
        .filter_map(packed)
        .map(|packed| packed.size())
        .collect()
}

/// The embedded content of a PHOTO, LOGO, SOUND or KEY; `None` where it is an address or words, or cannot be decoded.
pub fn embedded(line: &Line<'_>) -> Option<Embedded> {
    if !is_binary(line) {
        return None;
    }
    let packed = packed(line)?;
    let bytes = packed.bytes()?;
    let said = match packed.media_type {
        Some(media_type) => media_type.to_ascii_lowercase(),
        None => super::read::types(line)
            .iter()
            .find_map(|word| media_type_of(line.name(), word))
            .unwrap_or_default(),
    };
    let media_type = if said.is_empty() { sniff(&bytes).unwrap_or_default().to_owned() } else { said };
    Some(Embedded { media_type, bytes })
}

/// Content in a value, still encoded.
#[derive(Debug)]
pub(in crate::text) struct Packed<'v> {
    /// From a `data:` URI that names one.
    pub(in crate::text) media_type: Option<&'v str>,
    /// Base64, or percent-encoded octets.
    pub(super) content: Cow<'v, str>,
    base64: bool,
}

impl Packed<'_> {
    fn size(&self) -> usize {
        let octets = |byte: &u8| {
            if self.base64 { byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/') } else { true }
        };
        let digits = self.content.bytes().filter(octets).count();
        if self.base64 {
            digits * 3 / 4
        } else {
            digits - 2 * self.content.matches('%').count().min(digits / 3)
        }
    }

    /// The decoded content; `None` where it is not what it says.
    pub(super) fn bytes(&self) -> Option<Vec<u8>> {
        if self.base64 { base64_bytes(&self.content) } else { Some(percent_decoded(&self.content)) }
    }

    /// The content in dense base64 with padding; `None` where it cannot be decoded.
    pub(in crate::text) fn base64(&self) -> Option<String> {
        let bytes = self.bytes()?;
        Some(base64::engine::general_purpose::STANDARD.encode(bytes))
    }
}

fn packed<'l>(line: &'l Line<'_>) -> Option<Packed<'l>> {
    if Packing::of(line) == Packing::Base64 {
        return Some(Packed::base64_of(line.value()));
    }
    data_uri(line.value())
}

impl<'v> Packed<'v> {
    /// A value that is base64 through and through.
    pub(in crate::text) fn base64_of(value: &'v str) -> Self {
        Packed { media_type: None, content: Cow::Borrowed(value), base64: true }
    }
}

/// Reads a `data:` URI (RFC 2397), also one whose `,` and `;` were escaped as if it were TEXT.
pub(in crate::text) fn data_uri(value: &str) -> Option<Packed<'_>> {
    let value = value.trim();
    let rest = value.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:")).and(value.get(5..))?;
    let (head, content) = rest.split_once(',')?;
    let head = head.trim_end_matches('\\');
    let mut parts = head.split(';').map(|part| part.trim_end_matches('\\').trim());
    let media_type = parts.next().filter(|word| word.contains('/'));
    let base64 = parts.any(|part| part.eq_ignore_ascii_case("base64"));
    let content = if base64 { Cow::Borrowed(content) } else { super::super::line::unescape_text(content) };
    Some(Packed { media_type, content, base64 })
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        if let (b'%', [high, low, after @ ..]) = (*byte, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push(high << 4 | low);
            rest = after;
        } else {
            out.push(*byte);
            rest = tail;
        }
    }
    out
}

/// The media type that a `TYPE` of 2.1 or 3.0 means on this property; `None` for words such as `work` or `pref`
/// that say nothing about the format.
pub(in crate::text) fn media_type_of(property: &str, word: &str) -> Option<String> {
    let word = word.to_ascii_lowercase();
    if word.contains('/') {
        return Some(word);
    }
    if matches!(word.as_str(), "pref" | "home" | "work" | "uri" | "inline" | "") {
        return None;
    }
    Some(match property.to_ascii_uppercase().as_str() {
        "SOUND" => format!("audio/{word}"),
        "KEY" => match word.as_str() {
            "x509" => "application/pkix-cert".to_owned(),
            "pgp" => "application/pgp-keys".to_owned(),
            _ => format!("application/{word}"),
        },
        _ => match word.as_str() {
            "jpg" => "image/jpeg".to_owned(),
            "svg" => "image/svg+xml".to_owned(),
            _ => format!("image/{word}"),
        },
    })
}

/// The `TYPE` of 3.0 for a media type on this property; the media type itself where 3.0 has no word for it.
pub(in crate::text) fn type_word(property: &str, media_type: &str) -> String {
    let word = match media_type {
        "image/svg+xml" => "SVG".to_owned(),
        "application/pkix-cert" => "X509".to_owned(),
        "application/pgp-keys" => "PGP".to_owned(),
        _ => media_type.rsplit('/').next().unwrap_or_default().to_ascii_uppercase(),
    };
    if media_type_of(property, &word).as_deref() == Some(media_type) { word } else { media_type.to_owned() }
}

/// The media type of an image by its first bytes.
pub fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    if starts(&[0xff, 0xd8, 0xff]) {
        Some("image/jpeg")
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if starts(b"GIF8") {
        Some("image/gif")
    } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else if starts(b"BM") {
        Some("image/bmp")
    } else if starts(b"II*\0") || starts(b"MM\0*") {
        Some("image/tiff")
    } else if bytes.get(4..8) == Some(b"ftyp") {
        match bytes.get(8..12) {
            Some(b"avif" | b"avis") => Some("image/avif"),
            Some(b"heic" | b"heix" | b"mif1" | b"hevc") => Some("image/heic"),
            _ => None,
        }
    } else if starts(b"<svg") || starts(b"<?xml") {
        Some("image/svg+xml")
    } else {
        None
    }
}

/// The media type of base64 content by its first bytes, without decoding the rest.
pub(in crate::text) fn sniff_base64(content: &str) -> Option<&'static str> {
    let head: Vec<u8> = content.bytes().filter(|byte| !byte.is_ascii_whitespace()).take(32).collect();
    sniff(&LENIENT.decode(head).ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::super::component::Limits;
    use super::*;

    fn sizes(lines: &str) -> Vec<usize> {
        let source = format!("BEGIN:VCARD\nVERSION:3.0\n{lines}END:VCARD\n");
        image_bytes(&Document::parse(&source, Limits::default()).expect("a card"))
    }

    #[test]
    fn sizes_are_those_of_the_decoded_content() {
        assert_eq!(sizes("PHOTO;ENCODING=b;TYPE=JPEG:AAEC\n AwQ=\n"), [5]);
        assert_eq!(sizes("PHOTO;BASE64;JPEG:\n  AAEC\n  AwQF\n\n"), [6]);
        assert_eq!(
            sizes("PHOTO:data:image/png;base64,AAECAw==\nLOGO:data:image/svg+xml,%3Csvg/%3E\n"),
            [4, 6]
        );
        assert_eq!(sizes("PHOTO;VALUE=uri:https://example.org/a.jpg\nKEY;ENCODING=b:AAEC\n"), [0usize; 0]);
    }

    #[test]
    fn content_and_kind_come_out() {
        let source = "BEGIN:VCARD\nVERSION:4.0\nPHOTO:data:image/png\\;base64\\,iVBORw0KGgo=\nLOGO;ENCODING=b:/9j/4A\nEND:VCARD\n";
        let document = Document::parse(source, Limits::default()).expect("a card");
        let of = |name: &str| embedded(document.roots[0].line(name).expect("there")).expect("embedded");
        assert_eq!(of("PHOTO").media_type, "image/png");
        assert_eq!(of("PHOTO").bytes, b"\x89PNG\r\n\x1a\n");
        assert_eq!(of("LOGO").media_type, "image/jpeg");
    }
}
