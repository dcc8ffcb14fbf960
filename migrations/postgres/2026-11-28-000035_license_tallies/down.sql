DROP TRIGGER license_stocks_go ON license_stocks;
DROP TRIGGER license_stocks_empty ON license_stocks;
DROP TRIGGER license_stocks_fill ON license_stocks;
DROP TRIGGER license_stocks_come ON license_stocks;
DROP FUNCTION one_license_less();
DROP FUNCTION one_license_more();
DROP TABLE license_tallies;
