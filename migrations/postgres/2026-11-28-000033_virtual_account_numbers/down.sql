DELETE FROM counters WHERE name = 'virtual-account';
DROP INDEX virtual_accounts_number;
ALTER TABLE virtual_accounts DROP COLUMN number;
