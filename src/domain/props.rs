//! Properties that clients set and the server only keeps: as they were sent, in order (RFC 4918 §4.3, §15).
//!
//! Names, language and nested markup survive. Display names and colours live here too, for
//! no rule depends on them. Knows no HTTP; XML only as kept text.

use serde::{Deserialize, Serialize};

/// Bytes of all kept properties of one resource together.
pub const MAX_PROPS_BYTES: usize = 256 * 1024;

/// One kept property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prop {
    /// Namespace URI, possibly empty.
    pub ns: String,
    /// Local name.
    pub local: String,
    /// Its text content, for those who need no markup.
    pub text: String,
    /// The whole element as it is written into an answer, language included.
    pub xml: String,
}

/// The kept properties of one resource, in the order in which they were first set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Props(Vec<Prop>);

impl Props {
    /// Reads what [`Props::to_json`] wrote; damaged text counts as none.
    pub fn from_json(json: &str) -> Self {
        if json.is_empty() { Props::default() } else { serde_json::from_str(json).unwrap_or_default() }
    }

    /// The stored form: empty where there is none.
    pub fn to_json(&self) -> String {
        if self.0.is_empty() { String::new() } else { serde_json::to_string(&self.0).unwrap_or_default() }
    }

    /// Sets or replaces one, in its old place if it had one.
    pub fn set(&mut self, prop: Prop) {
        match self.0.iter_mut().find(|old| old.ns == prop.ns && old.local == prop.local) {
            Some(old) => *old = prop,
            None => self.0.push(prop),
        }
    }

    /// Removes one; no matter if it was not there.
    pub fn remove(&mut self, ns: &str, local: &str) {
        self.0.retain(|prop| !(prop.ns == ns && prop.local == local));
    }

    /// The property with this name.
    pub fn get(&self, ns: &str, local: &str) -> Option<&Prop> {
        self.0.iter().find(|prop| prop.ns == ns && prop.local == local)
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = &Prop> {
        self.0.iter()
    }

    /// Bytes that they take, to be held against [`MAX_PROPS_BYTES`].
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|prop| prop.xml.len() + prop.ns.len() + prop.local.len()).sum()
    }
}
