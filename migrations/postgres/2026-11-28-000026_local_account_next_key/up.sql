-- A local account that is registered again keeps working by its present key until the cloud has taken the next one.
ALTER TABLE local_accounts ADD COLUMN next_public_key TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (length(next_public_key) <= 100);
ALTER TABLE local_accounts ADD COLUMN next_sealed_key TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (length(next_sealed_key) <= 2000);
