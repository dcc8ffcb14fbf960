-- A list of people to be added holds its lines with their numbers from here on. Lists of before that wait for
-- their author cannot be read any more; nobody has been added by them, and their author sends them again.
DELETE FROM user_imports;
