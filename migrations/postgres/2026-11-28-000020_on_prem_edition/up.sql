-- What a database of the On-Prem edition holds beside the rooms of a tenant. The tables stand empty in the cloud.

-- More roles over the portal: those of an On-Prem server.
CREATE TABLE platform_roles_more (
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    role      TEXT COLLATE "C" NOT NULL CHECK (role IN ('support', 'domain-approver', 'operator', 'system-administrator', 'system-operator', 'system-user')),
    PRIMARY KEY (person_id, role)
);
INSERT INTO platform_roles_more (person_id, role) SELECT person_id, role FROM platform_roles;
DROP TABLE platform_roles;
ALTER TABLE platform_roles_more RENAME TO platform_roles;

-- A tenant is a Smart Account or, on an On-Prem server, a local account.
ALTER TABLE smart_accounts ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT 'smart' CHECK (kind IN ('smart', 'local'));

-- A local account: how it was asked for, the cloud that it is registered with, and how its synchronization stands.
CREATE TABLE local_accounts (
    smart_account_id TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES smart_accounts (id),
    -- "Cisco Smart Account" and "Cisco Virtual Account" as they were asked for.
    smart_account    TEXT COLLATE "C" NOT NULL CHECK (length(smart_account) <= 200),
    virtual_account  TEXT COLLATE "C" NOT NULL CHECK (length(virtual_account) <= 200),
    -- "Email for Notification".
    email            TEXT COLLATE "C" NOT NULL CHECK (length(email) <= 254),
    state            TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'registering', 'awaiting-file', 'rejected', 'active', 'inactive')),
    -- Why it was rejected or deactivated, or why its registration failed; else ''.
    reason           TEXT COLLATE "C" NOT NULL CHECK (length(reason) <= 1000),
    requested_by     TEXT COLLATE "C" REFERENCES people (id),
    requested_at     TIMESTAMP NOT NULL,
    -- The account's own key pair; the private half is encrypted with the server's key file.
    public_key       TEXT COLLATE "C" NOT NULL CHECK (length(public_key) <= 100),
    sealed_key       TEXT COLLATE "C" NOT NULL CHECK (length(sealed_key) <= 2000),
    -- The cloud, as the authorization told of it: JSON, absent until it is registered.
    cloud            TEXT COLLATE "C" CHECK (length(cloud) <= 4000),
    -- The last synchronization file that was made, and the last one whose response was applied.
    sequence         BIGINT NOT NULL CHECK (sequence >= 0),
    last_response    BIGINT NOT NULL CHECK (last_response >= 0),
    sync             TEXT COLLATE "C" NOT NULL CHECK (sync IN ('never', 'in-progress', 'generated', 'successful', 'failed', 'overdue')),
    failure          TEXT COLLATE "C" NOT NULL CHECK (length(failure) <= 1000),
    synced_at        TIMESTAMP,
    due_at           TIMESTAMP,
    -- The schedule of the server holds for it.
    is_scheduled     BOOLEAN NOT NULL,
    next_run_at      TIMESTAMP,
    -- Scheduled tries that failed since the last one that did not.
    failed_tries     INTEGER NOT NULL CHECK (failed_tries >= 0),
    -- Host names are left out of synchronization files.
    hides_hostnames  BOOLEAN NOT NULL,
    version          BIGINT NOT NULL
);
CREATE INDEX local_accounts_next_run ON local_accounts (next_run_at) WHERE next_run_at IS NOT NULL;
CREATE INDEX local_accounts_requested ON local_accounts (requested_by);

-- Every synchronization file that was made, and what became of it.
CREATE TABLE local_sync_files (
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES local_accounts (smart_account_id),
    sequence         BIGINT NOT NULL CHECK (sequence > 0),
    sha256           TEXT COLLATE "C" NOT NULL CHECK (length(sha256) = 64),
    way              TEXT COLLATE "C" NOT NULL CHECK (way IN ('file', 'network')),
    devices          BIGINT NOT NULL CHECK (devices >= 0),
    usages           BIGINT NOT NULL CHECK (usages >= 0),
    made_at          TIMESTAMP NOT NULL,
    answered_at      TIMESTAMP,
    PRIMARY KEY (smart_account_id, sequence)
);

-- The users of an On-Prem server sign in with a user name.
CREATE TABLE system_users (
    person_id            TEXT COLLATE "C" PRIMARY KEY NOT NULL REFERENCES people (id),
    user_name            TEXT COLLATE "C" NOT NULL CHECK (length(user_name) <= 100),
    user_name_key        TEXT COLLATE "C" NOT NULL CHECK (length(user_name_key) <= 400),
    -- The first sign-in leads through the wizard: language, new password, review.
    must_change_password BOOLEAN NOT NULL,
    last_sign_in_at      TIMESTAMP
);
CREATE UNIQUE INDEX system_users_name ON system_users (user_name_key);

-- Licenses come to an On-Prem server with the response to a synchronization file, and go with it.
CREATE TABLE license_moves_more (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT COLLATE "C" NOT NULL,
    pool_id          TEXT COLLATE "C" NOT NULL,
    quantity         BIGINT NOT NULL,
    kind             TEXT COLLATE "C" NOT NULL CHECK (kind IN ('order', 'order-taken-back', 'transfer-in', 'transfer-out', 'response')),
    order_id         TEXT COLLATE "C" CHECK (length(order_id) = 36),
    order_line_id    TEXT COLLATE "C" CHECK (length(order_line_id) = 36),
    round            INTEGER NOT NULL CHECK (round >= 0),
    -- What people know it by: the identifier of the order, or the number of the synchronization.
    reference        TEXT COLLATE "C" NOT NULL CHECK (length(reference) <= 100),
    at               TIMESTAMP NOT NULL,
    actor            TEXT COLLATE "C" NOT NULL CHECK (length(actor) <= 500),
    FOREIGN KEY (smart_account_id, pool_id) REFERENCES license_pools (smart_account_id, id)
);
INSERT INTO license_moves_more SELECT id, smart_account_id, pool_id, quantity, kind, order_id, order_line_id, round, reference, at, actor FROM license_moves;
DROP TABLE license_moves;
ALTER TABLE license_moves_more RENAME TO license_moves;
CREATE UNIQUE INDEX license_moves_once ON license_moves (order_line_id, round, kind, pool_id);
CREATE INDEX license_moves_pool ON license_moves (smart_account_id, pool_id, at);
