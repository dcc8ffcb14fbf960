-- How many licenses there are in each Virtual Account of which something is there or in use: lists say how many they have,
-- and counting 100,000 of them for each page took thousands of times as long as the page. Kept by the database itself, so
-- that what the program before writes counts as well.
CREATE TABLE license_tallies (
    smart_account_id   TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT COLLATE "C" NOT NULL CHECK (length(virtual_account_id) = 36),
    licenses           BIGINT NOT NULL CHECK (licenses >= 0),
    PRIMARY KEY (smart_account_id, virtual_account_id)
);
LOCK TABLE license_stocks IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO license_tallies (smart_account_id, virtual_account_id, licenses)
SELECT smart_account_id, virtual_account_id, COUNT(*) FROM license_stocks
WHERE purchased > 0 OR reserved > 0 OR in_use > 0 GROUP BY smart_account_id, virtual_account_id;
CREATE FUNCTION one_license_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO license_tallies (smart_account_id, virtual_account_id, licenses)
    VALUES (NEW.smart_account_id, NEW.virtual_account_id, 1)
    ON CONFLICT (smart_account_id, virtual_account_id) DO UPDATE SET licenses = license_tallies.licenses + 1;
    RETURN NULL;
END;
$$;
CREATE FUNCTION one_license_less() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE license_tallies SET licenses = licenses - 1
    WHERE smart_account_id = OLD.smart_account_id AND virtual_account_id = OLD.virtual_account_id;
    RETURN NULL;
END;
$$;
CREATE TRIGGER license_stocks_come AFTER INSERT ON license_stocks FOR EACH ROW
WHEN (NEW.purchased > 0 OR NEW.reserved > 0 OR NEW.in_use > 0) EXECUTE FUNCTION one_license_more();
CREATE TRIGGER license_stocks_fill AFTER UPDATE OF purchased, reserved, in_use ON license_stocks FOR EACH ROW
WHEN ((NEW.purchased > 0 OR NEW.reserved > 0 OR NEW.in_use > 0) AND NOT (OLD.purchased > 0 OR OLD.reserved > 0 OR OLD.in_use > 0))
EXECUTE FUNCTION one_license_more();
CREATE TRIGGER license_stocks_empty AFTER UPDATE OF purchased, reserved, in_use ON license_stocks FOR EACH ROW
WHEN ((OLD.purchased > 0 OR OLD.reserved > 0 OR OLD.in_use > 0) AND NOT (NEW.purchased > 0 OR NEW.reserved > 0 OR NEW.in_use > 0))
EXECUTE FUNCTION one_license_less();
CREATE TRIGGER license_stocks_go AFTER DELETE ON license_stocks FOR EACH ROW
WHEN (OLD.purchased > 0 OR OLD.reserved > 0 OR OLD.in_use > 0) EXECUTE FUNCTION one_license_less();
