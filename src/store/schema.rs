//! The tables in their portable column types; `migrations/` makes them, a test compares.
//!
//! Instants are BigInt microseconds UTC. Must not know any query.

diesel::table! {
    meta (name) { name -> Text, value -> Text, }
}
diesel::table! {
    principal (id) {
        id -> BigInt,
        kind -> SmallInt,
        handle -> Text,
        display_name -> Text,
        search -> Text,
        state -> SmallInt,
        hidden -> Bool,
        admin -> Bool,
        time_zone -> Nullable<Text>,
        locale -> Nullable<Text>,
        auth_version -> BigInt,
        created_at -> BigInt,
        props -> Text,
        token_version -> BigInt,
        accepts -> SmallInt,
    }
}
diesel::table! {
    address (mail) {
        #[sql_name = "address"]
        mail -> Text,
        principal -> BigInt,
        is_primary -> Bool,
    }
}
diesel::table! {
    credential (id) {
        id -> BigInt,
        principal -> BigInt,
        kind -> SmallInt,
        name -> Text,
        hash -> Text,
        scope -> Text,
        created_at -> BigInt,
        last_used -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    membership (group_id, member_id) { group_id -> BigInt, member_id -> BigInt, role -> SmallInt, }
}
diesel::table! {
    effective_membership (group_id, member_id) { group_id -> BigInt, member_id -> BigInt, depth -> SmallInt, }
}
diesel::table! {
    group_detail (principal) {
        principal -> BigInt,
        visibility -> SmallInt,
        members_shown_to -> SmallInt,
        description -> Text,
        revision -> BigInt,
        members_may -> SmallInt,
    }
}
diesel::table! {
    group_graph (one) { one -> SmallInt, changes -> BigInt, }
}
diesel::table! {
    home (principal, kind) { principal -> BigInt, kind -> SmallInt, modseq -> BigInt, props -> Text, mounts -> BigInt, }
}
diesel::table! {
    collection (id) {
        id -> BigInt,
        owner -> BigInt,
        home -> SmallInt,
        kind -> SmallInt,
        slug -> Text,
        is_default -> Bool,
        components -> SmallInt,
        transparent -> Bool,
        time_zone -> Nullable<Text>,
        modseq -> BigInt,
        home_modseq -> BigInt,
        created_at -> BigInt,
        deleted_at -> BigInt,
        props -> Text,
    }
}
diesel::table! {
    collection_tombstone (owner, home, slug) { owner -> BigInt, home -> SmallInt, slug -> Text, modseq -> BigInt, }
}
diesel::table! {
    mount (principal, home, collection) {
        principal -> BigInt,
        home -> SmallInt,
        collection -> BigInt,
        number -> BigInt,
        slug -> Text,
        home_modseq -> BigInt,
        created_at -> BigInt,
        props -> Text,
    }
}
diesel::table! {
    personal (principal, collection, uid) {
        principal -> BigInt,
        collection -> BigInt,
        uid -> Text,
        number -> BigInt,
        etag -> Text,
        content -> Text,
    }
}
diesel::table! {
    personal_mark (principal, collection) {
        principal -> BigInt,
        collection -> BigInt,
        number -> BigInt,
        lapsed_at -> BigInt,
    }
}
diesel::table! {
    grant_ (collection, grantee, principal) {
        collection -> BigInt,
        position -> Integer,
        grantee -> SmallInt,
        principal -> BigInt,
        privileges -> Integer,
    }
}
diesel::table! {
    principal_grant (owner, home, grantee, principal) {
        owner -> BigInt,
        home -> SmallInt,
        grantee -> SmallInt,
        principal -> BigInt,
        privileges -> Integer,
    }
}
diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        actor -> BigInt,
        door -> SmallInt,
        device -> Nullable<Text>,
        action -> SmallInt,
        owner -> BigInt,
        home -> SmallInt,
        collection -> BigInt,
        grantee -> SmallInt,
        principal -> BigInt,
        old_privileges -> Integer,
        new_privileges -> Integer,
    }
}
diesel::table! {
    object (id) {
        id -> BigInt,
        collection -> BigInt,
        name -> Text,
        uid -> Text,
        etag -> Text,
        modseq -> BigInt,
        created_modseq -> BigInt,
        component -> SmallInt,
        size -> Integer,
        span_class -> SmallInt,
        first_at -> BigInt,
        last_at -> BigInt,
        created_at -> BigInt,
        modified_at -> BigInt,
        schedule_tag -> Nullable<Text>,
        organizer -> Nullable<Text>,
        props -> Nullable<Text>,
        search -> Text,
        parsed -> Binary,
        body -> Text,
        season -> BigInt,
        classes -> SmallInt,
        masks -> Nullable<Text>,
    }
}
diesel::table! {
    tombstone (collection, name) {
        collection -> BigInt,
        name -> Text,
        modseq -> BigInt,
        created_modseq -> BigInt,
        classes -> SmallInt,
        component -> SmallInt,
    }
}
diesel::table! {
    collection_change (id) {
        id -> BigInt,
        collection -> BigInt,
        modseq -> BigInt,
        kind -> SmallInt,
        actor -> BigInt,
        door -> SmallInt,
        device -> Nullable<Text>,
        at -> BigInt,
        before -> Nullable<Text>,
    }
}
diesel::table! {
    change (collection, modseq) {
        collection -> BigInt,
        modseq -> BigInt,
        name -> Text,
        kind -> SmallInt,
        etag -> Nullable<Text>,
        actor -> BigInt,
        door -> SmallInt,
        device -> Nullable<Text>,
        at -> BigInt,
        version -> Nullable<BigInt>,
    }
}
diesel::table! {
    version (id) {
        id -> BigInt,
        collection -> BigInt,
        name -> Text,
        uid -> Text,
        etag -> Text,
        modseq -> BigInt,
        replaced_at -> BigInt,
        body -> Text,
        replaced_by -> BigInt,
    }
}
diesel::table! {
    job (id) {
        id -> BigInt,
        kind -> Text,
        payload -> Text,
        attempts -> Integer,
        next_at -> BigInt,
        claimed_by -> Nullable<Text>,
    }
}
diesel::table! {
    itip_state (principal, uid, recurrence_id, recipient) {
        principal -> BigInt,
        uid -> Text,
        recurrence_id -> Text,
        recipient -> Text,
        sent_hash -> Text,
    }
}

