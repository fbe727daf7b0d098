DROP INDEX credential_hash;
ALTER TABLE credential DROP COLUMN expires_at;
DROP TABLE session;
DROP TABLE idempotency;
