DROP INDEX grants_virtual;
CREATE INDEX grants_virtual ON grants (smart_account_id, virtual_account_id);
