-- Scripts of the vendor name an account by its domain, whether it still holds it or not.
CREATE INDEX smart_accounts_of_domain ON smart_accounts (domain);
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('smart_accounts', 'smart_accounts_of_domain', '10008 1');
ANALYZE sqlite_schema;
