DROP TABLE usage_file_parts;
DROP INDEX usage_files_waiting;
ALTER TABLE usage_files DROP COLUMN waits_for;
ALTER TABLE usage_files DROP COLUMN reports;
