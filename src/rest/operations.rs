//! What the description tells of every operation beyond what stands at its handler: an id of its own.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, PathItem};

/// Completes a description.
pub fn complete(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(id(method, path));
        }
    }
}

/// The operations at a path with their methods.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Method and path in one word, such as `get_calendars_id_events`: clients that are made of the description name functions so, and no
/// two operations share one.
fn id(method: &str, path: &str) -> String {
    let path = path.strip_prefix(super::BASE).unwrap_or(path);
    let mut id = method.to_owned();
    for word in path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        id.push('_');
        for letter in word.chars() {
            if letter.is_ascii_uppercase() {
                id.push('_');
            }
            id.push(letter.to_ascii_lowercase());
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_operation_has_an_id_of_its_own() {
        let value: Value = serde_json::from_str(super::super::DOCUMENT).expect("JSON");
        let mut ids = Vec::new();
        for item in value["paths"].as_object().expect("paths").values() {
            let operations = item.as_object().expect("operations").values();
            ids.extend(
                operations.map(|operation| operation["operationId"].as_str().expect("an id").to_owned()),
            );
        }
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert!(count > 50);
        assert_eq!(ids.len(), count);
        assert_eq!(
            id("post", "/api/v1/calendars/{id}/events/{item}:move"),
            "post_calendars_id_events_item_move"
        );
        assert_eq!(id("get", "/api/v1/x/{recurrenceId}"), "get_x_recurrence_id");
    }
}
