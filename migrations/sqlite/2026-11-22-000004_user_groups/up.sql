-- User groups: people who are given roles together.
CREATE TABLE user_groups (
    id               TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT NOT NULL REFERENCES smart_accounts (id),
    name             TEXT NOT NULL CHECK (length(name) <= 200),
    name_key         TEXT NOT NULL CHECK (length(name_key) <= 400),
    description      TEXT NOT NULL CHECK (length(description) <= 2000),
    created_at       TIMESTAMP NOT NULL,
    version          BIGINT NOT NULL,
    CONSTRAINT user_groups_tenant UNIQUE (smart_account_id, id)
);
CREATE UNIQUE INDEX user_groups_name ON user_groups (smart_account_id, name_key);

CREATE TABLE user_group_people (
    group_id         TEXT NOT NULL,
    person_id        TEXT NOT NULL REFERENCES people (id),
    smart_account_id TEXT NOT NULL,
    since            TIMESTAMP NOT NULL,
    PRIMARY KEY (group_id, person_id),
    FOREIGN KEY (smart_account_id, group_id) REFERENCES user_groups (smart_account_id, id)
);
CREATE INDEX user_group_people_person ON user_group_people (person_id);

-- What a group holds: in its own Smart Account, and in others that have let it in. `scope` as in grants. A
-- Virtual Account that is deleted takes what groups held on it along.
CREATE TABLE user_group_access (
    id                 TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    group_id           TEXT NOT NULL REFERENCES user_groups (id),
    smart_account_id   TEXT NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT,
    scope              TEXT NOT NULL CHECK (length(scope) <= 36),
    role               TEXT NOT NULL CHECK (role IN ('account-admin', 'account-approver', 'account-user', 'account-viewer', 'virtual-admin', 'virtual-user', 'virtual-viewer')),
    created_at         TIMESTAMP NOT NULL,
    FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts (smart_account_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX user_group_access_scope ON user_group_access (group_id, smart_account_id, scope);
CREATE INDEX user_group_access_account ON user_group_access (smart_account_id);

-- A group asks to be let into another Smart Account. The lookup id is what the letter says.
CREATE TABLE user_group_requests (
    id                TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    lookup_id         TEXT NOT NULL CHECK (length(lookup_id) <= 30),
    group_id          TEXT NOT NULL,
    smart_account_id  TEXT NOT NULL,
    target_account_id TEXT NOT NULL REFERENCES smart_accounts (id),
    state             TEXT NOT NULL CHECK (state IN ('waiting', 'granted', 'declined', 'withdrawn', 'ended')),
    note              TEXT NOT NULL CHECK (length(note) <= 4000),
    asked_by          TEXT NOT NULL REFERENCES people (id),
    asked_at          TIMESTAMP NOT NULL,
    answered_by       TEXT REFERENCES people (id),
    answered_at       TIMESTAMP,
    ended_at          TIMESTAMP,
    FOREIGN KEY (smart_account_id, group_id) REFERENCES user_groups (smart_account_id, id)
);
CREATE UNIQUE INDEX user_group_requests_lookup ON user_group_requests (lookup_id);
CREATE UNIQUE INDEX user_group_requests_live ON user_group_requests (group_id, target_account_id) WHERE state IN ('waiting', 'granted');
CREATE INDEX user_group_requests_target ON user_group_requests (target_account_id, state);

-- A list of people who are about to be added, while its author reads the report. Nothing has happened yet.
CREATE TABLE user_imports (
    id               TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT NOT NULL REFERENCES smart_accounts (id),
    person_id        TEXT NOT NULL REFERENCES people (id),
    -- Into which group; none for the account itself.
    group_id         TEXT CHECK (length(group_id) = 36),
    -- JSON: scope, role and lines.
    content          TEXT NOT NULL CHECK (length(content) <= 4000000),
    created_at       TIMESTAMP NOT NULL,
    done_at          TIMESTAMP,
    version          BIGINT NOT NULL
);
CREATE INDEX user_imports_created ON user_imports (created_at);
