-- A usage file with many reports is taken in by a job.

-- How many reports there are in it.
ALTER TABLE usage_files ADD COLUMN reports BIGINT NOT NULL DEFAULT 0;
UPDATE usage_files SET reports = taken + known + refused;
-- JSON: for whom a job takes it in; empty when that is over.
ALTER TABLE usage_files ADD COLUMN waits_for TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (length(waits_for) <= 4000);
CREATE INDEX usage_files_waiting ON usage_files (uploaded_at) WHERE waits_for <> '';
-- The bytes of such a file until then, in pieces: base64.
CREATE TABLE usage_file_parts (
    file_id          TEXT COLLATE "C" NOT NULL,
    smart_account_id TEXT COLLATE "C" NOT NULL,
    number           INTEGER NOT NULL,
    content          TEXT COLLATE "C" NOT NULL CHECK (length(content) <= 300000),
    PRIMARY KEY (file_id, number),
    FOREIGN KEY (smart_account_id, file_id) REFERENCES usage_files (smart_account_id, id)
);
