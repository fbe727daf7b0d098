//! RFC 4918 and what stands directly on it: 5689, 5995, 7240, 8144.

mod conditions;
mod copy_collection;
mod copy_move;
mod if_header;
mod items;
mod mkcol;
mod options;
mod preferences;
mod propfind;
mod proppatch;
