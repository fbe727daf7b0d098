-- Keys that access tokens are signed with. The one that signs is the newest whose time has come; its public half is published before that.
CREATE TABLE signing_key (
    number       BIGINT PRIMARY KEY NOT NULL,
    kid          TEXT NOT NULL,
    public_key   TEXT NOT NULL,
    secret       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    signs_from   BIGINT NOT NULL,
    needed_until BIGINT NOT NULL
);

-- What tokens hold for: raised as auth_version is, but not where a single application password is taken away.
ALTER TABLE principal ADD COLUMN token_version BIGINT NOT NULL DEFAULT 0;
UPDATE principal SET token_version = auth_version;

-- A session goes with the credential that it was opened with. The database sees to it, so that none can be opened while that one is taken away.
ALTER TABLE session ADD COLUMN credential BIGINT REFERENCES credential (id) ON DELETE CASCADE;
CREATE INDEX session_credential ON session (credential);
