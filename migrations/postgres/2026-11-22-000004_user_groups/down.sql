DROP TABLE user_imports;
DROP TABLE user_group_requests;
DROP TABLE user_group_access;
DROP TABLE user_group_people;
-- What came through groups ends with them.
DELETE FROM grants WHERE source <> '';
DROP TABLE user_groups;
