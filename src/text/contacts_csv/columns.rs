//! Which column says what: our own names, and those of Google, Outlook and Thunderbird, in English and in French.

use super::{Many, Single};
use std::collections::HashMap;

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// Something that is said once.
    Once(Single),
    /// A part of a value: kind, number of the value, part.
    Part(Many, usize, usize),
    /// The types of a value: kind and number.
    Types(Many, usize),
    /// What the owner calls a value: kind and number.
    Label(Many, usize),
    /// The same or the types of a value, which Google tells in one column: kind and number.
    TypesOrLabel(Many, usize),
    /// A part of a value whose types the column itself says.
    Typed(Many, usize, usize, &'static str),
    /// Year, month or day of the birthday: 0, 1, 2.
    Birth(usize),
}

/// A column name that stands for nothing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no column '{0}'")]
pub struct UnknownColumn(pub String);

/// What foreign columns are to be taken for, by their names without regard to case; `None` for what is to be left out.
#[derive(Debug, Clone, Default)]
pub struct Columns(HashMap<String, Option<Field>>);

impl Columns {
    /// Reads pairs of a foreign name and one of ours, or an empty one.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, UnknownColumn> {
        let mut known = HashMap::new();
        for (foreign, ours) in pairs {
            let field = match plain(&ours).as_str() {
                "" => None,
                name => Some(field(name, true).ok_or(UnknownColumn(ours))?),
            };
            known.insert(plain(&foreign), field);
        }
        Ok(Columns(known))
    }

    /// What each column of a header is for.
    pub(super) fn of<'h>(&self, header: impl Iterator<Item = &'h str> + Clone) -> Vec<Option<Field>> {
        // Outlook calls the forms of address so, and has another name for what one does.
        let titles = !header.clone().any(|name| matches!(plain(name).as_str(), "job title" | "fonction"));
        let mut all: Vec<Option<Field>> = header
            .map(|name| {
                let name = plain(name);
                self.0.get(&name).copied().unwrap_or_else(|| field(&name, titles))
            })
            .collect();
        // Ours have a column for each.
        let typed = |of: (Many, usize)| all.contains(&Some(Field::Types(of.0, of.1)));
        let both: Vec<bool> = all
            .iter()
            .map(|one| matches!(one, Some(Field::Label(many, number)) if !typed((*many, *number))))
            .collect();
        for (one, both) in all.iter_mut().zip(both) {
            if let Some(Field::Label(many, number)) = *one
                && both
            {
                *one = Some(Field::TypesOrLabel(many, number));
            }
        }
        all
    }
}

/// The columns that are written, with their names.
pub(super) fn written() -> Vec<(String, Field)> {
    let mut all: Vec<(String, Field)> =
        Single::ALL.iter().map(|(single, name)| ((*name).to_owned(), Field::Once(*single))).collect();
    for (many, name, count, _) in Many::ALL {
        for number in 1..=count {
            for (at, part) in many.parts().iter().enumerate() {
                let name = format!("{name} {number} {part}").trim_end().to_owned();
                all.push((name, Field::Part(many, number, at)));
            }
            all.push((format!("{name} {number} type"), Field::Types(many, number)));
            all.push((format!("{name} {number} label"), Field::Label(many, number)));
        }
    }
    all
}

