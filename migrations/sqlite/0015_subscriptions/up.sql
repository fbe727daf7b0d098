-- Where a subscribed calendar comes from, and what came of the last look at it. The claim is that of the node that looks, until its
-- lease is over.
CREATE TABLE subscription (
    collection   BIGINT PRIMARY KEY NOT NULL REFERENCES collection (id),
    url          TEXT NOT NULL,
    refresh      INTEGER,
    feed_seconds BIGINT NOT NULL,
    etag         TEXT,
    modified     TEXT,
    claim        TEXT,
    lease_until  BIGINT NOT NULL,
    next_at      BIGINT NOT NULL,
    failures     INTEGER NOT NULL,
    last_at      BIGINT,
    fetched_at   BIGINT,
    error        TEXT,
    status       SMALLINT,
    items        BIGINT NOT NULL,
    refused      BIGINT NOT NULL
);
CREATE INDEX subscription_next ON subscription (next_at);
