-- Product instances of one standing, in the order of their names: few of many are found without passing by the others.
CREATE INDEX devices_standing_name ON devices (smart_account_id, standing, name_key, id);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('devices', 'devices_standing_name', '200180 200180 100090 1 1');
ANALYZE sqlite_schema;
