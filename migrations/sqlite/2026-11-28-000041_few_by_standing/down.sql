DROP INDEX devices_standing_name;
