//! HTTP as all protocols speak it: bodies, entity tags in headers, dates, long answers. Below the protocols, which never see
//! each other; knows none of them, no XML and no right. RFC 9110, RFC 9112.

pub mod body;
pub mod date;
pub mod pieces;
pub mod prefer;
pub mod rates;
pub mod stream;
pub mod tags;
