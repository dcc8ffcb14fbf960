CREATE TABLE saved_views_of_orders (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    person_id        TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    list             TEXT COLLATE "C" NOT NULL CHECK (length(list) <= 60),
    name             TEXT COLLATE "C" NOT NULL CHECK (length(name) <= 200),
    name_key         TEXT COLLATE "C" NOT NULL CHECK (length(name_key) <= 400),
    query            TEXT COLLATE "C" NOT NULL CHECK (length(query) <= 2000),
    created_at       TIMESTAMP NOT NULL
);
INSERT INTO saved_views_of_orders (id, smart_account_id, person_id, list, name, name_key, query, created_at)
    SELECT id, smart_account_id, person_id, 'orders', name, name_key, query, created_at
    FROM saved_views WHERE smart_account_id IS NOT NULL AND list LIKE '/sa/%/orders/order-inventory';
DROP TABLE saved_views;
ALTER TABLE saved_views_of_orders RENAME TO saved_views;
CREATE UNIQUE INDEX saved_views_name ON saved_views (smart_account_id, person_id, list, name_key);
