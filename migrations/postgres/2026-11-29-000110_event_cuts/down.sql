DROP TRIGGER events_are_kept ON events;
CREATE TRIGGER events_are_kept BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION keep_the_record();
DROP FUNCTION keep_what_is_not_archived();
DROP TABLE event_cuts;
DROP FUNCTION cut_forwards();
