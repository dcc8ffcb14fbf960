//! Looking for device managers.

use crate::authz::action::ViewInventory;
use crate::authz::{Does, Permit, Within};
use crate::device_managers::model::Manager;
use crate::device_managers::store;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceManagerId, SmartAccountId, VirtualAccountId};
use crate::platform::db::{Reads, Tx};
use crate::virtual_accounts;
use std::collections::HashMap;

/// A device manager with the name of its Virtual Account.
#[derive(Debug, Clone)]
pub struct Row {
    /// The device manager.
    pub manager: Manager,
    /// Name of its Virtual Account.
    pub place: String,
}

/// All within reach, by name.
pub fn all(read: &mut dyn Reads, permit: &Permit<ViewInventory>) -> Result<Vec<Row>> {
    let found = store::all(read, permit.within())?;
    rows(read, permit.within().account()?, found)
}

fn rows(read: &mut dyn Reads, account: SmartAccountId, found: Vec<Manager>) -> Result<Vec<Row>> {
    let places: Vec<VirtualAccountId> = found.iter().filter_map(|one| one.place).collect();
    let names: HashMap<VirtualAccountId, String> = virtual_accounts::these(read, account, &places)?
        .into_iter()
        .map(|one| (one.id, one.name))
        .collect();
    Ok(found
        .into_iter()
        .map(|manager| Row {
            place: manager
                .place
                .and_then(|place| names.get(&place).cloned())
                .unwrap_or_default(),
            manager,
        })
        .collect())
}

/// One within reach that is not removed.
pub fn find(read: &mut dyn Reads, permit: &Permit<ViewInventory>, id: DeviceManagerId) -> Result<Row> {
    let account = permit.within().account()?;
    let one = store::find(read, account, id)?
        .filter(|one| {
            one.removed_at.is_none() && one.place.is_some_and(|place| permit.within().covers(place))
        })
        .ok_or(Error::NotFound)?;
    rows(read, account, vec![one])?.pop().ok_or(Error::NotFound)
}

/// One that one may see and do this with.
pub fn theirs<A: Does>(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<A>,
    id: DeviceManagerId,
) -> Result<Row> {
    let row = find(read, view, id)?;
    if row
        .manager
        .place
        .is_some_and(|place| permit.within().covers(place))
    {
        Ok(row)
    } else {
        Err(Error::Forbidden {
            action: A::ACTION.words(),
        })
    }
}

/// The one that a file says it comes from, whose ever it is and removed or not: what it claims is verified next.
pub fn whose(read: &mut dyn Reads, id: DeviceManagerId) -> Result<Option<Manager>> {
    store::by_id(read, id)
}

/// The same, held until the transaction ends.
pub fn lock(tx: &mut Tx<'_>, id: DeviceManagerId) -> Result<Option<Manager>> {
    store::lock(tx, id)
}

/// Those within reach that are late.
pub fn overdue(read: &mut dyn Reads, within: &Within, now: Moment, most: i64) -> Result<Vec<Manager>> {
    store::overdue(read, within, now, most)
}
