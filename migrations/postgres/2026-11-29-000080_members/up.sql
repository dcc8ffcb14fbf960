-- Who holds a role in a Smart Account, one row each with what lists search and sort by: the list of users sorted all people
-- of an account for each page. Kept by the database itself, so that what the program before writes counts as well.
CREATE TABLE members (
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    person_id        TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    search_key       TEXT COLLATE "C" NOT NULL CHECK (length(search_key) <= 1000),
    email_key        TEXT COLLATE "C" NOT NULL CHECK (length(email_key) <= 254),
    state            TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'invited', 'disabled')),
    -- When the oldest of the roles was given, and how many they are.
    since            TIMESTAMP NOT NULL,
    roles            BIGINT NOT NULL CHECK (roles >= 0),
    PRIMARY KEY (smart_account_id, person_id)
);
LOCK TABLE people, grants IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO members (smart_account_id, person_id, search_key, email_key, state, since, roles)
SELECT g.smart_account_id, p.id, p.search_key, p.email_key, p.state, MIN(g.created_at), COUNT(*)
FROM grants g JOIN people p ON p.id = g.person_id
GROUP BY g.smart_account_id, p.id, p.search_key, p.email_key, p.state;
CREATE INDEX members_name ON members (smart_account_id, search_key, person_id);
CREATE INDEX members_email ON members (smart_account_id, email_key, person_id);
CREATE INDEX members_status ON members (smart_account_id, state, search_key, person_id);
CREATE INDEX members_since ON members (smart_account_id, since, person_id);
CREATE INDEX members_person ON members (person_id);
CREATE FUNCTION member_comes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO members (smart_account_id, person_id, search_key, email_key, state, since, roles)
    SELECT NEW.smart_account_id, p.id, p.search_key, p.email_key, p.state, NEW.created_at, 1
    FROM people p WHERE p.id = NEW.person_id
    ON CONFLICT (smart_account_id, person_id)
    DO UPDATE SET roles = members.roles + 1, since = LEAST(members.since, excluded.since);
    RETURN NULL;
END;
$$;
CREATE FUNCTION member_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE members SET roles = roles - 1, since = COALESCE((SELECT MIN(g.created_at) FROM grants g
        WHERE g.smart_account_id = OLD.smart_account_id AND g.person_id = OLD.person_id), since)
    WHERE smart_account_id = OLD.smart_account_id AND person_id = OLD.person_id;
    DELETE FROM members
    WHERE smart_account_id = OLD.smart_account_id AND person_id = OLD.person_id AND roles <= 0;
    RETURN NULL;
END;
$$;
CREATE FUNCTION member_is_called() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE members SET search_key = NEW.search_key, email_key = NEW.email_key, state = NEW.state
    WHERE person_id = NEW.id;
    RETURN NULL;
END;
$$;
CREATE TRIGGER members_come AFTER INSERT ON grants FOR EACH ROW EXECUTE FUNCTION member_comes();
CREATE TRIGGER members_go AFTER DELETE ON grants FOR EACH ROW EXECUTE FUNCTION member_goes();
CREATE TRIGGER members_are_called AFTER UPDATE OF search_key, email_key, state ON people
FOR EACH ROW EXECUTE FUNCTION member_is_called();
