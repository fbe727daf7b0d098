DROP TABLE effective_membership;
DROP TABLE group_graph;
DROP TABLE group_detail;
ALTER TABLE membership DROP COLUMN role;
