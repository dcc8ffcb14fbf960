DELETE FROM user_imports;
