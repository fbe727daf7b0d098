DROP INDEX session_credential;
ALTER TABLE session DROP COLUMN credential;
ALTER TABLE principal DROP COLUMN token_version;
DROP TABLE signing_key;
