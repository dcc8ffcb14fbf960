DROP TABLE system_users;
DROP TABLE local_sync_files;
DROP TABLE local_accounts;
DELETE FROM license_moves WHERE kind = 'response';
CREATE TABLE license_moves_more (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    smart_account_id TEXT COLLATE "C" NOT NULL,
    pool_id          TEXT COLLATE "C" NOT NULL,
    quantity         BIGINT NOT NULL,
    kind             TEXT COLLATE "C" NOT NULL CHECK (kind IN ('order', 'order-taken-back', 'transfer-in', 'transfer-out')),
    order_id         TEXT COLLATE "C" CHECK (length(order_id) = 36),
    order_line_id    TEXT COLLATE "C" CHECK (length(order_line_id) = 36),
    round            INTEGER NOT NULL CHECK (round >= 0),
    -- What people know it by: the identifier of the order, or the number of the synchronization.
    reference        TEXT COLLATE "C" NOT NULL CHECK (length(reference) <= 100),
    at               TIMESTAMP NOT NULL,
    actor            TEXT COLLATE "C" NOT NULL CHECK (length(actor) <= 500),
    FOREIGN KEY (smart_account_id, pool_id) REFERENCES license_pools (smart_account_id, id)
);
INSERT INTO license_moves_more SELECT id, smart_account_id, pool_id, quantity, kind, order_id, order_line_id, round, reference, at, actor FROM license_moves;
DROP TABLE license_moves;
ALTER TABLE license_moves_more RENAME TO license_moves;
CREATE UNIQUE INDEX license_moves_once ON license_moves (order_line_id, round, kind, pool_id);
CREATE INDEX license_moves_pool ON license_moves (smart_account_id, pool_id, at);
ALTER TABLE smart_accounts DROP COLUMN kind;
CREATE TABLE platform_roles_less (
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    role      TEXT COLLATE "C" NOT NULL CHECK (role IN ('support', 'domain-approver', 'operator')),
    PRIMARY KEY (person_id, role)
);
INSERT INTO platform_roles_less (person_id, role) SELECT person_id, role FROM platform_roles WHERE role IN ('support', 'domain-approver', 'operator');
DROP TABLE platform_roles;
ALTER TABLE platform_roles_less RENAME TO platform_roles;
