ALTER TABLE license_pools DROP COLUMN deleted_place;
