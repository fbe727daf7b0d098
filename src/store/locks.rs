//! Which homes a commit under way has locked: the transactions that share it need not lock them once more. Knows no table.

use crate::domain::collection::HomeKind;
use crate::domain::id::PrincipalId;

/// Homes whose rows are locked until the commit, which several transactions may share.
#[derive(Debug, Default)]
pub(super) struct Locks(Vec<(PrincipalId, HomeKind)>);

impl Locks {
    /// Whether this one is.
    pub fn holds(&self, owner: PrincipalId, kind: HomeKind) -> bool {
        self.0.contains(&(owner, kind))
    }

    /// Notes one that was taken.
    pub fn take(&mut self, owner: PrincipalId, kind: HomeKind) {
        self.0.push((owner, kind));
    }

    /// How many there are now, for [`Locks::back_to`].
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Forgets those that were taken since: a transaction within the commit was rolled back, and its locks with it.
    pub fn back_to(&mut self, count: usize) {
        self.0.truncate(count);
    }
}
