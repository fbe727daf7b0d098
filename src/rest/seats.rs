//! Places for those who wait: requests that stay open are counted, for all and for each, so that nobody takes all of them.

use super::problem::Refused;
use crate::domain::fault::Fault;
use crate::domain::id::PrincipalId;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Waiting requests of a node.
const ALL: usize = 5_000;
/// Waiting requests of one principal: some devices, and some programs.
const EACH: usize = 50;
/// Seconds after which who found no place may come again.
const AGAIN: u32 = 30;

static TAKEN: LazyLock<Mutex<Taken>> = LazyLock::new(Mutex::default);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    each: HashMap<PrincipalId, usize>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Seat(PrincipalId);

impl Seat {
    /// Takes a place for a principal.
    pub fn take(of: PrincipalId) -> Result<Seat, Refused> {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.each.get(&of).copied().unwrap_or(0) >= EACH {
            return Err(Refused::too_many(AGAIN));
        }
        if taken.all >= ALL {
            return Err(Fault::Busy(AGAIN).into());
        }
        taken.all += 1;
        *taken.each.entry(of).or_default() += 1;
        Ok(Seat(of))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        if let Some(own) = taken.each.get_mut(&self.0) {
            *own -= 1;
            if *own == 0 {
                taken.each.remove(&self.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let (one, other) = (PrincipalId(-71), PrincipalId(-72));
        let mut seats: Vec<Seat> = (0..EACH).map(|_| Seat::take(one).expect("a place")).collect();
        assert!(Seat::take(one).is_err());
        assert!(Seat::take(other).is_ok());
        drop(seats.pop());
        assert!(Seat::take(one).is_ok());
        drop(seats);
        assert!(!TAKEN.lock().expect("a lock").each.contains_key(&one));
    }
}
