//! The forms that an item has outside: which one a client asks for, how it is written, and how one that is sent is read.
//!
//! The one place that knows media types of items. Another form is a variant of [`Form`], its line in
//! [`FORMS`], and its arms in [`Form::write`] and [`read`]; JSCalendar and JSContact, which change what is there in place, are taken in
//! `edits.rs`. What is stored is what came; what came in another form than iCalendar or vCard is stored as those. RFC 9110 §12.5.1, RFC 7265, RFC 7095.

use super::problem::Refused;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::services::content::{Media, Sent};
use crate::services::formats::{self, Format};
use crate::services::labour;
use crate::text::component::{Document, Limits};
use crate::text::vcard::Version;
use crate::text::{jscalendar, jscontact};
use actix_web::http::header::{ACCEPT, HeaderMap};
use serde_json::Value;

/// A form of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The bytes as they are kept: iCalendar, or vCard of the version that was sent.
    Kept,
    /// JSCalendar or JSContact, said to be nothing but JSON: what `application/json` is of an item in this home.
    Json(HomeKind),
    /// jCal
    JCal,
    /// jCard
    JCard,
    /// JSCalendar
    JSCalendar,
    /// JSContact
    JSContact,
    /// vCard 3.0
    V3,
    /// vCard 4.0
    V4,
}

/// A form, where it is to be had, and what stands for it in `Accept`: media type, and version where it has one.
type Row = (Form, HomeKind, &'static str, Option<&'static str>);

/// Media type of JSON that is not said to be more.
const JSON: &str = "application/json";

/// All of them; of those that a client likes alike the first is given: JSON to who takes anything, the bytes to who takes any text.
const FORMS: [Row; 11] = [
    (Form::Json(HomeKind::Calendars), HomeKind::Calendars, JSON, None),
    (Form::Kept, HomeKind::Calendars, "text/calendar", None),
    (Form::JCal, HomeKind::Calendars, "application/calendar+json", None),
    (Form::JSCalendar, HomeKind::Calendars, jscalendar::MEDIA_TYPE, None),
    (Form::Json(HomeKind::AddressBooks), HomeKind::AddressBooks, JSON, None),
    (Form::Kept, HomeKind::AddressBooks, "text/vcard", None),
    (Form::V4, HomeKind::AddressBooks, "text/vcard", Some("4.0")),
    (Form::V3, HomeKind::AddressBooks, "text/vcard", Some("3.0")),
    (Form::JCard, HomeKind::AddressBooks, "application/vcard+json", None),
    (Form::JSContact, HomeKind::AddressBooks, jscontact::MEDIA_TYPE, None),
    (Form::V3, HomeKind::AddressBooks, "text/x-vcard", None),
];

/// One range of an `Accept` header.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    version: Option<&'a str>,
    /// Thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut range = Range { kind, subtype, version: None, quality: 1000 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            if name.eq_ignore_ascii_case("q") {
                range.quality =
                    value.trim().parse::<f32>().map_or(1000, |q| (q.clamp(0.0, 1.0) * 1000.0) as u16);
            } else if name.eq_ignore_ascii_case("version") {
                range.version = Some(value.trim().trim_matches('"'));
            }
        }
        Some(range)
    }

    /// How exactly it names a form; `None` where it does not.
    fn fits(&self, media: &str, version: Option<&str>) -> Option<u8> {
        let (kind, subtype) = media.split_once('/')?;
        let same = self.kind.eq_ignore_ascii_case(kind);
        match (self.kind, self.subtype) {
            // A version is only given to who names it.
            _ if version.is_some() && self.version != version => None,
            ("*", "*") => Some(0),
            (_, "*") if same => Some(1),
            (_, named) if same && named.eq_ignore_ascii_case(subtype) => match self.version {
                None => Some(2),
                given if given == version => Some(3),
                // iCalendar has one version, and a form without one is none of those that are named.
                Some("2.0") => Some(3),
                Some(_) => None,
            },
            _ => None,
        }
    }
}

/// What a request accepts: all of its `Accept` headers are one list (RFC 9110 §5.3). `None` where there is none.
pub fn accepted(headers: &HeaderMap) -> Option<String> {
    let all: Vec<&str> = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).collect();
    (!all.is_empty()).then(|| all.join(","))
}

