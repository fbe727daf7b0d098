-- The directory as an address book: its number, and of each card that everybody may see the number of its last change and the digest of
-- what it says then; an empty digest where there is no card any more. Cards themselves are written from principals when they are read.
CREATE TABLE directory (
    one    SMALLINT PRIMARY KEY NOT NULL,
    number BIGINT NOT NULL
);
INSERT INTO directory (one, number) VALUES (1, 1);
CREATE TABLE directory_card (
    principal  BIGINT PRIMARY KEY NOT NULL,
    number     BIGINT NOT NULL,
    etag       TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX directory_card_number ON directory_card (number);
-- A calendar of birthdays, and of which state of which address books it is.
CREATE TABLE birthdays (
    collection BIGINT PRIMARY KEY NOT NULL REFERENCES collection (id),
    seen       TEXT NOT NULL
);
