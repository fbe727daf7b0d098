//! The directory as an address book: one card for each principal that everybody may know of. RFC 6350, RFC 6352.
//!
//! A card says what everybody may know and nothing that only some may, so it is the same for all who read it. Knows no storage and no URL.

use super::id::{CollectionId, PrincipalId};
use super::principal::{Principal, PrincipalKind};
use super::query::CardFilter;
use crate::text::line::{escape_text, write_folded};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The address book's id: no stored collection has it, for theirs are made of the time.
pub const BOOK: CollectionId = CollectionId(1);
/// Its name in each home.
pub const SLUG: &str = "directory";
/// What people call it.
pub const NAME: &str = "Annuaire";
/// Members that the card of a group names at most, the oldest accounts first.
pub const MEMBERS: i64 = 1_000;

/// Where people find the directory as an address book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Showing {
    /// Nowhere.
    Off,
    /// At its place in each home, to which `directory-gateway` leads; no listing of a home has it.
    #[default]
    Gateway,
    /// In listings of homes too, so that clients take all of it.
    Listed,
}

/// The name of a principal's card.
pub fn name_of(id: PrincipalId) -> String {
    format!("{}.vcf", id.0)
}

/// Whose card has this name; a card has one name only.
pub fn named(name: &str) -> Option<PrincipalId> {
    let id = name.strip_suffix(".vcf")?.parse().map(PrincipalId).ok()?;
    (name_of(id) == name).then_some(id)
}

