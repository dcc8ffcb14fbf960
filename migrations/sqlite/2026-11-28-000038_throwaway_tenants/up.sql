-- Smart Accounts of a lab that go by themselves, with everything that is in them.
CREATE TABLE throwaway_tenants (
    smart_account_id TEXT PRIMARY KEY NOT NULL CHECK (length(smart_account_id) = 36) REFERENCES smart_accounts (id),
    -- The name under which it was made with others.
    batch            TEXT NOT NULL CHECK (length(batch) <= 20),
    -- Ids of the people that were made with it, with spaces between them.
    people           TEXT NOT NULL CHECK (length(people) <= 400),
    -- By wall time.
    expires_at       TIMESTAMP NOT NULL,
    created_at       TIMESTAMP NOT NULL
);
CREATE INDEX throwaway_tenants_due ON throwaway_tenants (expires_at);
CREATE INDEX throwaway_tenants_batch ON throwaway_tenants (batch);
