DROP INDEX principal_directory;
CREATE INDEX principal_kind ON principal (kind, search);
