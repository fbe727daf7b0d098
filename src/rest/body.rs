//! JSON in requests: bounded while it is read, and judged so that a refusal names the field. RFC 8259, RFC 6901, RFC 7396.

use super::problem::Refused;
use crate::domain::fault::Fault;
use crate::http::body::read_body;
use crate::services::labour;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Bytes, Payload};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_path_to_error::{Path, Segment};

/// Octets of a JSON body that describes something; items have a limit of their own.
pub const MOST: usize = 1024 * 1024;

/// The media type that a request names for its body, without parameters, in lower case.
pub fn media(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Reads the bytes of a body that is said to be JSON.
pub async fn bytes(headers: &HeaderMap, payload: &mut Payload, limit: usize) -> Result<Bytes, Refused> {
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Refused::from(Fault::UnsupportedMediaType).field("Content-Encoding"));
    }
    match media(headers).as_deref() {
        Some("application/json" | "application/merge-patch+json") => {}
        _ => return Err(Refused::from(Fault::UnsupportedMediaType).field("Content-Type")),
    }
    Ok(read_body(payload, limit).await?.freeze())
}

/// Reads a value out of JSON.
pub async fn parse<T: DeserializeOwned + Send + 'static>(bytes: Bytes) -> Result<T, Refused> {
    labour::of(bytes.len(), move || from_slice(&bytes)).await?
}

/// Reads a JSON body.
pub async fn json<T: DeserializeOwned + Send + 'static>(
    headers: &HeaderMap,
    payload: &mut Payload,
) -> Result<T, Refused> {
    parse(bytes(headers, payload, MOST).await?).await
}

fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    // Else a list would be taken for the members of an object in their order.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Refused::at("", "must be a JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Refused::at(&pointer(error.path()), said(error.inner())))?;
    reader.end().map_err(|error| Refused::at("", said(&error)))?;
    Ok(value)
}

/// RFC 6901; the empty one is the whole document.
fn pointer(path: &Path) -> String {
    let mut text = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("/{index}")),
            Segment::Map { key } => text.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}

/// Without the place in the text, which the field says better.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((why, _)) if !error.is_syntax() && !error.is_eof() => why.to_owned(),
        _ => text,
    }
}

/// A member of a merge patch that is there: null takes the value away. With `#[serde(default)]` an absent one is `None`.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
    struct Sample {
        first_name: String,
        #[serde(default, deserialize_with = "given")]
        age: Option<Option<u32>>,
        #[serde(default)]
        list: Vec<u32>,
    }

    fn field(text: &str) -> String {
        let refused = from_slice::<Sample>(text.as_bytes()).expect_err("refused");
        let told = serde_json::to_value(refused.problem()).expect("JSON");
        assert_eq!(told["type"], "urn:cenacle:problem:bad-request");
        let title = told["title"].as_str().expect("a title").to_owned();
        assert!(!title.contains("Sample"), "{title}");
        told["field"].as_str().expect("a field").to_owned()
    }

    #[test]
    fn the_field_at_fault_is_named() {
        assert_eq!(field(r#"{"firstName":1}"#), "/firstName");
        assert_eq!(field(r#"{"firstName":"a","list":[1,"b"]}"#), "/list/1");
        assert_eq!(field(r#"{"firstName":"a","a/b":1}"#), "/a~1b");
        assert_eq!(field(r#"{}"#), "");
        assert_eq!(field(r#"{"firstName":"a"} x"#), "");
        assert_eq!(field("["), "");
        assert_eq!(field(r#"["a", 7, []]"#), "");
        assert_eq!(field(""), "");
        assert_eq!(field(&format!(r#"{{"list":{}"#, "[".repeat(100_000))), "/list/0");
    }

    #[test]
    fn null_and_absence_differ() {
        let read = |text: &str| from_slice::<Sample>(text.as_bytes()).expect("read");
        assert_eq!(read(r#"{"firstName":"a"}"#).age, None);
        assert_eq!(read(r#"{"firstName":"a","age":null}"#).age, Some(None));
        let all = read(r#"{"firstName":"a","age":7}"#);
        assert_eq!((all.first_name.as_str(), all.age, all.list.len()), ("a", Some(Some(7)), 0));
    }
}
