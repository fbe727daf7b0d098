//! Properties that clients set and the server only keeps: as they were sent, in order (RFC 4918 §4.3, §15).
//!
//! Names, language and nested markup survive. Display names and colours live here too, for
//! no rule depends on them. Knows no HTTP; XML only as kept text.

use memchr::memchr_iter;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

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

impl Prop {
    /// Bytes that it takes, to be held against [`MAX_PROPS_BYTES`].
    pub fn bytes(&self) -> usize {
        self.xml.len() + self.ns.len() + self.local.len()
    }
}

/// A change of one kept property.
#[derive(Debug, Clone, Copy)]
pub enum Change<'c> {
    /// Sets or replaces it, in its old place if it had one.
    Set(&'c Prop),
    /// Removes it; no matter if it is not there.
    Remove { ns: &'c str, local: &'c str },
}

impl<'c> Change<'c> {
    fn name(&self) -> (&'c str, &'c str) {
        match *self {
            Change::Set(prop) => (&prop.ns, &prop.local),
            Change::Remove { ns, local } => (ns, local),
        }
    }
}

/// The kept properties of one resource, in the order in which they were first set.
///
/// Most requests ask for none of them: the stored form is only taken apart for who does.
#[derive(Debug, Clone, Default)]
pub struct Props {
    /// The stored form, as long as nothing has changed; empty where there are none.
    stored: String,
    all: OnceLock<Vec<Prop>>,
}

/// Whether a short name stands in a short text: preparing a search costs more than this.
fn holds(text: &[u8], name: &[u8]) -> bool {
    let Some(first) = name.first() else { return true };
    memchr_iter(*first, text).any(|at| text.get(at..).is_some_and(|rest| rest.starts_with(name)))
}

impl Props {
    /// Takes what [`Props::to_json`] wrote; damaged text counts as none.
    pub fn from_json(json: String) -> Self {
        Props { stored: json, all: OnceLock::new() }
    }

    /// The stored form: empty where there is none.
    pub fn to_json(&self) -> String {
        let all = self.all();
        if all.is_empty() { String::new() } else { serde_json::to_string(all).unwrap_or_default() }
    }

    fn all(&self) -> &Vec<Prop> {
        self.all.get_or_init(|| Self::read(&self.stored))
    }

    fn read(stored: &str) -> Vec<Prop> {
        if stored.is_empty() { Vec::new() } else { serde_json::from_str(stored).unwrap_or_default() }
    }

    /// Changes them all.
    fn change<T>(&mut self, change: impl FnOnce(&mut Vec<Prop>) -> T) -> T {
        let stored = std::mem::take(&mut self.stored);
        let mut all = self.all.take().unwrap_or_else(|| Self::read(&stored));
        let done = change(&mut all);
        self.all = OnceLock::from(all);
        done
    }

    /// Sets or replaces one, in its old place if it had one.
    pub fn set(&mut self, prop: Prop) {
        self.change(|all| match all.iter_mut().find(|old| old.ns == prop.ns && old.local == prop.local) {
            Some(old) => *old = prop,
            None => all.push(prop),
        });
    }