diesel::table! {
    idempotency (principal, name) {
        principal -> BigInt,
        name -> Text,
        digest -> Text,
        outcome -> Text,
        at -> BigInt,
    }
}
diesel::table! {
    session (id) {
        id -> BigInt,
        principal -> BigInt,
        device -> Text,
        scope -> Text,
        generation -> BigInt,
        created_at -> BigInt,
        refreshed_at -> BigInt,
        expires_at -> BigInt,
        credential -> Nullable<BigInt>,
    }
}
diesel::table! {
    signing_key (number) {
        number -> BigInt,
        kid -> Text,
        public_key -> Text,
        secret -> Text,
        created_at -> BigInt,
        signs_from -> BigInt,
        needed_until -> BigInt,
    }
}
diesel::table! {
    webhook (id) {
        id -> BigInt,
        principal -> BigInt,
        collection -> Nullable<BigInt>,
        url -> Text,
        secret -> Text,
        old_secret -> Nullable<Text>,
        old_secret_until -> BigInt,
        state -> SmallInt,
        reason -> Nullable<Text>,
        state_since -> BigInt,
        created_at -> BigInt,
        round -> BigInt,
        calendars_seen -> BigInt,
        books_seen -> BigInt,
        ping -> Nullable<Text>,
        claim -> Nullable<Text>,
        lease_until -> BigInt,
        next_at -> BigInt,
        served_at -> BigInt,
        failures -> Integer,
        failing_since -> Nullable<BigInt>,
        last_at -> Nullable<BigInt>,
        last_status -> Nullable<SmallInt>,
        last_outcome -> Nullable<Text>,
        events -> BigInt,
        target -> Text,
        sight -> BigInt,
        sight_seen -> BigInt,
    }
}
diesel::table! {
    webhook_cursor (webhook, collection) { webhook -> BigInt, collection -> BigInt, modseq -> BigInt, alone -> Bool, unborn -> BigInt, }
}
diesel::table! {
    webhook_delivery (id) {
        id -> BigInt,
        webhook -> BigInt,
        message -> Text,
        at -> BigInt,
        status -> Nullable<SmallInt>,
        outcome -> Text,
        millis -> BigInt,
    }
}
diesel::table! {
    link (id) {
        id -> BigInt,
        collection -> BigInt,
        maker -> BigInt,
        scope -> SmallInt,
        label -> Text,
        digest -> Text,
        created_at -> BigInt,
        rotated_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        last_used -> Nullable<BigInt>,
        uses -> BigInt,
        revoked_at -> BigInt,
    }
}
diesel::table! {
    subscription (collection) {
        collection -> BigInt,
        url -> Text,
        refresh -> Nullable<Integer>,
        feed_seconds -> BigInt,
        etag -> Nullable<Text>,
        modified -> Nullable<Text>,
        claim -> Nullable<Text>,
        lease_until -> BigInt,
        next_at -> BigInt,
        failures -> Integer,
        last_at -> Nullable<BigInt>,
        fetched_at -> Nullable<BigInt>,
        error -> Nullable<Text>,
        status -> Nullable<SmallInt>,
        items -> BigInt,
        refused -> BigInt,
    }
}
diesel::table! {
    invitation (id) {
        id -> BigInt,
        collection -> BigInt,
        grantee -> Nullable<BigInt>,
        address -> Text,
        name -> Text,
        summary -> Text,
        inviter -> BigInt,
        changed_at -> BigInt,
    }
}
diesel::table! {
    invitation_answer (id) {
        id -> BigInt,
        invitation -> BigInt,
        principal -> BigInt,
        state -> SmallInt,
        at -> BigInt,
        hidden -> Bool,
        seen -> Bool,
    }
}
diesel::table! {
    device_use (principal, device, collection) {
        principal -> BigInt,
        device -> Text,
        collection -> BigInt,
        program -> Text,
        at -> BigInt,
    }
}
diesel::table! {
    directory (one) { one -> SmallInt, number -> BigInt, }
}
diesel::table! {
    directory_card (principal) { principal -> BigInt, number -> BigInt, etag -> Text, changed_at -> BigInt, }
}
diesel::table! {
    birthdays (collection) { collection -> BigInt, seen -> Text, }
}

