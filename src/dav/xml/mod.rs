//! XML of DAV: names, and the multistatus as it is written.
//!
//! Requests are read by `text::xml`. RFC 4918 §14.

pub mod names;
pub mod write;
