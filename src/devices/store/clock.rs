//! What the clock looks for: silence, certificates that end, and devices that need somebody.

use crate::authz::Within;
use crate::devices::model::{Device, EXPIRES_AFTER, RELEASED_AFTER, SILENT_AFTER, Standing};
use crate::devices::policy_state::PolicyState;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, SmartAccountId};
use crate::platform::calendar::{Due, each};
use crate::platform::db::Reads;
use crate::platform::db::schema::devices;
use diesel::prelude::*;

/// Devices that call here themselves, in one of these standings, of which nothing was heard since.
pub fn unheard_since(
    read: &mut dyn Reads,
    standings: &[Standing],
    since: Moment,
    most: i64,
) -> Result<Vec<(SmartAccountId, DeviceId)>> {
    let mut found = Vec::new();
    for standing in standings {
        let mut rows: Vec<(SmartAccountId, DeviceId)> = devices::table
            .filter(
                devices::standing
                    .eq(*standing)
                    .and(devices::contact_at.le(since))
                    .and(devices::is_reserved.eq(false))
                    .and(devices::policy_state.is_null())
                    .and(devices::device_manager_id.is_null()),
            )
            .order((devices::contact_at.asc(), devices::id.asc()))
            .select((devices::smart_account_id, devices::id))
            .limit(most)
            .load(read.conn())?;
        found.append(&mut rows);
    }
    Ok(found)
}

/// Devices whose certificate is older.
pub fn not_renewed_since(
    read: &mut dyn Reads,
    since: Moment,
    most: i64,
) -> Result<Vec<(SmartAccountId, DeviceId)>> {
    Ok(devices::table
        .filter(
            devices::renewed_at
                .le(since)
                .and(devices::is_reserved.eq(false))
                .and(devices::policy_state.is_null())
                .and(devices::device_manager_id.is_null()),
        )
        .order((devices::renewed_at.asc(), devices::id.asc()))
        .select((devices::smart_account_id, devices::id))
        .limit(most)
        .load(read.conn())?)
}

/// Devices of a Smart Account that call, or should, by themselves: the condition, a limit, and what is read of them.
macro_rules! calling {
    ($within:expr, $limit:expr, $select:expr) => {{
        let within: &Within = $within;
        let mut query = devices::table
            .filter(
                devices::smart_account_id
                    .eq(within.account()?)
                    .and(devices::device_manager_id.is_null())
                    .and(devices::policy_state.is_null())
                    .and(devices::is_reserved.eq(false)),
            )
            .select($select)
            .limit($limit)
            .into_boxed();
        if let Some(only) = within.only() {
            query = query.filter(devices::virtual_account_id.eq_any(only.to_vec()));
        }
        query
    }};
}

/// Devices of a Smart Account that need somebody: those that are silent or released, and those that call with a
/// certificate that was not renewed since, so many of each at most. Each has an index.
macro_rules! in_trouble {
    ($read:expr, $within:expr, $renewed_before:expr, $limit:expr, $select:expr, $row:ty) => {{
        let mut found: Vec<$row> = Vec::new();
        for standing in [Standing::Released, Standing::Silent] {
            let mut rows: Vec<$row> = calling!($within, $limit, $select)
                .filter(devices::standing.eq(standing))
                .order((devices::contact_at.asc(), devices::id.asc()))
                .load($read.conn())?;
            found.append(&mut rows);
        }
        let mut rows: Vec<$row> = calling!($within, $limit, $select)
            .filter(
                devices::standing
                    .eq(Standing::Connected)
                    .and(devices::renewed_at.le($renewed_before)),
            )
            .order((devices::renewed_at.asc(), devices::id.asc()))
            .load($read.conn())?;
        found.append(&mut rows);
        found
    }};
}

pub fn troubled(
    read: &mut dyn Reads,
    within: &Within,
    renewed_before: Moment,
    limit: i64,
) -> Result<Vec<Device>> {
    Ok(in_trouble!(
        read,
        within,
        renewed_before,
        limit,
        columns!(),
        Device
    ))
}

/// Which they are: what is counted on a page that shows none of them.
pub fn troubled_ids(
    read: &mut dyn Reads,
    within: &Within,
    renewed_before: Moment,
    limit: i64,
) -> Result<Vec<DeviceId>> {
    Ok(in_trouble!(
        read,
        within,
        renewed_before,
        limit,
        devices::id,
        DeviceId
    ))
}

/// Devices within reach that report by policy and whose report is overdue, due, or not acknowledged, in this order. Every page
/// asks for them, so it is one question: the words of these three states follow one another, and come after the others.
pub fn troubled_by_policy(read: &mut dyn Reads, within: &Within, limit: i64) -> Result<Vec<Device>> {
    let mut query = devices::table
        .filter(
            devices::smart_account_id
                .eq(within.account()?)
                .and(devices::policy_state.ge(Some(PolicyState::Overdue)))
                .and(devices::policy_state.is_not_null()),
        )
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(devices::virtual_account_id.eq_any(only.to_vec()));
    }
    Ok(query
        .order((
            devices::policy_state.asc(),
            devices::report_by.asc(),
            devices::id.asc(),
        ))
        .select(columns!())
        .limit(limit)
        .load(read.conn())?)
}

/// The next devices that have been silent for too long, or whose certificate ends.
pub fn upcoming(read: &mut dyn Reads, after: Moment, most: i64) -> Result<Vec<Due>> {
    let ours = devices::is_reserved
        .eq(false)
        .and(devices::policy_state.is_null())
        .and(devices::device_manager_id.is_null());
    let mut due = Vec::new();
    for (standing, silence, what, why) in [
        (
            Standing::Connected,
            SILENT_AFTER,
            "Product instance fails to connect",
            "Nothing was heard of it for 30 days.",
        ),
        (
            Standing::Silent,
            RELEASED_AFTER,
            "Authorization expires",
            "Nothing was heard of it for 90 days; its licenses are free again.",
        ),
    ] {
        let rows: Vec<(Moment, String)> = devices::table
            .filter(
                ours.and(devices::standing.eq(standing))
                    .and(devices::contact_at.gt(after.plus(-silence))),
            )
            .order((devices::contact_at.asc(), devices::id.asc()))
            .select((devices::contact_at, devices::hostname))
            .limit(most)
            .load(read.conn())?;
        due.extend(each(later(rows, silence), what, why));
    }
    let rows: Vec<(Moment, String)> = devices::table
        .filter(ours.and(devices::renewed_at.gt(after.plus(-EXPIRES_AFTER))))
        .order((devices::renewed_at.asc(), devices::id.asc()))
        .select((devices::renewed_at, devices::hostname))
        .limit(most)
        .load(read.conn())?;
    due.extend(each(
        later(rows, EXPIRES_AFTER),
        "Registration expires",
        "Its certificate was not renewed for a year.",
    ));
    Ok(due)
}

fn later(rows: Vec<(Moment, String)>, by: chrono::TimeDelta) -> Vec<(Moment, String)> {
    rows.into_iter().map(|(at, name)| (at.plus(by), name)).collect()
}
