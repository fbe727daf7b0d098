//! The past of a collection as somebody sees it from whom something is hidden now, or would have been then.
//!
//! Each step is judged by the content that came with it, or that went: what is not kept any more tells no tag and no size, and
//! nothing at all to one for whom it may have been absent.

use super::super::access::Access;
use super::super::projection::{self, Older};
use super::{Kept, Step};
use crate::domain::privacy::{Class, Showing};
use crate::store::{Error, Happened, ReadTx};

/// A content, or what is seen of it.
pub(super) fn kept(access: &Access, kept: Kept) -> Option<Kept> {
    let Kept { body, etag, masked } = kept;
    let older = projection::older(access.sight(), access.collection().kind, body, etag)?;
    Some(Kept { body: older.body, etag: older.etag, masked: masked || older.masked })
}

/// What of some steps is told.
pub(super) fn steps(tx: &mut ReadTx<'_>, access: &Access, steps: Vec<Step>) -> Result<Vec<Step>, Error> {
    if access.sight().is_whole() {
        return Ok(steps);
    }
    let mut told = Vec::with_capacity(steps.len());
    for step in steps {
        told.extend(seen(tx, access, step)?);
    }
    Ok(told)
}

fn seen(tx: &mut ReadTx<'_>, access: &Access, step: Step) -> Result<Option<Step>, Error> {
    let (of, sight) = (access.collection(), access.sight());
    let Some((body, etag)) = content(tx, access, &step)? else {
        let sure =
            [Class::Private, Class::Confidential].iter().all(|class| sight.of(*class) != Showing::Absent);
        return Ok(sure.then(|| anonymous(Step { etag: None, size: None, ..step })));
    };
    let Some(Older { body, etag, masked }) = projection::older(sight, of.kind, body, etag) else {
        return Ok(None);
    };
    let size = step.size.map(|_| i32::try_from(body.len()).unwrap_or(i32::MAX));
    let step = Step { etag: step.etag.as_ref().map(|_| etag), size, ..step };
    Ok(Some(if masked { anonymous(step) } else { step }))
}

/// A step of what is not seen whole: who did it, for whom and with what is a part of it.
fn anonymous(step: Step) -> Step {
    Step { by: None, on_behalf_of: None, device: None, ..step }
}

/// The content that came with a step, or of one that took it away the one that went.
fn content(
    tx: &mut ReadTx<'_>,
    access: &Access,
    step: &Step,
) -> Result<Option<(String, crate::domain::id::Etag)>, Error> {
    let of = access.collection().id;
    if step.what == Some(Happened::Removed) {
        let last = tx.old_contents(of, &step.name, step.number, 1)?.pop();
        let Some(last) = last.filter(|last| last.replaced_by == step.number) else { return Ok(None) };
        return Ok(tx.old_bodies(&[last.id])?.pop().map(|(_, body)| (body, last.etag)));
    }
    if let Some(object) = tx.object(of, &step.name)?.filter(|object| object.modseq == step.number) {
        return Ok(Some((object.body, object.etag)));
    }
    if let Some((old, body)) = tx.old_body(of, &step.name, step.number)? {
        return Ok(Some((body, old.etag)));
    }
    // A change of what clients keep on an item has the number of no content: the next content has it that went away after.
    Ok(None)
}
