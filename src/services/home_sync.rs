//! What changed in a home since a token: its own collections, what stands there of others, and what left.
//!
//! What one transaction did bears one number of the home; a page may end within, and its token then says after what. RFC 6578 §3.

use super::access::{self, Access};
use super::actor::Actor;
use super::sync::refused;
use super::{Core, fault, mounts};
use crate::domain::birthdays;
use crate::domain::collection::HomeKind;
use crate::domain::fault::Fault;
use crate::domain::id::{HomeToken, SyncToken};
use crate::store::{Error, ReadTx};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The changes of a home.
#[derive(Debug, Clone)]
pub struct HomeChanges {
    /// Collections that changed, or whose members did.
    pub changed: Vec<Access>,
    /// Names of those that left.
    pub gone: Vec<String>,
    /// The token after them.
    pub token: HomeToken,
    /// Whether there are more than were asked for.
    pub more: bool,
}

/// One change of a home, with its number there; what others do in theirs has none.
type Numbered = (Option<i64>, Change);

/// What changed.
#[derive(Debug)]
enum Change {
    /// A collection that is there.
    There(Box<Access>),
    /// A name that left.
    Left(String),
    /// One of others that left the actor's sight and not the home: by what a token knows it, and its name.
    Hidden(i64, String),
}

impl Change {
    /// The name in the home.
    fn name(&self) -> &str {
        match self {
            Change::There(access) => access.shown_at().1,
            Change::Left(name) | Change::Hidden(_, name) => name,
        }
    }

    /// The order among what bears one number. More than nothing, and small enough for a token.
    fn key(&self) -> i64 {
        let mut bytes = [0; 8];
        Sha256::digest(self.name()).iter().zip(&mut bytes).for_each(|(from, to)| *to = *from);
        i64::from_be_bytes(bytes) & i64::MAX | 1
    }
}

/// The token of a home's own at a number.
pub fn home_token(owner: i64, kind: HomeKind, modseq: i64, epoch: &str) -> SyncToken {
    let letter = match kind {
        HomeKind::Calendars => 'h',
        HomeKind::AddressBooks => 'b',
    };
    SyncToken { epoch: epoch.to_owned(), subject: format!("{letter}{owner}"), modseq, own: 0 }
}

impl Core {
    /// The changes of a home after `since`, at most `limit` if there is one.
    pub async fn home_changes(
        &self,
        actor: &Actor,
        owner: &str,
        kind: HomeKind,
        since: Option<HomeToken>,
        limit: Option<usize>,
    ) -> Result<HomeChanges, Fault> {
        let (changes, birthdays) = self.home_changes_now(actor, owner, kind, since.clone(), limit).await?;
        if birthdays && self.freshen_birthdays(actor, None).await {
            return self.home_changes_now(actor, owner, kind, since, limit).await.map(|(changes, _)| changes);
        }
        Ok(changes)
    }

    /// Beside the changes whether the actor has, or had, a calendar of birthdays in the home.
    async fn home_changes_now(
        &self,
        actor: &Actor,
        owner: &str,
        kind: HomeKind,
        since: Option<HomeToken>,
        limit: Option<usize>,
    ) -> Result<(HomeChanges, bool), Fault> {
        let (actor, owner) = (actor.clone(), owner.to_owned());
        fault(
            self.store
                .point_snapshot(move |tx| {
                    actor.reach(kind)?;
                    let owner = access::owner_of(tx, &actor, &owner)?;
                    let state = tx.home(owner.id, kind)?;
                    let own = owner.id == actor.id;
                    let mounted =
                        if own { mounts::beside(tx, &actor, kind, state.has_mounts)? } else { Vec::new() };
                    let token = mounts::token(owner.id, kind, state.modseq, tx.epoch(), &mounted);
                    let known = known(since.as_ref(), &token, kind)?;
                    let since = known.since();
                    let mut all = left(tx, &actor, (own, kind), &known, &mounted)?;
                    let changed = tx.collections_since(owner.id, kind, since)?;
                    let mut changed = access::visible(tx, &actor, &owner, changed)?;
                    changed.retain(Access::is_shown);
                    changed.extend(mounts::moved(mounted, &known.mounted, since));
                    // A name that is taken again is not gone.
                    all.retain(|(_, left)| changed.iter().all(|access| access.shown_at().1 != left.name()));
                    let numbered = |access: Access| (number(&access, since), Change::There(Box::new(access)));
                    all.extend(changed.into_iter().map(numbered));
                    let all = all.into_iter().filter_map(|change| untold(change, &known)).collect();
                    let birthdays = own && birthdays::is_marked(&state.props);
                    Ok((page(all, known, token, limit), birthdays))
                })
                .await,
        )
    }
}

