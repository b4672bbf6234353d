-- Profiles, in the order of creation. Numbers are never used again.
CREATE TABLE profile (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT    NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    bytes   BLOB    NOT NULL
);
-- Protected values: nonce and ciphertext, bound to profile and key.
CREATE TABLE secret (
    profile INTEGER NOT NULL,
    key     TEXT    NOT NULL,
    sealed  BLOB    NOT NULL,
    PRIMARY KEY (profile, key)
) WITHOUT ROWID;
-- Who uses a profile. A row counts while its instance lives.
CREATE TABLE lease (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    profile  INTEGER NOT NULL,
    instance TEXT    NOT NULL
);
CREATE INDEX lease_by_profile ON lease (profile, instance);
-- One row.
CREATE TABLE state (
    only            INTEGER PRIMARY KEY CHECK (only = 1),
    last_version    INTEGER NOT NULL,
    default_profile INTEGER
);
INSERT INTO state VALUES (1, 0, NULL);
