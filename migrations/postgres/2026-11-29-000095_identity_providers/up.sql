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
-- How somebody came in: there are more ways. In place, so that a request which began before this step goes on seeing its
-- session: in a table that takes the place of another, it would find none.
ALTER TABLE sessions DROP CONSTRAINT sessions_way_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_way_check CHECK (way IN ('password', 'code', 'recovery-code', 'link', 'lab', 'provider', 'provider-factor', 'provider-code', 'provider-recovery-code'));
