//! Parameters of a request: each is known, said once, and judged on its own, so that a refusal names it.

use super::problem::Refused;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use percent_encoding::percent_decode_str;
use std::future::{Ready, ready};
use std::ops::RangeInclusive;

/// Octets of a query string that are read at all.
const MOST: usize = 16 * 1024;

/// The parameters that nobody has taken yet.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads pairs of names and values, as queries and forms have them.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        if text.len() > MOST {
            return Err(Refused::at("query", format!("the query is longer than {MOST} octets")));
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        for piece in text.split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = decoded(name).ok_or_else(|| Refused::at("query", "a name is not UTF-8"))?;
            let value = decoded(value).ok_or_else(|| Refused::at(&name, "the value is not UTF-8"))?;
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Refused::at(&name, "said more than once"));
            }
            pairs.push((name, value));
        }
        Ok(Query(pairs))
    }

    /// The value of a parameter.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// A parameter that is a number.
    pub fn number(&mut self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, Refused> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        let why = || format!("must be a number from {} to {}", range.start(), range.end());
        number.map(Some).ok_or_else(|| Refused::at(name, why()))
    }

    /// A parameter that is `true` or `false`; false where it is absent.
    pub fn flag(&mut self, name: &str) -> Result<bool, Refused> {
        match self.text(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refused::at(name, "must be true or false")),
        }
    }

    /// Refuses what nobody took: a misspelt parameter must not silently mean nothing.
    pub fn end(self) -> Result<(), Refused> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(Refused::at(name, "there is no such parameter")),
        }
    }
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

impl FromRequest for Query {
    type Error = Refused;
    type Future = Ready<Result<Self, Refused>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Query::parse(request.query_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_once_and_taken_once() {
        let mut query = Query::parse("q=a+b%2Bc%20d&limit=7&&flag=true&empty=").expect("parameters");
        assert_eq!(query.text("q").as_deref(), Some("a b+c d"));
        assert_eq!(query.text("q"), None);
        assert_eq!(query.number("limit", 1..=10).ok().flatten(), Some(7));
        assert_eq!(query.flag("flag").ok(), Some(true));
        assert_eq!(query.text("empty").as_deref(), Some(""));
        assert!(query.end().is_ok());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for bad in ["a=%ff", "a=1&a=2", &format!("a={}", "x".repeat(MOST))] {
            assert!(Query::parse(bad).is_err(), "{bad}");
        }
        for number in ["", "x", "0", "11", "1.5"] {
            let mut query = Query::parse(&format!("n={number}")).expect("parameters");
            assert!(query.number("n", 1..=10).is_err(), "{number}");
        }
        assert!(Query::parse("typo=1").expect("parameters").end().is_err());
    }
}
