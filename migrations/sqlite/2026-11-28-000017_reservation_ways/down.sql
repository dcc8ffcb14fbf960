ALTER TABLE reservations DROP COLUMN pending_lines;
ALTER TABLE reservations DROP COLUMN pending_code;
ALTER TABLE reservations DROP COLUMN updates;
ALTER TABLE reservations DROP COLUMN ended_for;
ALTER TABLE reservations DROP COLUMN ended_as;
