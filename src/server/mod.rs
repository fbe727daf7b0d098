//! LAYER 5, assembly: mounts the protocols, authenticates, limits, traces, serves, stops.
//!
//! The only room that knows all protocols. A new protocol is mounted in `app.rs`.

pub mod app;
pub mod auth;
pub mod feeds;
pub mod hooks;
pub mod listen;
mod log;
mod log_line;
mod seats;
pub mod telemetry;
pub mod tls;
pub mod workers;
