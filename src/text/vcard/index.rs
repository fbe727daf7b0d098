//! What the address book keeps beside a card to list, search and link it.
//!
//! RFC 6352 §5.1 (one card, of a known version), RFC 6350 §6.7.6 (UID) and §6.1.4 (KIND). Cards without N, FN or UID
//! are taken, since phones and scripts send them.

use super::super::collation::fold;
use super::super::component::{Component, Document};
use super::super::line::Line;
use super::Version;
use super::read::{fields, text, types};

/// Why a text cannot be kept as an address object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Invalid {
    /// What is wrong, in words fit for a client.
    pub what: &'static str,
    /// 1-based physical line; 0 where the text as a whole is at fault.
    pub line: usize,
}

/// What a card stands for (RFC 6350 §6.1.4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Kind {
    /// A person; also where nothing is said.
    #[default]
    Individual,
    /// A list of members, also Apple's `X-ADDRESSBOOKSERVER-KIND:group`.
    Group,
    /// An organisation, also Apple's `X-ABShowAs:COMPANY`.
    Org,
    /// A place.
    Location,
    /// Any other kind, in lower case.
    Other(String),
}

/// The columns of a card. Texts are plain Unicode, escapes and encodings undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardIndex {
    /// UID as written; `None` where there is none: the caller then derives one. Compare by [`normalised_uid`].
    pub uid: Option<String>,
    /// The version the card is written in.
    pub version: Version,
    /// Person, group, …
    pub kind: Kind,
    /// FN, or what can stand in for it (N, NICKNAME, ORG, EMAIL, TEL); empty only where the card has none of them.
    pub full_name: String,
    /// First field of N.
    pub family_name: String,
    /// Second field of N.
    pub given_name: String,
    /// First field of ORG.
    pub organization: String,
    /// EMAIL, the preferred one first, then in the order of the card.
    pub emails: Vec<String>,
    /// TEL, the preferred one first, `tel:` taken off.
    pub phones: Vec<String>,
    /// CATEGORIES, which some clients use as groups.
    pub categories: Vec<String>,
    /// Members of a group, by [`normalised_uid`]; other URIs (`mailto:`) as written.
    pub members: Vec<String>,
}

impl CardIndex {
    /// Reads the columns of a document that must be exactly one card of version 2.1, 3.0 or 4.0.
    pub fn build(document: &Document<'_>) -> Result<Self, Invalid> {
        let card = the_card(document)?;
        let version = Version::of(card).ok_or_else(|| Invalid {
            what: "a vCard version other than 2.1, 3.0 and 4.0",
            line: card.line("VERSION").map_or(0, |line| line.number),
        })?;
        let list = |name: &'static str| {
            preferred_first(card, name).into_iter().map(|line| text(line, version)).filter(|t| !t.is_empty())
        };
        let name = card.line("N").map(|line| fields(line, version)).unwrap_or_default();
        let field = |at: usize| name.get(at).map(|parts| parts.join(" ")).unwrap_or_default();
        Ok(CardIndex {
            uid: card
                .line("UID")
                .map(|line| text(line, version).trim().to_owned())
                .filter(|uid| !uid.is_empty()),
            version,
            kind: kind(card),
            full_name: full_name(card, version),
            family_name: field(0),
            given_name: field(1),
            organization: organization(card, version),
            emails: list("EMAIL").map(|mail| without_scheme(mail, "mailto:")).collect(),
            phones: list("TEL").map(|phone| without_scheme(phone, "tel:")).collect(),
            categories: card
                .lines_named("CATEGORIES")
                .flat_map(|line| fields(line, version).into_iter().flatten())
                .filter(|category| !category.is_empty())
                .collect(),
            members: card
                .lines
                .iter()
                .filter(|line| line.is("MEMBER") || line.is("X-ADDRESSBOOKSERVER-MEMBER"))
                .map(|line| normalised_uid(&text(line, version)))
                .collect(),
        })
    }
}

