//! Many items into one file of any form, item by item.

use super::files::Form;
use super::merge::Merge;
use crate::services::formats::{self, Format};
use crate::text::component::{Document, Limits};
use crate::text::contacts_csv;
use crate::text::jcal::to_jcal;

/// Writes a file of items, one after the other.
#[derive(Debug)]
pub struct Writer {
    form: Form,
    merge: Merge,
    /// Whether something stands already in the list that the file is.
    begun: bool,
}

impl Writer {
    /// A file of this form.
    pub fn new(form: Form) -> Self {
        Writer { form, merge: Merge::new(form.holds()), begun: false }
    }

    /// The same, with these whole lines about the file itself where it is a calendar.
    #[must_use]
    pub fn saying(self, about: &'static [&'static str]) -> Self {
        Writer { merge: self.merge.saying(about), ..self }
    }

    /// What stands before the first item; `name` is the collection's display name.
    pub fn head(&self, name: &str) -> String {
        let head = self.merge.head(name);
        match self.form {
            Form::ICalendar | Form::VCard(_) => head,
            Form::JCard => "[".to_owned(),
            Form::Csv => contacts_csv::header(),
            Form::JCal => {
                let whole = format!("{head}{}", self.merge.tail());
                let json = Document::parse(&whole, Limits::default())
                    .ok()
                    .and_then(|document| document.roots.first().map(|root| to_jcal(root).to_string()));
                // Up to where the list of components begins.
                let json = json.unwrap_or_default();
                json.strip_suffix("]]").unwrap_or_default().to_owned()
            }
        }
    }

    /// An item's part of the file. `None` for content that cannot be read: it is stored, but has no place in such a file.
    pub fn item(&mut self, body: &str) -> Option<String> {
        match self.form {
            Form::ICalendar | Form::VCard(None) => self.merge.item(body),
            Form::VCard(Some(version)) => {
                let card = formats::card(body, version).ok()?;
                self.merge.item(&card)
            }
            Form::Csv => contacts_csv::row(body).ok(),
            Form::JCard => {
                let (json, _) = formats::convert(body, Format::JCard).ok()?;
                Some(self.listed(std::iter::once(json)))
            }
            Form::JCal => {
                let text = self.merge.item(body)?;
                let document = Document::parse(&text, Limits::default()).ok()?;
                let all: Vec<String> = document.roots.iter().map(|part| to_jcal(part).to_string()).collect();
                Some(self.listed(all.into_iter()))
            }
        }
    }

    /// What stands after the last item.
    pub fn tail(&self) -> &'static str {
        match self.form {
            Form::ICalendar | Form::VCard(_) => self.merge.tail(),
            Form::JCal => "]]",
            Form::JCard => "]",
            Form::Csv => "",
        }
    }

    /// With commas between them and what stands there.
    fn listed(&mut self, all: impl Iterator<Item = String>) -> String {
        let mut out = String::new();
        for one in all {
            out.push_str(if self.begun { ",\n" } else { "\n" });
            out.push_str(&one);
            self.begun = true;
        }
        out
    }
}
