//! Pages of lists: a bounded number of things in a stable order, where to go on, and only the members that are asked for.

use super::problem::Refused;
use super::query::Query;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Things of a page where nothing is said.
pub const USUAL: i64 = 100;
/// Things of a page at most.
pub const MOST: i64 = 1_000;

/// A page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    /// What was found, in a stable order.
    pub items: Vec<T>,
    /// What to give as `cursor` for the next page; null where this is the last.
    pub next: Option<String>,
}

/// What a request asks of a list.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Things at most.
    pub limit: i64,
    /// After which key.
    pub after: Option<String>,
    fields: Option<Vec<String>>,
}

impl Asked {
    /// Takes `limit`, `cursor` and `fields` out of the parameters; `known` are the members that there are.
    pub fn take(query: &mut Query, known: &[&str]) -> Result<Self, Refused> {
        let limit = query.number("limit", 1..=MOST)?.unwrap_or(USUAL);
        let after = match query.text("cursor") {
            None => None,
            Some(text) => {
                Some(key(&text).ok_or_else(|| Refused::at("cursor", "not a cursor of this server"))?)
            }
        };
        Ok(Asked { limit, after, fields: fields(query, known)? })
    }

    /// The wanted members of a thing.
    pub fn sparse(&self, thing: &impl Serialize) -> Result<Value, Refused> {
        sparse(thing, self.fields.as_deref())
    }

    /// Whether a member is wanted that is not told unless it is asked for.
    pub fn wants(&self, field: &str) -> bool {
        self.fields.as_ref().is_some_and(|fields| fields.iter().any(|known| known == field))
    }
}

/// Takes `fields` out of the parameters: names of members, with commas between them.
pub fn fields(query: &mut Query, known: &[&str]) -> Result<Option<Vec<String>>, Refused> {
    let Some(text) = query.text("fields") else { return Ok(None) };
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => {
            Err(Refused::at("fields", format!("there is no '{unknown}'; there are: {}", known.join(", "))))
        }
        None => Ok(Some(names)),
    }
}

/// A thing as JSON, with only these of its members.
pub fn sparse(thing: &impl Serialize, fields: Option<&[String]>) -> Result<Value, Refused> {
    let mut value = serde_json::to_value(thing).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        crate::domain::fault::Fault::Internal
    })?;
    if let (Some(fields), Value::Object(members)) = (fields, &mut value) {
        members.retain(|name, _| fields.iter().any(|wanted| wanted == name));
    }
    Ok(value)
}

/// A cursor that goes on after a key: opaque, so that nobody builds one.
pub fn cursor(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// The key of a cursor, where it is one.
pub fn key(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok().filter(|key| !key.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_back_and_foreign_ones_are_not() {
        for name in ["a.ics", "é/ +", ""] {
            assert_eq!(key(&cursor(name)).as_deref(), Some(name));
        }
        for foreign in ["!", "a", "_w", "AA"] {
            assert_eq!(key(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn only_the_wanted_members_are_told() {
        #[derive(Serialize)]
        struct Thing {
            id: u8,
            name: &'static str,
        }
        let thing = Thing { id: 1, name: "x" };
        let told = |fields: Option<&[String]>| sparse(&thing, fields).expect("JSON").to_string();
        assert_eq!(told(None), r#"{"id":1,"name":"x"}"#);
        assert_eq!(told(Some(&["name".to_owned()])), r#"{"name":"x"}"#);
    }
}
