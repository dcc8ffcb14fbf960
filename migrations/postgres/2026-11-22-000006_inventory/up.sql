-- Licenses -------------------------------------------------------------------------------------------

-- What there is of one license in one Virtual Account, all terms together: what lists show, what devices use and
-- what is short. Written with every change of a pool and of a use.
CREATE TABLE license_stocks (
    id                 TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id   TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT COLLATE "C" NOT NULL CHECK (length(virtual_account_id) = 36),
    entitlement        TEXT COLLATE "C" NOT NULL CHECK (length(entitlement) <= 100),
    name               TEXT COLLATE "C" NOT NULL CHECK (length(name) <= 200),
    search_key         TEXT COLLATE "C" NOT NULL CHECK (length(search_key) <= 400),
    billing            TEXT COLLATE "C" NOT NULL CHECK (billing IN ('prepaid', 'usage')),
    -- The sum of its pools whose term has not ended.
    purchased          BIGINT NOT NULL CHECK (purchased >= 0),
    -- The sum of all its pools, ended or not: what is reserved stays reserved.
    reserved           BIGINT NOT NULL CHECK (reserved >= 0),
    -- What devices report beyond what is reserved for them.
    in_use             BIGINT NOT NULL CHECK (in_use >= 0),
    -- purchased - reserved - in_use; below zero is out of compliance, unless it is billed by usage.
    balance            BIGINT NOT NULL,
    -- How many terms hold something, and when the first of them ends.
    terms              INTEGER NOT NULL CHECK (terms >= 0),
    term               TEXT COLLATE "C" NOT NULL CHECK (term IN ('perpetual', 'term', 'subscription')),
    ends_at            TIMESTAMP,
    short_since        TIMESTAMP,
    version            BIGINT NOT NULL,
    CONSTRAINT license_stocks_tenant UNIQUE (smart_account_id, id),
    FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts (smart_account_id, id)
);
CREATE UNIQUE INDEX license_stocks_place ON license_stocks (smart_account_id, virtual_account_id, entitlement);
CREATE INDEX license_stocks_name ON license_stocks (smart_account_id, search_key, id);
CREATE INDEX license_stocks_balance ON license_stocks (smart_account_id, balance, id);
CREATE INDEX license_stocks_short ON license_stocks (smart_account_id, short_since) WHERE short_since IS NOT NULL;

-- Its numbers at the end of each day on which one of them changed: what the chart is drawn from.
CREATE TABLE license_days (
    stock_id         TEXT COLLATE "C" NOT NULL,
    smart_account_id TEXT COLLATE "C" NOT NULL,
    day              TEXT COLLATE "C" NOT NULL CHECK (length(day) = 10),
    purchased        BIGINT NOT NULL,
    reserved         BIGINT NOT NULL,
    in_use           BIGINT NOT NULL,
    PRIMARY KEY (stock_id, day),
    FOREIGN KEY (smart_account_id, stock_id) REFERENCES license_stocks (smart_account_id, id)
);

-- A term that is over counts no more. The number of a use belongs to the stock and not to one of its terms.
ALTER TABLE license_pools DROP COLUMN in_use;
ALTER TABLE license_pools ADD COLUMN ended_at TIMESTAMP;
CREATE INDEX license_pools_ends ON license_pools (ends_at) WHERE ended_at IS NULL;
CREATE INDEX license_pools_term ON license_pools (smart_account_id, ends_at, id);
CREATE INDEX license_pools_entitlement ON license_pools (smart_account_id, virtual_account_id, entitlement);

-- Every pool is part of a stock. One id of each kind of pool serves as the id of the stock.
INSERT INTO license_stocks (id, smart_account_id, virtual_account_id, entitlement, name, search_key, billing, purchased,
    reserved, in_use, balance, terms, term, ends_at, short_since, version)
SELECT MIN(id), smart_account_id, virtual_account_id, entitlement, MIN(name), MIN(search_key), MIN(billing), SUM(purchased),
    SUM(reserved), 0, SUM(purchased) - SUM(reserved), SUM(CASE WHEN purchased > 0 THEN 1 ELSE 0 END), MIN(term), MIN(ends_at), NULL, 1
FROM license_pools GROUP BY smart_account_id, virtual_account_id, entitlement;

-- Registration tokens --------------------------------------------------------------------------------

