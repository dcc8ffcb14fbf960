-- For each account the product instances by policy that need somebody: alerts ask for them with every page.
CREATE INDEX devices_policy_states ON devices (smart_account_id, policy_state, report_by, id) WHERE policy_state IS NOT NULL;
