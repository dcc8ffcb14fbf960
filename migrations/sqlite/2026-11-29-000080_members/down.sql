DROP TRIGGER members_are_called;
DROP TRIGGER members_go;
DROP TRIGGER members_come;
DROP TABLE members;
DELETE FROM sqlite_stat1 WHERE tbl = 'members';
