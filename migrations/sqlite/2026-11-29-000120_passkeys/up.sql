-- Passkeys (WebAuthn): with what people sign in, without a password or after it. Whoever has one has a row of second_factors
-- as well, with the secret '' where there is no authenticator: a program that knows of no passkeys asks them for a code, and
-- lets nobody in with the password alone.
CREATE TABLE passkeys (
    id                 TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    person_id          TEXT NOT NULL REFERENCES people (id),
    -- What the authenticator calls it: one belongs to one person.
    credential_id      TEXT NOT NULL UNIQUE CHECK (length(credential_id) <= 1400),
    -- As the authenticator gave it (COSE).
    public_key         TEXT NOT NULL CHECK (length(public_key) <= 2000),
    name               TEXT NOT NULL CHECK (length(name) <= 255),
    -- Signatures made, as the authenticator counts them; 0 where it does not.
    counter            BIGINT NOT NULL,
    is_backup_eligible BOOLEAN NOT NULL,
    is_backed_up       BOOLEAN NOT NULL,
    -- How browsers reach it, separated by commas.
    transports         TEXT NOT NULL CHECK (length(transports) <= 100),
    made_at            TIMESTAMP NOT NULL,
    used_at            TIMESTAMP
);
CREATE INDEX passkeys_person ON passkeys (person_id);
-- How somebody came in: there are more ways.
CREATE TABLE sessions_more (
    id         TEXT PRIMARY KEY NOT NULL CHECK (length(id) <= 64),
    public_id  TEXT NOT NULL CHECK (length(public_id) = 36),
    person_id  TEXT NOT NULL REFERENCES people (id),
    created_at TIMESTAMP NOT NULL,
    seen_at    TIMESTAMP NOT NULL,
    fresh_at   TIMESTAMP NOT NULL,
    address    TEXT NOT NULL CHECK (length(address) <= 64),
    agent      TEXT NOT NULL CHECK (length(agent) <= 300),
    way        TEXT NOT NULL DEFAULT 'password' CHECK (way IN ('password', 'code', 'recovery-code', 'link', 'lab', 'provider', 'provider-factor', 'provider-code', 'provider-recovery-code', 'passkey', 'password-passkey', 'provider-passkey'))
);
INSERT INTO sessions_more (id, public_id, person_id, created_at, seen_at, fresh_at, address, agent, way) SELECT id, public_id, person_id, created_at, seen_at, fresh_at, address, agent, way FROM sessions;
DROP TABLE sessions;
ALTER TABLE sessions_more RENAME TO sessions;
CREATE INDEX sessions_person ON sessions (person_id);
