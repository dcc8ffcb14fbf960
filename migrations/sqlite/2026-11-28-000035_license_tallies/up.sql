-- How many licenses there are in each Virtual Account of which something is there or in use: lists say how many they have,
-- and counting 100,000 of them for each page took thousands of times as long as the page. Kept by the database itself, so
-- that what the program before writes counts as well.
CREATE TABLE license_tallies (
    smart_account_id   TEXT NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT NOT NULL CHECK (length(virtual_account_id) = 36),
    licenses           BIGINT NOT NULL CHECK (licenses >= 0),
    PRIMARY KEY (smart_account_id, virtual_account_id)
);
INSERT INTO license_tallies (smart_account_id, virtual_account_id, licenses)
SELECT smart_account_id, virtual_account_id, COUNT(*) FROM license_stocks
WHERE purchased > 0 OR reserved > 0 OR in_use > 0 GROUP BY smart_account_id, virtual_account_id;
CREATE TRIGGER license_stocks_come AFTER INSERT ON license_stocks
WHEN NEW.purchased > 0 OR NEW.reserved > 0 OR NEW.in_use > 0
BEGIN
    INSERT INTO license_tallies (smart_account_id, virtual_account_id, licenses)
    VALUES (NEW.smart_account_id, NEW.virtual_account_id, 1)
    ON CONFLICT (smart_account_id, virtual_account_id) DO UPDATE SET licenses = licenses + 1;
END;
CREATE TRIGGER license_stocks_fill AFTER UPDATE OF purchased, reserved, in_use ON license_stocks
WHEN (NEW.purchased > 0 OR NEW.reserved > 0 OR NEW.in_use > 0) AND NOT (OLD.purchased > 0 OR OLD.reserved > 0 OR OLD.in_use > 0)
BEGIN
    INSERT INTO license_tallies (smart_account_id, virtual_account_id, licenses)
    VALUES (NEW.smart_account_id, NEW.virtual_account_id, 1)
    ON CONFLICT (smart_account_id, virtual_account_id) DO UPDATE SET licenses = licenses + 1;
END;
CREATE TRIGGER license_stocks_empty AFTER UPDATE OF purchased, reserved, in_use ON license_stocks
WHEN (OLD.purchased > 0 OR OLD.reserved > 0 OR OLD.in_use > 0) AND NOT (NEW.purchased > 0 OR NEW.reserved > 0 OR NEW.in_use > 0)
BEGIN
    UPDATE license_tallies SET licenses = licenses - 1
    WHERE smart_account_id = NEW.smart_account_id AND virtual_account_id = NEW.virtual_account_id;
END;
CREATE TRIGGER license_stocks_go AFTER DELETE ON license_stocks
WHEN OLD.purchased > 0 OR OLD.reserved > 0 OR OLD.in_use > 0
BEGIN
    UPDATE license_tallies SET licenses = licenses - 1
    WHERE smart_account_id = OLD.smart_account_id AND virtual_account_id = OLD.virtual_account_id;
END;
