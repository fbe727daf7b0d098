//! The integration tests: one binary, because each further one would be another link of all dependencies.
//!
//! A subject a folder or file; each test that needs a server runs on SQLite and on PostgreSQL (`harness::both`).

mod accounts;
mod acl;
mod as_seen;
mod auth;
mod backup;
mod bytes;
mod caldav;
mod carddav;
mod commands;
#[path = "../../fuzz/smoke.rs"]
mod fuzz_smoke;
mod groups;
mod handles;
mod harness;
mod history_order;
mod hostile;
mod interop;
mod layers;
mod personal;
mod privacy;
mod proxies;
mod rest;
mod roles;
mod schema;
mod startup;
mod sync;
mod teams;
mod webdav;
