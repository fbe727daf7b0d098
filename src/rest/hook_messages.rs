//! What webhooks are told, in the words of this protocol: the same as the feed of changes tells, never the content of an item.
//!
//! Knows neither signature nor delivery.

use super::changes::{Change, change};
use super::collections::{ADDRESS_BOOKS, CALENDARS};
use crate::domain::collection::HomeKind;
use crate::services::deliveries::{Content, Delivery};
use serde::Serialize;
use utoipa::ToSchema;

/// A message to a webhook: the body of a POST to its address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookMessage {
    /// `changes`; `removed` where a collection left the account or its owner's sight; `ping` for a trial.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The webhook's id.
    webhook: String,
    /// The collection that it is about; null for a trial.
    collection: Option<MessageCollection>,
    /// What changed in it, each item at most once, in the order of its last change, as far as the webhook wants it. Empty where the
    /// collection itself changed.
    changes: Vec<Change>,
    /// The collection's sync token before these changes.
    since: Option<String>,
    /// The collection's sync token after them: `changes?since=` goes on from it, and `:replay` goes back to it.
    token: Option<String>,
    /// Whether another message follows at once.
    more: bool,
}

/// The collection that a message is about.
#[derive(Debug, Serialize, ToSchema)]
struct MessageCollection {
    /// Its id.
    id: String,
    /// `calendars` or `address-books`: the list that it is in; null where it is gone.
    list: Option<&'static str>,
}

/// The body of a message.
pub fn body(delivery: &Delivery) -> Vec<u8> {
    let empty = WebhookMessage {
        kind: "ping",
        webhook: delivery.webhook.to_string(),
        collection: None,
        changes: Vec::new(),
        since: None,
        token: None,
        more: false,
    };
    let message = match &delivery.content {
        Content::Ping => empty,
        Content::Removed { collection } => {
            let collection = Some(MessageCollection { id: collection.to_string(), list: None });
            WebhookMessage { kind: "removed", collection, ..empty }
        }
        Content::Changes { collection, home, since, token, items, more } => WebhookMessage {
            kind: "changes",
            collection: Some(MessageCollection { id: collection.to_string(), list: Some(list(*home)) }),
            changes: items.iter().cloned().map(change).collect(),
            since: Some(since.to_string()),
            token: Some(token.to_string()),
            more: *more,
            ..empty
        },
    };
    serde_json::to_vec(&message).unwrap_or_default()
}

fn list(home: HomeKind) -> &'static str {
    match home {
        HomeKind::Calendars => CALENDARS.segment,
        HomeKind::AddressBooks => ADDRESS_BOOKS.segment,
    }
}
