-- Passkeys (WebAuthn): with what people sign in, without a password or after it. Whoever has one has a row of second_factors
-- as well, with the secret '' where there is no authenticator: a program that knows of no passkeys asks them for a code, and
-- lets nobody in with the password alone.
CREATE TABLE passkeys (
    id                 TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    person_id          TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    -- What the authenticator calls it: one belongs to one person.
    credential_id      TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(credential_id) <= 1400),
    -- As the authenticator gave it (COSE).
    public_key         TEXT COLLATE "C" NOT NULL CHECK (length(public_key) <= 2000),
    name               TEXT COLLATE "C" NOT NULL CHECK (length(name) <= 255),
    -- Signatures made, as the authenticator counts them; 0 where it does not.
    counter            BIGINT NOT NULL,
    is_backup_eligible BOOLEAN NOT NULL,
    is_backed_up       BOOLEAN NOT NULL,
    -- How browsers reach it, separated by commas.
    transports         TEXT COLLATE "C" NOT NULL CHECK (length(transports) <= 100),
    made_at            TIMESTAMP NOT NULL,
    used_at            TIMESTAMP
);
CREATE INDEX passkeys_person ON passkeys (person_id);
-- How somebody came in: there are more ways. The check has another name where the step of identity providers was run as it
-- was first written.
ALTER TABLE sessions DROP CONSTRAINT IF EXISTS sessions_more_way_check;
ALTER TABLE sessions DROP CONSTRAINT IF EXISTS sessions_way_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_way_check CHECK (way IN ('password', 'code', 'recovery-code', 'link', 'lab', 'provider', 'provider-factor', 'provider-code', 'provider-recovery-code', 'passkey', 'password-passkey', 'provider-passkey'));
