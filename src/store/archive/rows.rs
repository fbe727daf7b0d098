//! What an archive has of each table: its columns as rows, and what older archives lack.

use crate::domain::group::{GroupDetail, Role};
use crate::domain::privacy;
use crate::domain::webhook::Events;
use crate::store::schema::{
    address, audit, birthdays, change, collection, collection_change, collection_tombstone, credential,
    former_owner, grant_, group_detail, home, idempotency, invitation, invitation_answer, itip_state, job,
    link, link_use, membership, meta, mount, personal, personal_mark, principal, principal_grant, session,
    signing_key, subscription, tombstone, version, webhook, webhook_cursor,
};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

/// What members were before there were roles.
fn plain_role() -> i16 {
    Role::Member as i16
}

/// What members could do with what groups own before groups said.
fn usual_part() -> i16 {
    GroupDetail::plain().members_may as i16
}

macro_rules! rows {
    ($($(#[doc = $doc:literal])* $name:ident of $table:ident { $($(#[$attribute:meta])* $column:ident: $type:ty),* $(,)? })*) => {$(
        $(#[doc = $doc])*
        #[allow(missing_docs, reason = "the columns, as the schema names them")]
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Insertable)]
        #[serde(deny_unknown_fields)]
        #[diesel(table_name = $table, treat_none_as_default_value = false)]
        pub struct $name { $($(#[$attribute])* pub $column: $type),* }
    )*};
}

rows! {
    /// A setting of the database itself.
    MetaRow of meta { name: String, value: String }
    /// A principal.
    PrincipalRow of principal {
        id: i64, kind: i16, handle: String, display_name: String, search: String, state: i16, hidden: bool, admin: bool,
        time_zone: Option<String>, locale: Option<String>, auth_version: i64, created_at: i64, props: String,
        #[serde(default)]
        token_version: i64,
        #[serde(default)]
        accepts: i16,
    }
    /// A mail address.
    AddressRow of address { mail: String, principal: i64, is_primary: bool }
    /// A password's or an application password's hash.
    CredentialRow of credential {
        id: i64, principal: i64, kind: i16, name: String, hash: String, scope: String, created_at: i64, last_used: Option<i64>,
        #[serde(default)]
        expires_at: Option<i64>,
    }
    /// A group and one of its members.
    MembershipRow of membership {
        group_id: i64, member_id: i64,
        #[serde(default = "plain_role")]
        role: i16,
    }
    /// What a group is beyond a principal.
    GroupDetailRow of group_detail {
        principal: i64, visibility: i16, members_shown_to: i16, description: String, revision: i64,
        #[serde(default = "usual_part")]
        members_may: i16,
    }
    /// A home.
    HomeRow of home {
        principal: i64, kind: i16, modseq: i64, props: String,
        #[serde(default)]
        mounts: i64,
    }
    /// A collection, deleted ones that can be restored included.
    CollectionRow of collection {
        id: i64, owner: i64, home: i16, kind: i16, slug: String, is_default: bool, components: i16, transparent: bool,
        time_zone: Option<String>, modseq: i64, home_modseq: i64, created_at: i64, deleted_at: i64, props: String,
    }
    /// What is left of a collection that went away.
    CollectionTombstoneRow of collection_tombstone { owner: i64, home: i16, slug: String, modseq: i64 }
    /// Another's collection in somebody's home.
    MountRow of mount {
        principal: i64, home: i16, collection: i64, number: i64, slug: String, home_modseq: i64, created_at: i64, props: String,
    }
    /// What somebody has of his own on an item of another's calendar.
    PersonalRow of personal { principal: i64, collection: i64, uid: String, number: i64, etag: String, content: String }
    /// The last number of these in a calendar.
    PersonalMarkRow of personal_mark { principal: i64, collection: i64, number: i64, lapsed_at: i64 }
    /// Of which state a calendar of birthdays is.
    BirthdaysRow of birthdays { collection: i64, seen: String }
    /// A grant.
    GrantRow of grant_ { collection: i64, position: i32, grantee: i16, principal: i64, privileges: i32 }
    /// A grant on all of a home.
    PrincipalGrantRow of principal_grant { owner: i64, home: i16, grantee: i16, principal: i64, privileges: i32 }
    /// Who gave what to whom.
    AuditRow of audit {
        id: i64, at: i64, actor: i64, door: i16, device: Option<String>, action: i16, owner: i64, home: i16, collection: i64,
        grantee: i16, principal: i64, old_privileges: i32, new_privileges: i32,
    }
    /// What is left of an item that went away.
    TombstoneRow of tombstone {
        collection: i64, name: String, modseq: i64, created_modseq: i64,
        #[serde(default = "public")]
        classes: i16,
        #[serde(default)]
        component: i16,
    }
    /// Something that happened to a collection itself.
    CollectionChangeRow of collection_change {
        id: i64, collection: i64, modseq: i64, kind: i16, actor: i64, door: i16, device: Option<String>, at: i64, before: Option<String>,
    }
    /// An entry of the change log.
    ChangeRow of change {
        collection: i64, modseq: i64, name: String, kind: i16, etag: Option<String>, actor: i64, door: i16,
        device: Option<String>, at: i64, version: Option<i64>,
    }
    /// An older content of an item.
    VersionRow of version {
        id: i64, collection: i64, name: String, uid: String, etag: String, modseq: i64, replaced_at: i64, body: String,
        #[serde(default)]
        replaced_by: i64,
    }
    /// A piece of work that waits.
    JobRow of job { id: i64, kind: String, payload: String, attempts: i32, next_at: i64, claimed_by: Option<String> }
    /// What was last sent to whom.
    ItipStateRow of itip_state { principal: i64, uid: String, recurrence_id: String, recipient: String, sent_hash: String }
    /// What a request under a key did.
    IdempotencyRow of idempotency { principal: i64, name: String, digest: String, outcome: String, at: i64 }
    /// A login of a program that renews its tokens.
    SessionRow of session {
        id: i64, principal: i64, device: String, scope: String, generation: i64, created_at: i64, refreshed_at: i64, expires_at: i64,
        #[serde(default)]
        credential: Option<i64>,
    }
    /// A key that access tokens are signed with, its private half too: the archive is kept like the database.
    SigningKeyRow of signing_key {
        number: i64, kid: String, public_key: String, secret: String, created_at: i64, signs_from: i64, needed_until: i64,
    }
    /// An address that is told what changed.
    WebhookRow of webhook {
        id: i64, principal: i64, collection: Option<i64>, url: String, secret: String, old_secret: Option<String>,
        old_secret_until: i64, state: i16, reason: Option<String>, state_since: i64, created_at: i64, round: i64,
        calendars_seen: i64, books_seen: i64, ping: Option<String>, claim: Option<String>, lease_until: i64, next_at: i64,
        served_at: i64, failures: i32, failing_since: Option<i64>, last_at: Option<i64>, last_status: Option<i16>,
        last_outcome: Option<String>,
        #[serde(default = "all_events")]
        events: i64,
        #[serde(default)]
        target: String,
        #[serde(default)]
        sight: i64,
        #[serde(default = "never")]
        sight_seen: i64,
    }
    /// A secret address: of its secret the digest, so that it holds at the new place too.
    LinkRow of link {
        id: i64, collection: i64, maker: i64, scope: i16, label: String, digest: String, created_at: i64, rotated_at: i64,
        expires_at: Option<i64>, last_used: Option<i64>, uses: i64, revoked_at: i64,
    }
    /// From where it was read.
    LinkUseRow of link_use { link: i64, hour: i64, address: String, program: String, times: i64, last_at: i64 }
    /// Whose a collection was up to a number of it.
    FormerOwnerRow of former_owner { collection: i64, modseq: i64, owner: i64 }
    /// Where a subscribed calendar comes from.
    SubscriptionRow of subscription {
        collection: i64, url: String, refresh: Option<i32>, feed_seconds: i64, etag: Option<String>, modified: Option<String>,
        claim: Option<String>, lease_until: i64, next_at: i64, failures: i32, last_at: Option<i64>, fetched_at: Option<i64>,
        error: Option<String>, status: Option<i16>, items: i64, refused: i64,
    }
    /// Who was invited to share a collection.
    InvitationRow of invitation {
        id: i64, collection: i64, grantee: Option<i64>, address: String, name: String, summary: String, inviter: i64, changed_at: i64,
    }
    /// What he said.
    InvitationAnswerRow of invitation_answer {
        id: i64, invitation: i64, principal: i64, state: i16, at: i64, hidden: bool, seen: bool,
    }
    /// Up to where it was told.
    WebhookCursorRow of webhook_cursor {
        webhook: i64, collection: i64, modseq: i64,
        #[serde(default = "alone")]
        alone: bool,
        #[serde(default)]
        unborn: i64,
    }
}

/// What webhooks of older archives want.
fn all_events() -> i64 {
    Events::ALL.bits()
}

/// Webhooks of older archives knew nothing of what others have granted.
fn never() -> i64 {
    -1
}

/// Collections of older archives are compared with their cursors by themselves, which is right for any.
fn alone() -> bool {
    true
}

impl GroupDetailRow {
    /// Of a group of before there were any.
    pub(super) fn plain(id: i64) -> Self {
        let GroupDetail { visibility, members_shown_to, description, revision, members_may } =
            GroupDetail::plain();
        let (visibility, members_shown_to) = (visibility as i16, members_shown_to as i16);
        let members_may = members_may as i16;
        GroupDetailRow { principal: id, visibility, members_shown_to, description, revision, members_may }
    }
}

/// An item: its content as sent, and what cannot be derived from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the columns, as the schema names them")]
pub struct ObjectRecord {
    pub id: i64,
    pub collection: i64,
    pub name: String,
    pub modseq: i64,
    pub created_modseq: i64,
    pub created_at: i64,
    pub modified_at: i64,
    pub schedule_tag: Option<String>,
    pub props: Option<String>,
    pub body: String,
    #[serde(default = "public")]
    pub classes: i16,
}

/// What was before classes were noted had been shown to all.
const fn public() -> i16 {
    privacy::PUBLIC
}

/// One row of any table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "one variant a table")]
pub enum Record {
    Meta(MetaRow),
    Principal(PrincipalRow),
    Address(AddressRow),
    Credential(CredentialRow),
    Membership(MembershipRow),
    GroupDetail(GroupDetailRow),
    Home(HomeRow),
    Collection(CollectionRow),
    CollectionTombstone(CollectionTombstoneRow),
    Mount(MountRow),
    Personal(PersonalRow),
    PersonalMark(PersonalMarkRow),
    Birthdays(BirthdaysRow),
    Grant(GrantRow),
    PrincipalGrant(PrincipalGrantRow),
    Audit(AuditRow),
    Object(ObjectRecord),
    Tombstone(TombstoneRow),
    CollectionChange(CollectionChangeRow),
    Change(ChangeRow),
    Version(VersionRow),
    Job(JobRow),
    ItipState(ItipStateRow),
    Idempotency(IdempotencyRow),
    Session(SessionRow),
    SigningKey(SigningKeyRow),
    Webhook(WebhookRow),
    WebhookCursor(WebhookCursorRow),
    Link(LinkRow),
    LinkUse(LinkUseRow),
    FormerOwner(FormerOwnerRow),
    Subscription(SubscriptionRow),
    Invitation(InvitationRow),
    InvitationAnswer(InvitationAnswerRow),
}

impl Record {
    /// The table's name.
    pub fn table(&self) -> &'static str {
        match self {
            Record::Meta(_) => "meta",
            Record::Principal(_) => "principal",
            Record::Address(_) => "address",
            Record::Credential(_) => "credential",
            Record::Membership(_) => "membership",
            Record::GroupDetail(_) => "group_detail",
            Record::Home(_) => "home",
            Record::Collection(_) => "collection",
            Record::CollectionTombstone(_) => "collection_tombstone",
            Record::Mount(_) => "mount",
            Record::Personal(_) => "personal",
            Record::PersonalMark(_) => "personal_mark",
            Record::Birthdays(_) => "birthdays",
            Record::Grant(_) => "grant",
            Record::PrincipalGrant(_) => "principal_grant",
            Record::Audit(_) => "audit",
            Record::Object(_) => "object",
            Record::Tombstone(_) => "tombstone",
            Record::CollectionChange(_) => "collection_change",
            Record::Change(_) => "change",
            Record::Version(_) => "version",
            Record::Job(_) => "job",
            Record::ItipState(_) => "itip_state",
            Record::Idempotency(_) => "idempotency",
            Record::Session(_) => "session",
            Record::SigningKey(_) => "signing_key",
            Record::Webhook(_) => "webhook",
            Record::WebhookCursor(_) => "webhook_cursor",
            Record::Link(_) => "link",
            Record::LinkUse(_) => "link_use",
            Record::FormerOwner(_) => "former_owner",
            Record::Subscription(_) => "subscription",
            Record::Invitation(_) => "invitation",
            Record::InvitationAnswer(_) => "invitation_answer",
        }
    }
}
