//! What principals are and how they log in, kept in memory: neither ever changes, and no id is given twice. So what stands in a home is read
//! without a look at each owner.

use super::conn::on;
use super::lists::OneOf;
use super::schema::principal;
use super::{Error, ReadTx};
use crate::domain::id::PrincipalId;
use crate::domain::principal::PrincipalKind;
use diesel::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Principals that are kept; more push out all, which are read again.
const MOST: usize = 16 * 1024;

/// What a principal is, and its handle.
pub(super) type Name = (PrincipalKind, Arc<str>);

/// Those that were asked for.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<HashMap<PrincipalId, Name>>);

impl Names {
    /// Of these those that are known.
    fn known(&self, of: &[PrincipalId]) -> HashMap<PrincipalId, Name> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        of.iter().filter_map(|id| Some((*id, names.get(id)?.clone()))).collect()
    }

    fn keep(&self, found: &HashMap<PrincipalId, Name>) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() + found.len() > MOST {
            names.clear();
        }
        names.extend(found.iter().map(|(id, name)| (*id, name.clone())).take(MOST));
    }
}

impl ReadTx<'_> {
    /// What these are and how they log in; those that are none are missing.
    pub(super) fn names(&mut self, of: &[PrincipalId]) -> Result<HashMap<PrincipalId, Name>, Error> {
        let mut names = self.shared.names.known(of);
        let unknown: Vec<i64> = of.iter().filter(|id| !names.contains_key(id)).map(|id| id.0).collect();
        let mut found: HashMap<PrincipalId, Name> = HashMap::new();
        for piece in OneOf::pieces(&unknown) {
            let rows: Vec<(i64, i16, String)> = on!(self.conn, conn => principal::table
                .filter(OneOf::new(principal::id, piece))
                .select((principal::id, principal::kind, principal::handle))
                .load(conn))?;
            let name = |(id, kind, handle): (i64, i16, String)| {
                Some((PrincipalId(id), (PrincipalKind::from_number(kind)?, Arc::from(handle))))
            };
            found.extend(rows.into_iter().filter_map(name));
        }
        if !found.is_empty() {
            self.shared.names.keep(&found);
            names.extend(found);
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        let names = Names::default();
        let some = |from: i64, count: i64| {
            let name = |id| (PrincipalId(id), (PrincipalKind::User, Arc::from(format!("p{id}"))));
            (from..from + count).map(name).collect::<HashMap<PrincipalId, Name>>()
        };
        let known = |id: usize| names.known(&[PrincipalId(id as i64), PrincipalId(-1)]).len();
        names.keep(&some(0, MOST as i64));
        assert_eq!((known(3), known(MOST)), (1, 0));
        names.keep(&some(MOST as i64, 5));
        assert_eq!((known(3), known(MOST)), (0, 1), "all went for the new ones");
        names.keep(&some(0, 2 * MOST as i64));
        assert_eq!(names.0.lock().expect("lock").len(), MOST);
    }
}
