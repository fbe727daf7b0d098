DROP TABLE device_use;
ALTER TABLE version DROP COLUMN replaced_by;
