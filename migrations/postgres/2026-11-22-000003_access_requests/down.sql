DROP TABLE access_delegations;
DROP TABLE access_settings;
DROP TABLE access_request_places;
DROP TABLE access_requests;
