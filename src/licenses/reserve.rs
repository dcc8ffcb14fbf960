//! Licenses set aside for one device: for the room that knows the devices. Parts of the caller's write and record.

use super::model::{Pool, precedence};
use super::stock;
use super::store;
use super::transfer::{Moving, carry};
use crate::catalog::Billing;
use crate::error::{Error, Result};
use crate::kernel::ids::{LicensePoolId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, Who};
use crate::platform::db::Tx;
use crate::virtual_accounts;

/// Licenses that were set aside.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Reserved {
    /// The pool from which they come.
    pub pool: LicensePoolId,
    /// What programs know the license by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// Until when.
    pub ends_at: Option<Moment>,
}

fn reserved(pool: &Pool, quantity: i64) -> Reserved {
    Reserved {
        pool: pool.id,
        entitlement: pool.entitlement.clone(),
        name: pool.name.clone(),
        quantity,
        ends_at: pool.ends_at,
    }
}

/// Sets licenses of a Virtual Account aside: only what is free, and what lasts longest first, since a device keeps it.
/// What is billed by its use never runs out.
pub fn reserve(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    place: VirtualAccountId,
    wanted: &[(String, i64)],
) -> Result<Vec<Reserved>> {
    let mut done = Vec::new();
    let mut changed = Vec::new();
    for (entitlement, quantity) in wanted {
        let Some(stock) = stock::find_many(tx, account, place, std::slice::from_ref(entitlement))?.pop()
        else {
            return Err(Error::NotFound);
        };
        if *quantity < 1 {
            return Err(Error::refused(
                "licenses.nothing-chosen",
                format!("No quantity of {} to reserve was chosen.", stock.name),
            ));
        }
        let not_enough = || {
            let says = match stock.surplus() {
                0 => format!("None of {} is free to be reserved.", stock.name),
                1 => format!("Only 1 of {} is free to be reserved.", stock.name),
                some => format!("Only {some} of {} are free to be reserved.", stock.name),
            };
            Error::refused("licenses.not-enough", says)
        };
        if *quantity > stock.surplus() {
            return Err(not_enough());
        }
        let mut pools = store::of_stock(tx, account, place, entitlement)?;
        pools.sort_by_key(|pool| std::cmp::Reverse(precedence(pool)));
        let mut left = *quantity;
        for pool in pools.iter().filter(|pool| pool.ended_at.is_none()) {
            let is_metered = pool.billing == Billing::Usage;
            let some = if is_metered { left } else { pool.free().min(left) };
            if some > 0 {
                if !store::change_reserved(tx, pool.id, some, is_metered)? {
                    return Err(not_enough());
                }
                done.push(reserved(pool, some));
                left -= some;
            }
        }
        if left > 0 {
            return Err(not_enough());
        }
        changed.push((place, entitlement.clone()));
    }
    stock::restate(tx, at, who, account, changed)?;
    Ok(done)
}

/// Frees what was set aside.
pub fn unreserve(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    lines: &[(LicensePoolId, i64)],
) -> Result<()> {
    let ids: Vec<LicensePoolId> = lines.iter().map(|(id, _)| *id).collect();
    let pools = store::these(tx, account, &ids)?;
    for (id, quantity) in lines {
        if !store::change_reserved(tx, *id, quantity.saturating_neg(), false)? {
            return Err(Error::NotFound);
        }
    }
    stock::restate(
        tx,
        at,
        who,
        account,
        pools
            .into_iter()
            .map(|pool| (pool.virtual_account, pool.entitlement)),
    )
}

/// What was set aside goes with its device to another Virtual Account. Answers with where it lies now, in the order of
/// the lines.
pub fn move_reserved(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    lines: &[(LicensePoolId, i64)],
    to: VirtualAccountId,
) -> Result<Vec<Reserved>> {
    let ids: Vec<LicensePoolId> = lines.iter().map(|(id, _)| *id).collect();
    let pools = store::these(tx, account, &ids)?;
    let mut places: Vec<VirtualAccountId> = pools.iter().map(|pool| pool.virtual_account).collect();
    places.push(to);
    let names = virtual_accounts::these(tx, account, &places)?;
    let name = |id: VirtualAccountId| {
        names
            .iter()
            .find(|one| one.id == id)
            .map(|one| one.name.clone())
            .unwrap_or_default()
    };
    let mut done = Vec::with_capacity(lines.len());
    for (id, quantity) in lines {
        let pool = pools.iter().find(|pool| pool.id == *id).ok_or(Error::NotFound)?;
        let is_metered = pool.billing == Billing::Usage;
        if !store::change_reserved(tx, pool.id, quantity.saturating_neg(), false)? {
            return Err(Error::NotFound);
        }
        // Nothing was bought of what is billed by its use, so nothing but the mark can move.
        let carried = if is_metered {
            (*quantity).min(pool.purchased)
        } else {
            *quantity
        };
        let (from, to_name) = (name(pool.virtual_account), name(to));
        let moving = [Moving {
            pool,
            quantity: carried,
            from: &from,
            to,
            to_name: &to_name,
        }];
        let came_to = carry(tx, at, who, account, &moving)?
            .pop()
            .ok_or(Error::NotFound)?;
        if !store::change_reserved(tx, came_to, *quantity, is_metered)? {
            return Err(Error::NotFound);
        }
        stock::restate(tx, at, who, account, [(to, pool.entitlement.clone())])?;
        let mut there = reserved(pool, *quantity);
        there.pool = came_to;
        done.push(there);
    }
    Ok(done)
}
