DROP TRIGGER members_are_called ON people;
DROP TRIGGER members_go ON grants;
DROP TRIGGER members_come ON grants;
DROP FUNCTION member_is_called();
DROP FUNCTION member_goes();
DROP FUNCTION member_comes();
DROP TABLE members;
