-- What somebody has of his own on the items of others' calendars: alarms and acknowledgements. Known by the item's UID, so that it stays
-- where the item gets another name, and comes back with it. `number` grows with each change of his in the collection, and is a part of his
-- sync token; `etag` is the digest of `content`, empty where he has taken all of it away.
CREATE TABLE personal (
    principal  BIGINT NOT NULL REFERENCES principal (id),
    collection BIGINT NOT NULL REFERENCES collection (id),
    uid        TEXT NOT NULL,
    number     BIGINT NOT NULL,
    etag       TEXT NOT NULL,
    content    TEXT NOT NULL,
    PRIMARY KEY (principal, collection, uid)
);
CREATE UNIQUE INDEX personal_number ON personal (principal, collection, number);
CREATE INDEX personal_collection ON personal (collection);
-- The last of these numbers for each of his calendars, and since when he may not read it any more (0: he may).
CREATE TABLE personal_mark (
    principal  BIGINT NOT NULL REFERENCES principal (id),
    collection BIGINT NOT NULL REFERENCES collection (id),
    number     BIGINT NOT NULL,
    lapsed_at  BIGINT NOT NULL,
    PRIMARY KEY (principal, collection)
);
CREATE INDEX personal_mark_collection ON personal_mark (collection);
