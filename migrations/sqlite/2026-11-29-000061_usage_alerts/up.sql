-- For each account the product instances by policy that need somebody: alerts ask for them with every page.
CREATE INDEX devices_policy_states ON devices (smart_account_id, policy_state, report_by, id) WHERE policy_state IS NOT NULL;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('devices', 'devices_policy_states', '20000 20000 4000 2 1');
ANALYZE sqlite_schema;
