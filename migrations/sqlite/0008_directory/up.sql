-- A search of the directory reads this index alone, whatever the rest of a row holds.
DROP INDEX principal_kind;
CREATE INDEX principal_directory ON principal (kind, search, hidden, id);
