DROP TABLE sync_responses;
DROP TABLE sync_parts;
DROP TABLE sync_files;
DROP INDEX devices_manager;
ALTER TABLE devices DROP COLUMN local_virtual_account;
DROP TABLE device_managers;
