CREATE INDEX version_replaced ON version (replaced_at);
CREATE TABLE change_new (
    collection BIGINT NOT NULL,
    modseq     BIGINT NOT NULL,
    name       TEXT NOT NULL,
    kind       SMALLINT NOT NULL,
    etag       TEXT,
    actor      BIGINT NOT NULL,
    door       SMALLINT NOT NULL,
    device     TEXT,
    at         BIGINT NOT NULL,
    version    BIGINT,
    PRIMARY KEY (collection, modseq)
);
INSERT INTO change_new SELECT collection, modseq, name, kind, etag, actor, door, device, at, version FROM change;
DROP TABLE change;
ALTER TABLE change_new RENAME TO change;
CREATE INDEX change_version ON change (version);
CREATE INDEX change_at ON change (at);

CREATE TABLE tombstone_new (
    collection     BIGINT NOT NULL,
    name           TEXT NOT NULL,
    modseq         BIGINT NOT NULL,
    created_modseq BIGINT NOT NULL,
    PRIMARY KEY (collection, name)
);
INSERT INTO tombstone_new SELECT collection, name, modseq, created_modseq FROM tombstone;
DROP TABLE tombstone;
ALTER TABLE tombstone_new RENAME TO tombstone;
CREATE INDEX tombstone_sync ON tombstone (collection, modseq);

CREATE TABLE home_new (
    principal BIGINT NOT NULL REFERENCES principal (id),
    kind      SMALLINT NOT NULL,
    modseq    BIGINT NOT NULL,
    props     TEXT NOT NULL,
    PRIMARY KEY (principal, kind)
);
INSERT INTO home_new SELECT principal, kind, modseq, props FROM home;
DROP TABLE home;
ALTER TABLE home_new RENAME TO home;
