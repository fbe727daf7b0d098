//! Items in formats other than the one in which they are kept.
//!
//! RFC 7265 (jCal), RFC 7095 (jCard), vCard 3.0 and 4.0. Of the JSON forms that clients send the text is stored.

use super::labour;
use crate::domain::collection::HomeKind;
use crate::domain::fault::{Condition, Fault};
use crate::text::component::{Component, Document, Limits};
use crate::text::vcard::{self, Version};
use crate::text::{jcal, jcard};
use serde_json::Value;
use std::borrow::Cow;

/// A format that an item can be answered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The bytes as sent.
    AsStored,
    /// `application/calendar+json`
    JCal,
    /// `application/vcard+json`
    JCard,
    /// `text/vcard; version=3.0` or `4.0`
    VCard(Version),
}

impl Format {
    /// What an `Accept` header asks for; parameters that are not known do not disturb. RFC 7231 §5.3.2.
    pub fn negotiate(accept: &str, home: HomeKind) -> Result<Format, Fault> {
        let mut best: Option<(Format, f32)> = None;
        let mut seen = false;
        for range in accept.split(',').map(str::trim).filter(|range| !range.is_empty()) {
            seen = true;
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let parameters: Vec<&str> = parts.collect();
            let quality = parameters
                .iter()
                .find_map(|p| p.strip_prefix("q="))
                .map_or(1.0, |q| q.parse().unwrap_or(1.0));
            let version =
                parameters.iter().find_map(|p| p.strip_prefix("version=")).map(|v| v.trim_matches('"'));
            if let Some(format) = Self::of(&media, version, home)
                && quality > best.map_or(0.0, |(_, q)| q)
            {
                best = Some((format, quality));
            }
        }
        match best {
            Some((format, _)) => Ok(format),
            None if !seen => Ok(Format::AsStored),
            // Old clients name types that they do not mean: what is kept is better than a refusal.
            None => Ok(Format::AsStored),
        }
    }

    fn of(media: &str, version: Option<&str>, home: HomeKind) -> Option<Format> {
        match (home, media) {
            (_, "*/*" | "text/*") => Some(Format::AsStored),
            (HomeKind::Calendars, "text/calendar") => Some(Format::AsStored),
            (HomeKind::Calendars, "application/calendar+json") => Some(Format::JCal),
            (HomeKind::AddressBooks, "text/vcard") => Some(match version {
                Some("3.0") => Format::VCard(Version::V3),
                Some("4.0") => Format::VCard(Version::V4),
                _ => Format::AsStored,
            }),
            (HomeKind::AddressBooks, "text/x-vcard" | "text/directory") => Some(Format::VCard(Version::V3)),
            (HomeKind::AddressBooks, "application/vcard+json") => Some(Format::JCard),
            _ => None,
        }
    }

    /// A short word that tells representations apart in entity tags.
    pub fn tag(self) -> &'static str {
        match self {
            Format::AsStored => "s",
            Format::JCal | Format::JCard => "j",
            Format::VCard(Version::V4) => "4",
            Format::VCard(Version::V3 | Version::V21) => "3",
        }
    }
}

/// The item in `format` and its media type.
pub fn convert(body: &str, format: Format) -> Result<(String, &'static str), Fault> {
    match format {
        Format::AsStored => Ok((body.to_owned(), "text/plain; charset=utf-8")),
        Format::JCal => {
            let document = parse(body)?;
            let json = jcal::to_jcal(root(&document)?);
            Ok((json.to_string(), "application/calendar+json; charset=utf-8"))
        }
        Format::JCard => {
            let four = card(body, Version::V4)?;
            let document = parse(&four)?;
            let json = jcard::to_jcard(root(&document)?);
            Ok((json.to_string(), "application/vcard+json; charset=utf-8"))
        }
        Format::VCard(version) => {
            let media = match version {
                Version::V3 | Version::V21 => "text/vcard; version=3.0; charset=utf-8",
                Version::V4 => "text/vcard; version=4.0; charset=utf-8",
            };
            card(body, version).map(|text| (text.into_owned(), media))
        }
    }
}

/// jCal or jCard as iCalendar or vCard.
pub async fn from_json(body: String, home: HomeKind) -> Result<String, Fault> {
    let card = home == HomeKind::AddressBooks;
    let invalid = move |why: String| -> Fault {
        if card { Condition::ValidAddressData(why) } else { Condition::ValidCalendarData(why) }.into()
    };
    let converted = labour::of(body.len(), move || {
        let json: Value = serde_json::from_str(&body).map_err(|error| invalid(error.to_string()))?;
        let text = if card { jcard::from_jcard(&json) } else { jcal::from_jcal(&json) };
        text.map_err(|bad| invalid(bad.to_string()))
    });
    converted.await?
}

/// A card in this version; bytes that are in it already stay as they are.
pub fn card(body: &str, version: Version) -> Result<Cow<'_, str>, Fault> {
    vcard::convert(body, version).map_err(|_| Condition::SupportedAddressDataConversion.into())
}

/// A card in this format, without a copy where nothing changes.
pub fn card_text(body: &str, format: Format) -> Result<Cow<'_, str>, Fault> {
    match format {
        Format::AsStored => Ok(Cow::Borrowed(body)),
        Format::VCard(version) => card(body, version),
        other => convert(body, other).map(|(text, _)| Cow::Owned(text)),
    }
}

fn root<'d, 'a>(document: &'d Document<'a>) -> Result<&'d Component<'a>, Fault> {
    document.roots.first().ok_or(Fault::Internal)
}

fn parse(body: &str) -> Result<Document<'_>, Fault> {
    Document::parse(body, Limits::default()).map_err(|error| {
        tracing::error!(%error, "a stored item cannot be read");
        Fault::Internal
    })
}
