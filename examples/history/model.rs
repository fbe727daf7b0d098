//! What was asked and answered, and what a correct server may answer: one register a name, with a cell in each collection.
//!
//! Knows no HTTP. A name is one UID, and MOVE takes it from one collection to another, so all cells of a name are judged together.

/// Collections.
pub const PLACES: usize = 3;
/// The version in each collection; 0 is absence.
pub type State = [u32; PLACES];

/// On what condition something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// None.
    Always,
    /// `If-Match` with the tag of this version.
    Is(u32),
    /// `If-None-Match: *`
    Absent,
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// PUT of a version that is never used again.
    Put { at: usize, version: u32, when: When },
    /// DELETE
    Delete { at: usize, when: When },
    /// MOVE under the same name.
    Move { from: usize, to: usize, overwrite: bool },
    /// What somebody saw: by GET, or as the state after replaying a sync answer.
    Read { at: usize },
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A status.
    Status(u16),
    /// A version, or 0 for absence.
    Saw(u32),
    /// Nothing: the server died, or it said that it could not.
    Unknown,
}

/// One request about one name.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// Which name.
    pub name: u32,
    /// What was asked.
    pub op: Op,
    /// Nanoseconds since the start of the run.
    pub begin: u64,
    /// Likewise; without an answer, until when it may still have been done.
    pub end: u64,
    /// What was answered.
    pub outcome: Outcome,
}

impl Event {
    /// The state after this event took effect in `state`; `None` if its answer cannot come of it.
    pub fn apply(&self, state: State) -> Option<State> {
        let (status, after) = expected(self.op, state);
        match (self.outcome, self.op) {
            (Outcome::Unknown, _) => Some(after),
            (Outcome::Saw(version), Op::Read { at }) => (cell(state, at) == version).then_some(state),
            (Outcome::Status(answered), Op::Delete { when: When::Is(_), .. }) if status == 404 => {
                matches!(answered, 404 | 412).then_some(after)
            }
            (Outcome::Status(answered), _) => (answered == status).then_some(after),
            (Outcome::Saw(_), _) => None,
        }
    }
}

fn cell(state: State, at: usize) -> u32 {
    state.get(at).copied().unwrap_or(0)
}

fn with(mut state: State, at: usize, version: u32) -> State {
    if let Some(cell) = state.get_mut(at) {
        *cell = version;
    }
    state
}

/// What a server that does everything at one moment answers, and the state then.
fn expected(op: Op, state: State) -> (u16, State) {
    let holds = |at, when| match when {
        When::Always => true,
        When::Is(version) => cell(state, at) == version,
        When::Absent => cell(state, at) == 0,
    };
    match op {
        Op::Read { .. } => (200, state),
        Op::Put { at, when, .. } if !holds(at, when) => (412, state),
        Op::Put { at, version, .. } => {
            (if cell(state, at) == 0 { 201 } else { 204 }, with(state, at, version))
        }
        Op::Delete { at, .. } if cell(state, at) == 0 => (404, state),
        Op::Delete { at, when } if !holds(at, when) => (412, state),
        Op::Delete { at, .. } => (204, with(state, at, 0)),
        Op::Move { from, .. } if cell(state, from) == 0 => (404, state),
        Op::Move { to, overwrite: false, .. } if cell(state, to) != 0 => (412, state),
        Op::Move { from, to, .. } => {
            (if cell(state, to) == 0 { 201 } else { 204 }, with(with(state, to, cell(state, from)), from, 0))
        }
    }
}
