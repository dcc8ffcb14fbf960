-- An On-Prem server of our own (`licentral on-prem`). These tables stand empty in a portal: each server has a database
-- to itself, with one local account.
CREATE TABLE onprem_accounts (
    id       TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    name     TEXT COLLATE "C" NOT NULL CHECK (length(name) <= 100),
    -- Its state, what it knows of the cloud, and how its synchronization stands: read and written as a whole.
    facts    TEXT COLLATE "C" NOT NULL CHECK (length(facts) <= 20000),
    version  BIGINT NOT NULL
);

-- Local Virtual Accounts. The first one, DEFAULT, is bound to the one in the cloud.
CREATE TABLE onprem_places (
    account_id  TEXT COLLATE "C" NOT NULL REFERENCES onprem_accounts (id),
    name_key    TEXT COLLATE "C" NOT NULL CHECK (length(name_key) <= 400),
    name        TEXT COLLATE "C" NOT NULL CHECK (length(name) <= 100),
    description TEXT COLLATE "C" NOT NULL CHECK (length(description) <= 2000),
    is_default  BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, name_key)
);

-- Product instances that are registered here, and what they use.
CREATE TABLE onprem_devices (
    account_id    TEXT COLLATE "C" NOT NULL,
    udi_key       TEXT COLLATE "C" NOT NULL CHECK (length(udi_key) <= 250),
    pid           TEXT COLLATE "C" NOT NULL CHECK (length(pid) <= 60),
    serial        TEXT COLLATE "C" NOT NULL CHECK (length(serial) <= 60),
    hostname      TEXT COLLATE "C" NOT NULL CHECK (length(hostname) <= 253),
    product       TEXT COLLATE "C" NOT NULL CHECK (length(product) <= 200),
    software      TEXT COLLATE "C" NOT NULL CHECK (length(software) <= 100),
    place_key     TEXT COLLATE "C" NOT NULL,
    registered_at TIMESTAMP NOT NULL,
    contact_at    TIMESTAMP NOT NULL,
    -- [["entitlement", quantity], ...], by the entitlement.
    used          TEXT COLLATE "C" NOT NULL CHECK (length(used) <= 20000),
    PRIMARY KEY (account_id, udi_key),
    FOREIGN KEY (account_id, place_key) REFERENCES onprem_places (account_id, name_key)
);

-- What the last response says that the Virtual Account in the cloud holds.
CREATE TABLE onprem_licenses (
    account_id  TEXT COLLATE "C" NOT NULL REFERENCES onprem_accounts (id),
    line        INTEGER NOT NULL,
    entitlement TEXT COLLATE "C" NOT NULL CHECK (length(entitlement) <= 100),
    name        TEXT COLLATE "C" NOT NULL CHECK (length(name) <= 200),
    billing     TEXT COLLATE "C" NOT NULL CHECK (billing IN ('prepaid', 'usage')),
    purchased   BIGINT NOT NULL CHECK (purchased >= 0),
    ends_at     TIMESTAMP,
    PRIMARY KEY (account_id, line)
);

-- How many of them were given to a local Virtual Account other than DEFAULT, which has the rest.
CREATE TABLE onprem_shares (
    account_id  TEXT COLLATE "C" NOT NULL,
    place_key   TEXT COLLATE "C" NOT NULL,
    entitlement TEXT COLLATE "C" NOT NULL CHECK (length(entitlement) <= 100),
    quantity    BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (account_id, place_key, entitlement),
    FOREIGN KEY (account_id, place_key) REFERENCES onprem_places (account_id, name_key)
);

-- Every synchronization file that was generated, and what became of it.
CREATE TABLE onprem_files (
    account_id   TEXT COLLATE "C" NOT NULL REFERENCES onprem_accounts (id),
    sequence     BIGINT NOT NULL CHECK (sequence > 0),
    sha256       TEXT COLLATE "C" NOT NULL CHECK (length(sha256) = 64),
    devices      BIGINT NOT NULL CHECK (devices >= 0),
    usages       BIGINT NOT NULL CHECK (usages >= 0),
    generated_at TIMESTAMP NOT NULL,
    answered_at  TIMESTAMP,
    PRIMARY KEY (account_id, sequence)
);
