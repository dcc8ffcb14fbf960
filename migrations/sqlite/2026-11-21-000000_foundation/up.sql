-- People and how they prove who they are -------------------------------------------------------------

CREATE TABLE people (
    id            TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    email         TEXT NOT NULL CHECK (length(email) <= 254),
    email_key     TEXT NOT NULL CHECK (length(email_key) <= 254),
    name          TEXT NOT NULL CHECK (length(name) <= 200),
    search_key    TEXT NOT NULL CHECK (length(search_key) <= 1000),
    -- Absent until a person has accepted their invitation.
    password_hash TEXT CHECK (length(password_hash) <= 400),
    access_level  INTEGER NOT NULL CHECK (access_level BETWEEN 0 AND 4),
    state         TEXT NOT NULL CHECK (state IN ('active', 'invited', 'disabled')),
    created_at    TIMESTAMP NOT NULL,
    version       BIGINT NOT NULL
);
CREATE UNIQUE INDEX people_email ON people (email_key);

CREATE TABLE platform_roles (
    person_id TEXT NOT NULL REFERENCES people (id),
    role      TEXT NOT NULL CHECK (role IN ('support', 'domain-approver', 'operator')),
    PRIMARY KEY (person_id, role)
);

-- The id is the SHA-256 of the cookie: a copy of this table signs nobody in.
CREATE TABLE sessions (
    id         TEXT PRIMARY KEY NOT NULL CHECK (length(id) <= 64),
    public_id  TEXT NOT NULL CHECK (length(public_id) = 36),
    person_id  TEXT NOT NULL REFERENCES people (id),
    created_at TIMESTAMP NOT NULL,
    seen_at    TIMESTAMP NOT NULL,
    fresh_at   TIMESTAMP NOT NULL,
    address    TEXT NOT NULL CHECK (length(address) <= 64),
    agent      TEXT NOT NULL CHECK (length(agent) <= 300)
);
CREATE INDEX sessions_person ON sessions (person_id);

-- Wrong passwords, counted by person and by network address.
CREATE TABLE sign_in_misses (
    subject       TEXT PRIMARY KEY NOT NULL CHECK (length(subject) <= 320),
    misses        INTEGER NOT NULL,
    blocked_until TIMESTAMP NOT NULL,
    updated_at    TIMESTAMP NOT NULL
);

CREATE TABLE api_clients (
    id           TEXT PRIMARY KEY NOT NULL CHECK (length(id) <= 64),
    person_id    TEXT NOT NULL REFERENCES people (id),
    name         TEXT NOT NULL CHECK (length(name) <= 200),
    secret_hash  TEXT NOT NULL CHECK (length(secret_hash) <= 64),
    scopes       TEXT NOT NULL CHECK (length(scopes) <= 200),
    created_at   TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP,
    ended_at     TIMESTAMP
);
CREATE INDEX api_clients_person ON api_clients (person_id);

-- What an emailed link points at. The link itself is signed when the letter is written and is kept nowhere.
CREATE TABLE links (
    id         TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    purpose    TEXT NOT NULL CHECK (length(purpose) <= 60),
    about_id   TEXT NOT NULL CHECK (length(about_id) = 36),
    email_key  TEXT NOT NULL CHECK (length(email_key) <= 254),
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at    TIMESTAMP,
    ended_at   TIMESTAMP
);
CREATE INDEX links_about ON links (about_id);

-- Smart Accounts and their divisions -----------------------------------------------------------------

CREATE TABLE smart_accounts (
    id             TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    number         BIGINT NOT NULL,
    name           TEXT NOT NULL CHECK (length(name) <= 200),
    name_key       TEXT NOT NULL CHECK (length(name_key) <= 400),
    domain         TEXT NOT NULL CHECK (length(domain) <= 253),
    -- The company's domain above the identifier, by the public suffix list: what the field calls its TLD.
    registrable    TEXT NOT NULL CHECK (length(registrable) <= 253),
    state          TEXT NOT NULL CHECK (state IN ('pending', 'active', 'inactive')),
    pending_detail TEXT CHECK (pending_detail IN ('domain-approval', 'customer-acceptance', 'denied', 'withdrawn', 'expired')),
    visibility     TEXT NOT NULL CHECK (visibility IN ('unrestricted', 'restricted')),
    headquarters   TEXT NOT NULL CHECK (length(headquarters) <= 1000),
    -- False once the request was denied, withdrawn or has expired: the domain is free again.
    holds_domain   BOOLEAN NOT NULL,
    -- Who asked for it: it stands in their directory whatever becomes of it.
    requested_by   TEXT REFERENCES people (id),
    created_at     TIMESTAMP NOT NULL,
    activated_at   TIMESTAMP,
    version        BIGINT NOT NULL
);
CREATE UNIQUE INDEX smart_accounts_number ON smart_accounts (number);
CREATE UNIQUE INDEX smart_accounts_domain ON smart_accounts (domain) WHERE holds_domain;
CREATE INDEX smart_accounts_registrable ON smart_accounts (registrable);
CREATE INDEX smart_accounts_requested ON smart_accounts (requested_by);
CREATE INDEX smart_accounts_name ON smart_accounts (name_key);

