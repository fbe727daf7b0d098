-- What plain members may do with the calendars and address books of their group: 0 nothing, 1 read, 2 write.
ALTER TABLE group_detail ADD COLUMN members_may SMALLINT NOT NULL DEFAULT 2;

-- Groups were made with the collections of an account, which nobody could use. Those that nothing refers to go; the others are
-- collections like any other now.
DELETE FROM collection WHERE is_default AND owner IN (SELECT id FROM principal WHERE kind = 2)
    AND NOT EXISTS (SELECT 1 FROM object WHERE object.collection = collection.id)
    AND NOT EXISTS (SELECT 1 FROM version WHERE version.collection = collection.id)
    AND NOT EXISTS (SELECT 1 FROM change WHERE change.collection = collection.id)
    AND NOT EXISTS (SELECT 1 FROM grant_ WHERE grant_.collection = collection.id)
    AND NOT EXISTS (SELECT 1 FROM mount WHERE mount.collection = collection.id)
    AND NOT EXISTS (SELECT 1 FROM link WHERE link.collection = collection.id)
    AND NOT EXISTS (SELECT 1 FROM subscription WHERE subscription.collection = collection.id);
UPDATE collection SET is_default = FALSE WHERE is_default AND owner IN (SELECT id FROM principal WHERE kind = 2);

-- Whose a collection was, up to which number of it, where it was handed over: so that what was done in another's can be told later too.
CREATE TABLE former_owner (
    collection BIGINT NOT NULL,
    modseq     BIGINT NOT NULL,
    owner      BIGINT NOT NULL,
    PRIMARY KEY (collection, modseq)
);

-- From where a secret address was read in an hour (its beginning), with which program, how often. Both empty: all for which there was
-- no room in that hour.
CREATE TABLE link_use (
    link    BIGINT NOT NULL REFERENCES link (id) ON DELETE CASCADE,
    hour    BIGINT NOT NULL,
    address TEXT NOT NULL,
    program TEXT NOT NULL,
    times   BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (link, hour, address, program)
);
CREATE INDEX link_use_hour ON link_use (hour);