    /// Makes many changes in one pass. Of several to one name the last counts; what is new stands at the end.
    pub fn apply(&mut self, changes: &[Change<'_>]) {
        let last: HashMap<_, _> =
            changes.iter().enumerate().map(|(at, change)| (change.name(), at)).collect();
        let mut fresh: BTreeSet<usize> = last.values().copied().collect();
        self.change(|all| {
            all.retain_mut(|old| {
                let Some(at) = last.get(&(old.ns.as_str(), old.local.as_str())).copied() else { return true };
                fresh.remove(&at);
                let Some(Change::Set(prop)) = changes.get(at) else { return false };
                *old = (*prop).clone();
                true
            });
            for at in fresh {
                if let Some(Change::Set(prop)) = changes.get(at) {
                    all.push((*prop).clone());
                }
            }
        });
    }

    /// These, and over them what `own` has.
    #[must_use]
    pub fn overlaid(&self, own: &Props) -> Props {
        let mut both = self.clone();
        if own.all().is_empty() {
            return both;
        }
        both.apply(&own.iter().map(Change::Set).collect::<Vec<_>>());
        both
    }

    /// What of these differs from `under`: laid over it, they are these again, but for what only `under` has.
    #[must_use]
    pub fn beyond(&self, under: &Props) -> Props {
        let same = |prop: &&Prop| under.get(&prop.ns, &prop.local) != Some(*prop);
        self.iter().filter(same).cloned().collect()
    }

    /// The property with this name.
    pub fn get(&self, ns: &str, local: &str) -> Option<&Prop> {
        // A name stands in the stored form as it is: what JSON escapes is in no name.
        let untouched = self.all.get().is_none();
        if untouched && !holds(self.stored.as_bytes(), local.as_bytes()) {
            return None;
        }
        self.iter().find(|prop| prop.ns == ns && prop.local == local)
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = &Prop> {
        self.all().iter()
    }

    /// Bytes that they take, to be held against [`MAX_PROPS_BYTES`].
    pub fn bytes(&self) -> usize {
        self.iter().map(Prop::bytes).sum()
    }
}

impl PartialEq for Props {
    fn eq(&self, other: &Self) -> bool {
        self.all() == other.all()
    }
}

impl Eq for Props {}

impl FromIterator<Prop> for Props {
    fn from_iter<I: IntoIterator<Item = Prop>>(all: I) -> Self {
        Props { stored: String::new(), all: OnceLock::from(all.into_iter().collect::<Vec<_>>()) }
    }
}

impl Serialize for Props {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Props {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|all: Vec<Prop>| all.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prop(local: &str, text: &str) -> Prop {
        Prop {
            ns: "urn:x".into(),
            local: local.into(),
            text: text.into(),
            xml: format!("<{local}>{text}</{local}>"),
        }
    }

    fn told(props: &Props) -> Vec<(&str, &str)> {
        props.iter().map(|prop| (prop.local.as_str(), prop.text.as_str())).collect()
    }

    #[test]
    fn the_last_change_of_a_name_counts() {
        let (a, b, c) = (prop("a", "1"), prop("b", "2"), prop("c", "3"));
        let remove = |local| Change::Remove { ns: "urn:x", local };
        let mut props = Props::default();
        props.apply(&[Change::Set(&a), Change::Set(&b), remove("c"), Change::Set(&c), remove("absent")]);
        assert_eq!(told(&props), [("a", "1"), ("b", "2"), ("c", "3")]);
        let (first, second) = (prop("b", "4"), prop("b", "5"));
        props.apply(&[Change::Set(&first), remove("a"), remove("b"), Change::Set(&second)]);
        assert_eq!(told(&props), [("b", "5"), ("c", "3")], "replaced in its place");
        props.apply(&[Change::Set(&a), remove("a"), Change::Remove { ns: "urn:y", local: "b" }]);
        assert_eq!(told(&props), [("b", "5"), ("c", "3")], "set and removed again; another namespace");
    }

    #[test]
    fn ones_own_lie_over_the_owners() {
        let (mut under, mut own) = (Props::default(), Props::default());
        for one in [prop("a", "1"), prop("b", "2")] {
            under.set(one);
        }
        for one in [prop("b", "3"), prop("c", "4")] {
            own.set(one);
        }
        let both = under.overlaid(&own);
        assert_eq!(told(&both), [("a", "1"), ("b", "3"), ("c", "4")]);
        assert_eq!(both.beyond(&under), own);
        assert_eq!(under.beyond(&under), Props::default());
    }

    #[test]
    fn what_is_stored_is_told_whoever_asks_first() {
        let kept: Props = [prop("colour", "red"), prop("ordre\u{e9}", "\"1\"")].into_iter().collect();
        let stored = kept.to_json();
        let read = || Props::from_json(stored.clone());
        assert_eq!(read(), kept);
        assert_eq!(told(&read()), told(&kept));
        assert_eq!(read().to_json(), stored);
        assert_eq!(read().get("urn:x", "colour").map(|prop| prop.text.as_str()), Some("red"));
        assert_eq!(read().get("urn:x", "ordre\u{e9}").map(|prop| prop.text.as_str()), Some("\"1\""));
        assert_eq!((read().get("urn:y", "colour"), read().get("urn:x", "size")), (None, None));
        let mut changed = read();
        changed.set(prop("colour", "blue"));
        assert_eq!(told(&changed), [("colour", "blue"), ("ordre\u{e9}", "\"1\"")]);
        assert_eq!(Props::from_json(changed.to_json()), changed);
        assert_eq!(
            (Props::from_json("[{".into()), Props::from_json(String::new()).to_json()),
            Default::default()
        );
    }

    #[test]
    fn many_changes_take_one_pass() {
        let many: Vec<Prop> = (0..50_000).map(|at| prop(&format!("a{at}"), "b")).collect();
        let sets: Vec<Change<'_>> = many.iter().map(Change::Set).collect();
        let removes: Vec<Change<'_>> =
            many.iter().map(|prop| Change::Remove { ns: &prop.ns, local: &prop.local }).collect();
        let mut props = Props::default();
        let begun = std::time::Instant::now();
        props.apply(&sets);
        props.apply(&sets);
        assert_eq!(props.iter().count(), many.len());
        props.apply(&removes);
        assert_eq!(props, Props::default());
        // Compared each with each, these are thousands of millions of comparisons.
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}
