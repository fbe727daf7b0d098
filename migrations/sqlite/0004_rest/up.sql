-- What a request under a key of its client's did, so that the same request again is answered and not done.
CREATE TABLE idempotency (
    principal BIGINT NOT NULL REFERENCES principal (id),
    name      TEXT NOT NULL,
    digest    TEXT NOT NULL,
    outcome   TEXT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (principal, name)
);
CREATE INDEX idempotency_at ON idempotency (at);

-- A login of a program that renews its tokens. The generation is the number of the one token that may renew next.
CREATE TABLE session (
    id           INTEGER PRIMARY KEY NOT NULL,
    principal    BIGINT NOT NULL REFERENCES principal (id),
    device       TEXT NOT NULL,
    scope        TEXT NOT NULL,
    generation   BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    refreshed_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX session_principal ON session (principal);
CREATE INDEX session_expires ON session (expires_at);

ALTER TABLE credential ADD COLUMN expires_at BIGINT;
-- An application password that is sent as a bearer token is found by its digest.
CREATE INDEX credential_hash ON credential (hash);
