-- Instants are microseconds UTC. Ids are made by the server. No triggers, no sequences.

CREATE TABLE meta (
    name  TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE principal (
    id           BIGINT PRIMARY KEY NOT NULL,
    kind         SMALLINT NOT NULL,
    handle       TEXT COLLATE "C" NOT NULL,
    display_name TEXT NOT NULL,
    search       TEXT COLLATE "C" NOT NULL,
    state        SMALLINT NOT NULL,
    hidden       BOOLEAN NOT NULL,
    admin        BOOLEAN NOT NULL,
    time_zone    TEXT,
    locale       TEXT,
    auth_version BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    props        TEXT NOT NULL
);
CREATE UNIQUE INDEX principal_handle ON principal (handle);
CREATE INDEX principal_kind ON principal (kind, search);

CREATE TABLE address (
    address    TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    principal  BIGINT NOT NULL REFERENCES principal (id),
    is_primary BOOLEAN NOT NULL
);
CREATE INDEX address_principal ON address (principal);

CREATE TABLE credential (
    id         BIGINT PRIMARY KEY NOT NULL,
    principal  BIGINT NOT NULL REFERENCES principal (id),
    kind       SMALLINT NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    hash       TEXT NOT NULL,
    scope      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used  BIGINT
);
CREATE INDEX credential_principal ON credential (principal, kind);

CREATE TABLE membership (
    group_id  BIGINT NOT NULL REFERENCES principal (id),
    member_id BIGINT NOT NULL REFERENCES principal (id),
    PRIMARY KEY (group_id, member_id)
);
CREATE INDEX membership_member ON membership (member_id);

CREATE TABLE home (
    principal BIGINT NOT NULL REFERENCES principal (id),
    kind      SMALLINT NOT NULL,
    modseq    BIGINT NOT NULL,
    props     TEXT NOT NULL,
    PRIMARY KEY (principal, kind)
);

CREATE TABLE collection (
    id          BIGINT PRIMARY KEY NOT NULL,
    owner       BIGINT NOT NULL REFERENCES principal (id),
    home        SMALLINT NOT NULL,
    kind        SMALLINT NOT NULL,
    slug        TEXT COLLATE "C" NOT NULL,
    is_default  BOOLEAN NOT NULL,
    components  SMALLINT NOT NULL,
    transparent BOOLEAN NOT NULL,
    time_zone   TEXT,
    modseq      BIGINT NOT NULL,
    home_modseq BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    deleted_at  BIGINT NOT NULL,
    props       TEXT NOT NULL
);
CREATE UNIQUE INDEX collection_slug ON collection (owner, home, slug, deleted_at);

CREATE TABLE collection_tombstone (
    owner  BIGINT NOT NULL,
    home   SMALLINT NOT NULL,
    slug   TEXT COLLATE "C" NOT NULL,
    modseq BIGINT NOT NULL,
    PRIMARY KEY (owner, home, slug)
);

CREATE TABLE grant_ (
    collection BIGINT NOT NULL REFERENCES collection (id),
    position   INTEGER NOT NULL,
    grantee    SMALLINT NOT NULL,
    principal  BIGINT NOT NULL,
    privileges INTEGER NOT NULL,
    PRIMARY KEY (collection, grantee, principal)
);
CREATE INDEX grant_principal ON grant_ (principal);

CREATE TABLE object (
    id             BIGINT PRIMARY KEY NOT NULL,
    collection     BIGINT NOT NULL REFERENCES collection (id),
    name           TEXT COLLATE "C" NOT NULL,
    uid            TEXT COLLATE "C" NOT NULL,
    etag           TEXT NOT NULL,
    modseq         BIGINT NOT NULL,
    created_modseq BIGINT NOT NULL,
    component      SMALLINT NOT NULL,
    size           INTEGER NOT NULL,
    span_class     SMALLINT NOT NULL,
    first_at       BIGINT NOT NULL,
    last_at        BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    modified_at    BIGINT NOT NULL,
    schedule_tag   TEXT,
    organizer      TEXT,
    props          TEXT,
    search         TEXT COLLATE "C" NOT NULL,
    parsed         BYTEA NOT NULL,
    body           TEXT NOT NULL
);
CREATE UNIQUE INDEX object_name ON object (collection, name);
CREATE UNIQUE INDEX object_uid ON object (collection, uid);
CREATE INDEX object_sync ON object (collection, modseq, name, etag, component);
CREATE INDEX object_span ON object (collection, span_class, first_at, last_at);

CREATE TABLE tombstone (
    collection     BIGINT NOT NULL,
    name           TEXT COLLATE "C" NOT NULL,
    modseq         BIGINT NOT NULL,
    created_modseq BIGINT NOT NULL,
    PRIMARY KEY (collection, name)
);
CREATE INDEX tombstone_sync ON tombstone (collection, modseq);

CREATE TABLE change (
    collection BIGINT NOT NULL,
    modseq     BIGINT NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    kind       SMALLINT NOT NULL,
    etag       TEXT,
    actor      BIGINT NOT NULL,
    door       SMALLINT NOT NULL,
    device     TEXT,
    at         BIGINT NOT NULL,
    version    BIGINT,
    PRIMARY KEY (collection, modseq)
);
CREATE INDEX change_at ON change (at);
CREATE INDEX change_version ON change (version);

CREATE TABLE version (
    id          BIGINT PRIMARY KEY NOT NULL,
    collection  BIGINT NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    uid         TEXT COLLATE "C" NOT NULL,
    etag        TEXT NOT NULL,
    modseq      BIGINT NOT NULL,
    replaced_at BIGINT NOT NULL,
    body        TEXT NOT NULL
);
CREATE INDEX version_object ON version (collection, name);
CREATE INDEX version_replaced ON version (replaced_at);

CREATE TABLE job (
    id         BIGINT PRIMARY KEY NOT NULL,
    kind       TEXT NOT NULL,
    payload    TEXT NOT NULL,
    attempts   INTEGER NOT NULL,
    next_at    BIGINT NOT NULL,
    claimed_by TEXT
);
CREATE INDEX job_next ON job (next_at);

CREATE TABLE itip_state (
    principal     BIGINT NOT NULL,
    uid           TEXT COLLATE "C" NOT NULL,
    recurrence_id TEXT COLLATE "C" NOT NULL,
    recipient     TEXT COLLATE "C" NOT NULL,
    sent_hash     TEXT NOT NULL,
    PRIMARY KEY (principal, uid, recurrence_id, recipient)
);