diesel::table! {
    former_owner (collection, modseq) { collection -> BigInt, modseq -> BigInt, owner -> BigInt, }
}
diesel::table! {
    link_use (link, hour, address, program) {
        link -> BigInt,
        hour -> BigInt,
        address -> Text,
        program -> Text,
        times -> BigInt,
        last_at -> BigInt,
    }
}

diesel::joinable!(collection -> principal (owner));
diesel::joinable!(object -> collection (collection));
diesel::joinable!(address -> principal (principal));
diesel::joinable!(group_detail -> principal (principal));
diesel::joinable!(session -> principal (principal));
diesel::joinable!(webhook -> principal (principal));
diesel::joinable!(subscription -> collection (collection));
diesel::joinable!(invitation -> collection (collection));
diesel::joinable!(invitation_answer -> invitation (invitation));
diesel::allow_tables_to_appear_in_same_query!(
    principal,
    address,
    credential,
    membership,
    effective_membership,
    group_detail,
    home,
    collection,
    mount,
    personal,
    personal_mark,
    grant_,
    principal_grant,
    audit,
    object,
    session,
    subscription,
    signing_key,
    tombstone,
    change,
    version,
    webhook,
    webhook_cursor,
    invitation,
    invitation_answer,
    link,
    link_use,
    directory_card,
    birthdays
);
