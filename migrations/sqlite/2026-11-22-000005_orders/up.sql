-- Licenses -------------------------------------------------------------------------------------------

-- One entitlement with one term in one Virtual Account. `purchased` is the sum of its moves.
CREATE TABLE license_pools (
    id                 TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id   TEXT NOT NULL REFERENCES smart_accounts (id),
    virtual_account_id TEXT NOT NULL CHECK (length(virtual_account_id) = 36),
    entitlement        TEXT NOT NULL CHECK (length(entitlement) <= 100),
    name               TEXT NOT NULL CHECK (length(name) <= 200),
    search_key         TEXT NOT NULL CHECK (length(search_key) <= 400),
    billing            TEXT NOT NULL CHECK (billing IN ('prepaid', 'usage')),
    term               TEXT NOT NULL CHECK (term IN ('perpetual', 'term', 'subscription')),
    starts_at          TIMESTAMP,
    ends_at            TIMESTAMP,
    -- Entitlement, billing, term and dates in one text: absent dates are not equal in a unique index, texts are.
    pool_key           TEXT NOT NULL CHECK (length(pool_key) <= 300),
    purchased          BIGINT NOT NULL CHECK (purchased >= 0),
    reserved           BIGINT NOT NULL CHECK (reserved >= 0),
    in_use             BIGINT NOT NULL CHECK (in_use >= 0),
    created_at         TIMESTAMP NOT NULL,
    version            BIGINT NOT NULL,
    CONSTRAINT license_pools_tenant UNIQUE (smart_account_id, id),
    FOREIGN KEY (smart_account_id, virtual_account_id) REFERENCES virtual_accounts (smart_account_id, id)
);
CREATE UNIQUE INDEX license_pools_key ON license_pools (smart_account_id, virtual_account_id, pool_key);
CREATE INDEX license_pools_name ON license_pools (smart_account_id, search_key, id);

-- What came into a pool and went out of it: only ever added to. The unique index is what keeps a line of an order
-- from being counted twice, whatever is tried again.
CREATE TABLE license_moves (
    id               TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT NOT NULL,
    pool_id          TEXT NOT NULL,
    quantity         BIGINT NOT NULL,
    kind             TEXT NOT NULL CHECK (kind IN ('order', 'order-taken-back', 'transfer-in', 'transfer-out')),
    order_id         TEXT CHECK (length(order_id) = 36),
    order_line_id    TEXT CHECK (length(order_line_id) = 36),
    round            INTEGER NOT NULL CHECK (round >= 0),
    -- What people know it by: the identifier of the order.
    reference        TEXT NOT NULL CHECK (length(reference) <= 100),
    at               TIMESTAMP NOT NULL,
    actor            TEXT NOT NULL CHECK (length(actor) <= 500),
    FOREIGN KEY (smart_account_id, pool_id) REFERENCES license_pools (smart_account_id, id)
);
CREATE UNIQUE INDEX license_moves_once ON license_moves (order_line_id, round, kind, pool_id);
CREATE INDEX license_moves_pool ON license_moves (smart_account_id, pool_id, at);

-- Orders ---------------------------------------------------------------------------------------------

CREATE TABLE orders (
    id                  TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    identifier          TEXT NOT NULL CHECK (length(identifier) <= 60),
    identifier_key      TEXT NOT NULL CHECK (length(identifier_key) <= 120),
    search_key          TEXT NOT NULL CHECK (length(search_key) <= 1000),
    customer            TEXT NOT NULL CHECK (length(customer) <= 200),
    customer_key        TEXT NOT NULL CHECK (length(customer_key) <= 400),
    customer_domain     TEXT NOT NULL CHECK (length(customer_domain) <= 253),
    customer_email      TEXT NOT NULL CHECK (length(customer_email) <= 254),
    customer_account_id TEXT REFERENCES smart_accounts (id),
    partner_account_id  TEXT REFERENCES smart_accounts (id),
    order_type          TEXT NOT NULL CHECK (order_type IN ('standard', 'stocking', 'enterprise-agreement')),
    order_status        TEXT NOT NULL CHECK (order_status IN ('pending', 'partially-fulfilled', 'fulfilled')),
    assignment          TEXT NOT NULL CHECK (assignment IN ('unassigned', 'requested', 'assigned', 'failed')),
    purchase_order      TEXT NOT NULL CHECK (length(purchase_order) <= 60),
    lines               INTEGER NOT NULL CHECK (lines BETWEEN 1 AND 500),
    ordered_at          TIMESTAMP NOT NULL,
    received_at         TIMESTAMP NOT NULL,
    source              TEXT NOT NULL CHECK (source IN ('scenario', 'api', 'import')),
    version             BIGINT NOT NULL
);
CREATE UNIQUE INDEX orders_identifier ON orders (identifier_key);
CREATE INDEX orders_customer_domain ON orders (customer_domain) WHERE customer_account_id IS NULL;