/// What an `Accept` header likes best of things that have a media type, and some of them a version; of those liked alike the first. `None` where it
/// says nothing.
pub fn preferred<'r, T>(
    accept: Option<&str>,
    rows: impl Iterator<Item = (T, &'r str, Option<&'r str>)>,
) -> Result<Option<T>, Refused> {
    let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else { return Ok(None) };
    let ranges: Vec<Range<'_>> = accept.split(',').filter_map(|text| Range::parse(text.trim())).collect();
    let mut best: Option<(T, u16)> = None;
    for (thing, media, version) in rows {
        // The most exact range decides, also where it refuses.
        let exact = ranges.iter().filter_map(|range| Some((range.fits(media, version)?, range.quality)));
        let Some((_, quality)) = exact.max_by_key(|(exactness, _)| *exactness) else { continue };
        if quality > best.as_ref().map_or(0, |(_, quality)| *quality) {
            best = Some((thing, quality));
        }
    }
    best.map(|(thing, _)| Some(thing)).ok_or_else(Refused::not_acceptable)
}

impl Form {
    /// The form that an `Accept` header asks for; JSON where it says nothing.
    pub fn negotiate(accept: Option<&str>, home: HomeKind) -> Result<Form, Refused> {
        let rows = FORMS.iter().filter(|(_, of, _, _)| *of == home);
        let found = preferred(accept, rows.map(|(form, _, media, version)| (*form, *media, *version)))?;
        Ok(found.unwrap_or(Form::Json(home)))
    }

    /// The media type that an `Accept` header asks for of what is told as JSCalendar only.
    pub fn of_instance(accept: Option<&str>) -> Result<&'static str, Refused> {
        let json = FORMS.iter().filter(|(form, of, _, _)| {
            *of == HomeKind::Calendars && matches!(form, Form::Json(_) | Form::JSCalendar)
        });
        let found = preferred(accept, json.map(|(form, _, media, version)| (*form, *media, *version)))?;
        Ok(match found {
            Some(Form::JSCalendar) => jscalendar::MEDIA_TYPE,
            _ => JSON,
        })
    }

    /// The form with this short name, for lists that hold items.
    pub fn named(name: &str, home: HomeKind) -> Option<Form> {
        match (home, name) {
            (HomeKind::Calendars, "icalendar") | (HomeKind::AddressBooks, "vcard") => Some(Form::Kept),
            (HomeKind::Calendars, "jcal") => Some(Form::JCal),
            (_, "json") => Some(Form::Json(home)),
            (HomeKind::Calendars, "jscalendar") => Some(Form::JSCalendar),
            (HomeKind::AddressBooks, "jcard") => Some(Form::JCard),
            (HomeKind::AddressBooks, "jscontact") => Some(Form::JSContact),
            (HomeKind::AddressBooks, "vcard3") => Some(Form::V3),
            (HomeKind::AddressBooks, "vcard4") => Some(Form::V4),
            _ => None,
        }
    }

    /// What stands before the item's entity tag in that of this form; the bytes as they are have the tag itself.
    pub fn tag(self) -> &'static str {
        match self {
            Form::Kept => "",
            Form::Json(_) => "o",
            Form::JCal | Form::JCard => "j",
            Form::JSCalendar | Form::JSContact => "s",
            Form::V3 => "3",
            Form::V4 => "4",
        }
    }

    /// The item in this form, and its media type where it is not the one of what is kept.
    pub async fn write(self, body: String) -> Result<(String, Option<&'static str>), Refused> {
        let format = match self {
            Form::Kept => return Ok((body, None)),
            Form::JSCalendar => return script(body, jscalendar::read, jscalendar::MEDIA_TYPE).await,
            Form::JSContact => return script(body, jscontact::read, jscontact::MEDIA_TYPE).await,
            Form::Json(HomeKind::Calendars) => return script(body, jscalendar::read, JSON).await,
            Form::Json(HomeKind::AddressBooks) => return script(body, jscontact::read, JSON).await,
            Form::JCal => Format::JCal,
            Form::JCard => Format::JCard,
            Form::V3 => Format::VCard(Version::V3),
            Form::V4 => Format::VCard(Version::V4),
        };
        let (text, media) = labour::of(body.len(), move || formats::convert(&body, format)).await??;
        Ok((text, Some(media)))
    }

    /// The item in this form inside of other JSON: text as a string, JSON as it is.
    pub async fn embed(self, body: String) -> Result<Value, Refused> {
        let (text, _) = self.write(body).await?;
        match self {
            Form::JCal | Form::JCard | Form::JSCalendar | Form::JSContact | Form::Json(_) => {
                Ok(serde_json::from_str(&text).map_err(|_| Fault::Internal)?)
            }
            _ => Ok(Value::String(text)),
        }
    }
}