CREATE TABLE registration_tokens (
    id                 TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id   TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT COLLATE "C" NOT NULL CHECK (length(virtual_account_id) = 36),
    description        TEXT COLLATE "C" NOT NULL CHECK (length(description) <= 400),
    search_key         TEXT COLLATE "C" NOT NULL CHECK (length(search_key) <= 1000),
    -- It can be copied again later, so it is kept sealed with the installation's key; it is looked up by its hash.
    token_hash         TEXT COLLATE "C" NOT NULL CHECK (length(token_hash) = 43),
    sealed             TEXT COLLATE "C" NOT NULL CHECK (length(sealed) <= 1000),
    export_controlled  BOOLEAN NOT NULL,
    expires_at         TIMESTAMP NOT NULL,
    -- Absent: as often as one likes.
    max_uses           BIGINT CHECK (max_uses BETWEEN 1 AND 10000),
    uses               BIGINT NOT NULL CHECK (uses >= 0),
    created_at         TIMESTAMP NOT NULL,
    created_by         TEXT COLLATE "C" REFERENCES people (id),
    creator            TEXT COLLATE "C" NOT NULL CHECK (length(creator) <= 500),
    revoked_at         TIMESTAMP,
    revoked_by         TEXT COLLATE "C" NOT NULL CHECK (length(revoked_by) <= 500),
    version            BIGINT NOT NULL,
    CONSTRAINT registration_tokens_tenant UNIQUE (smart_account_id, id),
    FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts (smart_account_id, id)
);
CREATE UNIQUE INDEX registration_tokens_hash ON registration_tokens (token_hash);
CREATE INDEX registration_tokens_place ON registration_tokens (smart_account_id, virtual_account_id, created_at, id);
CREATE INDEX registration_tokens_created ON registration_tokens (smart_account_id, created_at, id);
CREATE INDEX registration_tokens_expires ON registration_tokens (smart_account_id, expires_at, id);

-- Product instances ----------------------------------------------------------------------------------

CREATE TABLE devices (
    id                 TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id   TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT COLLATE "C" NOT NULL CHECK (length(virtual_account_id) = 36),
    -- The On-Prem server that answers for it; absent: it reports here itself.
    device_manager_id  TEXT COLLATE "C" CHECK (length(device_manager_id) = 36),
    udi_pid            TEXT COLLATE "C" NOT NULL CHECK (length(udi_pid) <= 60),
    udi_serial         TEXT COLLATE "C" NOT NULL CHECK (length(udi_serial) <= 60),
    udi_key            TEXT COLLATE "C" NOT NULL CHECK (length(udi_key) <= 250),
    hostname           TEXT COLLATE "C" NOT NULL CHECK (length(hostname) <= 253),
    -- What it is called, folded: the host name, or the UDI of a device that sends none.
    name_key           TEXT COLLATE "C" NOT NULL CHECK (length(name_key) <= 550),
    search_key         TEXT COLLATE "C" NOT NULL CHECK (length(search_key) <= 1200),
    product            TEXT COLLATE "C" NOT NULL CHECK (length(product) <= 200),
    software           TEXT COLLATE "C" NOT NULL CHECK (length(software) <= 100),
    standing           TEXT COLLATE "C" NOT NULL CHECK (standing IN ('connected', 'silent', 'released')),
    is_reserved        BOOLEAN NOT NULL,
    export_controlled  BOOLEAN NOT NULL,
    -- What its reports are signed with is never kept, only the hash. Empty: it holds a reservation and never calls.
    secret_hash        TEXT COLLATE "C" NOT NULL CHECK (length(secret_hash) <= 43),
    token_id           TEXT COLLATE "C" CHECK (length(token_id) = 36),
    licenses           INTEGER NOT NULL CHECK (licenses >= 0),
    registered_at      TIMESTAMP NOT NULL,
    renewed_at         TIMESTAMP NOT NULL,
    contact_at         TIMESTAMP NOT NULL,
    reported_at        TIMESTAMP,
    version            BIGINT NOT NULL,
    CONSTRAINT devices_tenant UNIQUE (smart_account_id, id),
    FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts (smart_account_id, id)
);
CREATE UNIQUE INDEX devices_udi ON devices (smart_account_id, udi_key);
CREATE INDEX devices_name ON devices (smart_account_id, name_key, id);
CREATE INDEX devices_place ON devices (smart_account_id, virtual_account_id, name_key, id);
CREATE INDEX devices_product ON devices (smart_account_id, product, name_key, id);
CREATE INDEX devices_contact ON devices (smart_account_id, contact_at, id);
CREATE INDEX devices_standing ON devices (smart_account_id, standing, contact_at, id);
CREATE INDEX devices_silent ON devices (standing, contact_at);
CREATE INDEX devices_renewed ON devices (renewed_at);
CREATE INDEX devices_renewal ON devices (smart_account_id, renewed_at, id);

-- What a device uses of each license. `reserved` of it is set aside for it in the Virtual Account.
CREATE TABLE device_usage (
    device_id          TEXT COLLATE "C" NOT NULL,
    smart_account_id   TEXT COLLATE "C" NOT NULL,
    virtual_account_id TEXT COLLATE "C" NOT NULL CHECK (length(virtual_account_id) = 36),
    entitlement        TEXT COLLATE "C" NOT NULL CHECK (length(entitlement) <= 100),
    quantity           BIGINT NOT NULL CHECK (quantity >= 0),
    reserved           BIGINT NOT NULL CHECK (reserved >= 0),
    since              TIMESTAMP NOT NULL,
    PRIMARY KEY (device_id, entitlement),
    FOREIGN KEY (smart_account_id, device_id) REFERENCES devices (smart_account_id, id)
);
CREATE INDEX device_usage_place ON device_usage (smart_account_id, virtual_account_id, entitlement, device_id);

