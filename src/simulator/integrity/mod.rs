//! `licentral check`: looks for anything in the database that should not be. Reads only.

mod store;

use crate::authz::{TenantKind, grants};
use crate::error::Result;
use crate::events;
use crate::platform::db::Reads;
use crate::platform::db::chain::{Broken, Chain};
use crate::platform::db::{Database, Db};

/// What must find nothing: what a find means, and how to look. A find is one text, in the column `what`.
type Rule = (&'static str, &'static str);

const RULES: &[Rule] = &[
    (
        "The number of events that is kept for this Smart Account (or for none) is not the number of its events",
        "SELECT CASE WHEN tenant = '' THEN 'no Smart Account' ELSE tenant END AS what FROM (
            SELECT smart_account_id AS tenant, events AS n FROM event_tallies
            UNION ALL SELECT COALESCE(smart_account_id, ''), -1 FROM events
         ) AS counted GROUP BY tenant HAVING SUM(n) <> 0",
    ),
    (
        "An Active Smart Account has not exactly one DEFAULT Virtual Account",
        "SELECT s.domain AS what FROM smart_accounts s WHERE s.state = 'active'
         AND (SELECT COUNT(*) FROM virtual_accounts v WHERE v.smart_account_id = s.id AND v.is_default) <> 1",
    ),
    (
        "A Pending Smart Account has Virtual Accounts already",
        "SELECT s.domain AS what FROM smart_accounts s WHERE s.state = 'pending'
         AND EXISTS (SELECT 1 FROM virtual_accounts v WHERE v.smart_account_id = s.id)",
    ),
    (
        // The System Administrators of an On-Prem server administer each account of it.
        "An Active Smart Account has no administrator",
        "SELECT s.domain AS what FROM smart_accounts s WHERE s.state = 'active' AND s.kind = 'smart'
         AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.smart_account_id = s.id AND g.role = 'account-admin')",
    ),
    (
        "A Smart Account that can still become Active has no open request, or more than one",
        "SELECT s.domain AS what FROM smart_accounts s
         WHERE s.state = 'pending' AND s.pending_detail IN ('domain-approval', 'customer-acceptance')
         AND (SELECT COUNT(*) FROM account_requests r WHERE r.smart_account_id = s.id AND r.state = 'pending') <> 1",
    ),
    (
        "A Smart Account holds its domain and should not, or does not and should",
        "SELECT s.domain AS what FROM smart_accounts s
         WHERE s.kind = 'smart'
         AND (s.state = 'pending' AND s.pending_detail IN ('denied', 'withdrawn', 'expired')) = s.holds_domain",
    ),
    (
        "A local account holds a domain, or its tenant is not in the state that goes with its own",
        "SELECT s.name AS what FROM smart_accounts s LEFT JOIN local_accounts l ON l.smart_account_id = s.id
         WHERE s.kind = 'local' AND (s.holds_domain OR l.state IS NULL OR s.state <> CASE
            WHEN l.state IN ('active', 'inactive') THEN l.state ELSE 'pending' END)",
    ),
    (
        "A local account has applied a response to a file that it has not made",
        "SELECT s.name AS what FROM local_accounts l JOIN smart_accounts s ON s.id = l.smart_account_id
         WHERE l.last_response > l.sequence",
    ),
    (
        "The state of a request and of its Smart Account do not fit",
        "SELECT r.reference AS what FROM account_requests r JOIN smart_accounts s ON s.id = r.smart_account_id
         WHERE NOT (
            (r.state = 'approved' AND s.state IN ('active', 'inactive'))
            OR (r.state IN ('denied', 'withdrawn', 'expired') AND s.state = 'pending' AND s.pending_detail = r.state)
            OR (r.state = 'pending' AND s.state = 'pending' AND s.pending_detail =
                CASE WHEN r.domain_review = 'waiting' THEN 'domain-approval' ELSE 'customer-acceptance' END)
         )",
    ),
    (
        "A request is decided and somebody is still asked to decide it",
        "SELECT r.reference AS what FROM account_requests r JOIN account_request_creators c ON c.request_id = r.id
         WHERE r.state <> 'pending' AND c.state = 'asked'",
    ),
    (
        "A role is held over a Virtual Account that is not there",
        "SELECT g.id AS what FROM grants g LEFT JOIN virtual_accounts v
         ON v.id = g.virtual_account_id AND v.smart_account_id = g.smart_account_id
         WHERE g.virtual_account_id IS NOT NULL AND v.id IS NULL",
    ),
    (
        "A role is held in another scope than it belongs to",
        "SELECT g.id AS what FROM grants g WHERE g.scope <> COALESCE(g.virtual_account_id, '')
         OR (g.virtual_account_id IS NULL) <> (g.role IN ('account-admin', 'account-approver', 'account-user', 'account-viewer'))",
    ),
    (
        "A role is held through a user group that does not give it, or by somebody who is not in the group",
        "SELECT g.id AS what FROM grants g WHERE g.source <> '' AND NOT EXISTS (
            SELECT 1 FROM user_group_access a JOIN user_group_people p ON p.group_id = a.group_id
            WHERE a.group_id = g.source AND a.smart_account_id = g.smart_account_id AND a.scope = g.scope
            AND a.role = g.role AND p.person_id = g.person_id)",
    ),
    (
        "Somebody in a user group does not hold what it gives",
        "SELECT a.group_id AS what FROM user_group_access a JOIN user_group_people p ON p.group_id = a.group_id
         WHERE NOT EXISTS (SELECT 1 FROM grants g WHERE g.source = a.group_id
            AND g.smart_account_id = a.smart_account_id AND g.scope = a.scope AND g.person_id = p.person_id)",
    ),
    (
        "A letter is both sent and given up",
        "SELECT o.id AS what FROM outbox o WHERE o.sent_at IS NOT NULL AND o.gave_up_at IS NOT NULL",
    ),
    (
        "A letter was sent or given up without a try, or is still in somebody's hands",
        "SELECT o.id AS what FROM outbox o WHERE (o.sent_at IS NOT NULL OR o.gave_up_at IS NOT NULL)
         AND (o.attempts < 1 OR o.leased_until IS NOT NULL)",
    ),
    (
        "A person who can sign in has neither a password nor an account of the identity provider, or one who cannot has a password",
        "SELECT p.email AS what FROM people p WHERE (p.state = 'active' AND p.password_hash IS NULL
            AND NOT EXISTS (SELECT 1 FROM provider_identities i WHERE i.person_id = p.id))
         OR (p.state = 'invited' AND p.password_hash IS NOT NULL)",
    ),
    (
        "The number of product instances that is kept for a Virtual Account is not the number of them",
        "SELECT place AS what FROM (
            SELECT virtual_account_id AS place, standing, devices AS n FROM device_tallies
            UNION ALL SELECT virtual_account_id, standing, -1 FROM devices
         ) AS counted GROUP BY place, standing HAVING SUM(n) <> 0",
    ),
    (
        "The number of licenses that is kept for a Virtual Account is not the number of them",
        "SELECT place AS what FROM (
            SELECT virtual_account_id AS place, licenses AS n FROM license_tallies
            UNION ALL SELECT virtual_account_id, -1 FROM license_stocks WHERE purchased > 0 OR reserved > 0 OR in_use > 0
         ) AS counted GROUP BY place HAVING SUM(n) <> 0",
    ),
    (
        "The members that are kept for a Smart Account are not those who hold a role in it",
        "SELECT what FROM (
            SELECT smart_account_id || ' ' || person_id AS what, roles AS n FROM members
            UNION ALL SELECT smart_account_id || ' ' || person_id, -1 FROM grants
         ) AS counted GROUP BY what HAVING SUM(n) <> 0",
    ),
    (
        "A member is called otherwise than in their profile, or stands otherwise",
        "SELECT p.email AS what FROM members m JOIN people p ON p.id = m.person_id
         WHERE m.search_key <> p.search_key OR m.email_key <> p.email_key OR m.state <> p.state OR m.roles < 1",
    ),
    (
        "What a license says is in use is not what product instances use beyond what is reserved for them",
        "SELECT what FROM (
            SELECT smart_account_id || ' ' || virtual_account_id || ' ' || entitlement AS what, in_use AS n FROM license_stocks
            UNION ALL
            SELECT smart_account_id || ' ' || virtual_account_id || ' ' || entitlement,
                CASE WHEN quantity > reserved THEN reserved - quantity ELSE 0 END FROM device_usage
         ) AS counted GROUP BY what HAVING SUM(n) <> 0",
    ),
    (
        "What a product instance uses lies in another Virtual Account than the product instance",
        "SELECT u.device_id AS what FROM device_usage u JOIN devices d ON d.id = u.device_id
         WHERE d.virtual_account_id <> u.virtual_account_id OR d.smart_account_id <> u.smart_account_id",
    ),
    (
        "A product instance says that it uses another number of licenses than it does",
        "SELECT d.id AS what FROM devices d LEFT JOIN (
            SELECT device_id, COUNT(*) AS n FROM device_usage GROUP BY device_id) u ON u.device_id = d.id
         WHERE d.licenses <> COALESCE(u.n, 0)",
    ),
    (
        "A product instance of which nothing was heard for 90 days still uses licenses",
        "SELECT d.id AS what FROM devices d WHERE d.standing = 'released'
         AND EXISTS (SELECT 1 FROM device_usage u WHERE u.device_id = d.id)",
    ),
    (
        "A product instance never reports and no license is reserved for it, or it has no way to prove itself",
        "SELECT d.id AS what FROM devices d WHERE d.secret_hash = '' AND NOT d.is_reserved
         AND d.policy_state IS NULL AND d.device_manager_id IS NULL",
    ),
    (
        "A product instance is served by a device manager that is removed, unknown, or bound to another Virtual Account",
        "SELECT d.id AS what FROM devices d LEFT JOIN device_managers m ON m.id = d.device_manager_id
         WHERE d.device_manager_id IS NOT NULL AND (m.id IS NULL OR m.removed_at IS NOT NULL
         OR m.virtual_account_id <> d.virtual_account_id OR m.smart_account_id <> d.smart_account_id)",
    ),
    (
        "A device manager says that it serves another number of product instances than it does",
        "SELECT m.id AS what FROM device_managers m WHERE m.product_instances <> (
            SELECT COUNT(*) FROM devices d WHERE d.device_manager_id = m.id)",
    ),
    (
        "A device manager is bound without a key, or has a key without being bound",
        "SELECT m.id AS what FROM device_managers m WHERE (m.removed_at IS NULL) <> (m.virtual_account_id IS NOT NULL)
         OR (m.removed_at IS NULL) <> (m.public_key <> '')",
    ),
    (
        "The last sequence of a device manager is not that of the newest file that was applied since it was registered last",
        "SELECT m.id AS what FROM device_managers m WHERE m.sequence <> (
            SELECT COALESCE(MAX(f.sequence), 0) FROM sync_files f WHERE f.device_manager_id = m.id AND f.outcome = 'applied'
            AND f.registration = m.registration)",
    ),
    (
        "A synchronization file was applied and not answered, or answered and not applied",
        "SELECT f.id AS what FROM sync_files f WHERE (f.outcome = 'applied') <> EXISTS (
            SELECT 1 FROM sync_responses r WHERE r.file_id = f.id)",
    ),
    (
        "Bytes are kept of a synchronization file that nobody needs, or not kept of one that waits or counts",
        "SELECT f.id AS what FROM sync_files f JOIN device_managers m ON m.id = f.device_manager_id
         WHERE m.removed_at IS NULL AND EXISTS (SELECT 1 FROM sync_parts p WHERE p.file_id = f.id) <> (
            f.outcome = 'waiting' OR (f.outcome = 'applied' AND f.sequence = m.sequence AND f.registration = m.registration))",
    ),
    (
        "A synchronization file waits though its device manager was registered again since, or is of a registration to come",
        "SELECT f.id AS what FROM sync_files f JOIN device_managers m ON m.id = f.device_manager_id
         WHERE f.registration > m.registration OR (f.outcome = 'waiting' AND f.registration <> m.registration)",
    ),
    (
        "A device manager has other former keys than it was registered again, or one that still counts",
        "SELECT m.id AS what FROM device_managers m WHERE m.registration - 1 <> (
            SELECT COUNT(*) FROM former_manager_keys k WHERE k.device_manager_id = m.id)
         OR EXISTS (SELECT 1 FROM former_manager_keys k WHERE k.public_key = m.public_key)",
    ),
    (
        "Reservations hold more of a pool than is set aside in it",
        "SELECT l.pool_id AS what FROM reservation_lines l JOIN reservations r ON r.id = l.reservation_id
         LEFT JOIN license_pools p ON p.id = l.pool_id WHERE r.returned_at IS NULL
         GROUP BY l.pool_id HAVING SUM(l.quantity) > COALESCE(MIN(p.reserved), 0)",
    ),
    (
        "What is reserved for a product instance is not what its reservation holds",
        "SELECT what FROM (
            SELECT device_id AS what, entitlement, reserved AS n FROM device_usage
            UNION ALL SELECT r.device_id, l.entitlement, -l.quantity FROM reservation_lines l
            JOIN reservations r ON r.id = l.reservation_id WHERE r.returned_at IS NULL
         ) AS counted GROUP BY what, entitlement HAVING SUM(n) <> 0",
    ),
    (
        "A product instance uses another quantity of a license by policy than its latest report says",
        "SELECT u.device_id AS what FROM device_usage u JOIN devices d ON d.id = u.device_id WHERE d.policy_state IS NOT NULL
         AND d.device_manager_id IS NULL AND u.quantity > 0 AND NOT EXISTS (SELECT 1 FROM usage_reports r WHERE r.smart_account_id = d.smart_account_id
            AND r.udi_key = d.udi_key AND r.entitlement = u.entitlement AND r.quantity = u.quantity AND r.ended_at = (
                SELECT MAX(l.ended_at) FROM usage_reports l WHERE l.smart_account_id = d.smart_account_id
                AND l.udi_key = d.udi_key AND l.entitlement = u.entitlement))",
    ),
    (
        "A product instance by policy is registered as well, or holds a reservation",
        "SELECT d.id AS what FROM devices d WHERE d.policy_state IS NOT NULL AND d.is_reserved",
    ),
    (
        "An On-Prem server keeps a usage report that was not counted there",
        "SELECT k.device_id AS what FROM kept_reports k JOIN devices d ON d.id = k.device_id WHERE NOT EXISTS (
            SELECT 1 FROM usage_reports r WHERE r.smart_account_id = k.smart_account_id AND r.udi_key = d.udi_key
            AND r.report_id = k.report_id AND r.sha256 = k.sha256)",
    ),
    (
        "A product instance holds a reservation that is not there, or there is one that it does not hold",
        "SELECT d.id AS what FROM devices d WHERE d.policy_state IS NULL AND d.is_reserved <> EXISTS (
            SELECT 1 FROM reservations r WHERE r.device_id = d.id AND r.returned_at IS NULL)
         UNION ALL SELECT r.id FROM reservations r WHERE r.returned_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.id = r.device_id AND (d.is_reserved OR d.policy_state IS NOT NULL))",
    ),
    (
        "A registration token was used more often than it may be, or belongs to no Virtual Account",
        "SELECT t.id AS what FROM registration_tokens t LEFT JOIN virtual_accounts v
         ON v.id = t.virtual_account_id AND v.smart_account_id = t.smart_account_id
         WHERE t.uses > COALESCE(t.max_uses, t.uses) OR v.id IS NULL",
    ),
    (
        "The number of licenses in a pool is not the sum of its ledger",
        "SELECT p.id AS what FROM license_pools p WHERE p.purchased <> (
            SELECT COALESCE(SUM(m.quantity), 0) FROM license_moves m
            WHERE m.smart_account_id = p.smart_account_id AND m.pool_id = p.id)",
    ),
    (
        "What a Virtual Account has of a license is not what its pools add up to",
        "SELECT s.id AS what FROM license_stocks s WHERE s.purchased <> (
            SELECT COALESCE(SUM(p.purchased), 0) FROM license_pools p WHERE p.smart_account_id = s.smart_account_id
            AND p.virtual_account_id = s.virtual_account_id AND p.entitlement = s.entitlement AND p.ended_at IS NULL)
         OR s.reserved <> (
            SELECT COALESCE(SUM(p.reserved), 0) FROM license_pools p WHERE p.smart_account_id = s.smart_account_id
            AND p.virtual_account_id = s.virtual_account_id AND p.entitlement = s.entitlement)
         OR s.balance <> s.purchased - s.reserved - s.in_use",
    ),
    (
        "Licenses lie in a Virtual Account that does not count them",
        "SELECT p.id AS what FROM license_pools p WHERE p.deleted_place IS NULL AND NOT EXISTS (SELECT 1 FROM license_stocks s
            WHERE s.smart_account_id = p.smart_account_id AND s.virtual_account_id = p.virtual_account_id
            AND s.entitlement = p.entitlement)",
    ),
    (
        "A license is said to be short and is not, or is short and nobody said so",
        "SELECT s.id AS what FROM license_stocks s
         WHERE (s.short_since IS NOT NULL) <> (s.balance < 0 AND s.billing = 'prepaid')",
    ),
    (
        "What left by transfer did not come to another Virtual Account",
        "SELECT m.smart_account_id AS what FROM license_moves m JOIN license_pools p ON p.id = m.pool_id
         WHERE m.kind IN ('transfer-in', 'transfer-out') GROUP BY m.smart_account_id, p.entitlement HAVING SUM(m.quantity) <> 0",
    ),
    (
        "An assigned product line has not brought its licenses exactly once",
        "SELECT l.id AS what FROM order_lines l WHERE l.state = 'assigned' AND l.kind = 'product' AND (
            NOT EXISTS (SELECT 1 FROM license_moves m WHERE m.order_line_id = l.id AND m.round = l.round AND m.kind = 'order')
            OR EXISTS (SELECT 1 FROM license_moves m WHERE m.order_line_id = l.id AND m.round = l.round AND m.kind = 'order-taken-back')
            OR (SELECT COALESCE(SUM(m.quantity), 0) FROM license_moves m
                WHERE m.order_line_id = l.id AND m.round <> l.round AND m.kind IN ('order', 'order-taken-back')) <> 0)",
    ),
    (
        "A line that is not assigned, or a service, holds licenses",
        "SELECT l.id AS what FROM order_lines l WHERE NOT (l.state = 'assigned' AND l.kind = 'product')
         AND (SELECT COALESCE(SUM(m.quantity), 0) FROM license_moves m
              WHERE m.order_line_id = l.id AND m.kind IN ('order', 'order-taken-back')) <> 0",
    ),
    (
        "Licenses of a line came to another Virtual Account than the line",
        "SELECT m.order_line_id AS what FROM license_moves m JOIN license_pools p ON p.id = m.pool_id
         JOIN order_lines l ON l.id = m.order_line_id
         WHERE m.kind = 'order' AND m.round = l.round AND l.state = 'assigned' AND p.deleted_place IS NULL
         AND (l.virtual_account_id IS NULL OR p.virtual_account_id <> l.virtual_account_id OR p.smart_account_id <> l.smart_account_id)",
    ),
    (
        "A line is in a state that its facts do not fit",
        "SELECT l.id AS what FROM order_lines l WHERE NOT (
            (l.state IN ('unassigned', 'not-assignable') AND l.smart_account_id IS NULL AND l.due_at IS NULL AND l.round = 0)
            OR (l.state = 'requested' AND l.smart_account_id IS NOT NULL AND l.due_at IS NOT NULL AND l.round > 0)
            OR (l.state = 'hold' AND l.smart_account_id IS NOT NULL AND l.round > 0)
            OR (l.state = 'assigned' AND l.smart_account_id IS NOT NULL AND l.virtual_account_id IS NOT NULL AND l.settled_at IS NOT NULL)
            OR (l.state = 'failed' AND l.smart_account_id IS NOT NULL AND l.settled_at IS NOT NULL AND l.reason <> ''))",
    ),
    (
        "An order says something else of its assignment or its lines than the lines do",
        "SELECT o.identifier AS what FROM orders o
         WHERE o.lines <> (SELECT COUNT(*) FROM order_lines l WHERE l.order_id = o.id)
         OR o.assignment <> CASE
            WHEN EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.state = 'failed') THEN 'failed'
            WHEN EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.state IN ('requested', 'hold')) THEN 'requested'
            WHEN EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.state IN ('unassigned', 'not-assignable')) THEN 'unassigned'
            ELSE 'assigned' END",
    ),
    (
        "Lines are assignable and their order is not, or the other way round",
        "SELECT o.identifier AS what FROM orders o JOIN order_lines l ON l.order_id = o.id
         WHERE (o.order_type = 'standard') = (l.state = 'not-assignable')",
    ),
    (
        "An order shows in a Smart Account where it should not, or does not where it should",
        "SELECT order_id AS what FROM (
            SELECT partner_account_id AS account, id AS order_id, 1 AS s, 0 AS c, 0 AS a FROM orders WHERE partner_account_id IS NOT NULL
            UNION ALL SELECT customer_account_id, id, 0, 1, 0 FROM orders WHERE customer_account_id IS NOT NULL
            UNION ALL SELECT smart_account_id, order_id, 0, 0, 1 FROM order_lines WHERE state = 'assigned' GROUP BY smart_account_id, order_id
            UNION ALL SELECT smart_account_id, order_id, CASE WHEN is_sold THEN -1 ELSE 0 END,
                CASE WHEN is_customer THEN -1 ELSE 0 END, CASE WHEN is_assigned THEN -1 ELSE 0 END FROM order_views
         ) AS shown GROUP BY account, order_id HAVING SUM(s) <> 0 OR SUM(c) <> 0 OR SUM(a) <> 0",
    ),
    (
        "A list shows something else of an order than the order says",
        "SELECT v.order_id AS what FROM order_views v JOIN orders o ON o.id = v.order_id
         WHERE v.assignment <> o.assignment OR v.order_status <> o.order_status OR v.order_type <> o.order_type
         OR v.lines <> o.lines OR v.ordered_at <> o.ordered_at OR v.identifier_key <> o.identifier_key
         OR v.customer_key <> o.customer_key OR v.search_key <> o.search_key
         OR NOT (v.is_sold OR v.is_customer OR v.is_assigned)",
    ),
    (
        "The number of orders that is kept for this Smart Account is not the number of its orders",
        "SELECT account AS what FROM (
            SELECT smart_account_id AS account, order_type, order_status, assignment, orders AS n FROM order_tallies
            UNION ALL SELECT smart_account_id, order_type, order_status, assignment, -1 FROM order_views
         ) AS counted GROUP BY account, order_type, order_status, assignment HAVING SUM(n) <> 0",
    ),
    (
        "An assignment is open without a line on its way, or closed with one",
        "SELECT r.id AS what FROM order_assignments r WHERE (r.settled_at IS NULL) <> EXISTS (
            SELECT 1 FROM order_lines l WHERE l.assignment_id = r.id AND l.state IN ('requested', 'hold'))",
    ),
];

