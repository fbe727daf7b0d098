-- An address that is told what changed: in one collection, or in all of an account's own where none is named. What was told
-- already, webhook_cursor knows; the numbers of the homes only say whether there can be anything new. The claim is that of the
-- node that delivers, until its lease is over.
CREATE TABLE webhook (
    id               BIGINT PRIMARY KEY,
    principal        BIGINT NOT NULL REFERENCES principal (id),
    collection       BIGINT,
    url              TEXT NOT NULL,
    secret           TEXT NOT NULL,
    old_secret       TEXT,
    old_secret_until BIGINT NOT NULL,
    state            SMALLINT NOT NULL,
    reason           TEXT,
    state_since      BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    round            BIGINT NOT NULL,
    calendars_seen   BIGINT NOT NULL,
    books_seen       BIGINT NOT NULL,
    ping             TEXT,
    claim            TEXT,
    lease_until      BIGINT NOT NULL,
    next_at          BIGINT NOT NULL,
    served_at        BIGINT NOT NULL,
    failures         INTEGER NOT NULL,
    failing_since    BIGINT,
    last_at          BIGINT,
    last_status      SMALLINT,
    last_outcome     TEXT
);
CREATE INDEX webhook_principal ON webhook (principal);

-- Up to which number of a collection a webhook was told. The collection may be gone: that is still to be told.
CREATE TABLE webhook_cursor (
    webhook    BIGINT NOT NULL REFERENCES webhook (id),
    collection BIGINT NOT NULL,
    modseq     BIGINT NOT NULL,
    PRIMARY KEY (webhook, collection)
);

-- The last attempts at a webhook's address.
CREATE TABLE webhook_delivery (
    id       BIGINT PRIMARY KEY,
    webhook  BIGINT NOT NULL REFERENCES webhook (id),
    message  TEXT NOT NULL,
    at       BIGINT NOT NULL,
    status   SMALLINT,
    outcome  TEXT NOT NULL,
    millis   BIGINT NOT NULL
);
CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook, id);
