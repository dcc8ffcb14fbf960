-- The first of those that are short, on every page: without the id in the index all of them are sorted.
DROP INDEX license_stocks_short;
CREATE INDEX license_stocks_short ON license_stocks (smart_account_id, short_since, id) WHERE short_since IS NOT NULL;
