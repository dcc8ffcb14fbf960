-- Grants by Virtual Account are asked for where there is one. Left to those, the index is no longer taken for all grants
-- of an account, which grants_one_role has in the order of people.
DROP INDEX grants_virtual;
CREATE INDEX grants_virtual ON grants (smart_account_id, virtual_account_id) WHERE virtual_account_id IS NOT NULL;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('grants', 'grants_virtual', '5005 5005 5');
ANALYZE sqlite_schema;
