//! The tables as diesel sees them, as SQLite has them and as PostgreSQL has them are the same tables.

use crate::support::{Database, postgres, repository};
use diesel::connection::Connection;
use diesel::{PgConnection, RunQueryDsl, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

/// What both databases say of a table, in words that both can be put into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Name, class of type, whether it may be absent.
    pub columns: BTreeMap<String, (String, bool)>,
    /// In order.
    pub key: Vec<String>,
    /// Columns, and under which condition.
    pub unique: BTreeSet<(Vec<String>, String)>,
    /// Columns, other table, its columns.
    pub foreign: BTreeSet<(Vec<String>, String, Vec<String>)>,
    /// Column, and the words or bounds that it is held to.
    pub checks: BTreeSet<String>,
}

/// `schema.rs`, read as text.
pub fn declared() -> BTreeMap<String, Table> {
    let text = std::fs::read_to_string(repository().join("src/platform/db/schema.rs")).unwrap();
    let mut tables = BTreeMap::new();
    for part in text.split("diesel::table! {").skip(1) {
        let mut lines = part.lines().map(str::trim).filter(|l| !l.is_empty());
        let head = lines.next().unwrap();
        let (name, rest) = head.split_once(" (").unwrap();
        let key = rest
            .split(')')
            .next()
            .unwrap()
            .split(", ")
            .map(str::to_owned)
            .collect();
        let mut table = Table {
            key,
            ..Table::default()
        };
        for line in lines.take_while(|l| *l != "}") {
            let (column, kind) = line.trim_end_matches(',').split_once(" -> ").unwrap();
            let optional = kind.starts_with("Nullable<");
            let class = kind.trim_start_matches("Nullable<").trim_end_matches('>');
            table
                .columns
                .insert(column.to_owned(), (class.to_owned(), optional));
        }
        tables.insert(name.to_owned(), table);
    }
    assert!(tables.len() > 10, "schema.rs was not understood");
    tables
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

/// Rows of texts, separated by `|`.
fn ask<C>(conn: &mut C, query: &str) -> Vec<Vec<String>>
where
    C: Connection,
    diesel::query_builder::SqlQuery: for<'a> diesel::query_dsl::methods::LoadQuery<'a, C, Row>,
{
    let rows: Vec<Row> = diesel::sql_query(query)
        .load(conn)
        .unwrap_or_else(|e| panic!("{query}: {e}"));
    rows.into_iter()
        .map(|r| r.line.split('|').map(str::to_owned).collect())
        .collect()
}

fn sqlite_file(database: &Database) -> SqliteConnection {
    SqliteConnection::establish(database.url.trim_start_matches("sqlite://")).unwrap()
}

/// The catalogue of a SQLite database.
pub fn of_sqlite(conn: &mut SqliteConnection) -> BTreeMap<String, Table> {
    let mut tables = BTreeMap::new();
    for row in ask(
        conn,
        "SELECT name AS line FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name NOT LIKE 'trigrams%'",
    ) {
        let name = row[0].clone();
        let mut table = Table::default();
        let mut key = BTreeMap::new();
        for column in ask(
            conn,
            &format!(
                "SELECT name || '|' || type || '|' || \"notnull\" || '|' || pk AS line FROM pragma_table_info('{name}')"
            ),
        ) {
            let class = match column[1].as_str() {
                "TEXT" => "Text",
                "INTEGER" => "Integer",
                "BIGINT" => "BigInt",
                "TIMESTAMP" => "Timestamp",
                "BOOLEAN" => "Bool",
                other => panic!(
                    "{name}.{} is of type {other}, which is no type of ours",
                    column[0]
                ),
            };
            if column[3] != "0" {
                key.insert(column[3].parse::<u32>().unwrap(), column[0].clone());
            }
            table
                .columns
                .insert(column[0].clone(), (class.to_owned(), column[2] == "0"));
        }
        table.key = key.into_values().collect();
        for index in ask(
            conn,
            &format!(
                "SELECT l.name || '|' || l.origin || '|' || coalesce(s.sql, '') AS line FROM pragma_index_list('{name}') l LEFT JOIN sqlite_schema s ON s.name = l.name WHERE l.\"unique\" AND l.origin <> 'pk'"
            ),
        ) {
            let columns = ask(
                conn,
                &format!(
                    "SELECT name AS line FROM pragma_index_info('{}') ORDER BY seqno",
                    index[0]
                ),
            );
            let condition = index[2].split(" WHERE ").nth(1).unwrap_or_default();
            table.unique.insert((
                columns.into_iter().map(|c| c[0].clone()).collect(),
                plain(condition),
            ));
        }
        let mut foreign: BTreeMap<String, (Vec<String>, String, Vec<String>)> = BTreeMap::new();
        for part in ask(
            conn,
            &format!(
                "SELECT id || '|' || \"table\" || '|' || \"from\" || '|' || coalesce(\"to\", '') AS line FROM pragma_foreign_key_list('{name}') ORDER BY id, seq"
            ),
        ) {
            let entry = foreign.entry(part[0].clone()).or_default();
            entry.0.push(part[2].clone());
            entry.1.clone_from(&part[1]);
            entry.2.push(part[3].clone());
        }
        table.foreign = foreign.into_values().collect();
        let sql = ask(
            conn,
            &format!("SELECT replace(sql, '|', ' ') AS line FROM sqlite_schema WHERE name = '{name}'"),
        );
        table.checks = checks(&sql[0][0]);
        tables.insert(name, table);
    }
    tables
}

/// The catalogue of a PostgreSQL database.
pub fn of_postgres(conn: &mut PgConnection) -> BTreeMap<String, Table> {
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for column in ask(
        conn,
        "SELECT table_name || '|' || column_name || '|' || data_type || '|' || is_nullable || '|' || coalesce(collation_name, '') AS line FROM information_schema.columns WHERE table_schema = 'public'",
    ) {
        if column[0].starts_with("__") || column[0] == "migration_lock" {
            continue;
        }
        let class = match column[2].as_str() {
            "text" => "Text",
            "integer" => "Integer",
            "bigint" => "BigInt",
            "timestamp without time zone" => "Timestamp",
            "boolean" => "Bool",
            other => panic!(
                "{}.{} is of type {other}, which is no type of ours",
                column[0], column[1]
            ),
        };
        assert!(
            class != "Text" || column[4] == "C",
            "{}.{} is not ordered as bytes: it needs COLLATE \"C\"",
            column[0],
            column[1]
        );
        tables
            .entry(column[0].clone())
            .or_default()
            .columns
            .insert(column[1].clone(), (class.to_owned(), column[3] == "YES"));
    }
    for index in ask(
        conn,
        "SELECT c.relname || '|' || i.indisprimary || '|' || \
           (SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(i.indkey::int[]) WITH ORDINALITY k(num, n) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num) \
           || '|' || replace(coalesce(pg_get_expr(i.indpred, i.indrelid), ''), '::text', '') AS line \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'public' AND i.indisunique",
    ) {
        let Some(table) = tables.get_mut(&index[0]) else {
            continue;
        };
        let columns: Vec<String> = index[2].split(',').map(str::to_owned).collect();
        if index[1] == "true" {
            table.key = columns;
        } else {
            table.unique.insert((columns, plain(&index[3])));
        }
    }
    for row in ask(
        conn,
        "SELECT c.relname || '|' || k.contype::text || '|' || replace(pg_get_constraintdef(k.oid), '|', ' ') AS line FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND k.contype IN ('f', 'c')",
    ) {
        let Some(table) = tables.get_mut(&row[0]) else {
            continue;
        };
        if row[1] == "c" {
            table.checks.extend(checks(&row[2]));
            continue;
        }
        // FOREIGN KEY (a, b) REFERENCES t(c, d)
        let names = |part: &str| -> Vec<String> {
            part.split(')')
                .next()
                .unwrap()
                .split(',')
                .map(|n| n.trim().to_owned())
                .collect()
        };
        let mut parts = row[2].split('(');
        parts.next();
        let from = names(parts.next().unwrap());
        let to = row[2].split("REFERENCES ").nth(1).unwrap();
        let (other, columns) = to.split_once('(').unwrap();
        table.foreign.insert((from, other.to_owned(), names(columns)));
    }
    tables
}

/// A condition without the brackets that PostgreSQL adds, and with the `IN` that it rewrites.
fn plain(condition: &str) -> String {
    condition
        .chars()
        .filter(|c| !"()".contains(*c))
        .collect::<String>()
        .replace("= ANY ARRAY[", "IN ")
        .replace(']', "")
        .trim()
        .to_owned()
}

/// Every check as `column: what`, from the text of a table or of a constraint of either database.
fn checks(sql: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let flat = sql
        .replace("::text", "")
        .replace('"', "")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for (at, _) in flat.match_indices("CHECK (") {
        let mut depth = 0;
        let inside: String = flat[at + "CHECK ".len()..]
            .chars()
            .take_while(|c| {
                depth += i32::from(*c == '(') - i32::from(*c == ')');
                depth > 0
            })
            .collect();
        found.insert(said(inside.trim_start_matches('(').trim()));
    }
    found
}

fn said(check: &str) -> String {
    let words: Vec<&str> = check.split('\'').skip(1).step_by(2).collect();
    let column = |text: &str| -> String {
        text.trim_start_matches('(')
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    if !words.is_empty() {
        let set: BTreeSet<&str> = words.into_iter().collect();
        return format!("{}: one of {set:?}", column(check));
    }
    let bare = check.replace(['(', ')'], " ");
    let parts: Vec<&str> = bare.split_whitespace().collect();
    match parts.as_slice() {
        ["length", name, how, most] => format!("{name}: length {how} {most}"),
        [name, "BETWEEN", low, "AND", high] => format!("{name}: from {low} to {high}"),
        [name, ">=", low, "AND", same, "<=", high] if name == same => {
            format!("{name}: from {low} to {high}")
        }
        other => other.join(" "),
    }
}

/// What `schema.rs` can say.
fn outline(tables: &BTreeMap<String, Table>) -> BTreeMap<String, Table> {
    tables
        .iter()
        .map(|(name, table)| {
            let only = Table {
                columns: table.columns.clone(),
                key: table.key.clone(),
                ..Table::default()
            };
            (name.clone(), only)
        })
        .collect()
}

#[track_caller]
fn assert_same(a: &BTreeMap<String, Table>, b: &BTreeMap<String, Table>, which: &str) {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for name in names {
        assert_eq!(a.get(name), b.get(name), "{which}: the table {name} differs");
    }
}

/// A SQLite database at the current schema, whatever the other tests run on.
pub fn sqlite() -> (Database, SqliteConnection) {
    let database = Database::sqlite();
    let conn = sqlite_file(&database);
    (database, conn)
}

#[test]
fn sqlite_has_the_tables_that_diesel_sees() {
    let (_database, mut conn) = sqlite();
    assert_same(
        &declared(),
        &outline(&of_sqlite(&mut conn)),
        "schema.rs and SQLite",
    );
}

#[test]
fn postgres_has_the_tables_that_sqlite_has() {
    if postgres().is_none() {
        return;
    }
    let (_database, mut conn) = sqlite();
    let on_server = Database::fresh();
    let mut server = PgConnection::establish(&on_server.url).unwrap();
    assert_same(
        &of_sqlite(&mut conn),
        &of_postgres(&mut server),
        "SQLite and PostgreSQL",
    );
}

/// Whether a statement belongs to a table that takes the place of another, or to a check that is changed in place: SQLite
/// needs the first for the second. What comes of both is compared above.
fn is_made_anew(step: &str, statement: &str) -> bool {
    let anew = step
        .split("RENAME TO ")
        .skip(1)
        .any(|rest| statement.contains(&format!("ON {} (", rest.split(';').next().unwrap_or_default())));
    anew || statement.contains("_more")
        || statement.contains(" CONSTRAINT ") && statement.starts_with("ALTER TABLE")
}

/// So that a step written for one database alone is seen without a server too.
#[test]
fn the_steps_of_both_databases_say_the_same() {
    let of = |database: &str| -> BTreeMap<String, String> {
        let root = repository().join("migrations").join(database);
        std::fs::read_dir(root)
            .unwrap()
            .flatten()
            .map(|e| {
                let text = std::fs::read_to_string(e.path().join("up.sql")).unwrap();
                // Triggers and the index of trigrams are written in each database's own language.
                let tables: String = text
                    .replace(" COLLATE \"C\"", "")
                    .lines()
                    .map(str::trim)
                    .filter(|l| !l.starts_with("--"))
                    .collect::<Vec<_>>()
                    .join("\n")
                    .split(";\n")
                    // The last statement of a file keeps its semicolon.
                    .map(|s| s.trim().trim_end_matches(';'))
                    .filter(|s| !s.contains("trigrams"))
                    .filter(|s| !is_made_anew(&text, s))
                    .filter(|s| {
                        s.starts_with("CREATE TABLE")
                            || s.starts_with("ALTER TABLE")
                            || s.starts_with("CREATE INDEX")
                            || s.starts_with("CREATE UNIQUE")
                    })
                    .map(|s| s.split_whitespace().collect::<Vec<_>>().join(" "))
                    .collect::<Vec<_>>()
                    .join("\n");
                assert!(
                    e.path().join("down.sql").is_file(),
                    "{:?} cannot be taken back",
                    e.path()
                );
                (e.file_name().to_string_lossy().into_owned(), tables)
            })
            .collect()
    };
    let (sqlite, postgres) = (of("sqlite"), of("postgres"));
    assert_eq!(
        sqlite.keys().collect::<Vec<_>>(),
        postgres.keys().collect::<Vec<_>>(),
        "each step stands in both folders under one name"
    );
    for (name, text) in &sqlite {
        let other: Vec<&str> = postgres[name].lines().collect();
        for line in text.lines() {
            assert!(other.contains(&line), "{name}: only in sqlite/: {line}");
        }
        assert_eq!(text.lines().count(), other.len(), "{name}: postgres/ has more");
    }
}

/// Columns whose words are an enum in Rust: table, column, words.
fn enums() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    macro_rules! words {
        ($kind:ty) => {
            <$kind>::ALL.iter().map(|v| v.word()).collect()
        };
    }
    use licentral::{
        access_requests, authn, authz, catalog, devices, kernel, licenses, local_accounts, members, orders,
        simulator, smart_accounts, sync, virtual_accounts,
    };
    vec![
        ("members", "state", words!(authn::PersonState)),
        ("people", "state", words!(authn::PersonState)),
        ("sessions", "way", words!(authn::session::Way)),
        ("platform_roles", "role", words!(authn::PlatformRole)),
        ("grants", "role", words!(authz::Role)),
        ("user_group_access", "role", words!(authz::Role)),
        ("user_group_requests", "state", words!(members::RequestState)),
        ("access_requests", "state", words!(access_requests::AccessState)),
        ("access_requests", "scope", words!(access_requests::ScopeKind)),
        (
            "access_requests",
            "given_scope",
            words!(access_requests::ScopeKind),
        ),
        ("access_requests", "role", words!(authz::Role)),
        ("access_requests", "given_role", words!(authz::Role)),
        ("events", "outcome", words!(kernel::event::Outcome)),
        ("smart_accounts", "state", words!(smart_accounts::State)),
        ("smart_accounts", "kind", words!(authz::TenantKind)),
        ("local_accounts", "state", words!(local_accounts::AccountState)),
        ("local_accounts", "sync", words!(local_accounts::SyncState)),
        ("local_sync_files", "way", words!(local_accounts::Way)),
        ("smart_accounts", "visibility", words!(smart_accounts::Visibility)),
        (
            "smart_accounts",
            "pending_detail",
            words!(smart_accounts::PendingDetail),
        ),
        (
            "virtual_accounts",
            "access_level",
            words!(virtual_accounts::AccessLevel),
        ),
        ("license_pools", "billing", words!(catalog::Billing)),
        ("license_pools", "term", words!(catalog::Term)),
        ("license_moves", "kind", words!(licenses::MoveKind)),
        ("license_stocks", "billing", words!(catalog::Billing)),
        ("license_stocks", "term", words!(catalog::Term)),
        ("devices", "standing", words!(devices::Standing)),
        ("devices", "policy_state", words!(devices::policy::PolicyState)),
        (
            "reporting_policies",
            "license_class",
            words!(devices::policy::LicenseClass),
        ),
        ("usage_reports", "way", words!(devices::policy::Way)),
        (
            "usage_file_lines",
            "outcome",
            words!(devices::policy::LineOutcome),
        ),
        ("reservations", "ended_as", words!(devices::reservation::Ended)),
        (
            "authorization_requests",
            "state",
            words!(devices::reservation::on_prem::RequestState),
        ),
        ("sync_files", "outcome", words!(sync::Outcome)),
        ("sync_files", "way", words!(sync::Way)),
        ("device_tallies", "standing", words!(devices::Standing)),
        ("lab_marks", "kind", words!(simulator::MarkKind)),
        ("orders", "order_type", words!(orders::OrderType)),
        ("orders", "order_status", words!(orders::OrderStatus)),
        ("orders", "assignment", words!(orders::Assignment)),
        ("orders", "source", words!(orders::Source)),
        ("order_lines", "kind", words!(catalog::LineKind)),
        ("order_lines", "state", words!(orders::LineState)),
        ("order_views", "order_type", words!(orders::OrderType)),
        ("order_views", "order_status", words!(orders::OrderStatus)),
        ("order_views", "assignment", words!(orders::Assignment)),
        ("order_tallies", "order_type", words!(orders::OrderType)),
        ("order_tallies", "order_status", words!(orders::OrderStatus)),
        ("order_tallies", "assignment", words!(orders::Assignment)),
    ]
}

/// Words that only their own room knows.
const PRIVATE_WORDS: &[(&str, &str)] = &[
    ("access_request_places", "part"),
    ("account_requests", "kind"),
    ("account_requests", "domain_review"),
    ("account_requests", "state"),
    ("account_request_creators", "state"),
    ("domain_changes", "state"),
];

#[test]
fn the_words_in_the_tables_are_the_words_in_the_code() {
    let (_database, mut conn) = sqlite();
    let tables = of_sqlite(&mut conn);
    let mut known: BTreeSet<(String, String)> = BTreeSet::new();
    for (table, column, words) in enums() {
        let set: BTreeSet<&str> = words.into_iter().collect();
        let wanted = format!("{column}: one of {set:?}");
        assert!(
            tables[table].checks.contains(&wanted),
            "{table}: the code says {wanted}; the table says {:?}",
            tables[table].checks
        );
        known.insert((table.to_owned(), column.to_owned()));
    }
    for (name, table) in &tables {
        for check in table.checks.iter().filter(|c| c.contains(": one of ")) {
            let column = check.split(':').next().unwrap();
            let private = PRIVATE_WORDS.contains(&(name.as_str(), column));
            assert!(
                private || known.contains(&(name.clone(), column.to_owned())),
                "{name}.{column} is compared with no enum"
            );
        }
    }
}

#[test]
fn no_text_may_grow_without_end() {
    let (_database, mut conn) = sqlite();
    let mut free = Vec::new();
    for (name, table) in of_sqlite(&mut conn) {
        // Letters are made by the portal from fields that are bounded; the lab alone keeps them.
        if name == "mailbox" {
            continue;
        }
        for (column, (class, _)) in &table.columns {
            let bounded = table.checks.iter().any(|c| c.starts_with(&format!("{column}:")));
            let refers = table.foreign.iter().any(|(columns, ..)| columns.contains(column));
            if class == "Text" && !bounded && !refers {
                free.push(format!("{name}.{column}"));
            }
        }
    }
    // Ids that are kept without a foreign key: the record outlives what it speaks of.
    free.retain(|c| {
        ![
            "events.smart_account_id",
            "events.virtual_account_id",
            "events.actor_id",
        ]
        .contains(&c.as_str())
    });
    assert!(free.is_empty(), "texts without a CHECK of their length: {free:?}");
}

#[test]
fn checks_are_read_alike_from_both() {
    assert_eq!(
        checks(
            "state TEXT NOT NULL CHECK (state IN ('b', 'a')), n TEXT CHECK (length(n) <= 5), d INTEGER CHECK (d BETWEEN 0 AND 5)"
        ),
        checks(
            "CHECK ((state = ANY (ARRAY['a'::text, 'b'::text]))) CHECK ((length(n) <= 5)) CHECK (((d >= 0) AND (d <= 5)))"
        )
    );
}
