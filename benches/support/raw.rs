//! The limit of what is taken in: the very rows that a workload leaves in the portal's own tables, by one prepared statement in
//! a loop on a copy of its database (SQLite), or by COPY (PostgreSQL).

use super::{Portal, copy_of};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use licentral::platform::db::schema::{
    device_usage, devices, usage_file_lines as lines, usage_reports as reports,
};
use std::path::Path;
use std::time::Instant;

/// What each product instance uses one of.
pub const USES: [&str; 3] = ["c9200-dna-e-48", "c9200-ne-48", "c9300-ne-48"];

/// The serial number of one of them.
pub fn serial(n: usize) -> String {
    format!("BEN{n:08}")
}

/// How the limit is measured.
pub fn way(portal: &Portal) -> &'static str {
    if portal.url.is_empty() {
        "a prepared statement in a loop, one transaction"
    } else {
        "COPY"
    }
}

/// So many seconds it takes for so many product instances with what they use; `by_policy`, with a report of each license and
/// its line of a usage file besides.
pub fn limit(portal: &Portal, count: usize, by_policy: bool) -> f64 {
    if portal.url.is_empty() {
        sqlite(&portal.folder, count, by_policy)
    } else {
        postgres(&portal.url, count, by_policy)
    }
}

/// A database of one's own on a server, and its address.
pub fn database(server: &str, name: &str) -> String {
    let name = format!("licentral_bench_{}_{name}", std::process::id());
    let mut server_conn = diesel::PgConnection::establish(server).expect("TEST_DATABASE_URL answers");
    diesel::sql_query(format!("CREATE DATABASE {name}"))
        .execute(&mut server_conn)
        .unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

/// A Virtual Account and its Smart Account.
#[derive(diesel::QueryableByName)]
struct Whose {
    #[diesel(sql_type = Text)]
    account: String,
    #[diesel(sql_type = Text)]
    place: String,
}

const WHOSE: &str = "SELECT smart_account_id AS account, id AS place FROM virtual_accounts WHERE is_default AND smart_account_id = (SELECT id FROM smart_accounts WHERE domain = 'xyz.example')";
const FILE: &str = "66666666-0000-0000-0000-000000000000";
const SHA256: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn id(n: usize) -> String {
    format!("77777777-0000-0000-0000-{n:012}")
}

fn report_id(n: usize, of: usize) -> String {
    format!("88888888-0000-0000-000{of}-{n:012}")
}

fn sqlite(folder: &Path, count: usize, by_policy: bool) -> f64 {
    let (mut conn, to) = copy_of(folder, "raw");
    conn.batch_execute("PRAGMA foreign_keys=ON; PRAGMA cache_size=-4000;")
        .unwrap();
    let whose: Whose = diesel::sql_query(WHOSE).get_result(&mut conn).unwrap();
    let at = chrono::DateTime::UNIX_EPOCH.naive_utc();
    let started = Instant::now();
    conn.transaction(|conn| {
        if by_policy {
            file(&whose, at, count).execute(conn)?;
        }
        for n in 0..count {
            let (id, serial) = (id(n), serial(n));
            let hostname = if by_policy {
                String::new()
            } else {
                format!("sw-{n}")
            };
            let key = format!("c9200-48p-e {}", serial.to_lowercase());
            diesel::insert_into(devices::table)
                .values((
                    (
                        devices::id.eq(&id),
                        devices::smart_account_id.eq(&whose.account),
                        devices::virtual_account_id.eq(&whose.place),
                        devices::udi_pid.eq("C9200-48P-E"),
                        devices::udi_serial.eq(&serial),
                        devices::udi_key.eq(&key),
                        devices::hostname.eq(&hostname),
                        devices::name_key.eq(&hostname),
                        devices::search_key.eq(&key),
                        devices::product.eq("C9200 Series Switch"),
                        devices::software.eq("17.12.4"),
                        devices::standing.eq("connected"),
                    ),
                    (
                        devices::is_reserved.eq(false),
                        devices::export_controlled.eq(!by_policy),
                        devices::secret_hash.eq(""),
                        devices::licenses.eq(3),
                        devices::registered_at.eq(at),
                        devices::renewed_at.eq(at),
                        devices::contact_at.eq(at),
                        devices::version.eq(1),
                        devices::local_virtual_account.eq(if by_policy { "" } else { "DEFAULT" }),
                        devices::policy_state.eq(by_policy.then_some("reported")),
                        devices::report_by.eq(by_policy.then_some(at)),
                        devices::report_key.eq(if by_policy { KEY } else { "" }),
                    ),
                ))
                .execute(conn)?;
            for (of, entitlement) in USES.iter().enumerate() {
                diesel::insert_into(device_usage::table)
                    .values((
                        device_usage::device_id.eq(&id),
                        device_usage::smart_account_id.eq(&whose.account),
                        device_usage::virtual_account_id.eq(&whose.place),
                        device_usage::entitlement.eq(*entitlement),
                        device_usage::quantity.eq(1),
                        device_usage::reserved.eq(0),
                        device_usage::since.eq(at),
                    ))
                    .execute(conn)?;
                if !by_policy {
                    continue;
                }
                diesel::insert_into(reports::table)
                    .values((
                        reports::id.eq(report_id(n, of)),
                        reports::smart_account_id.eq(&whose.account),
                        reports::udi_key.eq(&key),
                        reports::report_id.eq(of.to_string()),
                        reports::entitlement.eq(*entitlement),
                        reports::quantity.eq(1),
                        reports::began_at.eq(at),
                        reports::ended_at.eq(at),
                        reports::sha256.eq(SHA256),
                        reports::way.eq("file"),
                        reports::received_at.eq(at),
                    ))
                    .execute(conn)?;
                diesel::insert_into(lines::table)
                    .values((
                        lines::file_id.eq(FILE),
                        lines::smart_account_id.eq(&whose.account),
                        lines::number.eq((n * USES.len() + of) as i64),
                        lines::udi_pid.eq("C9200-48P-E"),
                        lines::udi_serial.eq(&serial),
                        lines::report_id.eq(of.to_string()),
                        lines::entitlement.eq(*entitlement),
                        lines::quantity.eq(1),
                        lines::outcome.eq("taken"),
                        lines::code.eq(""),
                        lines::says.eq(""),
                    ))
                    .execute(conn)?;
            }
        }
        diesel::QueryResult::Ok(())
    })
    .unwrap();
    let took = started.elapsed().as_secs_f64();
    drop(conn);
    let _ = std::fs::remove_file(&to);
    took
}

/// The usage file of which the lines are.
fn file(whose: &Whose, at: chrono::NaiveDateTime, count: usize) -> diesel::query_builder::SqlQuery {
    let all = count * USES.len();
    diesel::sql_query(format!(
        "INSERT INTO usage_files (id, smart_account_id, virtual_account_id, name, bytes, sha256, devices, taken, known, refused, uploaded_at, uploader, reports)
         VALUES ('{FILE}', '{}', '{}', 'limit', 0, '{SHA256}', {count}, {all}, 0, 0, '{at}', '', {all})",
        whose.account, whose.place
    ))
}

/// Into the portal's own tables, and out of them again.
fn postgres(url: &str, count: usize, by_policy: bool) -> f64 {
    let mut conn = diesel::PgConnection::establish(url).unwrap();
    let whose: Whose = diesel::sql_query(WHOSE).get_result(&mut conn).unwrap();
    let started = Instant::now();
    // Not kept: to delete as many rows again takes PostgreSQL far longer than to take them in.
    conn.begin_test_transaction().unwrap();
    copy_devices(&mut conn, &whose, count, by_policy).unwrap();
    if by_policy {
        copy_reports(&mut conn, &whose, count).unwrap();
    }
    let took = started.elapsed().as_secs_f64();
    conn.batch_execute("ROLLBACK").unwrap();
    for table in ["devices", "device_usage", "usage_reports", "usage_file_lines"] {
        conn.batch_execute(&format!("VACUUM ANALYZE {table}")).unwrap();
    }
    took
}

const AT: &str = "1970-01-01 00:00:00";

fn wrong(error: std::io::Error) -> diesel::result::Error {
    diesel::result::Error::SerializationError(error.into())
}

fn copy_devices(
    conn: &mut diesel::PgConnection,
    whose: &Whose,
    count: usize,
    by_policy: bool,
) -> diesel::QueryResult<()> {
    let (state, key, place) = if by_policy {
        (format!("reported\t{AT}"), KEY, "")
    } else {
        ("\\N\t\\N".to_owned(), "", "DEFAULT")
    };
    diesel::copy_from(devices::table)
        .from_raw_data(
            (
                devices::id,
                devices::smart_account_id,
                devices::virtual_account_id,
                devices::udi_pid,
                devices::udi_serial,
                devices::udi_key,
                devices::hostname,
                devices::name_key,
                devices::search_key,
                devices::product,
                devices::software,
                devices::standing,
                devices::is_reserved,
                devices::export_controlled,
                devices::secret_hash,
                devices::licenses,
                devices::registered_at,
                devices::renewed_at,
                devices::contact_at,
                devices::version,
                devices::local_virtual_account,
                devices::policy_state,
                devices::report_by,
                devices::report_key,
            ),
            |out| {
                for n in 0..count {
                    let (id, serial) = (id(n), serial(n));
                    let udi = serial.to_lowercase();
                    let name = if by_policy { String::new() } else { format!("sw-{n}") };
                    writeln!(
                        out,
                        "{id}\t{}\t{}\tC9200-48P-E\t{serial}\tc9200-48p-e {udi}\t{name}\t{name}\tc9200-48p-e {udi}\tC9200 Series Switch\t17.12.4\tconnected\tf\tt\t\t3\t{AT}\t{AT}\t{AT}\t1\t{place}\t{state}\t{key}",
                        whose.account, whose.place
                    )
                    .map_err(wrong)?;
                }
                diesel::QueryResult::Ok(())
            },
        )
        .execute(conn)?;
    diesel::copy_from(device_usage::table)
        .from_raw_data(
            (
                device_usage::device_id,
                device_usage::smart_account_id,
                device_usage::virtual_account_id,
                device_usage::entitlement,
                device_usage::quantity,
                device_usage::reserved,
                device_usage::since,
            ),
            |out| {
                for n in 0..count {
                    for entitlement in USES {
                        writeln!(
                            out,
                            "{}\t{}\t{}\t{entitlement}\t1\t0\t{AT}",
                            id(n),
                            whose.account,
                            whose.place
                        )
                        .map_err(wrong)?;
                    }
                }
                diesel::QueryResult::Ok(())
            },
        )
        .execute(conn)?;
    Ok(())
}

/// The reports, and the lines of their usage file.
fn copy_reports(conn: &mut diesel::PgConnection, whose: &Whose, count: usize) -> diesel::QueryResult<()> {
    file(whose, chrono::DateTime::UNIX_EPOCH.naive_utc(), count).execute(conn)?;
    diesel::copy_from(reports::table)
        .from_raw_data(
            (
                reports::id,
                reports::smart_account_id,
                reports::udi_key,
                reports::report_id,
                reports::entitlement,
                reports::quantity,
                reports::began_at,
                reports::ended_at,
                reports::sha256,
                reports::way,
                reports::received_at,
            ),
            |out| {
                for n in 0..count {
                    let udi = serial(n).to_lowercase();
                    for (of, entitlement) in USES.iter().enumerate() {
                        writeln!(
                            out,
                            "{}\t{}\tc9200-48p-e {udi}\t{of}\t{entitlement}\t1\t{AT}\t{AT}\t{SHA256}\tfile\t{AT}",
                            report_id(n, of),
                            whose.account
                        )
                        .map_err(wrong)?;
                    }
                }
                diesel::QueryResult::Ok(())
            },
        )
        .execute(conn)?;
    diesel::copy_from(lines::table)
        .from_raw_data(
            (
                lines::file_id,
                lines::smart_account_id,
                lines::number,
                lines::udi_pid,
                lines::udi_serial,
                lines::report_id,
                lines::entitlement,
                lines::quantity,
                lines::outcome,
                lines::code,
                lines::says,
            ),
            |out| {
                for n in 0..count {
                    let serial = serial(n);
                    for (of, entitlement) in USES.iter().enumerate() {
                        writeln!(
                            out,
                            "{FILE}\t{}\t{}\tC9200-48P-E\t{serial}\t{of}\t{entitlement}\t1\ttaken\t\t",
                            whose.account,
                            n * USES.len() + of
                        )
                        .map_err(wrong)?;
                    }
                }
                diesel::QueryResult::Ok(())
            },
        )
        .execute(conn)?;
    Ok(())
}