-- How many devices there are of each standing in each Virtual Account.
CREATE TABLE device_tallies (
    smart_account_id   TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT COLLATE "C" NOT NULL CHECK (length(virtual_account_id) = 36),
    standing           TEXT COLLATE "C" NOT NULL CHECK (standing IN ('connected', 'silent', 'released')),
    shard              INTEGER NOT NULL,
    devices            BIGINT NOT NULL,
    PRIMARY KEY (smart_account_id, virtual_account_id, standing, shard)
);

-- Reservations ---------------------------------------------------------------------------------------

-- Licenses that are set aside for one device that never calls.
CREATE TABLE reservations (
    id                 TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id   TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT COLLATE "C" NOT NULL CHECK (length(virtual_account_id) = 36),
    device_id          TEXT COLLATE "C" NOT NULL CHECK (length(device_id) = 36),
    udi_pid            TEXT COLLATE "C" NOT NULL CHECK (length(udi_pid) <= 60),
    udi_serial         TEXT COLLATE "C" NOT NULL CHECK (length(udi_serial) <= 60),
    request_code       TEXT COLLATE "C" NOT NULL CHECK (length(request_code) <= 200),
    authorization_code TEXT COLLATE "C" NOT NULL CHECK (length(authorization_code) <= 20000),
    created_at         TIMESTAMP NOT NULL,
    creator            TEXT COLLATE "C" NOT NULL CHECK (length(creator) <= 500),
    returned_at        TIMESTAMP,
    version            BIGINT NOT NULL,
    CONSTRAINT reservations_tenant UNIQUE (smart_account_id, id)
);
CREATE UNIQUE INDEX reservations_request ON reservations (smart_account_id, request_code);
CREATE INDEX reservations_device ON reservations (smart_account_id, device_id, created_at);

CREATE TABLE reservation_lines (
    reservation_id   TEXT COLLATE "C" NOT NULL,
    smart_account_id TEXT COLLATE "C" NOT NULL,
    pool_id          TEXT COLLATE "C" NOT NULL CHECK (length(pool_id) = 36),
    entitlement      TEXT COLLATE "C" NOT NULL CHECK (length(entitlement) <= 100),
    name             TEXT COLLATE "C" NOT NULL CHECK (length(name) <= 200),
    quantity         BIGINT NOT NULL CHECK (quantity > 0),
    ends_at          TIMESTAMP,
    PRIMARY KEY (reservation_id, pool_id),
    FOREIGN KEY (smart_account_id, reservation_id) REFERENCES reservations (smart_account_id, id)
);

-- Alerts ---------------------------------------------------------------------------------------------

-- What somebody does not want to see any more: one alert since one time. If it comes back, it shows again.
CREATE TABLE alert_hides (
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    person_id        TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    alert_key        TEXT COLLATE "C" NOT NULL CHECK (length(alert_key) <= 200),
    hidden_at        TIMESTAMP NOT NULL,
    PRIMARY KEY (smart_account_id, person_id, alert_key)
);

-- Which alerts have been told by mail already, so that each is told once.
CREATE TABLE alert_sightings (
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    alert_key        TEXT COLLATE "C" NOT NULL CHECK (length(alert_key) <= 200),
    seen_at          TIMESTAMP NOT NULL,
    PRIMARY KEY (smart_account_id, alert_key)
);

-- What somebody wants to be told by mail about a Smart Account.
CREATE TABLE notification_settings (
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    person_id        TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    daily_summary    BOOLEAN NOT NULL,
    status           BOOLEAN NOT NULL,
    expiring_90      BOOLEAN NOT NULL,
    expiring_60      BOOLEAN NOT NULL,
    expiring_30      BOOLEAN NOT NULL,
    -- The last day of which a summary went out.
    summary_day      TEXT COLLATE "C" NOT NULL CHECK (length(summary_day) <= 10),
    version          BIGINT NOT NULL,
    PRIMARY KEY (smart_account_id, person_id)
);

-- Further addresses that are told the same as the people of the account are.
CREATE TABLE notification_addresses (
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    email            TEXT COLLATE "C" NOT NULL CHECK (length(email) <= 254),
    added_at         TIMESTAMP NOT NULL,
    added_by         TEXT COLLATE "C" NOT NULL CHECK (length(added_by) <= 500),
    summary_day      TEXT COLLATE "C" NOT NULL CHECK (length(summary_day) <= 10),
    PRIMARY KEY (smart_account_id, email)
);
