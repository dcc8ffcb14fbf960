DELETE FROM sessions WHERE way NOT IN ('password', 'code', 'recovery-code', 'link', 'lab');
ALTER TABLE sessions DROP CONSTRAINT sessions_way_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_way_check CHECK (way IN ('password', 'code', 'recovery-code', 'link', 'lab'));
DROP TABLE provider_identities;
