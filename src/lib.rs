//! Cenacle: CalDAV, CardDAV and a REST API over one domain core.
//!
//! The layers, arrows one way only (`tests/it/layers.rs` checks them):
//!
//! ```text
//! text ← domain ← store ← services ← { http  outbound } ← { dav  rest  tzdist } ← server ← cli ← main
//! ```
//!
//! The walk of a request: `server` limits, traces and authenticates it; `dav`, `rest` or `tzdist` translates it; a function of
//! `services` decides rights and runs one transaction of `store`; the answer is translated back. Every write goes
//! through `store::objects` or `store::collections`, which append to the change log in the same transaction.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod cli;
pub mod config;
pub mod dav;
pub mod domain;
pub mod http;
pub mod outbound;
pub mod rest;
pub mod server;
pub mod services;
pub mod store;
pub mod text;
pub mod tzdist;
