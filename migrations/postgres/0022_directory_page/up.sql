-- A page of those who may fit a query of the directory as an address book is read from this index alone, in its order, with the name as it is
-- written: collations tell accents apart, the searched text does not.
DROP INDEX principal_directory;
CREATE INDEX principal_directory ON principal (kind, search, id, hidden, display_name);
