-- Sign-in by an identity provider (OpenID Connect): by which of its accounts a person comes in.
CREATE TABLE provider_identities (
    issuer    TEXT COLLATE "C" NOT NULL CHECK (length(issuer) <= 500),
    -- What the provider calls its account: it stays when the address there is another one.
    subject   TEXT COLLATE "C" NOT NULL CHECK (length(subject) <= 255),
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    linked_at TIMESTAMP NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX provider_identities_person ON provider_identities (person_id);
-- How somebody came in: there are more ways.
CREATE TABLE sessions_more (
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
INSERT INTO sessions_more (id, public_id, person_id, created_at, seen_at, fresh_at, address, agent, way) SELECT id, public_id, person_id, created_at, seen_at, fresh_at, address, agent, way FROM sessions;
DROP TABLE sessions;
ALTER TABLE sessions_more RENAME TO sessions;
CREATE INDEX sessions_person ON sessions (person_id);
