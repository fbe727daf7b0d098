//! The folded texts of an address book in one piece of memory: searching thousands of cards then reads no row but the hits.
//!
//! A piece counts only for the very number of the collection that it was read at, so a write by anybody on any node makes it
//! worthless at once. Decides no right; tells candidates, which the exact filter tests.

use crate::domain::id::CollectionId;
use crate::store::{Error, ReadTx};
use memchr::memmem;
use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;

/// Octets of all pieces together.
const MOST: u64 = 16 * 1024 * 1024;
/// An address book that nobody searches is let go.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// The texts of one address book.
#[derive(Debug)]
pub(super) struct Texts {
    modseq: i64,
    text: Vec<u8>,
    /// Where the text of each card ends, and its id; in the order of ids.
    ends: Vec<(usize, i64)>,
}

impl Texts {
    /// Reads them; must run in a snapshot. `None` where the collection is deleted.
    pub fn read(tx: &mut ReadTx<'_>, of: CollectionId) -> Result<Option<Self>, Error> {
        let Some(modseq) = tx.modseq(of)? else { return Ok(None) };
        let mut texts = Texts { modseq, text: Vec::new(), ends: Vec::new() };
        tx.each_card_text(of, &mut |id, text| {
            texts.text.extend_from_slice(text.as_bytes());
            texts.ends.push((texts.text.len(), id));
        })?;
        texts.text.shrink_to_fit();
        texts.ends.shrink_to_fit();
        Ok(Some(texts))
    }

    /// The ids of the cards in whose text one of the needles occurs, in their order.
    pub fn having(&self, needles: &[String]) -> Vec<i64> {
        let mut found: Vec<i64> = needles.iter().flat_map(|needle| self.with(needle.as_bytes())).collect();
        if needles.len() > 1 {
            found.sort_unstable();
            found.dedup();
        }
        found
    }

    fn with(&self, needle: &[u8]) -> Vec<i64> {
        if needle.is_empty() {
            return self.ends.iter().map(|(_, id)| *id).collect();
        }
        let finder = memmem::Finder::new(needle);
        let mut ids = Vec::new();
        let mut from = 0;
        while let Some(at) = self.text.get(from..).and_then(|rest| finder.find(rest)) {
            let place = self.ends.partition_point(|(end, _)| *end <= from + at);
            let Some((end, id)) = self.ends.get(place).copied() else { break };
            // What begins in one card and ends in the next is in neither.
            if from + at + needle.len() <= end {
                ids.push(id);
                from = end;
            } else {
                from += at + 1;
            }
        }
        ids
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<(usize, i64)>()
    }
}

/// The pieces that were used lately.
#[derive(Debug)]
pub(super) struct CardSearch(Cache<CollectionId, Arc<Texts>>);

impl CardSearch {
    pub fn new() -> Self {
        let weight = |_: &CollectionId, texts: &Arc<Texts>| u32::try_from(texts.bytes()).unwrap_or(u32::MAX);
        CardSearch(Cache::builder().max_capacity(MOST).weigher(weight).time_to_idle(IDLE).build())
    }

    /// The texts as they are at this number of the collection, if they are known.
    pub fn get(&self, of: CollectionId, modseq: i64) -> Option<Arc<Texts>> {
        self.0.get(&of).filter(|texts| texts.modseq == modseq)
    }

    pub fn keep(&self, of: CollectionId, texts: &Arc<Texts>) {
        self.0.insert(of, Arc::clone(texts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(of: &[&str]) -> Texts {
        let mut all = Texts { modseq: 1, text: Vec::new(), ends: Vec::new() };
        for (id, text) in (1..).zip(of) {
            all.text.extend_from_slice(text.as_bytes());
            all.ends.push((all.text.len(), id));
        }
        all
    }

    #[test]
    fn a_card_is_found_once_by_what_is_in_it() {
        let all = texts(&["anna anna", "", "joanna", "otto"]);
        assert_eq!(all.having(&["anna".into()]), [1, 3]);
        assert_eq!(all.having(&["otto".into(), "jo".into(), "anna a".into()]), [1, 3, 4]);
        assert_eq!(all.having(&["".into()]), [1, 2, 3, 4]);
        assert!(all.having(&["zoe".into()]).is_empty());
        assert!(all.having(&[]).is_empty());
    }

    #[test]
    fn what_stands_across_two_cards_is_in_neither() {
        let all = texts(&["aab", "ba", "abba"]);
        assert_eq!(all.having(&["bb".into()]), [3]);
        assert_eq!(all.having(&["aa".into()]), [1]);
        assert_eq!(all.having(&["ab".into()]), [1, 3]);
    }
}
