DELETE FROM meta WHERE name = 'privacy';
ALTER TABLE tombstone DROP COLUMN classes;
DROP INDEX object_masked;
ALTER TABLE object DROP COLUMN masks;
ALTER TABLE object DROP COLUMN classes;