CREATE TABLE virtual_accounts (
    id                 TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id   TEXT NOT NULL REFERENCES smart_accounts (id),
    name               TEXT NOT NULL CHECK (length(name) <= 200),
    name_key           TEXT NOT NULL CHECK (length(name_key) <= 400),
    description        TEXT NOT NULL CHECK (length(description) <= 2000),
    access_level       TEXT NOT NULL CHECK (access_level IN ('unrestricted', 'restricted')),
    is_default         BOOLEAN NOT NULL,
    parent_id          TEXT,
    preferred_end_date TIMESTAMP,
    tags               TEXT NOT NULL CHECK (length(tags) <= 2000),
    created_at         TIMESTAMP NOT NULL,
    version            BIGINT NOT NULL,
    CONSTRAINT virtual_accounts_tenant UNIQUE (smart_account_id, id),
    FOREIGN KEY (smart_account_id, parent_id) REFERENCES virtual_accounts (smart_account_id, id)
);
CREATE UNIQUE INDEX virtual_accounts_name ON virtual_accounts (smart_account_id, name_key);
CREATE UNIQUE INDEX virtual_accounts_default ON virtual_accounts (smart_account_id) WHERE is_default;

-- Who holds which role where. `scope` is '' for the whole Smart Account, else the Virtual Account's id:
-- in a unique index two absent values are not equal, two empty texts are.
CREATE TABLE grants (
    id                 TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id   TEXT NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT,
    scope              TEXT NOT NULL CHECK (length(scope) <= 36),
    person_id          TEXT NOT NULL REFERENCES people (id),
    role               TEXT NOT NULL CHECK (role IN ('account-admin', 'account-approver', 'account-user', 'account-viewer', 'virtual-admin', 'virtual-user', 'virtual-viewer')),
    created_at         TIMESTAMP NOT NULL,
    FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts (smart_account_id, id)
);
CREATE UNIQUE INDEX grants_one_role ON grants (smart_account_id, person_id, scope);
CREATE INDEX grants_person ON grants (person_id);

-- Requests for a Smart Account ------------------------------------------------------------------------

CREATE TABLE account_requests (
    id               TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    reference        TEXT NOT NULL CHECK (length(reference) <= 30),
    smart_account_id TEXT NOT NULL REFERENCES smart_accounts (id),
    kind             TEXT NOT NULL CHECK (kind IN ('customer', 'own')),
    requester_id     TEXT NOT NULL REFERENCES people (id),
    note_to_approver TEXT NOT NULL CHECK (length(note_to_approver) <= 4000),
    note_to_customer TEXT NOT NULL CHECK (length(note_to_customer) <= 4000),
    domain_review    TEXT NOT NULL CHECK (domain_review IN ('not-needed', 'waiting', 'given', 'refused')),
    domain_reasons   TEXT NOT NULL CHECK (length(domain_reasons) <= 1000),
    domain_by        TEXT CHECK (length(domain_by) <= 300),
    domain_at        TIMESTAMP,
    state            TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'withdrawn', 'expired')),
    reason           TEXT NOT NULL CHECK (length(reason) <= 4000),
    decided_by       TEXT REFERENCES people (id),
    decided_at       TIMESTAMP,
    sent_at          TIMESTAMP NOT NULL,
    remind_at        TIMESTAMP NOT NULL,
    reminded_at      TIMESTAMP,
    expires_at       TIMESTAMP NOT NULL,
    version          BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_requests_reference ON account_requests (reference);
CREATE INDEX account_requests_account ON account_requests (smart_account_id);
CREATE INDEX account_requests_requester ON account_requests (requester_id, sent_at);
CREATE INDEX account_requests_due ON account_requests (state, expires_at);

-- The Account creators of a request: everyone who was asked to decide it.
CREATE TABLE account_request_creators (
    id             TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    request_id     TEXT NOT NULL REFERENCES account_requests (id),
    email          TEXT NOT NULL CHECK (length(email) <= 254),
    email_key      TEXT NOT NULL CHECK (length(email_key) <= 254),
    state          TEXT NOT NULL CHECK (state IN ('asked', 'forwarded', 'decided', 'ended')),
    forwarded_from TEXT REFERENCES account_request_creators (id),
    depth          INTEGER NOT NULL CHECK (depth BETWEEN 0 AND 5),
    created_at     TIMESTAMP NOT NULL,
    ended_at       TIMESTAMP
);
CREATE UNIQUE INDEX account_request_creators_once ON account_request_creators (request_id, email_key);
CREATE INDEX account_request_creators_email ON account_request_creators (email_key, state);

