//! The zone of a calendar, and busy times. RFC 4791 §5.2.2, §7.10; RFC 7809 §5.2.

use super::{Core, fault};
use crate::domain::collection::{Collection, HomeKind};
use crate::domain::fault::{Condition, Fault};
use crate::store::Weight;
use crate::text::component::{Document, Limits};
use crate::text::zone::{self, Zone};

impl Core {
    /// The zone in which floating and all-day times of a calendar are meant: its own, else that of whose it is; UTC where neither is set.
    pub async fn zone_of(&self, collection: &Collection) -> Result<Zone, Fault> {
        // No time of a card is placed anywhere, so nobody's zone is asked for.
        if collection.home == HomeKind::AddressBooks {
            return Ok(Zone::Utc);
        }
        if let Some(zone) = collection.time_zone.as_deref().and_then(read_zone) {
            return Ok(zone);
        }
        let owner = collection.owner;
        let of_owner = fault(self.store.read(Weight::Point, move |tx| tx.time_zone(owner)).await)?;
        Ok(of_owner.as_deref().and_then(read_zone).unwrap_or(Zone::Utc))
    }
}

/// The zone that a `calendar-timezone` text or an IANA name stands for.
pub fn read_zone(text: &str) -> Option<Zone> {
    if !text.contains("BEGIN:") {
        return zone::resolve(text.trim(), &[]);
    }
    let document = Document::parse(text, Limits::default()).ok()?;
    let [calendar] = document.roots.as_slice() else { return None };
    let mut definitions = calendar.children_named("VTIMEZONE");
    let definition = definitions.next().filter(|_| calendar.is("VCALENDAR"))?;
    if definitions.next().is_some() {
        return None;
    }
    zone::resolve(definition.value("TZID")?, &[definition])
}

/// The IANA name of a stored zone.
pub fn zone_id(text: &str) -> Option<String> {
    read_zone(text).and_then(|zone| zone.name().map(str::to_owned))
}

/// Whether a text can be the zone of a calendar: an iCalendar object with one VTIMEZONE, or an IANA name.
pub fn valid_zone(text: &str) -> Result<(), Condition> {
    read_zone(text).map(|_| ()).ok_or(Condition::ValidTimezone)
}
