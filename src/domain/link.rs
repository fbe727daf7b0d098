//! Secret addresses of collections: what they show, and the secret in them.
//!
//! Whoever has the address may read; so it cannot be guessed, and only a digest of its secret is kept. Knows no storage and no URL.

use sha2::{Digest, Sha256};

/// How much of a collection a link shows. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum LinkScope {
    /// When time is taken, never by what.
    FreeBusy = 1,
    /// What anybody may see: what is private or confidential is masked or left out.
    Public = 2,
    /// What the link's maker sees.
    Full = 3,
}

impl LinkScope {
    /// All of them, the narrowest first.
    pub const ALL: [LinkScope; 3] = [LinkScope::FreeBusy, LinkScope::Public, LinkScope::Full];

    /// The scope with this stored number; what is not known shows least.
    pub fn from_number(number: i16) -> Self {
        Self::ALL.into_iter().find(|scope| *scope as i16 == number).unwrap_or(LinkScope::FreeBusy)
    }

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            LinkScope::FreeBusy => "free-busy",
            LinkScope::Public => "public",
            LinkScope::Full => "full",
        }
    }
}

/// Hexadecimal digits of a secret: 128 bits.
const DIGITS: usize = 32;

/// A new secret: 128 random bits.
pub fn new_token() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// What is kept of a secret; `None` for what cannot be one, so that nothing is asked of the database for it.
pub fn digest(token: &str) -> Option<String> {
    let formed = token.len() == DIGITS && token.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    formed.then(|| Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_kept_as_digests_of_one_spelling() {
        let token = new_token();
        assert_ne!(token, new_token());
        let kept = digest(&token).expect("a secret");
        assert_eq!(kept.len(), 64);
        assert!(!kept.contains(&token));
        for bad in
            ["", "0", &token[1..], &format!("{token}0"), &"g".repeat(32), &"A".repeat(32), &"é".repeat(16)]
        {
            assert_eq!(digest(bad), None, "{bad}");
        }
    }

    #[test]
    fn scopes_are_read_back() {
        for scope in LinkScope::ALL {
            assert_eq!(LinkScope::from_number(scope as i16), scope);
        }
        assert_eq!(LinkScope::from_number(77), LinkScope::FreeBusy);
    }
}