/// What SQLite says of its own file.
const SQLITE_RULES: &[Rule] = &[
    // A connection remembers the shape of the index of trigrams, and the check believes what is remembered; reading from
    // the index first, in the same statement, makes it look again (SQLite 3.53).
    (
        "The file is damaged",
        "SELECT integrity_check AS what FROM (SELECT COUNT(*) AS n FROM trigrams WHERE rowid = 0) AS looked
         CROSS JOIN pragma_integrity_check WHERE integrity_check <> 'ok'",
    ),
    (
        "A row points at one that is not there",
        "SELECT \"table\" || ' -> ' || \"parent\" AS what FROM pragma_foreign_key_check",
    ),
];

/// How many finds of one kind are named.
const NAMED: usize = 5;

/// The places where the record does not hang together.
fn broken_chains(db: &Db) -> Result<Vec<String>> {
    let chains = db.read_now(|r| chains(r))?;
    Ok(chains
        .into_iter()
        .flat_map(|(name, chain)| {
            let says = move |broken: &Broken| {
                format!(
                    "The record of {name} does not hang together: {}.",
                    events::sentence(broken)
                )
            };
            chain.broken.iter().map(says).collect::<Vec<_>>()
        })
        .collect())
}

/// Every chain of the record, each with the domain, name or id of its account.
pub fn chains(read: &mut dyn Reads) -> Result<Vec<(String, Chain)>> {
    events::follow_all(read)?
        .into_iter()
        .map(|(account, chain)| {
            let name = match account {
                None => "the portal".to_owned(),
                Some(id) => grants::tenant(read, id)?.map_or_else(
                    || id.to_string(),
                    |tenant| match tenant.kind {
                        TenantKind::Smart => tenant.domain,
                        TenantKind::Local => tenant.name,
                    },
                ),
            };
            Ok((name, chain))
        })
        .collect()
}

/// Looks for anything that should not be. Each find is a sentence.
pub fn check(db: &Db) -> Result<Vec<String>> {
    let own: &[Rule] = match db.database() {
        Database::Sqlite => SQLITE_RULES,
        Database::Postgres => &[],
    };
    let mut said: Vec<String> = crate::sync::unlike_their_files(db)?
        .into_iter()
        .map(|what| {
            format!(
                "The product instances of a device manager are not those of its last applied file: {what}."
            )
        })
        .collect();
    said.extend(broken_chains(db)?);
    for (means, query) in RULES.iter().chain(own) {
        let found = db.read_now(|r| store::find(r, query))?;
        if found.is_empty() {
            continue;
        }
        let named: Vec<&str> = found.iter().take(NAMED).map(String::as_str).collect();
        let more = match found.len().saturating_sub(NAMED) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        said.push(format!("{means}: {}{more}.", named.join(", ")));
    }
    Ok(said)
}
