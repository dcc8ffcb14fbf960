-- Searching for a part of a word without reading everything: which rows hold which three characters in a row. What is
-- found is held against the search key itself afterwards, so the index may say too much and never too little.
--
-- Rows of the index are numbered so that those of one account and kind lie together: a search reads a piece of the index
-- that no other account is in. ordinal of the account * 2^32 + kind * 2^30 + a number; kinds: 0 devices, 1 orders.
-- The tables of references have no foreign keys: triggers keep them, whoever writes.
CREATE TABLE trigrams_accounts (
    ordinal          INTEGER PRIMARY KEY NOT NULL,
    smart_account_id TEXT NOT NULL UNIQUE
);
CREATE TABLE trigrams_of (
    number INTEGER PRIMARY KEY NOT NULL,
    thing  TEXT NOT NULL
);
CREATE INDEX trigrams_of_thing ON trigrams_of (thing);
CREATE VIRTUAL TABLE trigrams USING fts5 (
    search_key, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);

CREATE TRIGGER trigrams_devices_insert AFTER INSERT ON devices BEGIN
    INSERT INTO trigrams_accounts (smart_account_id) SELECT new.smart_account_id
        WHERE NOT EXISTS (SELECT 1 FROM trigrams_accounts WHERE smart_account_id = new.smart_account_id);
    INSERT INTO trigrams_of (number, thing)
        SELECT 1 + COALESCE((SELECT o.number FROM trigrams_of o
                             WHERE o.number BETWEEN (a.ordinal << 32) AND (a.ordinal << 32) + 1073741823
                             ORDER BY o.number DESC LIMIT 1), a.ordinal << 32), new.id
        FROM trigrams_accounts a WHERE a.smart_account_id = new.smart_account_id;
    INSERT INTO trigrams (rowid, search_key) VALUES (last_insert_rowid(), new.search_key);
END;
CREATE TRIGGER trigrams_devices_update AFTER UPDATE OF search_key ON devices WHEN old.search_key <> new.search_key BEGIN
    UPDATE trigrams SET search_key = new.search_key
        WHERE rowid = (SELECT number FROM trigrams_of WHERE thing = new.id);
END;
CREATE TRIGGER trigrams_devices_delete AFTER DELETE ON devices BEGIN
    DELETE FROM trigrams WHERE rowid = (SELECT number FROM trigrams_of WHERE thing = old.id);
    DELETE FROM trigrams_of WHERE thing = old.id;
END;

-- One order is seen by several accounts: its rows are told apart by the piece that they lie in.
CREATE TRIGGER trigrams_orders_insert AFTER INSERT ON order_views BEGIN
    INSERT INTO trigrams_accounts (smart_account_id) SELECT new.smart_account_id
        WHERE NOT EXISTS (SELECT 1 FROM trigrams_accounts WHERE smart_account_id = new.smart_account_id);
    INSERT INTO trigrams_of (number, thing)
        SELECT 1 + COALESCE((SELECT o.number FROM trigrams_of o
                             WHERE o.number BETWEEN (a.ordinal << 32) + 1073741824 AND (a.ordinal << 32) + 2147483647
                             ORDER BY o.number DESC LIMIT 1), (a.ordinal << 32) + 1073741824), new.order_id
        FROM trigrams_accounts a WHERE a.smart_account_id = new.smart_account_id;
    INSERT INTO trigrams (rowid, search_key) VALUES (last_insert_rowid(), new.search_key);
END;
CREATE TRIGGER trigrams_orders_update AFTER UPDATE OF search_key ON order_views WHEN old.search_key <> new.search_key BEGIN
    UPDATE trigrams SET search_key = new.search_key
        WHERE rowid = (SELECT o.number FROM trigrams_accounts a JOIN trigrams_of o
                       ON o.thing = new.order_id AND o.number >> 30 = (a.ordinal << 2) + 1
                       WHERE a.smart_account_id = new.smart_account_id);
END;
CREATE TRIGGER trigrams_orders_delete AFTER DELETE ON order_views BEGIN
    DELETE FROM trigrams
        WHERE rowid = (SELECT o.number FROM trigrams_accounts a JOIN trigrams_of o
                       ON o.thing = old.order_id AND o.number >> 30 = (a.ordinal << 2) + 1
                       WHERE a.smart_account_id = old.smart_account_id);
    DELETE FROM trigrams_of
        WHERE number = (SELECT o.number FROM trigrams_accounts a JOIN trigrams_of o
                        ON o.thing = old.order_id AND o.number >> 30 = (a.ordinal << 2) + 1
                        WHERE a.smart_account_id = old.smart_account_id);
END;

-- What is there already.
INSERT INTO trigrams_accounts (smart_account_id)
    SELECT smart_account_id FROM (SELECT smart_account_id FROM devices UNION SELECT smart_account_id FROM order_views) ORDER BY 1;
INSERT INTO trigrams_of (number, thing)
    SELECT (a.ordinal << 32) + ROW_NUMBER() OVER (PARTITION BY d.smart_account_id ORDER BY d.id), d.id
    FROM devices d JOIN trigrams_accounts a ON a.smart_account_id = d.smart_account_id;
INSERT INTO trigrams_of (number, thing)
    SELECT (a.ordinal << 32) + 1073741824 + ROW_NUMBER() OVER (PARTITION BY v.smart_account_id ORDER BY v.order_id), v.order_id
    FROM order_views v JOIN trigrams_accounts a ON a.smart_account_id = v.smart_account_id;
INSERT INTO trigrams (rowid, search_key)
    SELECT o.number, d.search_key FROM trigrams_of o CROSS JOIN devices d ON d.id = o.thing
    WHERE o.number >> 30 & 3 = 0 ORDER BY o.number;
INSERT INTO trigrams (rowid, search_key)
    SELECT o.number, v.search_key FROM trigrams_of o
    CROSS JOIN trigrams_accounts a ON a.ordinal = o.number >> 32
    CROSS JOIN order_views v ON v.smart_account_id = a.smart_account_id AND v.order_id = o.thing
    WHERE o.number >> 30 & 3 = 1 ORDER BY o.number;
