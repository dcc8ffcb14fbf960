-- How a reservation ended, when it did: by its return code, under a case, or because another device took its place; and the
-- number of the case, or a note.
ALTER TABLE reservations ADD COLUMN ended_as TEXT COLLATE "C" NOT NULL DEFAULT 'returned' CHECK (ended_as IN ('returned', 'removed', 'rehosted'));
ALTER TABLE reservations ADD COLUMN ended_for TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (length(ended_for) <= 500);
-- How often it was updated; and the authorization code and the licenses, as JSON, of an update whose confirmation code was
-- not entered yet. Until then what was reserved before and what is to be reserved are both set aside.
ALTER TABLE reservations ADD COLUMN updates BIGINT NOT NULL DEFAULT 0 CHECK (updates >= 0);
ALTER TABLE reservations ADD COLUMN pending_code TEXT COLLATE "C" NOT NULL DEFAULT '' CHECK (length(pending_code) <= 20000);
ALTER TABLE reservations ADD COLUMN pending_lines TEXT COLLATE "C" NOT NULL DEFAULT '[]' CHECK (length(pending_lines) <= 200000);
