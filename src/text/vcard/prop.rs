//! A property on its way from one version to another: its own text, free to be changed.
//!
//! Parameters stay as written (quotes and all) unless they are touched, so that what nobody understands passes through.

use super::super::line::{Line, encode_param, split_outside_quotes, write_folded};

/// A property that can be changed and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::text) struct Prop {
    pub(in crate::text) group: Option<String>,
    pub(in crate::text) name: String,
    /// Name and raw value (after `=`); the name is empty for bare words of 2.1.
    pub(in crate::text) params: Vec<(String, String)>,
    /// With the escapes of 3.0 and 4.0.
    pub(in crate::text) value: String,
}

impl Prop {
    pub(in crate::text) fn new(name: &str, value: impl Into<String>) -> Self {
        Prop { group: None, name: name.to_owned(), params: Vec::new(), value: value.into() }
    }

    pub(in crate::text) fn of(line: &Line<'_>) -> Self {
        Prop {
            group: line.group().map(str::to_owned),
            name: line.name().to_owned(),
            params: params(line),
            value: line.value().to_owned(),
        }
    }

    pub(in crate::text) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The group in lower case, to compare by.
    pub(in crate::text) fn group_key(&self) -> Option<String> {
        self.group.as_deref().map(str::to_ascii_lowercase)
    }

    /// The raw value of the first parameter `name`, quotes taken off.
    pub(in crate::text) fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, raw)| raw.trim().trim_matches('"'))
    }

    /// Takes all parameters called `name` away and gives the first one's value.
    pub(in crate::text) fn take_param(&mut self, name: &str) -> Option<String> {
        let first = self.param(name).map(str::to_owned);
        self.params.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        first
    }

    /// Adds a parameter, or replaces the one of that name in its place.
    pub(in crate::text) fn set_param(&mut self, name: &str, value: &str) {
        let raw = encode_param(value);
        match self.params.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = raw,
            None => self.params.push((name.to_owned(), raw)),
        }
    }

    /// Whether `VALUE` says `kind`.
    pub(in crate::text) fn has_value_type(&self, kind: &str) -> bool {
        self.param("VALUE").is_some_and(|value| value.eq_ignore_ascii_case(kind))
    }

    /// Whether the value of a PHOTO, LOGO, SOUND or KEY is an address: said so, or it begins with a scheme.
    pub(in crate::text) fn is_address(&self) -> bool {
        let scheme =
            self.value.split_once(':').map(|(scheme, _)| scheme.trim_end_matches('\\')).unwrap_or_default();
        let has_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        self.has_value_type("uri") || (self.param("VALUE").is_none() && has_scheme)
    }

    /// The types as written, of all TYPE parameters, quoted lists too.
    pub(in crate::text) fn types(&self) -> impl Iterator<Item = &str> {
        let types = self.params.iter().filter(|(name, _)| name.eq_ignore_ascii_case("TYPE"));
        types
            .flat_map(|(_, raw)| raw.split(','))
            .map(|word| word.trim().trim_matches('"'))
            .filter(|word| !word.is_empty())
    }

    pub(in crate::text) fn has_type(&self, wanted: &str) -> bool {
        self.types().any(|word| word.eq_ignore_ascii_case(wanted))
    }

    /// Takes the types away for which `gone` holds; the others keep their place and their spelling.
    pub(in crate::text) fn drop_types(&mut self, gone: impl Fn(&str) -> bool) {
        if !self.types().any(&gone) {
            return;
        }
        for (_, raw) in self.params.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case("TYPE")) {
            let left: Vec<&str> = raw
                .split(',')
                .map(|word| word.trim().trim_matches('"'))
                .filter(|word| !word.is_empty() && !gone(word))
                .collect();
            *raw = left.join(",");
        }
        self.params.retain(|(name, raw)| !(name.eq_ignore_ascii_case("TYPE") && raw.is_empty()));
    }

    /// Types in lower case and in order, `pref` left out: what tells an ADR's LABEL from another's.
    pub(in crate::text) fn place(&self) -> Vec<String> {
        let mut place: Vec<String> =
            self.types().map(str::to_ascii_lowercase).filter(|word| word != "pref").collect();
        place.sort_unstable();
        place.dedup();
        place
    }

    /// Appends the property, folded.
    pub(in crate::text) fn write(&self, out: &mut String) {
        let mut line = String::with_capacity(self.name.len() + self.value.len() + 32);
        if let Some(group) = &self.group {
            line.push_str(group);
            line.push('.');
        }
        line.push_str(&self.name);
        for (name, raw) in &self.params {
            line.push(';');
            line.push_str(name);
            if !name.is_empty() {
                line.push('=');
            }
            line.push_str(raw);
        }
        line.push(':');
        line.push_str(&self.value);
        write_folded(out, &line);
    }
}

/// The parameters of a line, as written. Where a quote has no partner it goes, and what it swallowed comes apart:
/// else it would swallow what is added after it, too.
pub(in crate::text) fn params(line: &Line<'_>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for param in line.params() {
        let name = param.name.replace('"', "");
        if param.raw.matches('"').count() % 2 == 0 {
            out.push((name, param.raw.to_owned()));
            continue;
        }
        let raw = param.raw.replace('"', "");
        let mut parts = raw.split(';');
        out.push((name, parts.next().unwrap_or_default().to_owned()));
        for part in parts.filter(|part| !part.is_empty()) {
            let (name, raw) = part.split_once('=').unwrap_or(("", part));
            out.push((name.trim().to_owned(), raw.to_owned()));
        }
    }
    out
}

/// The first of the comma-separated values of a raw parameter, if it is the only one.
pub(in crate::text) fn single(raw: &str) -> Option<&str> {
    let mut values = split_outside_quotes(raw, b',');
    let first = values.next()?;
    values.next().is_none().then(|| first.trim().trim_matches('"')).filter(|value| !value.contains(','))
}
