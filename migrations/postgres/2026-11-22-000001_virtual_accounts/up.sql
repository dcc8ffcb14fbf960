-- What a search for a Virtual Account looks in: name, description and tags, folded.
ALTER TABLE virtual_accounts ADD COLUMN search_key TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (length(search_key) <= 4000);
UPDATE virtual_accounts SET search_key = name_key;
CREATE INDEX virtual_accounts_parent ON virtual_accounts (smart_account_id, parent_id);

-- Who holds a role on some Virtual Accounts, for the rows of a list.
CREATE INDEX grants_virtual ON grants (smart_account_id, virtual_account_id);

-- The tags of Virtual Accounts once more, one a row, so that lists can be narrowed by them.
CREATE TABLE virtual_account_tags (
    smart_account_id   TEXT COLLATE "C" NOT NULL,
    virtual_account_id TEXT COLLATE "C" NOT NULL,
    tag                TEXT COLLATE "C" NOT NULL CHECK (length(tag) <= 100),
    tag_key            TEXT COLLATE "C" NOT NULL CHECK (length(tag_key) <= 200),
    PRIMARY KEY (virtual_account_id, tag_key),
    FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts (smart_account_id, id)
);
CREATE INDEX virtual_account_tags_key ON virtual_account_tags (smart_account_id, tag_key);

-- Asking for another Account Domain Identifier, where a Domain approver has to agree.
CREATE TABLE domain_changes (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    from_domain      TEXT COLLATE "C" NOT NULL CHECK (length(from_domain) <= 253),
    to_domain        TEXT COLLATE "C" NOT NULL CHECK (length(to_domain) <= 253),
    note             TEXT COLLATE "C" NOT NULL CHECK (length(note) <= 4000),
    reasons          TEXT COLLATE "C" NOT NULL CHECK (length(reasons) <= 1000),
    state            TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'withdrawn')),
    reason           TEXT COLLATE "C" NOT NULL CHECK (length(reason) <= 4000),
    requested_by     TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    requested_at     TIMESTAMP NOT NULL,
    decided_by       TEXT COLLATE "C" REFERENCES people (id),
    decided_at       TIMESTAMP
);
CREATE UNIQUE INDEX domain_changes_open ON domain_changes (smart_account_id) WHERE state = 'pending';
CREATE INDEX domain_changes_account ON domain_changes (smart_account_id, requested_at);
CREATE INDEX domain_changes_requested ON domain_changes (requested_at, id);

-- Addresses that "Change HQ" offers, beside the one that is the headquarters.
CREATE TABLE account_addresses (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    address          TEXT COLLATE "C" NOT NULL CHECK (length(address) <= 1000),
    created_at       TIMESTAMP NOT NULL
);
CREATE INDEX account_addresses_account ON account_addresses (smart_account_id, created_at, id);