/// A name in lower case, its words with single blanks between them.
fn plain(name: &str) -> String {
    let lower = name.to_lowercase().replace("e-mail", "email");
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Numbers of values whose columns have no number of their own stand behind those that have one.
const UNNUMBERED: usize = 100;
/// The part of an address.
const PARTS: [(&str, usize); 22] = [
    ("po box", 0),
    ("extended", 1),
    ("extended address", 1),
    ("address 2", 1),
    ("street 2", 1),
    ("street", 2),
    ("address", 2),
    ("rue", 2),
    ("adresse", 2),
    ("city", 3),
    ("ville", 3),
    ("region", 4),
    ("state", 4),
    ("postal code", 5),
    ("zipcode", 5),
    ("zip", 5),
    ("code postal", 5),
    ("country", 6),
    ("country region", 6),
    ("pays", 6),
    ("pays région", 6),
    ("po", 0),
];
/// What programs put before the columns of an address, and its types.
const PLACES: [(&str, &str); 5] =
    [("home", "home"), ("work", "work"), ("business", "work"), ("other", ""), ("company", "work")];

/// What a plain name stands for; `titles`: whether a title is what somebody does.
fn field(name: &str, titles: bool) -> Option<Field> {
    let single = Single::ALL.iter().find(|(_, ours)| ours.eq_ignore_ascii_case(name));
    if name == "title" && !titles {
        return Some(Field::Once(Single::Prefix));
    }
    single
        .map(|(single, _)| Field::Once(*single))
        .or_else(|| ONCE.iter().find(|(known, _)| *known == name).map(|(_, single)| Field::Once(*single)))
        .or_else(|| birth(name))
        .or_else(|| typed(name))
        .or_else(|| numbered(name))
        .or_else(|| placed(name))
}

fn birth(name: &str) -> Option<Field> {
    ["birth year", "birth month", "birth day"].iter().position(|known| *known == name).map(Field::Birth)
}

fn typed(name: &str) -> Option<Field> {
    let at = TYPED.iter().position(|(known, ..)| *known == name)?;
    let (_, many, types) = TYPED.get(at)?;
    Some(Field::Typed(*many, UNNUMBERED + at, 0, types))
}

/// `Email 1`, `E-mail 1 - Value`, `Phone 2 - Label`, `Address 1 street`, `Web Page 1`.
fn numbered(name: &str) -> Option<Field> {
    let words: Vec<&str> = name.split(' ').collect();
    let at = words.iter().position(|word| word.bytes().all(|byte| byte.is_ascii_digit()))?;
    let number = words.get(at)?.parse().ok().filter(|number| (1..UNNUMBERED).contains(number))?;
    let (before, after) = (words.get(..at)?.join(" "), words.get(at + 1..)?.join(" "));
    let many = match before.as_str() {
        "email" => Many::Email,
        "phone" => Many::Phone,
        "address" => Many::Address,
        "url" | "website" | "web page" => Many::Url,
        "organization" => {
            return match after.as_str() {
                "name" => Some(Field::Once(Single::Organization)),
                "title" => Some(Field::Once(Single::Title)),
                "department" => Some(Field::Once(Single::Department)),
                _ => None,
            };
        }
        _ => return None,
    };
    match (many, after.as_str()) {
        (_, "type") => Some(Field::Types(many, number)),
        (_, "label") => Some(Field::Label(many, number)),
        (Many::Address, part) => {
            let part = PARTS.iter().find(|(known, _)| *known == part)?.1;
            Some(Field::Part(many, number, part))
        }
        (_, "" | "value" | "address") => Some(Field::Part(many, number, 0)),
        _ => None,
    }
}

/// `Home Street`, `Business Postal Code`, `Work Address 2`.
fn placed(name: &str) -> Option<Field> {
    let (place, part) = name.split_once(' ')?;
    let at = PLACES.iter().position(|(known, _)| *known == place)?;
    let part = PARTS.iter().find(|(known, _)| *known == part)?.1;
    Some(Field::Typed(Many::Address, UNNUMBERED + at, part, PLACES.get(at)?.1))
}

/// Other names for what is said once.
const ONCE: [(&str, Single); 39] = [
    ("id", Single::Uid),
    ("name", Single::FullName),
    ("display name", Single::FullName),
    ("nom affiché", Single::FullName),
    ("nom complet", Single::FullName),
    ("nom à afficher", Single::FullName),
    ("file as", Single::FullName),
    ("name prefix", Single::Prefix),
    ("civilité", Single::Prefix),
    ("first name", Single::Given),
    ("prénom", Single::Given),
    ("additional name", Single::Middle),
    ("deuxième prénom", Single::Middle),
    ("last name", Single::Family),
    ("surname", Single::Family),
    ("nom", Single::Family),
    ("nom de famille", Single::Family),
    ("name suffix", Single::Suffix),
    ("suffixe", Single::Suffix),
    ("surnom", Single::Nickname),
    ("pseudonyme", Single::Nickname),
    ("organisation", Single::Organization),
    ("organization name", Single::Organization),
    ("company", Single::Organization),
    ("société", Single::Organization),
    ("entreprise", Single::Organization),
    ("organization department", Single::Department),
    ("service", Single::Department),
    ("job title", Single::Title),
    ("organization title", Single::Title),
    ("fonction", Single::Title),
    ("anniversaire", Single::Birthday),
    ("date de naissance", Single::Birthday),
    ("note", Single::Notes),
    ("remarques", Single::Notes),
    ("labels", Single::Categories),
    ("group membership", Single::Categories),
    ("catégories", Single::Categories),
    ("category", Single::Categories),
];

/// Columns that say the types of what stands in them.
const TYPED: [(&str, Many, &str); 43] = [
    ("email", Many::Email, ""),
    ("email address", Many::Email, ""),
    ("primary email", Many::Email, ""),
    ("secondary email", Many::Email, ""),
    ("adresse de messagerie", Many::Email, ""),
    ("adresse électronique", Many::Email, ""),
    ("première adresse électronique", Many::Email, ""),
    ("adresse électronique secondaire", Many::Email, ""),
    ("courriel", Many::Email, ""),
    ("adresse email", Many::Email, ""),
    ("mail", Many::Email, ""),
    ("home email", Many::Email, "home"),
    ("work email", Many::Email, "work"),
    ("phone", Many::Phone, ""),
    ("telephone", Many::Phone, ""),
    ("téléphone", Many::Phone, ""),
    ("primary phone", Many::Phone, "pref"),
    ("business phone", Many::Phone, "work"),
    ("business phone 2", Many::Phone, "work"),
    ("work phone", Many::Phone, "work"),
    ("company main phone", Many::Phone, "work"),
    ("téléphone bureau", Many::Phone, "work"),
    ("tél professionnel", Many::Phone, "work"),
    ("home phone", Many::Phone, "home"),
    ("home phone 2", Many::Phone, "home"),
    ("téléphone domicile", Many::Phone, "home"),
    ("tél personnel", Many::Phone, "home"),
    ("mobile phone", Many::Phone, "cell"),
    ("mobile number", Many::Phone, "cell"),
    ("mobile", Many::Phone, "cell"),
    ("tél mobile", Many::Phone, "cell"),
    ("portable", Many::Phone, "cell"),
    ("business fax", Many::Phone, "work,fax"),
    ("home fax", Many::Phone, "home,fax"),
    ("fax number", Many::Phone, "fax"),
    ("fax", Many::Phone, "fax"),
    ("pager", Many::Phone, "pager"),
    ("pager number", Many::Phone, "pager"),
    ("other phone", Many::Phone, ""),
    ("url", Many::Url, ""),
    ("website", Many::Url, ""),
    ("web page", Many::Url, ""),
    ("page web", Many::Url, ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_understood() {
        for (name, meant) in written() {
            assert_eq!(field(&plain(&name), true), Some(meant), "{name}");
        }
    }

    #[test]
    fn names_of_other_programs() {
        for (name, meant) in [
            ("E-mail 2 - Value", Field::Part(Many::Email, 2, 0)),
            ("E-mail 2 - Label", Field::Label(Many::Email, 2)),
            ("E-mail 2 - Type", Field::Types(Many::Email, 2)),
            ("E-mail 3 Address", Field::Part(Many::Email, 3, 0)),
            ("Address 1 - Postal Code", Field::Part(Many::Address, 1, 5)),
            ("Organization 1 - Title", Field::Once(Single::Title)),
            ("Business Country/Region", Field::Typed(Many::Address, 102, 6, "work")),
            ("Home ZipCode", Field::Typed(Many::Address, 100, 5, "home")),
            ("Home Address 2", Field::Typed(Many::Address, 100, 1, "home")),
            ("Birth Month", Field::Birth(1)),
            ("PRÉNOM", Field::Once(Single::Given)),
            ("Group Membership", Field::Once(Single::Categories)),
        ] {
            assert_eq!(field(&plain(name), true), Some(meant), "{name}");
        }
        for none in ["", "Favourite colour", "E-mail 1 Display Name", "Address 1 - Formatted", "Phone 0"] {
            assert_eq!(field(&plain(none), true), None, "{none}");
        }
    }

    #[test]
    fn a_label_beside_types_is_nothing_else() {
        let of = |header: &[&str]| Columns::default().of(header.iter().copied());
        let (types, label) = (Field::Types(Many::Phone, 1), Field::Label(Many::Phone, 1));
        assert_eq!(of(&["Phone 1 label", "Phone 1 type"]), [Some(label), Some(types)]);
        let either = Field::TypesOrLabel(Many::Phone, 1);
        assert_eq!(of(&["Phone 1 - Label", "Phone 2 - Type"]).first(), Some(&Some(either)));
    }

    #[test]
    fn outlook_s_title_is_a_form_of_address() {
        let of = |header: &[&str]| Columns::default().of(header.iter().copied());
        assert_eq!(of(&["Title", "UID"]).first(), Some(&Some(Field::Once(Single::Title))));
        assert_eq!(of(&["Title", "Job Title"]).first(), Some(&Some(Field::Once(Single::Prefix))));
    }

    #[test]
    fn foreign_names_can_be_given() {
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        let columns =
            Columns::new([pair("Zuname", "Family name"), pair("Note", ""), pair("Funk", "Phone 2")])
                .expect("known");
        let found = columns.of(["zuname", "NOTE", "Funk"].into_iter());
        assert_eq!(found, [Some(Field::Once(Single::Family)), None, Some(Field::Part(Many::Phone, 2, 0))]);
        assert_eq!(Columns::new([pair("a", "Colour")]).err(), Some(UnknownColumn("Colour".to_owned())));
    }
}
