-- The record is a chain: each event holds a hash over itself and the event before it. A tenant's chain has as many strands
-- as its tally has rows, so that two writers seldom meet on one; an event's strand is the row that counted it. Events from
-- before this step have number 0 and stand outside of the chain.
ALTER TABLE events ADD COLUMN strand INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN chain_number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN chain_hash TEXT NOT NULL DEFAULT '' CHECK (length(chain_hash) <= 64);
CREATE UNIQUE INDEX events_chain ON events (smart_account_id, strand, chain_number) WHERE chain_number > 0;
-- Where each strand ends.
ALTER TABLE event_tallies ADD COLUMN chain_number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE event_tallies ADD COLUMN chain_hash TEXT NOT NULL DEFAULT '' CHECK (length(chain_hash) <= 64);
-- Its numbers: decision 12.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('events', 'events_chain', '1013773 112642 14080 1');
ANALYZE sqlite_schema;
