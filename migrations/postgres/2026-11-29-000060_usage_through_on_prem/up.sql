-- What an On-Prem server keeps of its product instances by policy, and what the cloud hears of in a synchronization file.

-- Usage reports as they were signed, byte for byte: all that the cloud has not acknowledged, and of each license the latest.
CREATE TABLE kept_reports (
    device_id        TEXT COLLATE "C" NOT NULL,
    smart_account_id TEXT COLLATE "C" NOT NULL,
    -- The product instance's own number of it.
    report_id        TEXT COLLATE "C" NOT NULL CHECK (length(report_id) <= 40),
    entitlement      TEXT COLLATE "C" NOT NULL CHECK (length(entitlement) <= 100),
    ended_at         TIMESTAMP NOT NULL,
    -- Of the payload.
    sha256           TEXT COLLATE "C" NOT NULL CHECK (length(sha256) = 64),
    -- JSON: payload and signature, as they travel.
    sent             TEXT COLLATE "C" NOT NULL CHECK (length(sent) <= 60000),
    received_at      TIMESTAMP NOT NULL,
    -- What the cloud has signed; empty until a response brings it.
    acknowledgement  TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (length(acknowledgement) <= 65536),
    acknowledged_at  TIMESTAMP,
    -- Why the cloud does not count it; empty where it does, or was not asked yet.
    code             TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (length(code) <= 60),
    says             TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (length(says) <= 1000),
    PRIMARY KEY (device_id, report_id),
    FOREIGN KEY (smart_account_id, device_id) REFERENCES devices (smart_account_id, id)
);
CREATE INDEX kept_reports_content ON kept_reports (smart_account_id, sha256);
CREATE INDEX kept_reports_waiting ON kept_reports (smart_account_id, device_id) WHERE acknowledged_at IS NULL;
CREATE INDEX kept_reports_old ON kept_reports (smart_account_id, acknowledged_at);

-- How many usage reports there are in it.
ALTER TABLE sync_files ADD COLUMN reports BIGINT NOT NULL DEFAULT 0;
