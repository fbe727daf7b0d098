//! LAYER 1, nouns and rules: what a principal, a collection, an item, a right *is*.
//!
//! Pure: knows neither storage nor protocols nor the clock. May use `text` only.
//! A new rule that every door must obey goes here; a new way to ask for it goes to a protocol.

pub mod acl;
pub mod birthdays;
pub mod calendar_data;
pub mod collection;
pub mod device;
pub mod directory;
pub mod fault;
pub mod freebusy;
pub mod group;
pub mod id;
pub mod invitation;
pub mod labels;
pub mod link;
pub mod object;
pub mod personal;
pub mod precondition;
pub mod principal;
pub mod privacy;
pub mod props;
pub mod query;
pub mod role;
pub mod subscription;
pub mod team;
pub mod webhook;
