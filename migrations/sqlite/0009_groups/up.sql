-- Groups: what they are beyond a principal, the role of each member, and who is in them through other groups too.

ALTER TABLE membership ADD COLUMN role SMALLINT NOT NULL DEFAULT 1;
-- Nobody is a member of himself.
DELETE FROM membership WHERE group_id = member_id;

CREATE TABLE group_detail (
    principal        BIGINT PRIMARY KEY NOT NULL REFERENCES principal (id),
    visibility       SMALLINT NOT NULL,
    members_shown_to SMALLINT NOT NULL,
    description      TEXT NOT NULL,
    revision         BIGINT NOT NULL
);
INSERT INTO group_detail (principal, visibility, members_shown_to, description, revision)
SELECT id, 1, 1, '', 1 FROM principal WHERE kind = 2;

-- The one row that whoever changes memberships locks first.
CREATE TABLE group_graph (
    one     SMALLINT PRIMARY KEY NOT NULL,
    changes BIGINT NOT NULL
);
INSERT INTO group_graph (one, changes) VALUES (1, 0);

-- All pairs of a group and somebody in it, with the length of the shortest way. Derived from membership, so without references
-- of its own, which would lock a row of principal for each pair.
CREATE TABLE effective_membership (
    group_id  BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    depth     SMALLINT NOT NULL,
    PRIMARY KEY (group_id, member_id)
);
CREATE INDEX effective_membership_member ON effective_membership (member_id, group_id);

INSERT INTO effective_membership (group_id, member_id, depth)
WITH RECURSIVE way (group_id, member_id, depth) AS (
    SELECT group_id, member_id, 1 FROM membership
    UNION
    SELECT m.group_id, w.member_id, w.depth + 1 FROM membership m JOIN way w ON w.group_id = m.member_id WHERE w.depth < 64
)
SELECT group_id, member_id, MIN(depth) FROM way WHERE group_id <> member_id GROUP BY group_id, member_id;
