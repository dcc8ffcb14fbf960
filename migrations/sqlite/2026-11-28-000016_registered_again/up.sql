-- An On-Prem server that is registered again, because it was restored from a backup or set up anew: which registration of
-- the device manager holds, and of which one a file is. Sequences begin at 1 with each.
ALTER TABLE device_managers ADD COLUMN registration BIGINT NOT NULL DEFAULT 1 CHECK (registration >= 1);
ALTER TABLE sync_files ADD COLUMN registration BIGINT NOT NULL DEFAULT 1 CHECK (registration >= 1);
-- The keys of earlier registrations: a file by one of them is told why it is refused, and none of them is taken again.
CREATE TABLE former_manager_keys (
    public_key        TEXT PRIMARY KEY NOT NULL CHECK (length(public_key) <= 100),
    smart_account_id  TEXT NOT NULL,
    device_manager_id TEXT NOT NULL,
    ended_at          TIMESTAMP NOT NULL,
    FOREIGN KEY (smart_account_id, device_manager_id) REFERENCES device_managers (smart_account_id, id)
);
CREATE INDEX former_manager_keys_manager ON former_manager_keys (device_manager_id);
