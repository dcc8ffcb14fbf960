DROP INDEX devices_policy_states;
