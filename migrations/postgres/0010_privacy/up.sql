-- Which classes an item has and ever had, as bits, and what of it others see, where it is not all public: the program notes it
-- at its first start. Public items have no masks, and pay for neither the text nor the index.
ALTER TABLE object ADD COLUMN classes SMALLINT NOT NULL DEFAULT 9;
ALTER TABLE object ADD COLUMN masks TEXT;
CREATE INDEX object_masked ON object (collection, modseq) WHERE masks IS NOT NULL;
ALTER TABLE tombstone ADD COLUMN classes SMALLINT NOT NULL DEFAULT 9;
