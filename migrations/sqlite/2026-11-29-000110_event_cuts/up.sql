-- Where the beginning of a strand of the record went into an archive: number and hash of the last event that did. Events go
-- only up to such a mark, a mark only goes forwards, and none goes away. '' stands for what belongs to no account.
CREATE TABLE event_cuts (
    smart_account_id TEXT NOT NULL CHECK (length(smart_account_id) <= 36),
    strand           INTEGER NOT NULL,
    chain_number     BIGINT NOT NULL CHECK (chain_number > 0),
    chain_hash       TEXT NOT NULL CHECK (length(chain_hash) = 64),
    cut_at           TIMESTAMP NOT NULL,
    PRIMARY KEY (smart_account_id, strand)
);

DROP TRIGGER events_are_kept;
CREATE TRIGGER events_are_kept BEFORE DELETE ON events
WHEN old.chain_number = 0 OR NOT EXISTS (SELECT 1 FROM event_cuts
    WHERE event_cuts.smart_account_id = COALESCE(old.smart_account_id, '') AND event_cuts.strand = old.strand
    AND event_cuts.chain_number >= old.chain_number)
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER event_cuts_are_kept BEFORE DELETE ON event_cuts BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER event_cuts_go_forwards BEFORE UPDATE ON event_cuts
WHEN new.chain_number <= old.chain_number OR new.smart_account_id <> old.smart_account_id OR new.strand <> old.strand
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
