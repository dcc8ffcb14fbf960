DROP INDEX license_stocks_short;
CREATE INDEX license_stocks_short ON license_stocks (smart_account_id, short_since) WHERE short_since IS NOT NULL;
