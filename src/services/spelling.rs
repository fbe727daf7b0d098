//! How logins and passwords are spelt, and who is found by a spelling.
//!
//! What looks the same is the same: logins and passwords are kept in normal form C, whichever form a keyboard gives. What was kept
//! before in another form is still found, for it is looked for as it was sent too. RFC 7617 §2.1, RFC 8265 §3.3 and §4.2.

use crate::domain::fault::Fault;
use crate::domain::principal::{Principal, PrincipalKind};
use crate::store::{Error, ReadTx};
use unicode_normalization::UnicodeNormalization;

/// A password as it is kept.
pub(super) fn password(text: &str) -> String {
    text.nfc().collect()
}

/// What a password may have been hashed as: as it was sent, and as it is kept now where that is another.
pub(super) fn passwords(sent: String) -> Vec<String> {
    let kept = password(&sent);
    if kept == sent { vec![sent] } else { vec![sent, kept] }
}

/// A handle or an address as it is kept: in lower case.
pub(super) fn login(text: &str) -> String {
    text.trim().to_lowercase().nfc().collect()
}

/// What a login may be kept as: most have one spelling.
fn logins(sent: &str) -> Vec<String> {
    let lower = sent.trim().to_lowercase();
    if lower.is_ascii() {
        return vec![lower];
    }
    let mut all = vec![login(sent)];
    for other in [lower, login(sent).nfd().collect()] {
        if !all.contains(&other) {
            all.push(other);
        }
    }
    all
}

/// The person with this handle: nobody else has credentials, neither a group nor a room.
pub(super) fn user_by_handle(tx: &mut ReadTx<'_>, handle: &str) -> Result<Principal, Error> {
    for handle in logins(handle) {
        if let Some(found) = tx.principal_by_handle(&handle)? {
            return found.of_kind(PrincipalKind::User).ok_or_else(|| Fault::NotFound.into());
        }
    }
    Err(Fault::NotFound.into())
}

/// The person who logs in by this: his handle, or any of his addresses.
pub(super) fn user_by_login(tx: &mut ReadTx<'_>, login: &str) -> Result<Option<Principal>, Error> {
    for login in logins(login) {
        let found = match tx.principal_by_handle(&login)? {
            Some(found) => Some(found),
            None => tx.principal_by_address(&login)?,
        };
        if let Some(found) = found {
            return Ok(found.of_kind(PrincipalKind::User));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NFC: &str = "Zo\u{e9}";
    const NFD: &str = "Zoe\u{301}";

    #[test]
    fn what_looks_the_same_is_kept_the_same() {
        assert_eq!((login(NFC), login(NFD)), ("zo\u{e9}".to_owned(), "zo\u{e9}".to_owned()));
        assert_eq!((password(NFC), password(NFD)), (NFC.to_owned(), NFC.to_owned()));
        // The sign for the unit is the letter (RFC 8265 §4.2.2 asks for form C), but a ligature stays one.
        assert_eq!(
            (password("\u{212b}"), password("\u{fb01}")),
            ("\u{c5}".to_owned(), "\u{fb01}".to_owned())
        );
    }

    #[test]
    fn what_was_kept_before_is_looked_for_too() {
        assert_eq!(logins(" Zoe "), ["zoe"]);
        for sent in [NFC, NFD] {
            let all = logins(sent);
            assert_eq!(all.len(), 2, "{all:?}");
            assert!(all.contains(&NFC.to_lowercase()) && all.contains(&NFD.to_lowercase()), "{all:?}");
        }
        assert_eq!(passwords(NFC.to_owned()), [NFC]);
        assert_eq!(passwords(NFD.to_owned()), [NFD, NFC]);
    }
}
