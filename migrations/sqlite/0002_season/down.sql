DROP INDEX object_search;
UPDATE object SET span_class = 4 WHERE span_class > 4;
DROP INDEX object_span;
ALTER TABLE object DROP COLUMN season;
CREATE INDEX object_span ON object (collection, span_class, first_at, last_at);