/// The UID of a principal's card: a UUID of version 8, made of the id.
pub fn uid_of(id: PrincipalId) -> String {
    let digest = Sha256::digest(format!("cenacle:principal:{}", id.0));
    let mut text = String::from("urn:uuid:");
    for (at, byte) in digest.iter().take(16).enumerate() {
        let byte = match at {
            6 => byte & 0x0f | 0x80,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// What a card says that somebody is (RFC 6350 §6.1.4, RFC 6869).
fn kind_of(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::User => "individual",
        PrincipalKind::Group => "group",
        PrincipalKind::Room => "location",
        PrincipalKind::Resource => "device",
    }
}

/// The card of a principal, vCard 4.0; of a group with those members that everybody is told.
pub fn card(of: &Principal, members: &[PrincipalId]) -> String {
    let mut out = String::with_capacity(320 + members.len() * 56);
    let mut say = |line: &str| write_folded(&mut out, line);
    say("BEGIN:VCARD");
    say("VERSION:4.0");
    say(&format!("UID:{}", uid_of(of.id)));
    say(&format!("KIND:{}", kind_of(of.kind)));
    let name = match of.display_name.trim() {
        "" => escape_text(&of.handle),
        name => escape_text(name),
    };
    say(&format!("FN:{name}"));
    if of.kind == PrincipalKind::User {
        // Which word is the family's nobody has said.
        say(&format!("N:{name};;;;"));
    }
    for (at, address) in of.addresses.iter().enumerate() {
        let preferred = if at == 0 { ";PREF=1" } else { "" };
        say(&format!("EMAIL{preferred}:{}", escape_text(address)));
    }
    if let Some(address) = of.addresses.first().filter(|_| of.kind != PrincipalKind::Group) {
        say(&format!("CALADRURI:mailto:{address}"));
    }
    for member in members {
        say(&format!("MEMBER:{}", uid_of(*member)));
    }
    say("END:VCARD");
    out
}

/// Whether the card of somebody may fit a filter, by what he is called and the folded text that he is found by: the name, then each other
/// value in a line of its own. A name is compared as it is written, the rest without accents.
pub fn may_fit(filter: &CardFilter, display_name: &str, search: &str) -> bool {
    let others = search.split_once('\n').map_or("", |(_, others)| others);
    filter.may_fit(|property, text| {
        let named = ["FN", "N"].iter().any(|name| property.eq_ignore_ascii_case(name));
        // The card of somebody without a name is called by his handle.
        match named && !display_name.trim().is_empty() {
            true => text.may_be_in(display_name),
            false => text.required().is_none_or(|needle| others.contains(&needle)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::principal::PrincipalState;
    use crate::domain::props::Props;
    use crate::domain::query::card::{CardPropertyFilter, CardTest};
    use crate::domain::query::{Test, TextMatch};
    use crate::text::collation::{Collation, MatchType, fold};
    use crate::text::component::{Document, Limits};
    use crate::text::vcard::CardIndex;

    fn principal(kind: PrincipalKind, name: &str) -> Principal {
        Principal {
            id: PrincipalId(7),
            kind,
            handle: "x".into(),
            display_name: name.into(),
            addresses: vec!["a@example.org".into(), "b@example.org".into()],
            state: PrincipalState::Active,
            admin: false,
            time_zone: None,
            auth_version: 0,
            token_version: 0,
            props: Props::default(),
        }
    }

    #[test]
    fn what_fits_passes_by_its_name_and_addresses() {
        let folded = |of: &Principal| format!("{}\nx\n{}", fold(&of.display_name), of.addresses.join("\n"));
        let kinds = [MatchType::Equals, MatchType::Contains, MatchType::StartsWith, MatchType::EndsWith];
        let collations = [Collation::AsciiCasemap, Collation::UnicodeCasemap, Collation::Octet];
        let (mut fitting, mut passed, mut asked) = (0, 0, 0);
        for name in ["Zoé; la, grande", "Jean Lefèvre", "ŒUVRARD ﬁn", ""] {
            let of = principal(PrincipalKind::User, name);
            let card = card(&of, &[]);
            for property in ["FN", "n", "EMAIL", "item1.FN", "TEL"] {
                for word in
                    ["zoe", "zoé", "Zoé", "LEFÈVRE", "lefevre", "fin", "x", "a@example.org", "example"]
                {
                    for (kind, collation) in
                        kinds.into_iter().flat_map(|kind| collations.map(|one| (kind, one)))
                    {
                        let text = TextMatch::new(word.to_owned(), collation, kind, false);
                        let test =
                            CardTest::Defined { join: Test::AllOf, texts: vec![text], params: Vec::new() };
                        let properties = vec![CardPropertyFilter { name: property.to_owned(), test }];
                        let filter = CardFilter { test: Test::AnyOf, properties };
                        let may = may_fit(&filter, name, &folded(&of));
                        let fits = filter.matches(&card);
                        assert!(may || !fits, "{name} {property} {word} {kind:?} {collation:?}");
                        (fitting, passed, asked) =
                            (fitting + usize::from(fits), passed + usize::from(may), asked + 1);
                    }
                }
            }
        }
        // Nearly all that passes fits: the rest differs in where the text stands.
        assert!(fitting > 50 && passed < fitting * 4 && asked > passed * 4, "{fitting} {passed} {asked}");
    }

    #[test]
    fn names_are_read_back_and_have_one_spelling() {
        assert_eq!(named(&name_of(PrincipalId(42))), Some(PrincipalId(42)));
        for odd in ["42", "042.vcf", "+42.vcf", "x.vcf", ".vcf", "42.vcf.vcf"] {
            assert_eq!(named(odd), None, "{odd}");
        }
    }

    #[test]
    fn uids_are_uuids_of_their_own() {
        let uid = uid_of(PrincipalId(1));
        assert_eq!(uid.len(), "urn:uuid:".len() + 36);
        assert_eq!(uid.as_bytes().get(23), Some(&b'8'), "{uid}");
        assert_ne!(uid, uid_of(PrincipalId(2)));
    }

    #[test]
    fn a_card_is_one_and_says_what_its_principal_is() {
        for (kind, word) in [
            (PrincipalKind::User, "individual"),
            (PrincipalKind::Group, "group"),
            (PrincipalKind::Room, "location"),
            (PrincipalKind::Resource, "device"),
        ] {
            let text = card(&principal(kind, "Zoé; la, grande"), &[]);
            let document = Document::parse(&text, Limits::default()).expect("well-formed");
            CardIndex::build(&document).expect("a card");
            assert!(text.contains(&format!("\r\nKIND:{word}\r\n")), "{text}");
            assert!(text.contains("\r\nFN:Zoé\\; la\\, grande\r\n"), "{text}");
            assert!(text.contains("EMAIL;PREF=1:a@example.org\r\nEMAIL:b@example.org"), "{text}");
        }
        let group = card(&principal(PrincipalKind::Group, "G"), &[PrincipalId(1)]);
        assert!(
            group.contains(&format!("MEMBER:{}", uid_of(PrincipalId(1)))) && !group.contains("CALADRURI")
        );
        assert!(card(&principal(PrincipalKind::Room, ""), &[]).contains("FN:x\r\n"));
    }
}
