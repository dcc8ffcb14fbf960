-- The ledger is kept when a Virtual Account is deleted: its pools stand under the default one from then on, closed, with
-- the name of the one in which they were.
ALTER TABLE license_pools ADD COLUMN deleted_place TEXT COLLATE "C" CHECK (length(deleted_place) <= 100);
