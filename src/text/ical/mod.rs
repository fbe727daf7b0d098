//! iCalendar as typed views over the lossless tree (RFC 5545, 7953, 4791 §4.1 and §9.9).
//!
//! `values` reads dates, durations, periods and addresses, broken forms of real clients included; `index` is the compact
//! form of an object that queries, free/busy and projection work on, so that reads parse no text. Knows no people's
//! rights and no database.

mod build;
pub mod density;
mod exclude;
pub mod index;
pub mod instances;
pub mod outline;
mod overlap;
mod properties;
pub mod season;
mod series;
mod span;
pub mod validate;
pub mod values;

#[cfg(test)]
mod tests;

pub use index::CalendarIndex;
pub use instances::Instance;
pub use overlap::RangeTarget;
pub use span::Span;
pub use validate::Invalid;
