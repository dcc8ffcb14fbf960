CREATE TABLE sessions_less (
    id         TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) <= 64),
    public_id  TEXT COLLATE "C" NOT NULL CHECK (length(public_id) = 36),
    person_id  TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    created_at TIMESTAMP NOT NULL,
    seen_at    TIMESTAMP NOT NULL,
    fresh_at   TIMESTAMP NOT NULL,
    address    TEXT COLLATE "C" NOT NULL CHECK (length(address) <= 64),
    agent      TEXT COLLATE "C" NOT NULL CHECK (length(agent) <= 300),
    way        TEXT COLLATE "C" NOT NULL DEFAULT 'password' CHECK (way IN ('password', 'code', 'recovery-code', 'link', 'lab', 'provider', 'provider-factor', 'provider-code', 'provider-recovery-code'))
);
INSERT INTO sessions_less (id, public_id, person_id, created_at, seen_at, fresh_at, address, agent, way) SELECT id, public_id, person_id, created_at, seen_at, fresh_at, address, agent, way FROM sessions WHERE way IN ('password', 'code', 'recovery-code', 'link', 'lab', 'provider', 'provider-factor', 'provider-code', 'provider-recovery-code');
DROP TABLE sessions;
ALTER TABLE sessions_less RENAME TO sessions;
CREATE INDEX sessions_person ON sessions (person_id);
DROP TABLE passkeys;
