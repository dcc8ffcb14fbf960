-- Through which user group a role is held: '' when it was given directly, else the group's id. A person may
-- hold a role on one scope directly and through groups at once; whoever ends one of them leaves the others.
ALTER TABLE grants ADD COLUMN source TEXT NOT NULL DEFAULT '' CHECK (length(source) <= 36);
DROP INDEX grants_one_role;
CREATE UNIQUE INDEX grants_one_role ON grants (smart_account_id, person_id, scope, source);
CREATE INDEX grants_source ON grants (source, smart_account_id) WHERE source <> '';
