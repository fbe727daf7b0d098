//! LAYER 0, syntax: bytes to trees and back, recurrence in civil time, XML.
//!
//! Knows no I/O, no clock, no database, no people: pure functions with limits. `line` and `component` are the lossless
//! layer that all objects of clients go through; the rest are typed views over it.
//! A new format or property syntax goes here; what it *means* for a user goes to `domain`.

mod draft;
mod jsobject;
mod json;

pub mod charset;
pub mod collation;
pub mod component;
pub mod contacts_csv;
pub mod ical;
pub mod jarray;
pub mod jcal;
pub mod jcard;
pub mod jscalendar;
pub mod jscontact;
pub mod line;
pub mod recur;
#[cfg(test)]
mod roundtrip;
pub mod vcard;
pub mod vcard_strict;
pub mod xml;
pub mod zone;