CREATE TABLE order_assignments (
    id               TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    -- From whose portal it was asked for.
    smart_account_id TEXT NOT NULL REFERENCES smart_accounts (id),
    requested_by     TEXT REFERENCES people (id),
    requester        TEXT NOT NULL CHECK (length(requester) <= 500),
    is_unchecked     BOOLEAN NOT NULL,
    orders           INTEGER NOT NULL CHECK (orders >= 0),
    lines            INTEGER NOT NULL CHECK (lines >= 0),
    requested_at     TIMESTAMP NOT NULL,
    settled_at       TIMESTAMP,
    CONSTRAINT order_assignments_tenant UNIQUE (smart_account_id, id)
);
CREATE INDEX order_assignments_open ON order_assignments (requested_at) WHERE settled_at IS NULL;

CREATE TABLE order_lines (
    id                 TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    order_id           TEXT NOT NULL REFERENCES orders (id),
    number             INTEGER NOT NULL CHECK (number BETWEEN 1 AND 500),
    sku                TEXT NOT NULL CHECK (length(sku) <= 60),
    description        TEXT NOT NULL CHECK (length(description) <= 400),
    kind               TEXT NOT NULL CHECK (kind IN ('product', 'cisco-service', 'partner-service')),
    quantity           BIGINT NOT NULL CHECK (quantity BETWEEN 1 AND 2000000000),
    term_months        INTEGER CHECK (term_months BETWEEN 1 AND 120),
    state              TEXT NOT NULL CHECK (state IN ('unassigned', 'requested', 'hold', 'assigned', 'failed', 'not-assignable')),
    smart_account_id   TEXT REFERENCES smart_accounts (id),
    -- As it was asked for: it may have been deleted since. Absent: the default one of an account that is Pending.
    virtual_account_id TEXT CHECK (length(virtual_account_id) = 36),
    -- The end customer's Smart Account came with the order and is Active: nothing to assign here.
    customer_active    BOOLEAN NOT NULL,
    assignment_id      TEXT REFERENCES order_assignments (id),
    due_at             TIMESTAMP,
    -- How often an assignment of this line was asked for.
    round              INTEGER NOT NULL CHECK (round >= 0),
    reason             TEXT NOT NULL CHECK (length(reason) <= 1000),
    settled_at         TIMESTAMP,
    version            BIGINT NOT NULL
);
CREATE UNIQUE INDEX order_lines_number ON order_lines (order_id, number);
CREATE INDEX order_lines_due ON order_lines (due_at, id) WHERE state = 'requested';
CREATE INDEX order_lines_hold ON order_lines (smart_account_id, id) WHERE state = 'hold';
CREATE INDEX order_lines_assignment ON order_lines (assignment_id, state);
CREATE INDEX order_lines_place ON order_lines (virtual_account_id, state, order_id);

