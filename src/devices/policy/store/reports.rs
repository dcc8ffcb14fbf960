//! Reports that were counted, and when the next ones are due.

use super::super::model::{PolicyState, Way};
use super::super::payload::Report;
use crate::devices::model::Udi;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, SmartAccountId, UsageReportId};
use crate::platform::db::schema::{devices, usage_reports as reports};
use crate::platform::db::{Conn, Reads, Tx};
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A report that was counted.
#[derive(Debug, Clone, Queryable)]
pub struct Counted {
    /// The product instance's own number of it.
    pub report: String,
    /// Of which license.
    pub entitlement: String,
    /// How many.
    pub quantity: i64,
    /// From when.
    pub began_at: Moment,
    /// Until when.
    pub ended_at: Moment,
    /// SHA-256 of its payload.
    pub sha256: String,
    /// How it came.
    pub way: Way,
    /// When.
    pub received_at: Moment,
    /// When the acknowledgement was handed out.
    pub acknowledged_at: Option<Moment>,
}

macro_rules! of_device {
    ($account:expr, $udi:expr) => {
        reports::table.filter(
            reports::smart_account_id
                .eq($account)
                .and(reports::udi_key.eq($udi.key())),
        )
    };
}

macro_rules! counted {
    () => {
        (
            reports::report_id,
            reports::entitlement,
            reports::quantity,
            reports::began_at,
            reports::ended_at,
            reports::sha256,
            reports::way,
            reports::received_at,
            reports::acknowledged_at,
        )
    };
}

/// A report that was counted, as far as one looks whether it was.
#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Text)]
    udi_key: String,
    #[diesel(sql_type = Text)]
    report_id: String,
    #[diesel(sql_type = Text)]
    sha256: String,
}

/// Those of these reports that were counted, by the key of the UDI and the product instance's own number: SHA-256 of the
/// payload. One look-up for each, in one statement.
pub fn counted_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    some: &[(String, String)],
) -> Result<HashMap<(String, String), String>> {
    let account = account.as_str().to_owned();
    let rows: Vec<Known> = match read.conn() {
        Conn::Sqlite(c) => diesel::sql_query(
            "SELECT r.udi_key, r.report_id, r.sha256 FROM json_each(?) j CROSS JOIN usage_reports r
             WHERE r.smart_account_id = ? AND r.udi_key = json_extract(j.value, '$[0]')
             AND r.report_id = json_extract(j.value, '$[1]')",
        )
        .bind::<Text, _>(serde_json::to_string(some).map_err(Error::internal)?)
        .bind::<Text, _>(account)
        .load(c)?,
        Conn::Postgres(c) => {
            let (keys, ids): (Vec<&str>, Vec<&str>) =
                some.iter().map(|(key, id)| (key.as_str(), id.as_str())).unzip();
            diesel::sql_query(
                "SELECT r.udi_key, r.report_id, r.sha256 FROM unnest($1, $2) AS j (udi_key, report_id)
                 JOIN usage_reports r ON r.smart_account_id = $3 AND r.udi_key = j.udi_key COLLATE \"C\"
                 AND r.report_id = j.report_id COLLATE \"C\"",
            )
            .bind::<Array<Text>, _>(keys)
            .bind::<Array<Text>, _>(ids)
            .bind::<Text, _>(account)
            .load(c)?
        }
    };
    Ok(rows
        .into_iter()
        .map(|one| ((one.udi_key, one.report_id), one.sha256))
        .collect())
}

/// The newest reports of a product instance.
pub fn newest(read: &mut dyn Reads, account: SmartAccountId, udi: &Udi, most: i64) -> Result<Vec<Counted>> {
    Ok(of_device!(account, udi)
        .order((reports::ended_at.desc(), reports::id.desc()))
        .limit(most)
        .select(counted!())
        .load(read.conn())?)
}

/// Until when the use of each license was reported by these product instances, by the keys of their UDIs.
pub fn latest_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    keys: &[String],
) -> Result<HashMap<String, BTreeMap<String, Moment>>> {
    let rows: Vec<(String, String, Option<Moment>)> = reports::table
        .filter(
            reports::smart_account_id
                .eq(account)
                .and(reports::udi_key.eq_any(keys.to_vec())),
        )
        .group_by((reports::udi_key, reports::entitlement))
        .select((
            reports::udi_key,
            reports::entitlement,
            diesel::dsl::max(reports::ended_at),
        ))
        .load(read.conn())?;
    let mut found: HashMap<String, BTreeMap<String, Moment>> = HashMap::new();
    for (key, entitlement, at) in rows {
        if let Some(at) = at {
            found.entry(key).or_default().insert(entitlement, at);
        }
    }
    Ok(found)
}

