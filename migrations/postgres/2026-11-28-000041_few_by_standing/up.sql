-- Product instances of one standing, in the order of their names: few of many are found without passing by the others.
CREATE INDEX devices_standing_name ON devices (smart_account_id, standing, name_key, id);
