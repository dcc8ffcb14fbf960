//! `licentral check`: looks for anything in the database that should not be. Reads only.

mod store;

use crate::error::Result;
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
        "An Active Smart Account has no administrator",
        "SELECT s.domain AS what FROM smart_accounts s WHERE s.state = 'active'
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
         WHERE (s.state = 'pending' AND s.pending_detail IN ('denied', 'withdrawn', 'expired')) = s.holds_domain",
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
        "A person who can sign in has no password",
        "SELECT p.email AS what FROM people p WHERE (p.state = 'active' AND p.password_hash IS NULL)
         OR (p.state = 'invited' AND p.password_hash IS NOT NULL)",
    ),
];

/// What SQLite says of its own file.
const SQLITE_RULES: &[Rule] = &[
    (
        "The file is damaged",
        "SELECT integrity_check AS what FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    ),
    (
        "A row points at one that is not there",
        "SELECT \"table\" || ' -> ' || \"parent\" AS what FROM pragma_foreign_key_check",
    ),
];

/// How many finds of one kind are named.
const NAMED: usize = 5;

/// Looks for anything that should not be. Each find is a sentence.
pub fn check(db: &Db) -> Result<Vec<String>> {
    let own: &[Rule] = match db.database() {
        Database::Sqlite => SQLITE_RULES,
        Database::Postgres => &[],
    };
    let mut said = Vec::new();
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
