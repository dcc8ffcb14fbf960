-- Second factors: what a person's authenticator computes its codes from, and codes for the day on which it is lost.
CREATE TABLE second_factors (
    person_id TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES people (id),
    -- Encrypted with the installation's key: codes are computed from it.
    secret    TEXT COLLATE "C" NOT NULL CHECK (length(secret) <= 200),
    -- The last step of 30 seconds whose code was taken; no code is good twice.
    last_step BIGINT NOT NULL,
    set_at    TIMESTAMP NOT NULL
);
CREATE TABLE recovery_codes (
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    -- SHA-256. A code that was used is not here any more.
    code_hash TEXT COLLATE "C" NOT NULL CHECK (length(code_hash) = 43),
    PRIMARY KEY (person_id, code_hash)
);
-- How somebody came in.
ALTER TABLE sessions ADD COLUMN way TEXT COLLATE "C" NOT NULL DEFAULT 'password' CHECK (way IN ('password', 'code', 'recovery-code', 'link', 'lab'));
-- Whether an account opens only to those who sign in with a second factor.
ALTER TABLE smart_accounts ADD COLUMN needs_second_factor BOOLEAN NOT NULL DEFAULT FALSE;
