-- The number by which scripts of the vendor know a Virtual Account: given once, in the order in which they were made. 0 is
-- none yet: of a row that the program before has written.
ALTER TABLE virtual_accounts ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
UPDATE virtual_accounts SET number = numbered.number
FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY created_at, id) AS number FROM virtual_accounts) AS numbered
WHERE virtual_accounts.id = numbered.id;
CREATE UNIQUE INDEX virtual_accounts_number ON virtual_accounts (number) WHERE number > 0;
INSERT INTO counters (name, value)
SELECT 'virtual-account', most FROM (SELECT MAX(number) AS most FROM virtual_accounts) AS numbered WHERE most IS NOT NULL;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('virtual_accounts', 'virtual_accounts_number', '11009 1');
ANALYZE sqlite_schema;
