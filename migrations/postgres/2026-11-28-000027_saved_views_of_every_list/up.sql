-- Views are saved of every list, also of those that stand in no account: a list is named by the path of its page.
CREATE TABLE saved_views_of_lists (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT COLLATE "C" REFERENCES smart_accounts (id),
    person_id        TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    list             TEXT COLLATE "C" NOT NULL CHECK (length(list) <= 200),
    name             TEXT COLLATE "C" NOT NULL CHECK (length(name) <= 200),
    name_key         TEXT COLLATE "C" NOT NULL CHECK (length(name_key) <= 400),
    query            TEXT COLLATE "C" NOT NULL CHECK (length(query) <= 2000),
    created_at       TIMESTAMP NOT NULL
);
INSERT INTO saved_views_of_lists (id, smart_account_id, person_id, list, name, name_key, query, created_at)
    SELECT saved_views.id, smart_account_id, person_id, '/sa/' || smart_accounts.number || '/orders/order-inventory',
           saved_views.name, saved_views.name_key, query, saved_views.created_at
    FROM saved_views JOIN smart_accounts ON smart_accounts.id = saved_views.smart_account_id;
DROP TABLE saved_views;
ALTER TABLE saved_views_of_lists RENAME TO saved_views;
CREATE UNIQUE INDEX saved_views_name ON saved_views (person_id, list, name_key);
CREATE INDEX saved_views_account ON saved_views (smart_account_id) WHERE smart_account_id IS NOT NULL;
