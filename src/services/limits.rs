//! The bounds that are enforced, and advertised as properties. RFC 4791 §5.2.5 to §5.2.9, RFC 6352 §6.2.3.

use std::time::Duration;

/// Bounds of what clients may send and ask.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one item.
    pub resource_bytes: u64,
    /// Bytes of one picture in a contact, decoded.
    pub image_bytes: u64,
    /// Bytes of a request's XML body.
    pub xml_bytes: u64,
    /// Items of one collection.
    pub members: i64,
    /// Collections of one home.
    pub collections: usize,
    /// Attendees of one instance.
    pub attendees: usize,
    /// Hrefs of one multiget; resources that one search for what names its asker looks at.
    pub hrefs: usize,
    /// Instances that one request may expand.
    pub instances: u64,
    /// Principals that one search tells.
    pub principals: i64,
    /// Changes of a sync that are read in one snapshot and held until the client has taken them: some 150 bytes each.
    pub read_ahead: usize,
    /// Direct members of one group.
    pub group_members: i64,
    /// Groups that stand in each other.
    pub group_levels: usize,
    /// Groups that one who is no administrator may make and own.
    pub groups_owned: i64,
    /// Pairs of a group and somebody in it that one change may make; a tenth for who is no administrator.
    pub group_pairs: i64,
    /// Webhooks of one account.
    pub webhooks: usize,
    /// Changes of one message to a webhook.
    pub webhook_changes: usize,
    /// The pause after a webhook's first failure; it doubles with each further one.
    pub webhook_pause: Duration,
    /// How long a node may deliver to a webhook without a sign of life: well above the time that one message may take.
    pub webhook_lease: Duration,
    /// How long a webhook may fail before it is disabled.
    pub webhook_patience: Duration,
    /// Subscribed calendars of one account.
    pub subscriptions: usize,
    /// The least time between two looks at a subscribed calendar.
    pub subscription_interval: Duration,
    /// The least time after a look before somebody may have another one.
    pub subscription_pause: Duration,
    /// How long a node may be about a subscribed calendar without a sign of life: well above the time that fetching one may take.
    pub subscription_lease: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            resource_bytes: 10 * 1024 * 1024,
            image_bytes: 2 * 1024 * 1024,
            xml_bytes: 8 * 1024 * 1024,
            members: 1_000_000,
            collections: 500,
            attendees: 1_000,
            hrefs: 10_000,
            instances: 10_000,
            principals: 500,
            read_ahead: 16_384,
            group_members: 20_000,
            group_levels: 32,
            groups_owned: 100,
            group_pairs: 1_000_000,
            webhooks: 20,
            webhook_changes: 100,
            webhook_pause: Duration::from_secs(5),
            webhook_lease: Duration::from_secs(60),
            webhook_patience: Duration::from_secs(3 * 86_400),
            subscriptions: 50,
            subscription_interval: Duration::from_secs(15 * 60),
            subscription_pause: Duration::from_secs(60),
            subscription_lease: Duration::from_secs(5 * 60),
        }
    }
}
