DROP TABLE former_manager_keys;
ALTER TABLE sync_files DROP COLUMN registration;
ALTER TABLE device_managers DROP COLUMN registration;
