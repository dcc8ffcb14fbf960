DROP INDEX devices_search;
DROP INDEX grants_over_account;
