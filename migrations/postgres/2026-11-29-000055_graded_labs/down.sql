DROP TABLE lab_marks;
DROP TABLE lab_attempts;
DROP TABLE lab_files;
