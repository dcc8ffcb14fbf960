//! The table of the reports that an On-Prem server keeps.

use super::super::model::PolicyState;
use crate::authz::Within;
use crate::devices::Udi;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, SmartAccountId};
use crate::platform::db::schema::{devices, kept_reports as kept, usage_reports as reports};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;
use std::collections::HashMap;

/// So many ids stand in one statement.
const AT_ONCE: usize = 400;

/// A report as it is kept.
#[derive(Debug, Clone, Queryable)]
pub struct Kept {
    /// Of which product instance.
    pub device: DeviceId,
    /// The product instance's own number of it.
    pub report: String,
    /// Of which license.
    pub entitlement: String,
    /// Until when.
    pub ended_at: Moment,
    /// SHA-256 of the payload, in hexadecimal.
    pub sha256: String,
    /// Payload and signature, as they travel.
    pub sent: String,
    /// When it came.
    pub received_at: Moment,
    /// What the cloud has signed, or "".
    pub acknowledgement: String,
    /// When that came.
    pub acknowledged_at: Option<Moment>,
    /// Why the cloud does not count it, or "".
    pub code: String,
    /// The same for people.
    pub says: String,
}

macro_rules! columns {
    () => {
        (
            kept::device_id,
            kept::report_id,
            kept::entitlement,
            kept::ended_at,
            kept::sha256,
            kept::sent,
            kept::received_at,
            kept::acknowledgement,
            kept::acknowledged_at,
            kept::code,
            kept::says,
        )
    };
}

/// Those of these reports that are kept.
pub fn these(read: &mut dyn Reads, device: DeviceId, ids: &[String]) -> Result<Vec<Kept>> {
    let mut found = Vec::new();
    for some in ids.chunks(AT_ONCE) {
        let mut rows = kept::table
            .filter(
                kept::device_id
                    .eq(device)
                    .and(kept::report_id.eq_any(some.to_vec())),
            )
            .select(columns!())
            .load(read.conn())?;
        found.append(&mut rows);
    }
    Ok(found)
}

/// All of these product instances, in the order of time.
pub fn of_devices(read: &mut dyn Reads, ids: &[DeviceId]) -> Result<Vec<Kept>> {
    let mut found = Vec::new();
    for some in ids.chunks(AT_ONCE) {
        let mut rows = kept::table
            .filter(kept::device_id.eq_any(some.to_vec()))
            .order((
                kept::device_id.asc(),
                kept::ended_at.asc(),
                kept::received_at.asc(),
                kept::report_id.asc(),
            ))
            .select(columns!())
            .load(read.conn())?;
        found.append(&mut rows);
    }
    Ok(found)
}

/// Those within reach of which the cloud has said nothing.
pub fn waiting(read: &mut dyn Reads, within: &Within, most: i64) -> Result<Vec<(Udi, Kept)>> {
    let mut query = kept::table
        .inner_join(devices::table.on(devices::id.eq(kept::device_id)))
        .filter(
            kept::smart_account_id
                .eq(within.account()?)
                .and(kept::acknowledged_at.is_null())
                .and(kept::code.eq("")),
        )
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(devices::virtual_account_id.eq_any(only.to_vec()));
    }
    let rows: Vec<(String, String, Kept)> = query
        .order((
            devices::udi_key.asc(),
            kept::ended_at.asc(),
            kept::report_id.asc(),
        ))
        .select((devices::udi_pid, devices::udi_serial, columns!()))
        .limit(most)
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .map(|(pid, serial, kept)| (Udi { pid, serial }, kept))
        .collect())
}

/// Keeps reports.
pub fn insert(tx: &mut Tx<'_>, account: SmartAccountId, some: &[Kept]) -> Result<()> {
    let rows: Vec<_> = some
        .iter()
        .map(|one| {
            (
                kept::device_id.eq(one.device),
                kept::smart_account_id.eq(account),
                kept::report_id.eq(&one.report),
                kept::entitlement.eq(&one.entitlement),
                kept::ended_at.eq(one.ended_at),
                kept::sha256.eq(&one.sha256),
                kept::sent.eq(&one.sent),
                kept::received_at.eq(one.received_at),
            )
        })
        .collect();
    crate::put_many!(tx, kept::table, &rows);
    Ok(())
}

/// Puts an acknowledgement to those of these reports that have none. Answers with how many had none.
pub fn acknowledged(
    tx: &mut Tx<'_>,
    device: DeviceId,
    ids: &[String],
    text: &str,
    at: Moment,
) -> Result<usize> {
    let mut done = 0;
    for some in ids.chunks(AT_ONCE) {
        done += diesel::update(
            kept::table.filter(
                kept::device_id
                    .eq(device)
                    .and(kept::report_id.eq_any(some.to_vec()))
                    .and(kept::acknowledged_at.is_null()),
            ),
        )
        .set((
            kept::acknowledgement.eq(text),
            kept::acknowledged_at.eq(Some(at)),
            kept::code.eq(""),
            kept::says.eq(""),
        ))
        .execute(tx.conn())?;
    }
    Ok(done)
}

