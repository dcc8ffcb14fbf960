-- Scripts of the vendor name an account by its domain, whether it still holds it or not.
CREATE INDEX smart_accounts_of_domain ON smart_accounts (domain);
