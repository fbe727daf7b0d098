DROP TABLE link_use;
DROP TABLE former_owner;
ALTER TABLE group_detail DROP COLUMN members_may;
