-- In which parts of a year an item can lie, as bits: keeps endless yearly series out of windows that they miss.
-- Rows of before may lie anywhere until they are written again.
ALTER TABLE object ADD COLUMN season BIGINT NOT NULL DEFAULT -1;
DROP INDEX object_span;
CREATE INDEX object_span ON object (collection, span_class, first_at, last_at, season, component);
-- There are two more classes of lengths before the last one, which is right for every span.
UPDATE object SET span_class = 6 WHERE span_class = 4;
-- What cards are searched by, by itself: their rows are not read.
CREATE INDEX object_search ON object (collection, id, search) WHERE component = 100;
