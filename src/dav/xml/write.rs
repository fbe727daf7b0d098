//! Multistatus answers, piece by piece into one buffer.
//!
//! The 200 propstat always comes first: a client reads only that one. Knows no property. RFC 4918 §13, §14.16.

use super::names;
use crate::text::xml::{escape, escape_attribute};

/// Begins a document with this root element of DAV.
pub fn begin(out: &mut String, root: &str) {
    begin_of(out, names::DAV, root);
}

/// Begins a document with a root element of a namespace that has a prefix.
pub fn begin_of(out: &mut String, ns: &str, root: &str) {
    out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<");
    tag(out, ns, root);
    out.push_str(names::DECLARATIONS);
    out.push('>');
}

/// Ends the document that [`begin`] began.
pub fn end(out: &mut String, root: &str) {
    end_of(out, names::DAV, root);
}

/// Ends the document that [`begin_of`] began.
pub fn end_of(out: &mut String, ns: &str, root: &str) {
    close(out, ns, root);
    out.push('\n');
}

/// `<D:href>` with a path that is already percent-encoded.
pub fn href(out: &mut String, path: &str) {
    out.push_str("<D:href>");
    escape(out, path);
    out.push_str("</D:href>");
}

/// Opens an element; tells whether it had a prefix.
pub fn open(out: &mut String, ns: &str, local: &str) {
    out.push('<');
    tag(out, ns, local);
    if names::prefix(ns).is_none() {
        out.push_str(" xmlns=\"");
        escape_attribute(out, ns);
        out.push('"');
    }
    out.push('>');
}

/// Closes what [`open`] opened.
pub fn close(out: &mut String, ns: &str, local: &str) {
    out.push_str("</");
    tag(out, ns, local);
    out.push('>');
}

/// An element without content.
pub fn empty(out: &mut String, ns: &str, local: &str) {
    open(out, ns, local);
    out.pop();
    out.push_str("/>");
}

/// An element with text.
pub fn text(out: &mut String, ns: &str, local: &str, text: &str) {
    open(out, ns, local);
    escape(out, text);
    close(out, ns, local);
}

fn tag(out: &mut String, ns: &str, local: &str) {
    if let Some(prefix) = names::prefix(ns) {
        out.push_str(prefix);
        out.push(':');
    }
    out.push_str(local);
}

/// A `response` that has only a status: for members that are gone or refused.
pub fn status_response(out: &mut String, path: &str, status: &str) {
    out.push_str("<D:response>");
    href(out, path);
    out.push_str("<D:status>HTTP/1.1 ");
    out.push_str(status);
    out.push_str("</D:status></D:response>\n");
}

/// A `response` that says that there is more than is told (RFC 4791 §7.8, RFC 6352 §8.6.1).
pub fn cut_off_response(out: &mut String, path: &str) {
    out.push_str("<D:response>");
    href(out, path);
    out.push_str(
        "<D:status>HTTP/1.1 507 Insufficient Storage</D:status><D:error>\
         <D:number-of-matches-within-limits/></D:error></D:response>\n",
    );
}

/// Opens a `response` with its first, 200, propstat.
pub fn begin_response(out: &mut String, path: &str) {
    out.push_str("<D:response>");
    href(out, path);
    out.push_str("<D:propstat><D:prop>");
}

/// Closes the propstat with `status`.
pub fn end_propstat(out: &mut String, status: &str) {
    out.push_str("</D:prop><D:status>HTTP/1.1 ");
    out.push_str(status);
    out.push_str("</D:status></D:propstat>");
}

/// Closes the response.
pub fn end_response(out: &mut String) {
    out.push_str("</D:response>\n");
}