type Told = (String, Option<&'static str>);

async fn script(
    body: String,
    read: fn(&Document<'_>) -> Value,
    media: &'static str,
) -> Result<Told, Refused> {
    Ok((told(body, read).await?.to_string(), Some(media)))
}

/// What is stored as JSCalendar or JSContact.
async fn told(body: String, read: fn(&Document<'_>) -> Value) -> Result<Value, Refused> {
    let told = labour::of(body.len(), move || {
        Document::parse(&body, Limits::default()).map(|document| read(&document)).map_err(|malformed| {
            tracing::error!(%malformed, "what is stored cannot be read");
            Fault::Internal
        })
    });
    Ok(told.await??)
}

/// What a client sent, as what is stored of it; and whether those are its very bytes.
pub async fn read(media: Option<&str>, body: String, home: HomeKind) -> Result<(Sent, bool), Refused> {
    let card = home == HomeKind::AddressBooks;
    match (media, card) {
        (Some("text/calendar"), false) => Ok((Sent { body, media: Media::Calendar }, true)),
        (Some("text/vcard" | "text/x-vcard" | "text/directory"), true) => {
            Ok((Sent { body, media: Media::Card }, true))
        }
        (Some("application/calendar+json"), false) => {
            Ok((Sent { body: formats::from_json(body, home).await?, media: Media::Calendar }, false))
        }
        (Some("application/vcard+json"), true) => {
            Ok((Sent { body: formats::from_json(body, home).await?, media: Media::Card }, false))
        }
        _ => Err(Refused::from(Fault::UnsupportedMediaType).field("Content-Type")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept: &str, home: HomeKind) -> Option<Form> {
        Form::negotiate(Some(accept), home).ok()
    }

    #[test]
    fn a_client_gets_the_form_that_it_likes_best() {
        let events = |accept: &str| of(accept, HomeKind::Calendars);
        let json = Some(Form::Json(HomeKind::Calendars));
        for accept in [
            "",
            " ",
            "*/*",
            "*/*;q=0.1",
            "application/json",
            "APPLICATION/JSON; charset=utf-8",
            "application/*",
            "text/html, application/xhtml+xml, */*;q=0.8",
            "application/json, text/calendar",
            "text/calendar;q=0.9, application/json",
            "*/*, text/calendar;q=0.9",
            "*/*, text/calendar;q=0",
            "application/json;q=oops",
            "text/*;q=0.5, */*;q=0.6",
            "application/json;q=0.001",
        ] {
            assert_eq!(events(accept), json, "{accept}");
        }
        assert_eq!(Form::negotiate(None, HomeKind::Calendars).ok(), json);
        for kept in [
            "text/*",
            "text/calendar",
            "TEXT/Calendar; version=2.0",
            "text/calendar, */*;q=0.9",
            "application/json;q=0.5, text/*;q=0.6",
            "application/json;q=0, */*",
            "application/json;q=0.5, */*;q=0.6",
        ] {
            assert_eq!(events(kept), Some(Form::Kept), "{kept}");
        }
        assert_eq!(events("application/calendar+json, text/calendar;q=0.9"), Some(Form::JCal));
        assert_eq!(events("application/jscalendar+json, */*;q=0.1"), Some(Form::JSCalendar));
        assert_eq!(events("application/*, application/json;q=0.5"), Some(Form::JCal));
        for none in [
            "text/vcard",
            "image/png",
            "text/calendar;q=0",
            "*/*;q=0",
            "nonsense",
            "text/html, application/xml",
        ] {
            assert_eq!(events(none), None, "{none}");
        }
    }

    #[test]
    fn versions_of_cards_are_given_to_who_names_them() {
        let cards = |accept: &str| of(accept, HomeKind::AddressBooks);
        assert_eq!(cards("*/*"), Some(Form::Json(HomeKind::AddressBooks)));
        assert_eq!(cards("text/*"), Some(Form::Kept));
        assert_eq!(cards("text/vcard"), Some(Form::Kept));
        assert_eq!(cards("text/vcard; version=4.0"), Some(Form::V4));
        assert_eq!(cards("text/vcard;version=\"3.0\""), Some(Form::V3));
        assert_eq!(cards("text/vcard;version=4.0, text/vcard;version=3.0;q=0.5"), Some(Form::V4));
        assert_eq!(cards("text/vcard;version=9"), None);
        assert_eq!(cards("application/vcard+json"), Some(Form::JCard));
        assert_eq!(cards("application/calendar+json"), None);
    }
}
