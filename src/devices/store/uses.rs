//! What a device uses, a row for each license.

use super::AT_ONCE;
use crate::authz::Within;
use crate::devices::model::{Device, Usage};
use crate::error::Result;
use crate::kernel::ids::{DeviceId, SmartAccountId, VirtualAccountId};
use crate::platform::db::schema::device_usage as usages;
use crate::platform::db::{Conn, Reads, Tx, one_of};
use diesel::prelude::*;
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

/// Puts what a locked device uses in place of what it used.
pub fn replace_usages(tx: &mut Tx<'_>, device: &Device, before: &[Usage], after: &[Usage]) -> Result<()> {
    let gone: Vec<String> = before
        .iter()
        .filter(|was| !after.iter().any(|is| is.entitlement == was.entitlement))
        .map(|was| was.entitlement.clone())
        .collect();
    if !gone.is_empty() {
        diesel::delete(
            usages::table.filter(
                usages::device_id
                    .eq(device.id)
                    .and(usages::entitlement.eq_any(gone)),
            ),
        )
        .execute(tx.conn())?;
    }
    let mut new = Vec::new();
    for is in after {
        match before.iter().find(|was| was.entitlement == is.entitlement) {
            Some(was) if was == is => {}
            Some(_) => {
                diesel::update(usages::table.find((device.id, &is.entitlement)))
                    .set((
                        usages::quantity.eq(is.quantity),
                        usages::reserved.eq(is.reserved),
                        usages::since.eq(is.since),
                    ))
                    .execute(tx.conn())?;
            }
            None => new.push(usage_row!(device, is)),
        }
    }
    if !new.is_empty() {
        // The common connection takes one row at a time; its variants take many.
        match tx.conn() {
            Conn::Sqlite(c) => diesel::insert_into(usages::table).values(&new).execute(c)?,
            Conn::Postgres(c) => diesel::insert_into(usages::table).values(&new).execute(c)?,
        };
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