-- The record --------------------------------------------------------------------------------------------

CREATE TABLE events (
    id                 TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    at                 TIMESTAMP NOT NULL,
    smart_account_id   TEXT,
    virtual_account_id TEXT,
    kind               TEXT NOT NULL CHECK (length(kind) <= 60),
    outcome            TEXT NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    message            TEXT NOT NULL CHECK (length(message) <= 2000),
    actor_id           TEXT,
    actor              TEXT NOT NULL CHECK (length(actor) <= 500),
    actor_key          TEXT NOT NULL CHECK (length(actor_key) <= 1000),
    about              TEXT NOT NULL CHECK (length(about) <= 100),
    detail             TEXT NOT NULL CHECK (length(detail) <= 100000),
    address            TEXT NOT NULL CHECK (length(address) <= 64),
    request_id         TEXT NOT NULL CHECK (length(request_id) <= 64)
);
CREATE INDEX events_tenant ON events (smart_account_id, at, id);
CREATE INDEX events_virtual ON events (virtual_account_id, at, id) WHERE virtual_account_id IS NOT NULL;
CREATE INDEX events_about ON events (about, at);
CREATE INDEX events_at ON events (at, id);

-- How many events a tenant has, in shards so that two writers seldom meet; the sum is exact.
CREATE TABLE event_tallies (
    smart_account_id TEXT NOT NULL CHECK (length(smart_account_id) <= 36),
    shard            INTEGER NOT NULL,
    events           BIGINT NOT NULL,
    PRIMARY KEY (smart_account_id, shard)
);

CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER events_are_final BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;

-- Machinery ---------------------------------------------------------------------------------------------

CREATE TABLE outbox (
    id           TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    letter       TEXT NOT NULL CHECK (length(letter) <= 60),
    about_id     TEXT NOT NULL CHECK (length(about_id) = 36),
    -- What the letter needs besides: never a secret.
    extra        TEXT NOT NULL CHECK (length(extra) <= 8000),
    to_name      TEXT NOT NULL CHECK (length(to_name) <= 200),
    to_address   TEXT NOT NULL CHECK (length(to_address) <= 254),
    not_before   TIMESTAMP NOT NULL,
    attempts     INTEGER NOT NULL,
    leased_until TIMESTAMP,
    sent_at      TIMESTAMP,
    gave_up_at   TIMESTAMP,
    last_problem TEXT NOT NULL CHECK (length(last_problem) <= 1000),
    created_at   TIMESTAMP NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (not_before) WHERE sent_at IS NULL AND gave_up_at IS NULL;
CREATE INDEX outbox_about ON outbox (about_id);
CREATE INDEX outbox_created ON outbox (created_at, id);

-- The lab's mailbox: letters as they went out. Only the lab's transport writes here.
CREATE TABLE mailbox (
    id         TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    message_id TEXT NOT NULL CHECK (length(message_id) <= 200),
    letter     TEXT NOT NULL CHECK (length(letter) <= 60),
    to_name    TEXT NOT NULL,
    to_address TEXT NOT NULL,
    subject    TEXT NOT NULL,
    text_body  TEXT NOT NULL,
    html_body  TEXT NOT NULL,
    search_key TEXT NOT NULL,
    sent_at    TIMESTAMP NOT NULL,
    read_at    TIMESTAMP
);
CREATE UNIQUE INDEX mailbox_message ON mailbox (message_id);
CREATE INDEX mailbox_sent ON mailbox (sent_at, id);

CREATE TABLE once (
    actor        TEXT NOT NULL CHECK (length(actor) <= 64),
    token        TEXT NOT NULL CHECK (length(token) <= 255),
    request_hash TEXT NOT NULL CHECK (length(request_hash) <= 64),
    made         TEXT NOT NULL CHECK (length(made) <= 100),
    created_at   TIMESTAMP NOT NULL,
    PRIMARY KEY (actor, token)
);
CREATE INDEX once_created ON once (created_at);

CREATE TABLE counters (
    name  TEXT PRIMARY KEY NOT NULL CHECK (length(name) <= 60),
    value BIGINT NOT NULL
);

-- The lab's clock and other things that several processes must agree on.
CREATE TABLE settings (
    name  TEXT PRIMARY KEY NOT NULL CHECK (length(name) <= 60),
    value TEXT NOT NULL CHECK (length(value) <= 8000)
);
