-- Where an account wants to be told of its events, and what was told.
CREATE TABLE webhooks (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    name             TEXT COLLATE "C" NOT NULL CHECK (length(name) <= 200),
    name_key         TEXT COLLATE "C" NOT NULL CHECK (length(name_key) <= 400),
    url              TEXT COLLATE "C" NOT NULL CHECK (length(url) <= 500),
    -- Kinds of events and groups of them, such as licenses.*, with spaces between them; empty for all.
    kinds            TEXT COLLATE "C" NOT NULL CHECK (length(kinds) <= 4000),
    is_on            BOOLEAN NOT NULL,
    -- Locked under the installation's key; the former one is good until a time.
    secret           TEXT COLLATE "C" NOT NULL CHECK (length(secret) <= 300),
    former_secret    TEXT COLLATE "C" NOT NULL CHECK (length(former_secret) <= 300),
    former_until     TIMESTAMP,
    created_at       TIMESTAMP NOT NULL,
    version          BIGINT NOT NULL,
    UNIQUE (smart_account_id, id)
);
CREATE UNIQUE INDEX webhooks_name ON webhooks (smart_account_id, name_key);

CREATE TABLE webhook_deliveries (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT COLLATE "C" NOT NULL REFERENCES smart_accounts (id),
    webhook_id       TEXT COLLATE "C" NOT NULL,
    event_id         TEXT COLLATE "C" NOT NULL CHECK (length(event_id) = 36),
    kind             TEXT COLLATE "C" NOT NULL CHECK (length(kind) <= 60),
    is_replay        BOOLEAN NOT NULL,
    not_before       TIMESTAMP NOT NULL,
    attempts         INTEGER NOT NULL,
    leased_until     TIMESTAMP,
    sent_at          TIMESTAMP,
    gave_up_at       TIMESTAMP,
    last_problem     TEXT COLLATE "C" NOT NULL CHECK (length(last_problem) <= 1000),
    -- Of the newest try: the status of the answer and the beginning of its body, and how long it took.
    last_status      INTEGER,
    last_answer      TEXT COLLATE "C" NOT NULL CHECK (length(last_answer) <= 2000),
    took_ms          INTEGER,
    tried_at         TIMESTAMP,
    created_at       TIMESTAMP NOT NULL,
    FOREIGN KEY (smart_account_id, webhook_id) REFERENCES webhooks (smart_account_id, id)
);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (not_before) WHERE sent_at IS NULL AND gave_up_at IS NULL;
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_account ON webhook_deliveries (smart_account_id);

-- Whether anybody is to be told: looked at where the event is counted, so that nobody else pays for it.
ALTER TABLE event_tallies ADD COLUMN is_heard BOOLEAN NOT NULL DEFAULT FALSE;
