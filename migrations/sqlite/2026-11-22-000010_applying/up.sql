-- A large file that was submitted and that a job applies: since when, and who asked, as JSON, for the record.
ALTER TABLE sync_files ADD COLUMN submitted_at TIMESTAMP;
ALTER TABLE sync_files ADD COLUMN submitted_by TEXT NOT NULL DEFAULT '' CHECK (length(submitted_by) <= 3000);
CREATE INDEX sync_files_submitted ON sync_files (submitted_at, id) WHERE outcome = 'waiting' AND submitted_at IS NOT NULL;
