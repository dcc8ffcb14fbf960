-- Searching for a part of a word without reading everything. Both extensions come with PostgreSQL and are trusted since 13:
-- whoever may create something in the database may add them. Where they are not there or may not be added, a search
-- reads the rows of the account, as before.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE EXTENSION IF NOT EXISTS btree_gin;
    -- The account stands in the index as well, so that a search reads nothing of another.
    CREATE INDEX devices_trigrams ON devices USING gin (smart_account_id, search_key gin_trgm_ops);
    CREATE INDEX order_views_trigrams ON order_views USING gin (smart_account_id, search_key gin_trgm_ops);
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR undefined_object OR feature_not_supported THEN
        RAISE WARNING 'Searches read all rows of an account: the extensions pg_trgm and btree_gin cannot be added (%).', SQLERRM;
END
$$;
