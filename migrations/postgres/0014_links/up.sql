-- A secret address of a collection. What it shows is decided at each request, by what its maker may see then; of the secret only a
-- digest is kept. One that was taken back keeps its row for a time, so that the log's words about it can be understood.
CREATE TABLE link (
    id         BIGINT PRIMARY KEY,
    collection BIGINT NOT NULL REFERENCES collection (id),
    maker      BIGINT NOT NULL REFERENCES principal (id),
    scope      SMALLINT NOT NULL,
    label      TEXT NOT NULL,
    digest     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used  BIGINT,
    uses       BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX link_digest ON link (digest);
CREATE INDEX link_collection ON link (collection);
