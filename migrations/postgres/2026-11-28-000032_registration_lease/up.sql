-- Until when (wall time) the process that asks the cloud to register an account may be waited for.
ALTER TABLE local_accounts ADD COLUMN registering_until TIMESTAMP;
