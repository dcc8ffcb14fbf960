-- Product instances that report by policy: they report what they used without being registered.

-- Absent: it is registered, or holds a reservation.
ALTER TABLE devices ADD COLUMN policy_state TEXT CHECK (policy_state IN ('not-reported', 'report-due', 'reported', 'acknowledged', 'overdue'));
-- When its next report is due; absent where its policy asks for none.
ALTER TABLE devices ADD COLUMN report_by TIMESTAMP;
-- With the other half of which key it signs its reports; empty where nobody has looked at a signature yet.
ALTER TABLE devices ADD COLUMN report_key TEXT NOT NULL DEFAULT '' CHECK (length(report_key) <= 60);
CREATE INDEX devices_report_due ON devices (policy_state, report_by) WHERE policy_state IS NOT NULL;
CREATE INDEX devices_by_policy ON devices (smart_account_id, report_by, id) WHERE policy_state IS NOT NULL;
CREATE INDEX devices_policy_udi ON devices (udi_key) WHERE policy_state IS NOT NULL;
-- The clock looks for silent ones among those alone that do not report by policy.
CREATE INDEX devices_silent_registered ON devices (standing, contact_at) WHERE policy_state IS NULL;
CREATE INDEX devices_renewed_registered ON devices (renewed_at) WHERE policy_state IS NULL;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('devices', 'devices_report_due', '20000 4000 2'),
    ('devices', 'devices_by_policy', '20000 20000 2 1'),
    ('devices', 'devices_policy_udi', '20000 1'),
    ('devices', 'devices_silent_registered', '180180 90090 6'),
    ('devices', 'devices_renewed_registered', '180180 2');
ANALYZE sqlite_schema;
-- How often product instances of an account report, by class of their licenses; a class without a row has the usual days.
CREATE TABLE reporting_policies (
    smart_account_id TEXT NOT NULL REFERENCES smart_accounts (id),
    license_class    TEXT NOT NULL CHECK (license_class IN ('perpetual', 'subscription', 'export-controlled')),
    -- Days; 0 for not at all.
    first_days       INTEGER NOT NULL CHECK (first_days BETWEEN 0 AND 365),
    every_days       INTEGER NOT NULL CHECK (every_days BETWEEN 0 AND 365),
    change_days      INTEGER NOT NULL CHECK (change_days BETWEEN 0 AND 365),
    PRIMARY KEY (smart_account_id, license_class)
);

-- Every report that was counted. It outlives its product instance, so that it is never counted again.
CREATE TABLE usage_reports (
    id                 TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id   TEXT NOT NULL REFERENCES smart_accounts (id),
    udi_key            TEXT NOT NULL CHECK (length(udi_key) <= 250),
    -- The product instance's own number of it.
    report_id          TEXT NOT NULL CHECK (length(report_id) <= 40),
    entitlement        TEXT NOT NULL CHECK (length(entitlement) <= 100),
    quantity           BIGINT NOT NULL CHECK (quantity >= 0),
    began_at           TIMESTAMP NOT NULL,
    ended_at           TIMESTAMP NOT NULL,
    -- Of the payload, byte for byte.
    sha256             TEXT NOT NULL CHECK (length(sha256) = 64),
    way                TEXT NOT NULL CHECK (way IN ('network', 'file', 'api')),
    received_at        TIMESTAMP NOT NULL,
    acknowledged_at    TIMESTAMP
);
CREATE UNIQUE INDEX usage_reports_once ON usage_reports (smart_account_id, udi_key, report_id);
CREATE INDEX usage_reports_latest ON usage_reports (smart_account_id, udi_key, entitlement, ended_at);

-- What scripts may ask about later: the number that they were given, and the answer.
CREATE TABLE policy_polls (
    smart_account_id   TEXT NOT NULL REFERENCES smart_accounts (id),
    number             BIGINT NOT NULL,
    virtual_account_id TEXT NOT NULL CHECK (length(virtual_account_id) = 36),
    action             TEXT NOT NULL CHECK (length(action) <= 40),
    -- JSON: what the answer is made from.
    answer             TEXT NOT NULL CHECK (length(answer) <= 1000000),
    created_at         TIMESTAMP NOT NULL,
    PRIMARY KEY (smart_account_id, number)
);

-- Usage files that were uploaded, and what came of each report in them.
CREATE TABLE usage_files (
    id                 TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id   TEXT NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT NOT NULL CHECK (length(virtual_account_id) = 36),
    name               TEXT NOT NULL CHECK (length(name) <= 200),
    bytes              BIGINT NOT NULL,
    sha256             TEXT NOT NULL CHECK (length(sha256) = 64),
    devices            BIGINT NOT NULL,
    taken              BIGINT NOT NULL,
    known              BIGINT NOT NULL,
    refused            BIGINT NOT NULL,
    uploaded_at        TIMESTAMP NOT NULL,
    uploader           TEXT NOT NULL CHECK (length(uploader) <= 500),
    acknowledged_at    TIMESTAMP,
    CONSTRAINT usage_files_tenant UNIQUE (smart_account_id, id)
);
CREATE INDEX usage_files_newest ON usage_files (smart_account_id, uploaded_at, id);
CREATE TABLE usage_file_lines (
    file_id          TEXT NOT NULL,
    smart_account_id TEXT NOT NULL,
    number           BIGINT NOT NULL,
    udi_pid          TEXT NOT NULL CHECK (length(udi_pid) <= 60),
    udi_serial       TEXT NOT NULL CHECK (length(udi_serial) <= 60),
    report_id        TEXT NOT NULL CHECK (length(report_id) <= 40),
    entitlement      TEXT NOT NULL CHECK (length(entitlement) <= 100),
    quantity         BIGINT NOT NULL,
    outcome          TEXT NOT NULL CHECK (outcome IN ('taken', 'known', 'refused')),
    code             TEXT NOT NULL CHECK (length(code) <= 60),
    says             TEXT NOT NULL CHECK (length(says) <= 1000),
    PRIMARY KEY (file_id, number),
    FOREIGN KEY (smart_account_id, file_id) REFERENCES usage_files (smart_account_id, id)
);
