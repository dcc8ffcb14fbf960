-- The administrators of an account are named on most of its pages: they are found without reading what everybody holds.
CREATE INDEX grants_over_account ON grants (smart_account_id, role, created_at) WHERE virtual_account_id IS NULL;
-- A search reads what is searched, and that of one account alone.
CREATE INDEX devices_search ON devices (smart_account_id, search_key);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('devices', 'devices_search', '200180 200180 1'),
    ('grants', 'grants_over_account', '10021 2 1 1');
ANALYZE sqlite_schema;