/// Counts reports: each number of a product instance once. Where two come at once, the database lets one in. Some are
/// acknowledged by the same write.
pub fn insert(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    way: Way,
    at: Moment,
    some: &[&Report],
    acknowledged: Option<Moment>,
) -> Result<()> {
    let rows: Vec<_> = some
        .iter()
        .map(|report| {
            (
                reports::id.eq(UsageReportId::new()),
                reports::smart_account_id.eq(account),
                reports::udi_key.eq(report.udi.key()),
                reports::report_id.eq(&report.id),
                reports::entitlement.eq(&report.entitlement),
                reports::quantity.eq(report.quantity),
                reports::began_at.eq(report.began_at),
                reports::ended_at.eq(report.ended_at),
                reports::sha256.eq(&report.sha256),
                reports::way.eq(way),
                reports::received_at.eq(at),
                reports::acknowledged_at.eq(acknowledged),
            )
        })
        .collect();
    crate::put_many!(tx, reports::table, &rows);
    Ok(())
}

/// The acknowledgement of these reports, by the keys of the UDIs and the product instances' own numbers, is handed out.
/// Answers with the keys of those product instances that had not had all of theirs.
pub fn acknowledge(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    some: &[(String, String)],
    at: Moment,
) -> Result<HashSet<String>> {
    #[derive(QueryableByName)]
    struct Done {
        #[diesel(sql_type = Text)]
        udi_key: String,
    }
    let account = account.as_str().to_owned();
    let rows: Vec<Done> = match tx.conn() {
        Conn::Sqlite(c) => diesel::sql_query(
            "UPDATE usage_reports SET acknowledged_at = ? WHERE smart_account_id = ? AND acknowledged_at IS NULL
             AND (udi_key, report_id) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))
             RETURNING udi_key",
        )
        .bind::<Timestamp, _>(at)
        .bind::<Text, _>(account)
        .bind::<Text, _>(serde_json::to_string(some).map_err(Error::internal)?)
        .load(c)?,
        Conn::Postgres(c) => {
            let (keys, ids): (Vec<&str>, Vec<&str>) =
                some.iter().map(|(key, id)| (key.as_str(), id.as_str())).unzip();
            diesel::sql_query(
                "UPDATE usage_reports r SET acknowledged_at = $1 FROM unnest($2, $3) AS j (udi_key, report_id)
                 WHERE r.smart_account_id = $4 AND r.acknowledged_at IS NULL AND r.udi_key = j.udi_key COLLATE \"C\"
                 AND r.report_id = j.report_id COLLATE \"C\" RETURNING r.udi_key",
            )
            .bind::<Timestamp, _>(at)
            .bind::<Array<Text>, _>(keys)
            .bind::<Array<Text>, _>(ids)
            .bind::<Text, _>(account)
            .load(c)?
        }
    };
    Ok(rows.into_iter().map(|one| one.udi_key).collect())
}

/// Those of these that report by policy in another account, by the keys of their UDIs.
pub fn elsewhere(read: &mut dyn Reads, account: SmartAccountId, keys: &[String]) -> Result<Vec<String>> {
    Ok(devices::table
        .filter(
            devices::udi_key
                .eq_any(keys.to_vec())
                .and(devices::policy_state.is_not_null())
                .and(devices::smart_account_id.ne(account)),
        )
        .select(devices::udi_key)
        .load(read.conn())?)
}

/// Product instances in one of these states whose report was due by a time.
pub fn due(
    read: &mut dyn Reads,
    states: &[PolicyState],
    by: Moment,
    most: i64,
) -> Result<Vec<(SmartAccountId, DeviceId)>> {
    let mut found = Vec::new();
    for state in states {
        let mut rows: Vec<(SmartAccountId, DeviceId)> = devices::table
            .filter(
                devices::policy_state
                    .eq(Some(*state))
                    .and(devices::policy_state.is_not_null())
                    .and(devices::report_by.le(by)),
            )
            .order((devices::report_by.asc(), devices::id.asc()))
            .select((devices::smart_account_id, devices::id))
            .limit(most)
            .load(read.conn())?;
        found.append(&mut rows);
    }
    Ok(found)
}

/// The next reports that are due, by host name.
pub fn upcoming(
    read: &mut dyn Reads,
    states: &[PolicyState],
    after: Moment,
    most: i64,
) -> Result<Vec<(Moment, String)>> {
    let some: Vec<Option<PolicyState>> = states.iter().copied().map(Some).collect();
    let rows: Vec<(Option<Moment>, String)> = devices::table
        .filter(
            devices::policy_state
                .eq_any(some)
                .and(devices::policy_state.is_not_null())
                .and(devices::report_by.gt(after)),
        )
        .order((devices::report_by.asc(), devices::id.asc()))
        .select((devices::report_by, devices::hostname))
        .limit(most)
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .filter_map(|(at, name)| Some((at?, name)))
        .collect())
}
