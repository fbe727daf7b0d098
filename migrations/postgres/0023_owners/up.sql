-- Rows that a transaction changes twice are looked up by their foreign keys again, whether or not those change; and writes that share a commit
-- raise the numbers of the same home and collection each. The keys protected nothing else: an owner's homes are made with him, all that makes
-- or moves a collection takes the row of its new home first, and a group that is removed takes both of its own with it.
ALTER TABLE home DROP CONSTRAINT home_principal_fkey;
ALTER TABLE collection DROP CONSTRAINT collection_owner_fkey;
