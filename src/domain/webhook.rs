//! Webhooks: in which states they are, which kinds of changes they want, what an attempt comes to, when the next one is, and how messages are signed.
//!
//! The signature is that of the Standard Webhooks: HMAC-SHA256 of `id.timestamp.body`, base64, `v1,` before it. Knows no storage, no
//! clock and no network.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::Duration;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Octets of a secret.
const SECRET: usize = 32;
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Whether a webhook is told anything. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum WebhookState {
    /// It is.
    Active = 1,
    /// Its owner wants a pause; what happens meanwhile is told later.
    Paused = 2,
    /// The server has given up.
    Disabled = 3,
}

impl WebhookState {
    /// The state with this stored number; an unknown one tells nothing to anybody.
    pub fn from_number(number: i16) -> Self {
        match number {
            1 => WebhookState::Active,
            2 => WebhookState::Paused,
            _ => WebhookState::Disabled,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            WebhookState::Active => "active",
            WebhookState::Paused => "paused",
            WebhookState::Disabled => "disabled",
        }
    }
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// An event; also a journal, and whatever else a calendar holds that is no task.
    Event,
    /// A task.
    Task,
    /// A contact.
    Contact,
    /// A collection itself.
    Collection,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It was made, or came into sight.
    Created,
    /// It was changed.
    Changed,
    /// It was deleted, or went out of sight.
    Deleted,
}

/// The kinds of changes that a webhook wants, as bits. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events(i64);

impl Events {
    /// Every kind.
    pub const ALL: Events = Events((1 << 12) - 1);
    /// None; not what a webhook is made with.
    pub const NONE: Events = Events(0);
    /// As stored; what is not known is left out.
    pub fn from_bits(bits: i64) -> Self {
        Events(bits & Self::ALL.0)
    }

    /// To be stored.
    pub fn bits(self) -> i64 {
        self.0
    }

    /// This kind alone.
    pub const fn one(about: About, became: Became) -> Self {
        Events(1 << (about as i64 * 3 + became as i64))
    }

    /// Both.
    #[must_use]
    pub const fn with(self, other: Events) -> Self {
        Events(self.0 | other.0)
    }

    /// Whether some of `other` are among these.
    pub const fn meets(self, other: Events) -> bool {
        self.0 & other.0 != 0
    }
}

/// What an attempt to deliver came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The target answered with this status.
    Answered(u16),
    /// The target's address is one that is not to be reached from here.
    Forbidden,
    /// No address, or no connection.
    Unreachable,
    /// No TLS, or a certificate that is not trusted.
    Tls,
    /// Not in time.
    TimedOut,
    /// An answer that is not HTTP.
    NotHttp,
}

impl Outcome {
    /// Whether the message counts as received.
    pub fn is_received(self) -> bool {
        matches!(self, Outcome::Answered(200..=299))
    }

    /// Whether the target asks never to be told again.
    pub fn is_gone(self) -> bool {
        self == Outcome::Answered(410)
    }

    /// The status of the answer, where there was one.
    pub fn status(self) -> Option<u16> {
        match self {
            Outcome::Answered(status) => Some(status),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Answered(_) if self.is_received() => "received",
            Outcome::Answered(_) => "refused",
            Outcome::Forbidden => "address-forbidden",
            Outcome::Unreachable => "unreachable",
            Outcome::Tls => "tls",
            Outcome::TimedOut => "timed-out",
            Outcome::NotHttp => "not-http",
        }
    }
}

/// The pause after so many failures in a row: doubled each time, an hour at most, and a quarter more or less of it as `chance`, from 0
/// to 1, decides, so that those that failed together do not come again together.
pub fn pause(first: Duration, failures: u32, chance: f64) -> Duration {
    let doubled = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(31)));
    doubled.min(LONGEST_PAUSE).mul_f64(0.75 + chance.clamp(0.0, 1.0) / 2.0)
}

/// A new secret, as its owner is told it.
pub fn new_secret() -> String {
    format!("{PREFIX}{}", STANDARD.encode(rand::random::<[u8; SECRET]>()))
}

/// The signature of a message under a secret of [`new_secret`]; `None` for what is no such secret. `timestamp` is in seconds.
pub fn signature(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_others_check_it() {
        // The example of the Standard Webhooks' reference libraries.
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn secrets_differ_and_others_are_none() {
        let secret = new_secret();
        assert_ne!(secret, new_secret());
        assert!(signature(&secret, "a", 1, b"x").is_some());
        assert_ne!(signature(&secret, "a", 1, b"x"), signature(&secret, "a", 2, b"x"));
        for bad in ["", "secret", "whsec_!"] {
            assert_eq!(signature(bad, "a", 1, b"x"), None, "{bad}");
        }
    }

    #[test]
    fn pauses_grow_to_an_hour_and_differ() {
        let first = Duration::from_secs(5);
        assert_eq!(pause(first, 1, 0.5), first);
        assert_eq!(pause(first, 4, 0.5), Duration::from_secs(40));
        assert_eq!(pause(first, 4, 0.0), Duration::from_secs(30));
        assert_eq!(pause(first, 4, 1.0), Duration::from_secs(50));
        for failures in [11, 40, u32::MAX] {
            assert_eq!(pause(first, failures, 0.5), LONGEST_PAUSE);
        }
    }

    #[test]
    fn only_a_2xx_is_received_and_only_410_is_for_good() {
        for (outcome, received, gone) in [
            (Outcome::Answered(200), true, false),
            (Outcome::Answered(204), true, false),
            (Outcome::Answered(302), false, false),
            (Outcome::Answered(410), false, true),
            (Outcome::Answered(500), false, false),
            (Outcome::Forbidden, false, false),
            (Outcome::TimedOut, false, false),
        ] {
            assert_eq!((outcome.is_received(), outcome.is_gone()), (received, gone), "{outcome:?}");
        }
    }

    #[test]
    fn kinds_of_changes_have_a_place_each() {
        use {About::*, Became::*};
        let mut all = Events::NONE;
        for about in [Event, Task, Contact, Collection] {
            for became in [Created, Changed, Deleted] {
                let one = Events::one(about, became);
                assert!(!all.meets(one) && Events::ALL.meets(one), "{about:?} {became:?}");
                all = all.with(one);
            }
        }
        assert_eq!(all, Events::ALL);
        // As migrations have it for webhooks of before.
        assert_eq!(all.bits(), 4095);
        assert_eq!(Events::from_bits(-1), all);
        assert!(!Events::NONE.meets(all));
    }

    #[test]
    fn states_are_read_back() {
        for state in [WebhookState::Active, WebhookState::Paused, WebhookState::Disabled] {
            assert_eq!(WebhookState::from_number(state as i16), state);
        }
    }
}
