-- What product instances by policy of an On-Prem server ask the cloud for: an authorization code for enforced licenses, or
-- that one is taken back. A synchronization carries it, and brings the answer.
CREATE TABLE authorization_requests (
    device_id          TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    smart_account_id   TEXT COLLATE "C" NOT NULL,
    -- As the product instance made it, or the server for it.
    request_code       TEXT COLLATE "C" NOT NULL CHECK (length(request_code) <= 200),
    -- Whether the server made it: the authorization code is then sealed to the UDI.
    by_serial          BOOLEAN NOT NULL,
    -- JSON: entitlement and quantity of each license.
    licenses           TEXT COLLATE "C" NOT NULL CHECK (length(licenses) <= 20000),
    state              TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'granted', 'refused', 'returning', 'returned')),
    -- What the cloud has granted; empty until then.
    authorization_code TEXT COLLATE "C" NOT NULL CHECK (length(authorization_code) <= 20000),
    -- What proves that the product instance works by it no more; empty until then.
    return_code        TEXT COLLATE "C" NOT NULL CHECK (length(return_code) <= 200),
    -- Why the cloud refused the last request; empty where it did not.
    code               TEXT COLLATE "C" NOT NULL CHECK (length(code) <= 60),
    says               TEXT COLLATE "C" NOT NULL CHECK (length(says) <= 1000),
    asked_at           TIMESTAMP NOT NULL,
    FOREIGN KEY (smart_account_id, device_id) REFERENCES devices (smart_account_id, id)
);
CREATE UNIQUE INDEX authorization_requests_code ON authorization_requests (smart_account_id, request_code);
CREATE INDEX authorization_requests_device ON authorization_requests (smart_account_id, device_id);
