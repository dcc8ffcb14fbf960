ALTER TABLE local_accounts DROP COLUMN registering_until;
