DROP INDEX grants_source;
DROP INDEX grants_one_role;
-- The program before knows no groups: what they gave ends with them.
DELETE FROM grants WHERE source <> '';
ALTER TABLE grants DROP COLUMN source;
CREATE UNIQUE INDEX grants_one_role ON grants (smart_account_id, person_id, scope);
