-- The command's own On-Prem server is the On-Prem edition now: `licentral on-prem adopt` reads its old files.
DROP TABLE onprem_shares;
DROP TABLE onprem_licenses;
DROP TABLE onprem_files;
DROP TABLE onprem_devices;
DROP TABLE onprem_places;
DROP TABLE onprem_accounts;
