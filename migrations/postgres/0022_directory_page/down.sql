DROP INDEX principal_directory;
CREATE INDEX principal_directory ON principal (kind, search, hidden, id);
