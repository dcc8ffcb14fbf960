DROP INDEX grants_virtual;
CREATE INDEX grants_virtual ON grants (smart_account_id, virtual_account_id);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('grants', 'grants_virtual', '15037 2 2');
ANALYZE sqlite_schema;
