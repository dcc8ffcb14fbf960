DROP TABLE account_addresses;
DROP TABLE domain_changes;
DROP TABLE virtual_account_tags;
DROP INDEX IF EXISTS grants_virtual;
DROP INDEX virtual_accounts_parent;
ALTER TABLE virtual_accounts DROP COLUMN search_key;
