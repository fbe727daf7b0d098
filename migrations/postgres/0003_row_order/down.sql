ALTER TABLE object ADD CONSTRAINT object_collection_fkey FOREIGN KEY (collection) REFERENCES collection (id);
ALTER TABLE collection RESET (fillfactor);
ALTER TABLE home RESET (fillfactor);
CREATE INDEX version_replaced ON version (replaced_at);
CREATE INDEX change_version ON change (version);
CREATE INDEX change_at ON change (at);
