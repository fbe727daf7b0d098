-- Who was invited to share a collection, and what he said. The right itself stands in grant_; an invitation to an address that nobody
-- here has names no principal. `accepts` is what somebody wants done with invitations: 0 as the tenant says, 1 ask him, 2 accept them.
CREATE TABLE invitation (
    id          BIGINT PRIMARY KEY NOT NULL,
    collection  BIGINT NOT NULL REFERENCES collection (id),
    grantee     BIGINT REFERENCES principal (id),
    address     TEXT NOT NULL,
    name        TEXT NOT NULL,
    summary     TEXT NOT NULL,
    inviter     BIGINT NOT NULL REFERENCES principal (id),
    changed_at  BIGINT NOT NULL
);
CREATE INDEX invitation_collection ON invitation (collection);
CREATE INDEX invitation_grantee ON invitation (grantee);
-- Of each who was asked, himself or by a group of his. `hidden`: he has put the notification away; `seen`: the owner has, his.
CREATE TABLE invitation_answer (
    id          BIGINT PRIMARY KEY NOT NULL,
    invitation  BIGINT NOT NULL REFERENCES invitation (id),
    principal   BIGINT NOT NULL REFERENCES principal (id),
    state       SMALLINT NOT NULL,
    at          BIGINT NOT NULL,
    hidden      BOOLEAN NOT NULL,
    seen        BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX invitation_answer_one ON invitation_answer (invitation, principal);
CREATE INDEX invitation_answer_principal ON invitation_answer (principal);
ALTER TABLE principal ADD COLUMN accepts SMALLINT NOT NULL DEFAULT 0;
