//! What a device uses, a row for each license.

use super::{AT_ONCE, MANY};
use crate::authz::Within;
use crate::devices::model::{Device, Usage};
use crate::error::Result;
use crate::kernel::ids::{DeviceId, SmartAccountId, VirtualAccountId};
use crate::platform::db::schema::device_usage as usages;
use crate::platform::db::{Conn, KeepReady, Reads, Tx, one_of};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamp};
use std::collections::BTreeMap;

/// What a device uses, by entitlement.
pub fn usages_of(read: &mut dyn Reads, id: DeviceId) -> Result<Vec<Usage>> {
    Ok(usages::table
        .filter(usages::device_id.eq(id))
        .order(usages::entitlement.asc())
        .select((
            usages::entitlement,
            usages::quantity,
            usages::reserved,
            usages::since,
        ))
        .load(read.conn())?)
}

/// What some devices use.
pub fn usages_of_all(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: &[DeviceId],
) -> Result<BTreeMap<DeviceId, Vec<Usage>>> {
    let mut found: BTreeMap<DeviceId, Vec<Usage>> = BTreeMap::new();
    for some in ids.chunks(AT_ONCE) {
        let rows: Vec<(DeviceId, Usage)> = usages::table
            .filter(one_of(usages::device_id, some.to_vec()).and(usages::smart_account_id.eq(account)))
            .order((usages::device_id.asc(), usages::entitlement.asc()))
            .select((
                usages::device_id,
                (
                    usages::entitlement,
                    usages::quantity,
                    usages::reserved,
                    usages::since,
                ),
            ))
            .load(read.conn())?;
        for (id, usage) in rows {
            found.entry(id).or_default().push(usage);
        }
    }
    Ok(found)
}

/// A locked device with what it used and what it uses from now on.
pub type Replaced<'a> = (&'a Device, &'a [Usage], &'a [Usage]);

/// Puts what a locked device uses in place of what it used.
pub fn replace_usages(tx: &mut Tx<'_>, device: &Device, before: &[Usage], after: &[Usage]) -> Result<()> {
    replace_all_usages(tx, &[(device, before, after)])
}

/// The same of many devices.
pub fn replace_all_usages(tx: &mut Tx<'_>, all: &[Replaced<'_>]) -> Result<()> {
    let (mut gone, mut other, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for (device, before, after) in all {
        let is_gone = |was: &&Usage| !after.iter().any(|is| is.entitlement == was.entitlement);
        gone.extend(
            before
                .iter()
                .filter(is_gone)
                .map(|was| (device.id, was.entitlement.as_str())),
        );
        for is in *after {
            match before.iter().find(|was| was.entitlement == is.entitlement) {
                Some(was) if was == is => {}
                Some(_) => other.push((device.id, is)),
                None => new.push(usage_row!(device, is)),
            }
        }
    }
    for some in gone.chunks(MANY) {
        delete_some(tx, some)?;
    }
    for some in other.chunks(MANY) {
        update_some(tx, some)?;
    }
    crate::put_many!(tx, usages::table, &new);
    Ok(())
}

fn delete_some(tx: &mut Tx<'_>, some: &[(DeviceId, &str)]) -> Result<()> {
    match tx.conn() {
        Conn::Sqlite(c) => {
            for (device, entitlement) in some {
                diesel::delete(usages::table.find((device, entitlement))).execute(c)?;
            }
        }
        Conn::Postgres(c) => {
            let (devices, entitlements): (Vec<DeviceId>, Vec<&str>) = some.iter().copied().unzip();
            diesel::sql_query(
                "DELETE FROM device_usage u USING unnest($1, $2) AS j (device_id, entitlement)
                 WHERE u.device_id = j.device_id COLLATE \"C\" AND u.entitlement = j.entitlement COLLATE \"C\"",
            )
            .bind::<Array<Text>, _>(devices)
            .bind::<Array<Text>, _>(entitlements)
            .execute(c)?;
        }
    }
    Ok(())
}

fn update_some(tx: &mut Tx<'_>, some: &[(DeviceId, &Usage)]) -> Result<()> {
    macro_rules! each {
        ($of:expr) => {
            some.iter().map($of).collect::<Vec<_>>()
        };
    }
    match tx.conn() {
        Conn::Sqlite(c) => {
            for (device, usage) in some {
                diesel::update(usages::table.find((device, usage.entitlement.as_str())))
                    .set((
                        usages::quantity.eq(usage.quantity),
                        usages::reserved.eq(usage.reserved),
                        usages::since.eq(usage.since),
                    ))
                    .kept_ready()
                    .execute(c)?;
            }
        }
        Conn::Postgres(c) => {
            diesel::sql_query(
                "UPDATE device_usage u SET quantity = j.quantity, reserved = j.reserved, since = j.since
                 FROM unnest($1, $2, $3, $4, $5) AS j (device_id, entitlement, quantity, reserved, since)
                 WHERE u.device_id = j.device_id COLLATE \"C\" AND u.entitlement = j.entitlement COLLATE \"C\"",
            )
            .bind::<Array<Text>, _>(each!(|(device, _)| *device))
            .bind::<Array<Text>, _>(each!(|(_, usage)| usage.entitlement.as_str()))
            .bind::<Array<BigInt>, _>(each!(|(_, usage)| usage.quantity))
            .bind::<Array<BigInt>, _>(each!(|(_, usage)| usage.reserved))
            .bind::<Array<Timestamp>, _>(each!(|(_, usage)| usage.since))
            .execute(c)?;
        }
    }
    Ok(())
}

/// Forgets what locked devices use.
pub fn forget_usages(tx: &mut Tx<'_>, ids: &[DeviceId]) -> Result<()> {
    for some in ids.chunks(AT_ONCE) {
        diesel::delete(usages::table.filter(usages::device_id.eq_any(some.to_vec()))).execute(tx.conn())?;
    }
    Ok(())
}

/// Who uses a license in a Virtual Account: the most first.
pub fn users_of(
    read: &mut dyn Reads,
    within: &Within,
    place: VirtualAccountId,
    entitlement: &str,
    limit: i64,
    offset: i64,
) -> Result<(Vec<(DeviceId, Usage)>, u64)> {
    let account = within.account()?;
    if !within.covers(place) {
        return Ok((Vec::new(), 0));
    }
    macro_rules! asked {
        () => {
            usages::table.filter(
                usages::smart_account_id
                    .eq(account)
                    .and(usages::virtual_account_id.eq(place))
                    .and(usages::entitlement.eq(entitlement)),
            )
        };
    }
    let total: i64 = asked!().count().get_result(read.conn())?;
    let rows = asked!()
        .order((usages::quantity.desc(), usages::device_id.asc()))
        .select((
            usages::device_id,
            (
                usages::entitlement,
                usages::quantity,
                usages::reserved,
                usages::since,
            ),
        ))
        .limit(limit)
        .offset(offset)
        .load(read.conn())?;
    Ok((rows, u64::try_from(total).unwrap_or_default()))
}