/// What a reader knows: nothing without a token. One of another home, or from the future, is refused.
fn known(since: Option<&HomeToken>, now: &HomeToken, kind: HomeKind) -> Result<HomeToken, Fault> {
    let Some(old) = since else {
        let own = SyncToken { modseq: -1, ..now.own.clone() };
        return Ok(HomeToken { own, mounted: BTreeMap::new() });
    };
    let same = old.own.epoch == now.own.epoch && old.own.subject == now.own.subject;
    if same && old.own.modseq <= now.own.modseq { Ok(old.clone()) } else { Err(refused(kind)) }
}

/// What left the home, or the actor's sight, since what a reader knows; with the home's number, where it has one.
fn left(
    tx: &mut ReadTx<'_>,
    actor: &Actor,
    (own, kind): (bool, HomeKind),
    known: &HomeToken,
    mounted: &[Access],
) -> Result<Vec<Numbered>, Error> {
    let from = known.since();
    let gone = if own && from >= 0 { tx.collections_gone(actor.id, kind, from)? } else { Vec::new() };
    let mut left: Vec<Numbered> =
        gone.into_iter().map(|(slug, number)| (Some(number), Change::Left(slug))).collect();
    if !known.mounted.is_empty() {
        let hidden = mounts::hidden(tx, actor, kind, &known.mounted, mounted)?;
        left.extend(hidden.into_iter().map(|(number, slug)| (None, Change::Hidden(number, slug))));
    }
    Ok(left)
}

/// The home's number of this change, if it came after `from`: what others do in theirs has none here.
fn number(access: &Access, from: i64) -> Option<i64> {
    let number = match mounts::numbers(access) {
        Some((_, came)) => came,
        None => access.collection().home_modseq,
    };
    Some(number).filter(|number| *number > from)
}

/// The change, unless an earlier page that ended within its number told it; as one without a number, where what stands beside changed
/// since in a way that the home does not count.
fn untold((number, change): Numbered, known: &HomeToken) -> Option<Numbered> {
    let own = &known.own;
    if own.own == 0 || number != Some(own.modseq) || change.key() > own.own {
        return Some((number, change));
    }
    let Change::There(access) = &change else { return None };
    let (place, stand) = mounts::known_as(access)?;
    (known.mounted.get(&place) != Some(&stand)).then_some((None, change))
}

/// The first of the changes, at most `limit`: those with a number in its order and then the others, which the token names one by one.
fn page(mut all: Vec<Numbered>, mut known: HomeToken, whole: HomeToken, limit: Option<usize>) -> HomeChanges {
    let mut rest = Vec::new();
    if let Some(limit) = limit.filter(|limit| all.len() > *limit) {
        all.sort_by_cached_key(|(number, change)| (number.unwrap_or(i64::MAX), change.key()));
        rest = all.split_off(limit);
    }
    let next = rest.first().map(|(number, _)| *number);
    let last = all.last().and_then(|(number, change)| Some(((*number)?, change.key())));
    (known.own.modseq, known.own.own) = match (last, next) {
        (Some((number, key)), Some(Some(next))) => (number, if next == number { key } else { 0 }),
        _ => (whole.own.modseq, 0),
    };
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    for (_, change) in all {
        match change {
            Change::There(access) => {
                known.mounted.extend(mounts::known_as(&access));
                changed.push(*access);
            }
            Change::Left(name) => gone.push(name),
            Change::Hidden(place, name) => {
                known.mounted.remove(&place);
                gone.push(name);
            }
        }
    }
    let more = !rest.is_empty();
    HomeChanges { changed, gone, token: if more { known } else { whole }, more }
}
