-- Until when (wall time) the process that synchronizes a local account over the network may be waited for: it says so again
-- and again while it works.
ALTER TABLE local_accounts ADD COLUMN syncing_until TIMESTAMP;
