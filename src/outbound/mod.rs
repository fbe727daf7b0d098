//! Outbound: requests of the server's own to addresses that somebody else has named.
//!
//! Where such a request may go is decided at each one, by the address that is connected to: who names a target must not reach through the
//! server what he cannot reach himself. Knows no use case and no storage; `http` is for requests that come in.

pub mod fetch;
pub mod networks;
pub mod post;
pub mod target;
pub mod trust;

pub use networks::{Network, Networks};
pub use post::Poster;
pub use target::{Target, Targets};
