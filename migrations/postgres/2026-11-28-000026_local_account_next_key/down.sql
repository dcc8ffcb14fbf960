ALTER TABLE local_accounts DROP COLUMN next_sealed_key;
ALTER TABLE local_accounts DROP COLUMN next_public_key;
