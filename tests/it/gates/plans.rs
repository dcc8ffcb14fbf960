//! How the database carries out what pages and lists ask: by an index of the account's own rows, and never by reading a
//! table that grows with the number of tenants. SQLite's plans are the same in every installation (decision 12), so those
//! of a small database are those of a large one.

use super::world::{ASKED, World};
use diesel::RunQueryDsl;
use licentral::platform::db::{Conn, Database, Reads};
use std::collections::BTreeSet;

/// Tables of which a portal with many tenants has many rows.
const LARGE: &[&str] = &[
    "access_requests",
    "account_requests",
    "alert_hides",
    "device_tallies",
    "device_usage",
    "devices",
    "events",
    "event_tallies",
    "grants",
    "license_days",
    "license_moves",
    "license_pools",
    "license_stocks",
    "license_tags",
    "mailbox",
    "order_lines",
    "order_tallies",
    "order_views",
    "orders",
    "people",
    "registration_tokens",
    "smart_accounts",
    "trigrams_of",
    "virtual_accounts",
];

/// What may read a whole table nevertheless, by a word of the statement, and why.
const MAY: &[(&str, &str)] = &[
    (
        "`access_requests`.`id` FROM `access_requests` LIMIT",
        "whether there is any",
    ),
    (
        "`account_requests`.`reference` FROM `account_requests` LIMIT",
        "whether there is any",
    ),
    ("COUNT(*) FROM `people`", "the page of signing in, in a lab"),
    (
        "FROM `people` WHERE (`people`.`state` = ?) ORDER BY `people`.`search_key`",
        "people who are offered on the page of signing in, in a lab",
    ),
    ("INNER JOIN `platform_roles`", "few hold a role over the portal"),
    (
        "`smart_accounts`.`name` FROM `smart_accounts`",
        "names that look the same (decision 17): by one's own request alone",
    ),
    (
        "`smart_accounts`.`headquarters`",
        "an account of others is searched by its name",
    ),
];

#[derive(diesel::QueryableByName)]
struct Step {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

/// Pages on which somebody looks after the whole portal, or a lab.
fn is_of_all(path: &str) -> bool {
    [
        "/simulator",
        "/api/v1/simulator",
        "/operator",
        "/livez",
        "/readyz",
        "/about",
    ]
    .iter()
    .any(|folder| path.starts_with(folder))
}

#[test]
fn no_list_reads_a_table_of_all_tenants() {
    let mut wrong = BTreeSet::new();
    for edition in ASKED {
        let w = World::that_keeps_nothing(*edition);
        if w.p.db.database() != Database::Sqlite {
            return;
        }
        w.p.db.heard();
        let mut ada = w.visitor("ada@xyz.example");
        let narrowed = [
            "",
            "?q=abc",
            "?q=ab",
            "?sort=-name",
            "?page=2",
            "?status=silent",
            "?sort=date",
        ];
        for route in w.reads().into_iter().filter(|route| !is_of_all(&route.path)) {
            let path = w.ours(&route.path);
            for more in narrowed {
                let _ = ada.ask("GET", &format!("{path}{more}")).status;
            }
        }
        let asked: Vec<String> =
            w.p.db
                .heard()
                .into_iter()
                .filter(|text| text.starts_with("SELECT"))
                .collect();
        assert!(asked.len() > 100, "{}", asked.len());
        w.p.db
            .read_now(|r| {
                let Conn::Sqlite(c) = r.conn() else { return Ok(()) };
                for text in &asked {
                    let plan: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}")).load(c)?;
                    for step in plan {
                        let table = step
                            .detail
                            .strip_prefix("SCAN ")
                            .and_then(|rest| rest.split(' ').next());
                        let is_large = table.is_some_and(|table| LARGE.contains(&table.trim_matches('`')));
                        if is_large && !MAY.iter().any(|(word, _)| text.contains(word)) {
                            wrong.insert(format!("{}: {text}", step.detail));
                        }
                    }
                }
                Ok(())
            })
            .unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{} read all:\n{}",
        wrong.len(),
        Vec::from_iter(wrong).join("\n")
    );
}