-- In which Smart Accounts an order shows, and why, with what lists sort and filter by: a page of one account never
-- looks at the orders of others.
CREATE TABLE order_views (
    smart_account_id TEXT NOT NULL REFERENCES smart_accounts (id),
    order_id         TEXT NOT NULL REFERENCES orders (id),
    is_sold          BOOLEAN NOT NULL,
    is_customer      BOOLEAN NOT NULL,
    is_assigned      BOOLEAN NOT NULL,
    ordered_at       TIMESTAMP NOT NULL,
    identifier_key   TEXT NOT NULL CHECK (length(identifier_key) <= 120),
    customer_key     TEXT NOT NULL CHECK (length(customer_key) <= 400),
    order_type       TEXT NOT NULL CHECK (order_type IN ('standard', 'stocking', 'enterprise-agreement')),
    order_status     TEXT NOT NULL CHECK (order_status IN ('pending', 'partially-fulfilled', 'fulfilled')),
    assignment       TEXT NOT NULL CHECK (assignment IN ('unassigned', 'requested', 'assigned', 'failed')),
    lines            INTEGER NOT NULL CHECK (lines BETWEEN 1 AND 500),
    search_key       TEXT NOT NULL CHECK (length(search_key) <= 1000),
    PRIMARY KEY (smart_account_id, order_id)
);
CREATE INDEX order_views_order ON order_views (order_id);
CREATE INDEX order_views_date ON order_views (smart_account_id, ordered_at, order_id);
CREATE INDEX order_views_identifier ON order_views (smart_account_id, identifier_key, order_id);
CREATE INDEX order_views_customer ON order_views (smart_account_id, customer_key, order_id);
CREATE INDEX order_views_type ON order_views (smart_account_id, order_type, ordered_at, order_id);
CREATE INDEX order_views_status ON order_views (smart_account_id, order_status, ordered_at, order_id);
CREATE INDEX order_views_assignment ON order_views (smart_account_id, assignment, ordered_at, order_id);
CREATE INDEX order_views_lines ON order_views (smart_account_id, lines, order_id);

-- How many orders show in a Smart Account, of each kind: what the donuts and the totals of lists are made of.
CREATE TABLE order_tallies (
    smart_account_id TEXT NOT NULL REFERENCES smart_accounts (id),
    order_type       TEXT NOT NULL CHECK (order_type IN ('standard', 'stocking', 'enterprise-agreement')),
    order_status     TEXT NOT NULL CHECK (order_status IN ('pending', 'partially-fulfilled', 'fulfilled')),
    assignment       TEXT NOT NULL CHECK (assignment IN ('unassigned', 'requested', 'assigned', 'failed')),
    orders           BIGINT NOT NULL CHECK (orders >= 0),
    PRIMARY KEY (smart_account_id, order_type, order_status, assignment)
);

-- An assignment that somebody is still choosing. Nothing has happened yet.
CREATE TABLE order_drafts (
    id               TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT NOT NULL REFERENCES smart_accounts (id),
    person_id        TEXT NOT NULL REFERENCES people (id),
    -- JSON: which orders, and where to.
    content          TEXT NOT NULL CHECK (length(content) <= 4000000),
    created_at       TIMESTAMP NOT NULL,
    -- The assignment that came of it.
    assignment_id    TEXT REFERENCES order_assignments (id),
    version          BIGINT NOT NULL
);
CREATE INDEX order_drafts_created ON order_drafts (created_at);

-- A file of orders, while the operator reads the report. Nothing has happened yet.
CREATE TABLE order_imports (
    id         TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    person_id  TEXT NOT NULL REFERENCES people (id),
    -- JSON: the orders as they were read, with what is wrong.
    content    TEXT NOT NULL CHECK (length(content) <= 20000000),
    created_at TIMESTAMP NOT NULL,
    done_at    TIMESTAMP,
    version    BIGINT NOT NULL
);
CREATE INDEX order_imports_created ON order_imports (created_at);

-- A list as somebody likes to see it.
CREATE TABLE saved_views (
    id               TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT NOT NULL REFERENCES smart_accounts (id),
    person_id        TEXT NOT NULL REFERENCES people (id),
    list             TEXT NOT NULL CHECK (length(list) <= 60),
    name             TEXT NOT NULL CHECK (length(name) <= 200),
    name_key         TEXT NOT NULL CHECK (length(name_key) <= 400),
    query            TEXT NOT NULL CHECK (length(query) <= 2000),
    created_at       TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX saved_views_name ON saved_views (smart_account_id, person_id, list, name_key);
