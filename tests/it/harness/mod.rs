//! What all integration tests stand on: a server a test on either database, a client that speaks in verbs, answers that
//! can be asked.

pub mod answer;
pub mod client;
pub mod many;
pub mod multistatus;
mod postgres;
pub mod program;
pub mod samples;
pub mod server;
pub mod xml;

pub use client::Client;
pub use multistatus::Multistatus;
pub use server::{Db, TestServer};

/// How many times as long the long proofs take: `CENACLE_LONG`, 1 where nothing is said (docs/performance.md).
pub fn times() -> usize {
    std::env::var("CENACLE_LONG").map_or(1, |times| times.parse().expect("CENACLE_LONG is a number"))
}

/// Makes each test two: `name::sqlite` and `name::postgres`.
macro_rules! both {
    ($($(#[$attribute:meta])* fn $name:ident($db:ident) $body:block)+) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            fn run($db: $crate::harness::Db) $body

            #[test]
            fn sqlite() {
                run($crate::harness::Db::Sqlite);
            }

            #[test]
            fn postgres() {
                if $crate::harness::Db::Postgres.is_here() {
                    run($crate::harness::Db::Postgres);
                }
            }
        }
    )+};
}
pub(crate) use both;
