-- Device managers ------------------------------------------------------------------------------------

-- An On-Prem server, bound to one Virtual Account. A removed one stays as a row without Virtual Account and without
-- key, so that a file that still comes from it can be told why it is refused.
CREATE TABLE device_managers (
    id                 TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id   TEXT NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT CHECK (length(virtual_account_id) = 36),
    name               TEXT NOT NULL CHECK (length(name) <= 200),
    name_key           TEXT NOT NULL CHECK (length(name_key) <= 400),
    -- What its files are verified with, base64url; empty once it is revoked.
    public_key         TEXT NOT NULL CHECK (length(public_key) <= 100),
    -- The answer to its registration, as it was given out.
    answer             TEXT NOT NULL CHECK (length(answer) <= 20000),
    product_instances  BIGINT NOT NULL CHECK (product_instances >= 0),
    -- Local Virtual Accounts of the last applied file, as JSON.
    places             TEXT NOT NULL CHECK (length(places) <= 30000000),
    -- Sequence of the last applied file, whose response is the latest; 0 for none.
    sequence           BIGINT NOT NULL CHECK (sequence >= 0),
    registered_at      TIMESTAMP NOT NULL,
    registrar          TEXT NOT NULL CHECK (length(registrar) <= 500),
    synced_at          TIMESTAMP,
    due_at             TIMESTAMP NOT NULL,
    -- A file waits for Submit; the last attempt since the last success failed; the due time passed.
    waits_since        TIMESTAMP,
    failed_at          TIMESTAMP,
    failure            TEXT NOT NULL CHECK (length(failure) <= 1000),
    overdue_at         TIMESTAMP,
    removed_at         TIMESTAMP,
    removed_by         TEXT NOT NULL CHECK (length(removed_by) <= 500),
    version            BIGINT NOT NULL,
    CONSTRAINT device_managers_tenant UNIQUE (smart_account_id, id),
    FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts (smart_account_id, id)
);
CREATE UNIQUE INDEX device_managers_name ON device_managers (smart_account_id, name_key) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX device_managers_place ON device_managers (smart_account_id, virtual_account_id);
CREATE INDEX device_managers_due ON device_managers (due_at) WHERE removed_at IS NULL;

-- Where a product instance is within its On-Prem server; '' for those that report here themselves.
ALTER TABLE devices ADD COLUMN local_virtual_account TEXT NOT NULL DEFAULT '' CHECK (length(local_virtual_account) <= 200);
CREATE INDEX devices_manager ON devices (device_manager_id, udi_key) WHERE device_manager_id IS NOT NULL;

-- Synchronization ------------------------------------------------------------------------------------

-- Every synchronization file that came in with a good signature, and what became of it.
CREATE TABLE sync_files (
    id                TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id  TEXT NOT NULL REFERENCES smart_accounts (id),
    device_manager_id TEXT NOT NULL CHECK (length(device_manager_id) = 36),
    sha256            TEXT NOT NULL CHECK (length(sha256) = 64),
    outcome           TEXT NOT NULL CHECK (outcome IN ('waiting', 'applied', 'refused', 'withdrawn', 'replaced')),
    -- Over which way it came.
    way               TEXT NOT NULL CHECK (way IN ('file', 'network')),
    sequence          BIGINT NOT NULL CHECK (sequence >= 1),
    last_response     BIGINT NOT NULL CHECK (last_response >= 0),
    made_at           TIMESTAMP NOT NULL,
    software          TEXT NOT NULL CHECK (length(software) <= 200),
    places            BIGINT NOT NULL CHECK (places >= 0),
    devices           BIGINT NOT NULL CHECK (devices >= 0),
    usages            BIGINT NOT NULL CHECK (usages >= 0),
    file_bytes        BIGINT NOT NULL CHECK (file_bytes >= 0),
    unpacked_bytes    BIGINT NOT NULL CHECK (unpacked_bytes >= 0),
    appeared          BIGINT NOT NULL CHECK (appeared >= 0),
    changed           BIGINT NOT NULL CHECK (changed >= 0),
    vanished          BIGINT NOT NULL CHECK (vanished >= 0),
    unchanged         BIGINT NOT NULL CHECK (unchanged >= 0),
    -- What the review shows of licenses, as JSON.
    licenses          TEXT NOT NULL CHECK (length(licenses) <= 50000000),
    -- Why it was refused: the code and the words.
    code              TEXT NOT NULL CHECK (length(code) <= 60),
    reason            TEXT NOT NULL CHECK (length(reason) <= 1000),
    uploaded_at       TIMESTAMP NOT NULL,
    uploader          TEXT NOT NULL CHECK (length(uploader) <= 500),
    settled_at        TIMESTAMP,
    settler           TEXT NOT NULL CHECK (length(settler) <= 500),
    version           BIGINT NOT NULL,
    CONSTRAINT sync_files_tenant UNIQUE (smart_account_id, id),
    FOREIGN KEY (smart_account_id, device_manager_id) REFERENCES device_managers (smart_account_id, id)
);
CREATE UNIQUE INDEX sync_files_content ON sync_files (device_manager_id, sha256);
CREATE INDEX sync_files_history ON sync_files (device_manager_id, uploaded_at, id);

-- The bytes of a file that waits for Submit, and of the last one that was applied: base64, in pieces.
CREATE TABLE sync_parts (
    file_id          TEXT NOT NULL,
    smart_account_id TEXT NOT NULL,
    number           INTEGER NOT NULL CHECK (number >= 0),
    content          TEXT NOT NULL CHECK (length(content) <= 400000),
    PRIMARY KEY (file_id, number),
    FOREIGN KEY (smart_account_id, file_id) REFERENCES sync_files (smart_account_id, id)
);

-- What was answered, byte for byte, in base64.
CREATE TABLE sync_responses (
    file_id          TEXT PRIMARY KEY NOT NULL,
    smart_account_id TEXT NOT NULL,
    sequence         BIGINT NOT NULL CHECK (sequence >= 1),
    content          TEXT NOT NULL CHECK (length(content) <= 200000000),
    created_at       TIMESTAMP NOT NULL,
    FOREIGN KEY (smart_account_id, file_id) REFERENCES sync_files (smart_account_id, id)
);
