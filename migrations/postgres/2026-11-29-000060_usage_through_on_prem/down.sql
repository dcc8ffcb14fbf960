ALTER TABLE sync_files DROP COLUMN reports;
DROP TABLE kept_reports;
