-- Requests for access ----------------------------------------------------------------------------------

CREATE TABLE access_requests (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    reference        TEXT COLLATE "C" NOT NULL CHECK (length(reference) <= 30),
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    requester_id     TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    -- Name and address of the requester and the reference, folded: what a search of the list looks through.
    search_key       TEXT COLLATE "C" NOT NULL CHECK (length(search_key) <= 1000),
    scope            TEXT COLLATE "C" NOT NULL CHECK (scope IN ('account', 'virtual-accounts')),
    role             TEXT COLLATE "C" NOT NULL CHECK (role IN ('account-admin', 'account-approver', 'account-user', 'account-viewer', 'virtual-admin', 'virtual-user', 'virtual-viewer')),
    note             TEXT COLLATE "C" NOT NULL CHECK (length(note) <= 4000),
    -- Whether the requester held anything in the account when they asked.
    had_access       BOOLEAN NOT NULL,
    state            TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'approved', 'declined', 'withdrawn', 'auto-approved', 'auto-declined', 'superseded', 'expired')),
    given_scope      TEXT COLLATE "C" CHECK (given_scope IN ('account', 'virtual-accounts')),
    given_role       TEXT COLLATE "C" CHECK (given_role IN ('account-admin', 'account-approver', 'account-user', 'account-viewer', 'virtual-admin', 'virtual-user', 'virtual-viewer')),
    reason           TEXT COLLATE "C" NOT NULL CHECK (length(reason) <= 4000),
    decided_by       TEXT COLLATE "C" REFERENCES people (id),
    -- Whose right was used, when it was not the decider's own.
    on_behalf_of     TEXT COLLATE "C" REFERENCES people (id),
    decided_at       TIMESTAMP,
    sent_at          TIMESTAMP NOT NULL,
    remind_at        TIMESTAMP NOT NULL,
    reminded_at      TIMESTAMP,
    expires_at       TIMESTAMP NOT NULL,
    version          BIGINT NOT NULL,
    CONSTRAINT access_requests_tenant UNIQUE (smart_account_id, id)
);
CREATE UNIQUE INDEX access_requests_reference ON access_requests (reference);
-- One at a time for one person in one account.
CREATE UNIQUE INDEX access_requests_pending ON access_requests (smart_account_id, requester_id) WHERE state = 'pending';
CREATE INDEX access_requests_list ON access_requests (smart_account_id, state, sent_at, id);
CREATE INDEX access_requests_requester ON access_requests (requester_id, sent_at);
CREATE INDEX access_requests_due ON access_requests (state, expires_at);

-- The Virtual Accounts that were asked for and those that were given, with their names at that time. No reference
-- to the Virtual Account: the request stays as a record after that was deleted.
CREATE TABLE access_request_places (
    request_id         TEXT COLLATE "C" NOT NULL CHECK (length(request_id) = 36),
    part               TEXT COLLATE "C" NOT NULL CHECK (part IN ('asked', 'given')),
    virtual_account_id TEXT COLLATE "C" NOT NULL CHECK (length(virtual_account_id) = 36),
    smart_account_id   TEXT COLLATE "C" NOT NULL,
    name               TEXT COLLATE "C" NOT NULL CHECK (length(name) <= 200),
    PRIMARY KEY (request_id, part, virtual_account_id),
    FOREIGN KEY (smart_account_id, request_id) REFERENCES access_requests (smart_account_id, id)
);
CREATE INDEX access_request_places_tenant ON access_request_places (smart_account_id, part, virtual_account_id);

-- How an account handles requests by itself. Rules are a list in order, as JSON: they are read and written as one.
CREATE TABLE access_settings (
    smart_account_id TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES smart_accounts (id),
    remind_days      INTEGER NOT NULL CHECK (remind_days BETWEEN 1 AND 30),
    expire_days      INTEGER NOT NULL CHECK (expire_days BETWEEN 2 AND 90),
    rules            TEXT COLLATE "C" NOT NULL CHECK (length(rules) <= 100000),
    version          BIGINT NOT NULL
);

-- Who decides for whom while they are away.
CREATE TABLE access_delegations (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    delegator_id     TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    delegate_id      TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    starts_at        TIMESTAMP NOT NULL,
    ends_at          TIMESTAMP NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    ended_at         TIMESTAMP
);
CREATE INDEX access_delegations_delegate ON access_delegations (smart_account_id, delegate_id, ends_at);
CREATE INDEX access_delegations_delegator ON access_delegations (smart_account_id, delegator_id, ends_at);
