DROP TABLE license_tags;
