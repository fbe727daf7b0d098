//! Who was invited to share a collection, and what those who were asked said. Decides no right: what somebody may do stands in the grants.
//!
//! One who is asked by a group of his answers for himself; so answers are rows of their own.

use super::schema::{collection, invitation, invitation_answer, principal};
use super::{Error, ReadTx, WriteTx};
use crate::domain::collection::Collection;
use crate::domain::id::{CollectionId, PrincipalId};
use crate::domain::invitation::{Choice, State};
use crate::domain::props::Props;
use diesel::prelude::*;

/// An invitation as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its row.
    pub id: i64,
    /// To share what.
    pub collection: CollectionId,
    /// Who is invited: a user or a group. None where nobody is known at the address.
    pub grantee: Option<PrincipalId>,
    /// How he was called by who invited him; empty where by his handle.
    pub address: String,
    /// His name, as who invited him gave it.
    pub name: String,
    /// What who invited him wrote.
    pub summary: String,
    /// Who invited him.
    pub inviter: PrincipalId,
    /// When he was, microseconds UTC; the last time.
    pub changed_at: i64,
}

/// An invitation to be made.
#[derive(Debug, Clone, Default)]
pub struct NewInvitation {
    /// See [`Invitation::address`].
    pub address: String,
    /// See [`Invitation::name`].
    pub name: String,
    /// See [`Invitation::summary`].
    pub summary: String,
}

/// What somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its row.
    pub id: i64,
    /// To which invitation.
    pub invitation: i64,
    /// Who.
    pub principal: PrincipalId,
    /// What.
    pub state: State,
    /// When, microseconds UTC.
    pub at: i64,
    /// Whether he has put the notification away.
    pub hidden: bool,
}

type Row = (i64, i64, Option<i64>, String, String, String, i64, i64);
type AnswerRow = (i64, i64, i64, i16, i64, bool);

fn read((id, collection, grantee, address, name, summary, inviter, changed_at): Row) -> Invitation {
    Invitation {
        id,
        collection: CollectionId(collection),
        grantee: grantee.map(PrincipalId),
        address,
        name,
        summary,
        inviter: PrincipalId(inviter),
        changed_at,
    }
}

fn answered((id, invitation, principal, state, at, hidden): AnswerRow) -> Answered {
    let (principal, state) = (PrincipalId(principal), State::from_number(state));
    Answered { id, invitation, principal, state, at, hidden }
}

macro_rules! answer_columns {
    () => {
        (
            invitation_answer::id,
            invitation_answer::invitation,
            invitation_answer::principal,
            invitation_answer::state,
            invitation_answer::at,
            invitation_answer::hidden,
        )
    };
}

impl ReadTx<'_> {
    /// All to share a collection, the oldest first.
    pub fn invitations_of(&mut self, of: CollectionId) -> Result<Vec<Invitation>, Error> {
        let rows: Vec<Row> = invitation::table
            .filter(invitation::collection.eq(of.0))
            .order(invitation::id)
            .load(self.conn)?;
        Ok(rows.into_iter().map(read).collect())
    }

    /// All by which one of these is invited, the oldest first. What they are worth the grants say.
    pub fn invitations_to(&mut self, any: &[PrincipalId]) -> Result<Vec<Invitation>, Error> {
        let any: Vec<i64> = any.iter().map(|one| one.0).collect();
        let rows: Vec<Row> = invitation::table
            .filter(invitation::grantee.eq_any(&any))
            .order(invitation::id)
            .load(self.conn)?;
        Ok(rows.into_iter().map(read).collect())
    }

    /// The one with this id.
    pub fn invitation(&mut self, id: i64) -> Result<Option<Invitation>, Error> {
        let row: Option<Row> = invitation::table.find(id).first(self.conn).optional()?;
        Ok(row.map(read))
    }

    /// What somebody said to any.
    pub fn answers_by(&mut self, who: PrincipalId) -> Result<Vec<Answered>, Error> {
        let rows: Vec<AnswerRow> = invitation_answer::table
            .filter(invitation_answer::principal.eq(who.0))
            .select(answer_columns!())
            .load(self.conn)?;
        Ok(rows.into_iter().map(answered).collect())
    }

    /// What was said to the invitations to share a collection by those whom they name.
    pub fn answers_of(&mut self, of: CollectionId) -> Result<Vec<Answered>, Error> {
        let rows: Vec<AnswerRow> = invitation_answer::table
            .inner_join(invitation::table)
            .filter(invitation::collection.eq(of.0))
            .filter(invitation::grantee.eq(invitation_answer::principal.nullable()))
            .select(answer_columns!())
            .load(self.conn)?;
        Ok(rows.into_iter().map(answered).collect())
    }

    /// What those who were named said to invitations to share what somebody owns, and he has not put away; the oldest first.
    pub fn answers_for(&mut self, owner: PrincipalId) -> Result<Vec<(Invitation, Answered)>, Error> {
        let told = [State::Accepted as i16, State::Declined as i16];
        let rows: Vec<(Row, AnswerRow)> = invitation_answer::table
            .inner_join(invitation::table.inner_join(collection::table))
            .filter(collection::owner.eq(owner.0).and(collection::deleted_at.eq(0)))
            .filter(invitation::grantee.eq(invitation_answer::principal.nullable()))
            .filter(invitation_answer::seen.eq(false).and(invitation_answer::state.eq_any(told)))
            .select((invitation::all_columns, answer_columns!()))
            .order((invitation_answer::at, invitation_answer::id))
            .load(self.conn)?;
        Ok(rows.into_iter().map(|(row, answer)| (read(row), answered(answer))).collect())
    }

    /// What somebody wants done with invitations to him.
    pub fn choice_of(&mut self, who: PrincipalId) -> Result<Choice, Error> {
        let found: Option<i16> =
            principal::table.find(who.0).select(principal::accepts).first(self.conn).optional()?;
        Ok(found.map(Choice::from_number).unwrap_or_default())
    }

    /// Whether the directory does not tell of somebody.
    pub fn is_hidden(&mut self, who: PrincipalId) -> Result<bool, Error> {
        let found: Option<bool> =
            principal::table.find(who.0).select(principal::hidden).first(self.conn).optional()?;
        Ok(found.unwrap_or(true))
    }
}

