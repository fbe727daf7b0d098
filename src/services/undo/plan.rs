//! What is to be done to each item so that it is what it was, as far as that can be told without its bytes.

use super::super::access::Access;
use super::super::projection;
use super::trace::{Then, Trace, Traces};
use super::{Core, Deed, Undone, fault};
use crate::domain::acl::Privilege;
use crate::domain::fault::Fault;
use crate::domain::id::{CollectionId, Etag};
use crate::store::{OldContent, Present, ReadTx, Weight};
use std::collections::HashMap;

/// Items that are looked at in one question.
const LOOK: usize = 200;

/// An item, and what is to be done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The item.
    pub name: String,
    /// What shall become of it.
    pub deed: Deed,
    /// The number that it was seen at, where it is there.
    pub seen: Option<i64>,
    /// The row of the content that it shall have, and its octets.
    pub content: Option<(i64, usize)>,
    /// It has another UID: what is there goes first, for it may be the UID of another that comes back.
    pub makes_way: bool,
}

impl Planned {
    /// As it is told.
    pub fn told(self) -> Undone {
        Undone { name: self.name, deed: self.deed, fault: None }
    }
}

impl Core {
    /// What is to be done, in the order of names. What is as it was is left out.
    pub(super) async fn plan(&self, of: CollectionId, traces: Traces) -> Result<Vec<Planned>, Fault> {
        let items = traces.into_items();
        let read = move |tx: &mut ReadTx<'_>| {
            let mut planned = Vec::new();
            for piece in items.chunks(LOOK) {
                let names: Vec<String> = piece.iter().map(|(name, _)| name.clone()).collect();
                let rows: Vec<i64> = piece.iter().filter_map(|(_, trace)| row(trace)).collect();
                let mut there: HashMap<String, Present> =
                    tx.present(of, &names)?.into_iter().map(|one| (one.name.clone(), one)).collect();
                let contents: HashMap<i64, OldContent> =
                    tx.old_contents_of(&rows)?.into_iter().map(|one| (one.id, one)).collect();
                planned.extend(piece.iter().filter_map(|(name, trace)| {
                    let content = row(trace).map(|row| contents.get(&row));
                    judge(name, trace, there.remove(name), content)
                }));
            }
            Ok(planned)
        };
        fault(self.store.read(Weight::Scan, read).await)
    }
}

impl Core {
    /// What of a plan the actor sees all of: what he does not, he neither takes back nor is told of.
    pub(super) async fn seen_of(
        &self,
        access: &Access,
        planned: Vec<Planned>,
    ) -> Result<Vec<Planned>, Fault> {
        if access.sight().is_whole() {
            return Ok(planned);
        }
        let access = access.clone();
        let read = move |tx: &mut ReadTx<'_>| {
            let mut seen = Vec::with_capacity(planned.len());
            for one in &planned {
                if is_seen(tx, &access, one)? {
                    seen.push(one.clone());
                }
            }
            Ok(seen)
        };
        fault(self.store.read(Weight::Scan, read).await)
    }
}

fn is_seen(tx: &mut ReadTx<'_>, access: &Access, one: &Planned) -> Result<bool, crate::store::Error> {
    let of = access.collection();
    let there = tx.object(of.id, &one.name)?;
    if let Some(object) = &there
        && projection::touch(access, object, Privilege::WriteContent).is_err()
    {
        return Ok(false);
    }
    let Some((row, _)) = one.content else { return Ok(there.is_some()) };
    let Some((_, body)) = tx.old_bodies(&[row])?.pop() else { return Ok(there.is_some()) };
    let older = projection::older(access.sight(), of.kind, body, Etag(String::new()));
    Ok(older.is_some_and(|older| !older.masked))
}

fn row(trace: &Trace) -> Option<i64> {
    match trace.then {
        Then::Content(row) => Some(row),
        _ => None,
    }
}

/// `content` is what the item shall have again: the inner `None` where that is not kept.
fn judge(
    name: &str,
    trace: &Trace,
    there: Option<Present>,
    content: Option<Option<&OldContent>>,
) -> Option<Planned> {
    let plain = |deed| Planned {
        name: name.to_owned(),
        deed,
        seen: there.as_ref().map(|one| one.modseq),
        content: None,
        makes_way: false,
    };
    if !trace.met {
        return Some(plain(Deed::Covered));
    }
    match (trace.then, content) {
        (Then::Same, _) => None,
        (Then::Absent, _) => there.is_some().then(|| plain(Deed::Removed)),
        (Then::Content(_), Some(Some(old))) => match &there {
            Some(one) if one.etag == old.etag => None,
            other => {
                let deed = if other.is_some() { Deed::Reverted } else { Deed::Returned };
                let content = Some((old.id, usize::try_from(old.size).unwrap_or(0)));
                let makes_way = other.as_ref().is_some_and(|one| one.uid != old.uid);
                Some(Planned { content, makes_way, ..plain(deed) })
            }
        },
        (Then::Content(_), _) => Some(plain(Deed::Lost)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(uid: &str, etag: &str) -> Option<Present> {
        Some(Present { name: "a".into(), uid: uid.into(), etag: Etag(etag.into()), modseq: 9 })
    }

    #[test]
    fn each_item_is_judged() {
        let old = OldContent {
            id: 5,
            modseq: 3,
            replaced_by: 4,
            replaced_at: 1,
            uid: "u".into(),
            etag: Etag("e".into()),
            size: 10,
        };
        let trace = |then| Trace { then, met: true, shut: false, covered: false };
        let judged = |then, now: Option<Present>, kept| {
            let content = matches!(then, Then::Content(_)).then_some(if kept { Some(&old) } else { None });
            judge("a", &trace(then), now, content).map(|one| (one.deed, one.makes_way))
        };
        assert_eq!(judged(Then::Absent, None, true), None);
        assert_eq!(judged(Then::Absent, there("u", "e"), true), Some((Deed::Removed, false)));
        assert_eq!(judged(Then::Content(5), None, true), Some((Deed::Returned, false)));
        assert_eq!(judged(Then::Content(5), there("u", "e"), true), None);
        assert_eq!(judged(Then::Content(5), there("u", "f"), true), Some((Deed::Reverted, false)));
        assert_eq!(judged(Then::Content(5), there("v", "f"), true), Some((Deed::Reverted, true)));
        assert_eq!(judged(Then::Content(5), None, false), Some((Deed::Lost, false)));
        let covered = Trace { met: false, covered: true, ..trace(Then::Same) };
        assert_eq!(judge("a", &covered, None, None).map(|one| one.deed), Some(Deed::Covered));
    }
}
