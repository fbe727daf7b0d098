-- Nobody asks for changes by time alone or by old version, and the ids of versions are in the order of time.
DROP INDEX change_at;
DROP INDEX change_version;
DROP INDEX version_replaced;
-- Each write raises both: room for the new row beside the old one.
ALTER TABLE home SET (fillfactor = 50);
ALTER TABLE collection SET (fillfactor = 50);
-- The statement that makes an item changes the row of its collection, so that it need not be looked for once more.
ALTER TABLE object DROP CONSTRAINT object_collection_fkey;