impl WriteTx<'_> {
    /// Invites somebody, or an address that nobody here has, to share a collection.
    pub fn insert_invitation(
        &mut self,
        of: CollectionId,
        grantee: Option<PrincipalId>,
        inviter: PrincipalId,
        new: &NewInvitation,
    ) -> Result<i64, Error> {
        let (id, now) = (self.new_id(), self.now);
        diesel::insert_into(invitation::table)
            .values((
                invitation::id.eq(id),
                invitation::collection.eq(of.0),
                invitation::grantee.eq(grantee.map(|one| one.0)),
                invitation::address.eq(&new.address),
                invitation::name.eq(&new.name),
                invitation::summary.eq(&new.summary),
                invitation::inviter.eq(inviter.0),
                invitation::changed_at.eq(now),
            ))
            .execute(self.conn)?;
        Ok(id)
    }

    /// Invites him again, in other words.
    pub fn renew_invitation(&mut self, id: i64, new: &NewInvitation) -> Result<(), Error> {
        let now = self.now;
        diesel::update(invitation::table.find(id))
            .set((
                invitation::address.eq(&new.address),
                invitation::name.eq(&new.name),
                invitation::summary.eq(&new.summary),
                invitation::changed_at.eq(now),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Removes an invitation, with all that was said to it.
    pub fn remove_invitation(&mut self, id: i64) -> Result<(), Error> {
        diesel::delete(invitation_answer::table.filter(invitation_answer::invitation.eq(id)))
            .execute(self.conn)?;
        diesel::delete(invitation::table.find(id)).execute(self.conn)?;
        Ok(())
    }

    /// Notes what somebody says to an invitation. Who invited him has not seen it then.
    pub fn set_answer(&mut self, to: i64, who: PrincipalId, state: State, hidden: bool) -> Result<(), Error> {
        self.unset_answer(to, who)?;
        let (id, now) = (self.new_id(), self.now);
        diesel::insert_into(invitation_answer::table)
            .values((
                invitation_answer::id.eq(id),
                invitation_answer::invitation.eq(to),
                invitation_answer::principal.eq(who.0),
                invitation_answer::state.eq(state as i16),
                invitation_answer::at.eq(now),
                invitation_answer::hidden.eq(hidden),
                invitation_answer::seen.eq(false),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets what he said: he is asked again.
    pub fn unset_answer(&mut self, to: i64, who: PrincipalId) -> Result<(), Error> {
        let one = invitation_answer::invitation.eq(to).and(invitation_answer::principal.eq(who.0));
        diesel::delete(invitation_answer::table.filter(one)).execute(self.conn)?;
        Ok(())
    }

    /// Puts what somebody said away for whoever invited him.
    pub fn note_seen(&mut self, answer: i64) -> Result<(), Error> {
        diesel::update(invitation_answer::table.find(answer))
            .set(invitation_answer::seen.eq(true))
            .execute(self.conn)?;
        Ok(())
    }

    /// Sets what somebody wants done with invitations to him.
    pub fn set_choice(&mut self, who: PrincipalId, choice: Choice) -> Result<(), Error> {
        diesel::update(principal::table.find(who.0))
            .set(principal::accepts.eq(choice as i16))
            .execute(self.conn)?;
        Ok(())
    }

    /// Keeps properties of a collection that differ in what the server notes there: nobody has changed anything that a log tells.
    pub fn set_mark(&mut self, of: &Collection, props: &Props) -> Result<(), Error> {
        self.raise(of)?;
        diesel::update(collection::table.find(of.id.0))
            .set(collection::props.eq(props.to_json()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Removes all invitations to share collections that go for good.
    pub(super) fn forget_invitations(&mut self, to_share: &[i64]) -> Result<(), Error> {
        let all = invitation::table.filter(invitation::collection.eq_any(to_share)).select(invitation::id);
        let all: Vec<i64> = all.load(self.conn)?;
        all.into_iter().try_for_each(|id| self.remove_invitation(id))
    }

    /// Removes all invitations of somebody who goes for good.
    pub(super) fn forget_invitations_to(&mut self, who: PrincipalId) -> Result<(), Error> {
        let all = invitation::table.filter(invitation::grantee.eq(who.0)).select(invitation::id);
        let all: Vec<i64> = all.load(self.conn)?;
        all.into_iter().try_for_each(|id| self.remove_invitation(id))
    }
}
