//! What one request may spend on recurrence, and what stops it.

/// Cheap steps a request may take: about a quarter of a second of one core.
const STEPS: u64 = 2_000_000;
/// Instances a request may gather.
const INSTANCES: u64 = 10_000;

/// A half-open stretch of time `[start, end)` in microseconds UTC; `i64::MIN` and `i64::MAX` are open ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First instant inside.
    pub start: i64,
    /// First instant outside.
    pub end: i64,
}

impl Window {
    /// The window that holds all time.
    pub const ALL: Window = Window { start: i64::MIN, end: i64::MAX };

    /// `[start, end)` in microseconds UTC.
    pub const fn new(start: i64, end: i64) -> Self {
        Window { start, end }
    }
}

/// What is left to spend. One budget serves a whole request over all of its objects, so that many small bombs
/// cost no more than one big one.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Periods, days and candidates still to be looked at.
    pub steps: u64,
    /// Instances still to be given out.
    pub instances: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { steps: STEPS, instances: INSTANCES }
    }
}

impl Budget {
    /// A budget of so many cheap steps and instances.
    pub const fn new(steps: u64, instances: u64) -> Self {
        Budget { steps, instances }
    }

    /// Pays for `count` steps.
    pub(crate) fn step(&mut self, count: u64) -> Result<(), Exhausted> {
        self.steps = self.steps.checked_sub(count).ok_or(Exhausted::Steps)?;
        Ok(())
    }

    /// Pays for one instance.
    pub(crate) fn instance(&mut self) -> Result<(), Exhausted> {
        self.instances = self.instances.checked_sub(1).ok_or(Exhausted::Instances)?;
        Ok(())
    }
}

/// The request asked for more recurrence than it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    /// Too much work to find the instances (a rule that hardly ever matches, or far too many objects).
    #[error("the recurrence rules need more work than one request may take")]
    Steps,
    /// More instances than one answer may hold (`CALDAV:max-instances`).
    #[error("the time range holds more instances than one answer may have")]
    Instances,
}
