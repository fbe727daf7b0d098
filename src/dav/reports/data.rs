//! `calendar-data` and `address-data`: what of an item's content a report answers, and in which format.
//!
//! RFC 4791 §9.6, RFC 6352 §10.4. A card without a version asked is answered in 3.0, as all clients expect.

use super::parse;
use crate::dav::props::select::Data;
use crate::dav::quirks;
use crate::dav::request::{Request, TIMEZONES};
use crate::dav::xml::names::{CALDAV, CARDDAV, DAV};
use crate::domain::calendar_data::{CalendarDataRequest, DataFormat, Definitions};
use crate::domain::fault::{Condition, Fault};
use crate::services::Shown;
use crate::services::formats::{self, Format};
use crate::services::labour;
use crate::text::ical::CalendarIndex;
use crate::text::recur::Budget;
use crate::text::vcard::{PropSelect, Version, partial};
use crate::text::xml::Element;
use crate::text::zone::Zone;
use std::borrow::Cow;

/// Properties named in one `address-data`; real requests name some twenty.
const MAX_PROPS: usize = 1_000;

/// Bytes of a body from which on its rendering is no work for the threads that serve all.
const LARGE: usize = 64 * 1024;

/// What of the content is asked.
#[derive(Debug, Clone)]
pub enum DataRequest {
    /// `CALDAV:calendar-data`
    Calendar(Box<CalendarDataRequest>),
    /// `CARDDAV:address-data`
    Card { format: Format, props: Option<Vec<PropSelect>> },
}

impl DataRequest {
    /// Looks for either element in the `prop` of a report.
    pub fn parse(root: &Element, request: &Request<'_>) -> Result<Option<DataRequest>, Fault> {
        let Some(prop) = root.child(DAV, "prop") else { return Ok(None) };
        if let Some(element) = prop.child(CALDAV, "calendar-data") {
            let mut data = parse::calendar_data(element)?;
            data.definitions = request.header(TIMEZONES).and_then(Definitions::read);
            return Ok(Some(DataRequest::Calendar(Box::new(data))));
        }
        let keeps = request.header("User-Agent").is_some_and(quirks::reads_stored_version);
        prop.child(CARDDAV, "address-data").map(|element| address_data(element, keeps)).transpose()
    }

    /// Whether the content is answered as it is stored, which costs nothing.
    fn is_whole(&self) -> bool {
        match self {
            DataRequest::Calendar(data) => data.is_whole() && matches!(data.format, DataFormat::ICalendar),
            DataRequest::Card { format, props } => props.is_none() && matches!(format, Format::AsStored),
        }
    }

    /// As [`DataRequest::render`]; what of a large item takes time to make, on a thread that may be busy.
    pub async fn render_anywhere<'o>(
        &self,
        object: &'o Shown,
        zone: &Zone,
        budget: &mut Budget,
    ) -> Result<Cow<'o, str>, Fault> {
        if object.body.len() <= LARGE || self.is_whole() {
            return self.render(object, zone, budget);
        }
        let (data, item, zone, mut lent) = (self.clone(), object.clone(), zone.clone(), budget.clone());
        let work = move || {
            let text = data.render(&item, &zone, &mut lent).map(Cow::into_owned);
            (text, lent)
        };
        let (text, left) = labour::of(object.body.len(), work).await?;
        *budget = left;
        text.map(Cow::Owned)
    }

    /// The content of an item as it was asked for.
    fn render<'o>(&self, object: &'o Shown, zone: &Zone, budget: &mut Budget) -> Result<Cow<'o, str>, Fault> {
        match self {
            DataRequest::Calendar(data) => {
                let text = if data.is_whole() {
                    Cow::Borrowed(object.body.as_str())
                } else {
                    let index = CalendarIndex::decode(&object.parsed).ok_or(Fault::Internal)?;
                    data.render(&object.body, &index, zone, budget)?
                };
                match data.format {
                    DataFormat::ICalendar => Ok(text),
                    DataFormat::JCal => {
                        formats::convert(&text, Format::JCal).map(|(json, _)| Cow::Owned(json))
                    }
                }
            }
            DataRequest::Card { format, props } => {
                let Some(props) = props else {
                    return formats::card_text(&object.body, *format);
                };
                // First into the version that the client names properties of, then what it asked of it.
                let whole = match format {
                    Format::AsStored | Format::JCal => Cow::Borrowed(object.body.as_str()),
                    Format::VCard(version) => formats::card(&object.body, *version)?,
                    Format::JCard => formats::card(&object.body, Version::V4)?,
                };
                let part = partial(&whole, props);
                formats::card_text(&part, *format).map(|text| Cow::Owned(text.into_owned()))
            }
        }
    }

    /// The rendered content with the name of its element.
    pub fn named<'d>(&self, text: &'d str) -> Data<'d> {
        match self {
            DataRequest::Calendar(_) => Data { ns: CALDAV, local: "calendar-data", text },
            DataRequest::Card { .. } => Data { ns: CARDDAV, local: "address-data", text },
        }
    }
}

/// `keeps`: without a version the card is wanted as it is stored.
fn address_data(element: &Element, keeps: bool) -> Result<DataRequest, Fault> {
    let media = element.attribute("content-type").unwrap_or("text/vcard");
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let version = element.attribute("version").map(str::trim);
    let format = match (media.as_str(), version) {
        ("text/vcard", None) if keeps => Format::AsStored,
        ("text/vcard" | "text/x-vcard" | "text/directory", None | Some("3.0")) => Format::VCard(Version::V3),
        ("text/vcard", Some("4.0")) => Format::VCard(Version::V4),
        ("application/vcard+json", None | Some("4.0")) => Format::JCard,
        _ => return Err(Condition::SupportedAddressData.into()),
    };
    let mut props = Vec::new();
    for prop in element.children_named(CARDDAV, "prop") {
        let name = prop.attribute("name").map(str::trim).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Fault::BadRequest("prop needs a name".into()))?.to_owned();
        props.push(PropSelect { name, novalue: prop.attribute("novalue") == Some("yes") });
        if props.len() > MAX_PROPS {
            return Err(Fault::BadRequest("too many prop elements".into()));
        }
    }
    let all = element.child(CARDDAV, "allprop").is_some() || props.is_empty();
    Ok(DataRequest::Card { format, props: (!all).then_some(props) })
}