fn the_card<'d, 'a>(document: &'d Document<'a>) -> Result<&'d Component<'a>, Invalid> {
    let mut cards = document.roots.iter();
    let (Some(card), None) = (cards.next(), cards.next()) else {
        return Err(Invalid { what: "an address object holds exactly one vCard", line: 0 });
    };
    if !card.is("VCARD") {
        return Err(Invalid { what: "not a vCard", line: 1 });
    }
    Ok(card)
}

/// The UID without `urn:uuid:`; UUIDs in lower case. Two cards with equal results are the same card.
pub fn normalised_uid(uid: &str) -> String {
    let uid = uid.trim();
    let bare = match uid.get(..9) {
        Some(scheme) if scheme.eq_ignore_ascii_case("urn:uuid:") => uid.get(9..).unwrap_or_default(),
        _ => uid,
    };
    if is_uuid(bare) { bare.to_ascii_lowercase() } else { bare.to_owned() }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Folded text (see [`fold`]) of what address books are searched by: FN, N, NICKNAME, EMAIL, TEL, ORG, one line each.
/// Complete: where a text-match of any collation holds on one of these, the folded needle stands in here.
pub fn search_text(document: &Document<'_>) -> String {
    const SEARCHED: [&str; 6] = ["FN", "N", "NICKNAME", "EMAIL", "TEL", "ORG"];
    let mut out = String::new();
    for card in &document.roots {
        let version = Version::of(card).unwrap_or(Version::V3);
        for line in card.lines.iter().filter(|line| SEARCHED.iter().any(|name| line.is(name))) {
            out.push_str(&fold(&text(line, version)));
            out.push('\n');
        }
    }
    out
}

fn kind(card: &Component<'_>) -> Kind {
    let said = card.value("KIND").or_else(|| card.value("X-ADDRESSBOOKSERVER-KIND")).unwrap_or_default();
    match said.trim().to_ascii_lowercase().as_str() {
        "" if card.value("X-ABShowAs").is_some_and(|value| value.trim().eq_ignore_ascii_case("COMPANY")) => {
            Kind::Org
        }
        "" | "individual" => Kind::Individual,
        "group" => Kind::Group,
        "org" => Kind::Org,
        "location" => Kind::Location,
        other => Kind::Other(other.to_owned()),
    }
}

/// FN, or the best that can be said instead.
fn full_name(card: &Component<'_>, version: Version) -> String {
    let plain = |name: &str| {
        card.lines_named(name)
            .map(|line| text(line, version).trim().to_owned())
            .find(|value| !value.is_empty())
    };
    plain("FN")
        .or_else(|| {
            card.line("N").map(|line| spoken_name(&fields(line, version))).filter(|name| !name.is_empty())
        })
        .or_else(|| plain("NICKNAME"))
        .or_else(|| Some(organization(card, version)).filter(|name| !name.is_empty()))
        .or_else(|| plain("EMAIL"))
        .or_else(|| plain("TEL"))
        .unwrap_or_default()
}

/// The fields of N in the order they are spoken: prefix, given, additional, family, suffix.
pub(in crate::text) fn spoken_name(fields: &[Vec<String>]) -> String {
    let words = [3, 1, 2, 0, 4].into_iter().filter_map(|at| fields.get(at)).flatten();
    let words: Vec<&str> = words.map(|word| word.trim()).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn organization(card: &Component<'_>, version: Version) -> String {
    let fields = card.line("ORG").map(|line| fields(line, version)).unwrap_or_default();
    fields.first().map(|parts| parts.join(", ")).unwrap_or_default()
}

/// The lines called `name`: by PREF, or `TYPE=pref`, or as they come.
fn preferred_first<'c, 'a>(card: &'c Component<'a>, name: &'c str) -> Vec<&'c Line<'a>> {
    let mut lines: Vec<_> = card.lines_named(name).collect();
    lines.sort_by_key(|line| match line.param("PREF").and_then(|value| value.trim().parse::<u8>().ok()) {
        Some(rank) => rank,
        None if types(line).iter().any(|word| word == "pref") => 1,
        None => u8::MAX,
    });
    lines
}

fn without_scheme(value: String, scheme: &str) -> String {
    let trimmed = value.trim();
    match trimmed.get(..scheme.len()) {
        Some(head) if head.eq_ignore_ascii_case(scheme) => {
            trimmed.get(scheme.len()..).unwrap_or_default().to_owned()
        }
        _ => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::component::Limits;
    use super::*;

    fn build(source: &str) -> Result<CardIndex, Invalid> {
        CardIndex::build(&Document::parse(source, Limits::default()).expect("readable"))
    }

    #[test]
    fn columns_of_a_usual_card() {
        let card = build(concat!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:urn:uuid:ABCDEF01-2345-6789-ABCD-EF0123456789\r\nN:Lefèvre;Élodie;;;\r\nFN:Élodie Lefèvre\r\n",
            "ORG:Mairie de Lyon;Voirie\r\nEMAIL;TYPE=INTERNET:a@example.org\r\nitem1.EMAIL;TYPE=pref:b@example.org\r\n",
            "TEL;VALUE=uri:tel:+33-1\r\nCATEGORIES:amis,travail\r\nCATEGORIES:judo\r\nEND:VCARD\r\n"
        ))
        .expect("valid");
        assert_eq!(
            card.uid.as_deref().map(normalised_uid).as_deref(),
            Some("abcdef01-2345-6789-abcd-ef0123456789")
        );
        assert_eq!((card.family_name.as_str(), card.given_name.as_str()), ("Lefèvre", "Élodie"));
        assert_eq!(card.organization, "Mairie de Lyon");
        assert_eq!(card.emails, ["b@example.org", "a@example.org"]);
        assert_eq!(card.phones, ["+33-1"]);
        assert_eq!(card.categories, ["amis", "travail", "judo"]);
        assert_eq!(card.kind, Kind::Individual);
    }

    #[test]
    fn apple_and_standard_groups_are_groups() {
        let apple = build("BEGIN:VCARD\nVERSION:3.0\nFN:Amis\nX-ADDRESSBOOKSERVER-KIND:group\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:x1\nEND:VCARD\n").expect("valid");
        let standard = build("BEGIN:VCARD\nVERSION:4.0\nFN:Amis\nKIND:GROUP\nMEMBER:urn:uuid:x1\nMEMBER:mailto:a@b\nEND:VCARD\n").expect("valid");
        assert_eq!((apple.kind, apple.members), (Kind::Group, vec!["x1".to_owned()]));
        assert_eq!(
            (standard.kind, standard.members),
            (Kind::Group, vec!["x1".to_owned(), "mailto:a@b".to_owned()])
        );
    }

    #[test]
    fn poor_cards_are_taken_and_wrong_ones_are_not() {
        let poor = build("BEGIN:VCARD\nVERSION:3.0\nNICKNAME:Dédé\nEND:VCARD\n").expect("valid");
        assert_eq!((poor.uid, poor.full_name.as_str()), (None, "Dédé"));
        assert_eq!(
            build("BEGIN:VCARD\nVERSION:2.1\nN:Martin;Paul;;Dr\nEND:VCARD\n").expect("valid").full_name,
            "Dr Paul Martin"
        );
        assert_eq!(build("BEGIN:VCARD\nFN:x\nVERSION:5.0\nEND:VCARD\n").expect_err("refused").line, 3);
        assert!(build("BEGIN:VCALENDAR\nEND:VCALENDAR\n").is_err());
        assert!(build("BEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n").is_err());
    }

    #[test]
    fn search_text_is_folded_and_complete() {
        let source = "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Lef=E8vre;=C9lodie\nitem1.EMAIL:E@X\nNOTE:secret\nEND:VCARD\n";
        let found = search_text(&Document::parse(source, Limits::default()).expect("readable"));
        assert_eq!(found, "lefevre;elodie\ne@x\n");
    }
}
