DROP TRIGGER license_stocks_go;
DROP TRIGGER license_stocks_empty;
DROP TRIGGER license_stocks_fill;
DROP TRIGGER license_stocks_come;
DROP TABLE license_tallies;
