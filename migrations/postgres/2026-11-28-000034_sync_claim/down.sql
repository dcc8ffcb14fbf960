ALTER TABLE local_accounts DROP COLUMN syncing_until;
