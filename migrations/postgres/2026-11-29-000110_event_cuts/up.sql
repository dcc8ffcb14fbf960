-- Where the beginning of a strand of the record went into an archive: number and hash of the last event that did. Events go
-- only up to such a mark, a mark only goes forwards, and none goes away. '' stands for what belongs to no account.
CREATE TABLE event_cuts (
    smart_account_id TEXT COLLATE "C" NOT NULL CHECK (length(smart_account_id) <= 36),
    strand           INTEGER NOT NULL,
    chain_number     BIGINT NOT NULL CHECK (chain_number > 0),
    chain_hash       TEXT COLLATE "C" NOT NULL CHECK (length(chain_hash) = 64),
    cut_at           TIMESTAMP NOT NULL,
    PRIMARY KEY (smart_account_id, strand)
);

CREATE FUNCTION keep_what_is_not_archived() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.chain_number = 0 OR NOT EXISTS (SELECT 1 FROM event_cuts
        WHERE event_cuts.smart_account_id = COALESCE(OLD.smart_account_id, '') AND event_cuts.strand = OLD.strand
        AND event_cuts.chain_number >= OLD.chain_number) THEN
        RAISE EXCEPTION 'the record is append-only';
    END IF;
    RETURN OLD;
END;
$$;
DROP TRIGGER events_are_kept ON events;
CREATE TRIGGER events_are_kept BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION keep_what_is_not_archived();

CREATE FUNCTION cut_forwards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.chain_number <= OLD.chain_number OR NEW.smart_account_id <> OLD.smart_account_id OR NEW.strand <> OLD.strand THEN
        RAISE EXCEPTION 'the record is append-only';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER event_cuts_are_kept BEFORE DELETE ON event_cuts FOR EACH ROW EXECUTE FUNCTION keep_the_record();
CREATE TRIGGER event_cuts_go_forwards BEFORE UPDATE ON event_cuts FOR EACH ROW EXECUTE FUNCTION cut_forwards();
