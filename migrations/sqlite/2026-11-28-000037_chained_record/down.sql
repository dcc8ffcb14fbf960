ALTER TABLE event_tallies DROP COLUMN chain_hash;
ALTER TABLE event_tallies DROP COLUMN chain_number;
DROP INDEX events_chain;
DELETE FROM sqlite_stat1 WHERE idx = 'events_chain';
ALTER TABLE events DROP COLUMN chain_hash;
ALTER TABLE events DROP COLUMN chain_number;
ALTER TABLE events DROP COLUMN strand;
