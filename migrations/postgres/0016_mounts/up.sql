-- Another's collection in somebody's own home: under his name for it, with what he keeps on it. `number` tells one from another in the
-- tokens of the home; `mounts` of the home is the highest that was given.
CREATE TABLE mount (
    principal   BIGINT NOT NULL REFERENCES principal (id),
    home        SMALLINT NOT NULL,
    collection  BIGINT NOT NULL REFERENCES collection (id),
    number      BIGINT NOT NULL,
    slug        TEXT NOT NULL,
    home_modseq BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    props       TEXT NOT NULL,
    PRIMARY KEY (principal, home, collection)
);
CREATE UNIQUE INDEX mount_slug ON mount (principal, home, slug);
CREATE INDEX mount_collection ON mount (collection);
ALTER TABLE home ADD COLUMN mounts BIGINT NOT NULL DEFAULT 0;
