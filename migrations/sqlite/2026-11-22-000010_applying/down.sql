DROP INDEX sync_files_submitted;
ALTER TABLE sync_files DROP COLUMN submitted_by;
ALTER TABLE sync_files DROP COLUMN submitted_at;
