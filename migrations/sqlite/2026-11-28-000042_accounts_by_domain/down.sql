DROP INDEX smart_accounts_of_domain;