/// Whether the cloud has said nothing of a report of this product instance.
pub fn has_waiting(read: &mut dyn Reads, device: DeviceId) -> Result<bool> {
    let found: Option<String> = kept::table
        .filter(
            kept::device_id
                .eq(device)
                .and(kept::acknowledged_at.is_null())
                .and(kept::code.eq("")),
        )
        .select(kept::report_id)
        .first(read.conn())
        .optional()?;
    Ok(found.is_some())
}

/// The cloud does not count a report.
pub fn refused(tx: &mut Tx<'_>, account: SmartAccountId, sha256: &str, code: &str, says: &str) -> Result<()> {
    diesel::update(kept::table.filter(kept::smart_account_id.eq(account).and(kept::sha256.eq(sha256))))
        .set((kept::code.eq(code), kept::says.eq(says)))
        .execute(tx.conn())?;
    Ok(())
}

/// Forgets reports that were acknowledged before a time and behind which a later one stands.
pub fn forget_old(tx: &mut Tx<'_>, account: SmartAccountId, before: Moment) -> Result<()> {
    let later = diesel::alias!(kept as later);
    let has_later = diesel::dsl::exists(
        later.filter(
            later
                .field(kept::device_id)
                .eq(kept::device_id)
                .and(later.field(kept::entitlement).eq(kept::entitlement))
                .and(later.field(kept::ended_at).gt(kept::ended_at)),
        ),
    );
    let ids: Vec<(DeviceId, String)> = kept::table
        .filter(
            kept::smart_account_id
                .eq(account)
                .and(kept::acknowledged_at.lt(Some(before))),
        )
        .filter(has_later)
        .select((kept::device_id, kept::report_id))
        .limit(10_000)
        .load(tx.conn())?;
    for (device, report) in ids {
        diesel::delete(kept::table.find((device, report))).execute(tx.conn())?;
    }
    Ok(())
}

/// Forgets all reports of product instances that are removed or set up anew, and that they were counted here: what comes
/// later under the same number counts anew, and at the cloud once.
pub fn forget(tx: &mut Tx<'_>, ids: &[DeviceId]) -> Result<()> {
    for some in ids.chunks(AT_ONCE) {
        let of: Vec<(SmartAccountId, String)> = kept::table
            .inner_join(devices::table.on(devices::id.eq(kept::device_id)))
            .filter(kept::device_id.eq_any(some.to_vec()))
            .select((devices::smart_account_id, devices::udi_key))
            .distinct()
            .load(tx.conn())?;
        if of.is_empty() {
            continue;
        }
        for (account, key) in of {
            diesel::delete(
                reports::table.filter(
                    reports::smart_account_id
                        .eq(account)
                        .and(reports::udi_key.eq(key)),
                ),
            )
            .execute(tx.conn())?;
        }
        diesel::delete(kept::table.filter(kept::device_id.eq_any(some.to_vec()))).execute(tx.conn())?;
    }
    Ok(())
}

/// How many product instances of an account report by policy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reporting {
    /// All of them.
    pub devices: i64,
    /// Those whose report is overdue.
    pub overdue: i64,
    /// When the last report came.
    pub last: Option<Moment>,
}

/// For some accounts; one where none reports by policy is left out.
pub fn reporting(read: &mut dyn Reads, ids: &[SmartAccountId]) -> Result<HashMap<SmartAccountId, Reporting>> {
    let rows: Vec<(SmartAccountId, Option<PolicyState>, i64, Option<Moment>)> = devices::table
        .filter(
            devices::smart_account_id
                .eq_any(ids.to_vec())
                .and(devices::policy_state.is_not_null()),
        )
        .group_by((devices::smart_account_id, devices::policy_state))
        .select((
            devices::smart_account_id,
            devices::policy_state,
            diesel::dsl::count_star(),
            diesel::dsl::max(devices::reported_at),
        ))
        .load(read.conn())?;
    let mut found: HashMap<SmartAccountId, Reporting> = HashMap::new();
    for (account, state, count, last) in rows {
        let one = found.entry(account).or_default();
        one.devices += count;
        if state == Some(PolicyState::Overdue) {
            one.overdue += count;
        }
        one.last = one.last.max(last);
    }
    Ok(found)
}

/// How the reports of one product instance stand that the cloud has not acknowledged.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Those of which it has said nothing.
    pub waiting: i64,
    /// Those that it does not count.
    pub refused: i64,
    /// Why, of one of them.
    pub says: String,
}

/// For these; one without such reports is left out.
pub fn standings(read: &mut dyn Reads, ids: &[DeviceId]) -> Result<HashMap<DeviceId, Standing>> {
    let mut found: HashMap<DeviceId, Standing> = HashMap::new();
    for some in ids.chunks(AT_ONCE) {
        let rows: Vec<(DeviceId, String, i64)> = kept::table
            .filter(
                kept::device_id
                    .eq_any(some.to_vec())
                    .and(kept::acknowledged_at.is_null().or(kept::code.ne(""))),
            )
            .group_by((kept::device_id, kept::says))
            .select((kept::device_id, kept::says, diesel::dsl::count_star()))
            .load(read.conn())?;
        for (id, says, count) in rows {
            let one = found.entry(id).or_default();
            if says.is_empty() {
                one.waiting += count;
            } else {
                one.refused += count;
                one.says = says;
            }
        }
    }
    Ok(found)
}
