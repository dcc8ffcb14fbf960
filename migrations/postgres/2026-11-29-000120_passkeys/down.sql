DELETE FROM sessions WHERE way NOT IN ('password', 'code', 'recovery-code', 'link', 'lab', 'provider', 'provider-factor', 'provider-code', 'provider-recovery-code');
ALTER TABLE sessions DROP CONSTRAINT sessions_way_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_way_check CHECK (way IN ('password', 'code', 'recovery-code', 'link', 'lab', 'provider', 'provider-factor', 'provider-code', 'provider-recovery-code'));
DROP TABLE passkeys;
