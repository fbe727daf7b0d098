-- Which kinds of changes a webhook wants, as bits; the host that it is posted to, so that a slow one holds up nobody else; and a number
-- that rises when other collections than before may be its owner's to read, with the one up to which that was looked at; -1: what others
-- have granted was never looked at, and is told from now on only.
ALTER TABLE webhook ADD COLUMN events BIGINT NOT NULL DEFAULT 4095;
ALTER TABLE webhook ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook ADD COLUMN sight BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook ADD COLUMN sight_seen BIGINT NOT NULL DEFAULT -1;
UPDATE webhook SET target = lower(substr(substr(url, instr(url, '//') + 2), 1, instr(replace(substr(url, instr(url, '//') + 2), '?', '/') || '/', '/') - 1));

-- Whether a collection is compared with its cursor by itself: where no home of the owner's tells that something moved in it.
ALTER TABLE webhook_cursor ADD COLUMN alone BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE webhook_cursor SET alone = TRUE
    WHERE EXISTS (SELECT 1 FROM webhook WHERE webhook.id = webhook_cursor.webhook AND webhook.collection IS NOT NULL);
-- Up to which number of a collection what had gone is not told: it was gone before the webhook knew of the collection.
ALTER TABLE webhook_cursor ADD COLUMN unborn BIGINT NOT NULL DEFAULT 0;

-- What the look for news reads, and nothing else: none of these is touched by a write to a collection.
CREATE INDEX webhook_watching ON webhook (principal, calendars_seen, books_seen, id) WHERE collection IS NULL AND state = 1;
CREATE INDEX webhook_ping ON webhook (id) WHERE ping IS NOT NULL;
CREATE INDEX webhook_sight ON webhook (id) WHERE sight > sight_seen;
CREATE INDEX webhook_cursor_alone ON webhook_cursor (collection, modseq, webhook) WHERE alone;

-- What an item was that went away; 0: written before this was noted.
ALTER TABLE tombstone ADD COLUMN component SMALLINT NOT NULL DEFAULT 0;

-- What happened to collections themselves: who, with which device, and what they were before, kept as long as older contents.
CREATE TABLE collection_change (
    id         INTEGER PRIMARY KEY NOT NULL,
    collection BIGINT NOT NULL,
    modseq     BIGINT NOT NULL,
    kind       SMALLINT NOT NULL,
    actor      BIGINT NOT NULL,
    door       SMALLINT NOT NULL,
    device     TEXT,
    at         BIGINT NOT NULL,
    before     TEXT
);
CREATE INDEX collection_change_collection ON collection_change (collection, id);
