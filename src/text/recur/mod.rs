//! Recurrence rules evaluated in civil time (RFC 5545 §3.3.10, RFC 7529 for the Gregorian calendar).
//!
//! Cost does not depend on the age of a series: each frequency jumps to the window by arithmetic on period numbers.
//! Every walk pays from a [`Budget`]. `rule` reads, `scale` knows calendars by name, `month` says which days of a month match, `walk` steps through
//! periods. What a rule makes together with RDATE, EXDATE and overrides is for `ical::series`. Knows no property besides the
//! rule itself, no zone and no clock.

pub mod budget;
pub mod civil;
pub mod moment;
mod month;
pub mod rule;
pub mod scale;
mod walk;
mod write;

#[cfg(test)]
mod tests;

pub use budget::{Budget, Exhausted, Window};
pub use rule::{Frequency, Rule, Skip, Until};
pub use walk::Pattern;
