ALTER TABLE smart_accounts DROP COLUMN needs_second_factor;
ALTER TABLE sessions DROP COLUMN way;
DROP TABLE recovery_codes;
DROP TABLE second_factors;
