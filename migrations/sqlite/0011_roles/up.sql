-- What is granted on all collections of a home, those to come included. Principal 0 where the grantee is none.
CREATE TABLE principal_grant (
    owner      BIGINT NOT NULL REFERENCES principal (id),
    home       SMALLINT NOT NULL,
    grantee    SMALLINT NOT NULL,
    principal  BIGINT NOT NULL,
    privileges INTEGER NOT NULL,
    PRIMARY KEY (owner, home, grantee, principal)
);
CREATE INDEX principal_grant_principal ON principal_grant (principal, home);

-- Who gave what to whom. Names rows that may be gone meanwhile, so it refers to none. Collection 0 is the whole home.
CREATE TABLE audit (
    id             INTEGER PRIMARY KEY NOT NULL,
    at             BIGINT NOT NULL,
    actor          BIGINT NOT NULL,
    door           SMALLINT NOT NULL,
    device         TEXT,
    action         SMALLINT NOT NULL,
    owner          BIGINT NOT NULL,
    home           SMALLINT NOT NULL,
    collection     BIGINT NOT NULL,
    grantee        SMALLINT NOT NULL,
    principal      BIGINT NOT NULL,
    old_privileges INTEGER NOT NULL,
    new_privileges INTEGER NOT NULL
);
CREATE INDEX audit_subject ON audit (owner, home, collection, id);
