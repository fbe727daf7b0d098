-- The number of the change that put something else, or nothing, in the place of an older content: so that an item's history is found
-- by its name alone, and the log needs no further index. 0: written before this was noted.
ALTER TABLE version ADD COLUMN replaced_by BIGINT NOT NULL DEFAULT 0;

-- When a device last asked what had changed in a collection; collection 0: when it was last seen at all.
CREATE TABLE device_use (
    principal  BIGINT NOT NULL REFERENCES principal (id),
    device     TEXT COLLATE "C" NOT NULL,
    collection BIGINT NOT NULL,
    program    TEXT NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (principal, device, collection)
);
