//! How many requests a principal, or whoever else is counted, may make: an even rate with room for bursts, on each node by itself.
//!
//! Knows no request. `draft-ietf-httpapi-ratelimit-headers`.

use crate::domain::id::PrincipalId;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use moka::sync::Cache;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Seconds that the number of requests is for, and after which an idle principal has all of them again.
const WINDOW: u64 = 60;
/// Those that are remembered: others begin anew.
const REMEMBERED: u64 = 100_000;

/// The rates of all principals, or of others by a key of theirs. Without a number there is no limit.
#[derive(Debug, Clone)]
pub struct Rates<K: Hash + Eq + Send + Sync + 'static = PrincipalId> {
    requests: u64,
    begun: Instant,
    /// Of each the moment, in microseconds since `begun`, at which all that it has asked for is paid.
    paid: Cache<K, Arc<AtomicU64>>,
}

/// What a principal has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Requests at once.
    pub requests: u64,
    /// Seconds until all are there again.
    pub seconds: u64,
}

impl<K: Hash + Eq + Send + Sync + 'static> Rates<K> {
    /// So many requests a minute for each; 0 is no limit.
    pub fn new(requests: u32) -> Self {
        let idle = Duration::from_secs(WINDOW);
        let paid = Cache::builder().max_capacity(REMEMBERED).time_to_idle(idle).build();
        Rates { requests: requests.into(), begun: Instant::now(), paid }
    }

    /// Takes one request of somebody's; `Err` with the seconds after which there is one again. `None` where there is no limit.
    pub fn take(&self, of: K) -> Option<Result<Left, u64>> {
        if self.requests == 0 {
            return None;
        }
        let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        Some(self.take_at(&self.paid.get_with(of, Arc::default), now))
    }

    fn take_at(&self, paid: &AtomicU64, now: u64) -> Result<Left, u64> {
        let whole = WINDOW * 1_000_000;
        let one = whole / self.requests;
        let pay = |until: u64| {
            let until = until.max(now) + one;
            (until - now <= whole).then_some(until)
        };
        match paid.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay) {
            Ok(before) => {
                let owed = before.max(now) + one - now;
                Ok(Left { requests: (whole - owed) / one, seconds: owed.div_ceil(1_000_000) })
            }
            Err(until) => Err((until + one).saturating_sub(now + whole).div_ceil(1_000_000).max(1)),
        }
    }

    /// Tells a principal what it has left.
    pub fn mark(&self, headers: &mut HeaderMap, left: Left) {
        let lines = [
            ("ratelimit-policy", format!("\"principal\";q={};w={WINDOW}", self.requests)),
            ("ratelimit", format!("\"principal\";r={};t={}", left.requests, left.seconds)),
        ];
        for (name, value) in lines {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_paid_by_the_time_after_it() {
        let rates = Rates::<PrincipalId>::new(60);
        let paid = AtomicU64::new(0);
        let at = |seconds: u64| rates.take_at(&paid, seconds * 1_000_000);
        assert_eq!(at(100), Ok(Left { requests: 59, seconds: 1 }));
        for left in (0..59).rev() {
            assert_eq!(at(100).map(|left| left.requests), Ok(left));
        }
        assert_eq!(at(100), Err(1));
        assert_eq!(at(101).map(|left| left.requests), Ok(0));
        assert_eq!(at(101), Err(1));
        assert_eq!(at(500), Ok(Left { requests: 59, seconds: 1 }));
    }

    #[test]
    fn each_principal_has_its_own() {
        let rates = Rates::new(1);
        assert!(rates.take(PrincipalId(1)).expect("a limit").is_ok());
        assert!(rates.take(PrincipalId(1)).expect("a limit").is_err());
        assert!(rates.take(PrincipalId(2)).expect("a limit").is_ok());
        assert!(Rates::new(0).take(PrincipalId(1)).is_none());
    }
}
