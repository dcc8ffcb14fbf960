//! What people see of product instances.

use crate::authz::action::ViewInventory;
use crate::authz::{Permit, Within};
use crate::devices::calls::{self, Told};
use crate::devices::model::{self, Device, Standing, Udi, Usage};
use crate::devices::store::{self, Filter};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, RegistrationTokenId, SmartAccountId, VirtualAccountId};
use crate::platform::db::Reads;
use crate::{licenses, virtual_accounts};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A device as lists show it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The device.
    pub device: Device,
    /// Name of its Virtual Account.
    pub virtual_account: String,
    /// How it stands and what it uses.
    pub told: Told,
}

/// How many match.
pub fn count(read: &mut dyn Reads, permit: &Permit<ViewInventory>, filter: &Filter) -> Result<u64> {
    store::count(read, permit.within(), filter)
}

/// A page of product instances.
pub fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    filter: &Filter,
    order: (&str, bool),
    total: Option<u64>,
    limit: u64,
    offset: u64,
) -> Result<Vec<Row>> {
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let found = store::page(
        read,
        permit.within(),
        filter,
        order,
        total,
        whole(limit),
        whole(offset),
    )?;
    rows(read, permit.within().account()?, found)
}

/// Devices with what lists show of them: three questions, however many they are.
fn rows(read: &mut dyn Reads, account: SmartAccountId, found: Vec<Device>) -> Result<Vec<Row>> {
    let ids: Vec<DeviceId> = found.iter().map(|device| device.id).collect();
    let places: BTreeSet<VirtualAccountId> = found.iter().map(|device| device.virtual_account).collect();
    let places: Vec<VirtualAccountId> = places.into_iter().collect();
    let names: HashMap<VirtualAccountId, String> = virtual_accounts::these(read, account, &places)?
        .into_iter()
        .map(|one| (one.id, one.name))
        .collect();
    let mut usages = store::usages_of_all(read, account, &ids)?;
    let used: BTreeSet<String> = usages
        .values()
        .flatten()
        .map(|one| one.entitlement.clone())
        .collect();
    let keys: Vec<String> = used.into_iter().collect();
    let mut standings: HashMap<VirtualAccountId, Vec<licenses::Standing>> = HashMap::new();
    for (place, one) in licenses::standings_of(read, account, &places, &keys)? {
        standings.entry(place).or_default().push(one);
    }
    Ok(found
        .into_iter()
        .map(|device| {
            let here = standings
                .get(&device.virtual_account)
                .map_or(&[][..], Vec::as_slice);
            let usages = usages.remove(&device.id).unwrap_or_default();
            Row {
                virtual_account: names.get(&device.virtual_account).cloned().unwrap_or_default(),
                told: calls::told_by(device.clone(), usages, here),
                device,
            }
        })
        .collect())
}

/// One of them within reach.
pub fn find(read: &mut dyn Reads, permit: &Permit<ViewInventory>, id: DeviceId) -> Result<Row> {
    let found = store::these(read, permit.within(), &[id])?;
    rows(read, permit.within().account()?, found)?
        .pop()
        .ok_or(Error::NotFound)
}

/// The one with this UDI, within reach.
pub fn by_udi(read: &mut dyn Reads, permit: &Permit<ViewInventory>, udi: &Udi) -> Result<Row> {
    let found = store::by_udi(read, permit.within().account()?, udi)?.ok_or(Error::NotFound)?;
    find(read, permit, found.id)
}

/// Some of them within reach, by name; one that is not there is "not found".
pub fn find_all(read: &mut dyn Reads, permit: &Permit<ViewInventory>, ids: &[DeviceId]) -> Result<Vec<Row>> {
    let wanted: BTreeSet<DeviceId> = ids.iter().copied().collect();
    let ids: Vec<DeviceId> = wanted.into_iter().collect();
    let found = store::these(read, permit.within(), &ids)?;
    if found.len() < ids.len() {
        return Err(Error::NotFound);
    }
    let mut rows = rows(read, permit.within().account()?, found)?;
    rows.sort_by_key(|row| (crate::kernel::search_key(&row.device.name()), row.device.id));
    Ok(rows)
}

/// The kinds of products that there are, when they make a useful filter.
pub fn products(read: &mut dyn Reads, permit: &Permit<ViewInventory>) -> Result<Vec<String>> {
    const MOST: usize = 60;
    let found = store::products(read, permit.within().account()?, MOST)?;
    Ok(if found.len() > MOST { Vec::new() } else { found })
}

/// How many devices of each standing there are within reach.
pub fn tallied(read: &mut dyn Reads, within: &Within) -> Result<Vec<(VirtualAccountId, Standing, i64)>> {
    store::tallied(read, within.account()?, within.only())
}

/// How many product instances some tenants have, by tenant and standing.
pub fn totals(
    read: &mut dyn Reads,
    accounts: &[SmartAccountId],
) -> Result<BTreeMap<(SmartAccountId, Standing), i64>> {
    store::totals(read, accounts)
}

/// Each product instance of a tenant with what it uses, in the order of the UDIs: for what goes through all of them.
pub fn each_of_account(
    read: &mut dyn Reads,
    account: SmartAccountId,
    each: &mut dyn FnMut(Device, Vec<Usage>) -> Result<()>,
) -> Result<()> {
    /// So many are in memory at once.
    const SOME: i64 = 1_000;
    let mut beyond = String::new();
    loop {
        let some = store::of_account(read, account, &beyond, SOME)?;
        let Some(last) = some.last() else {
            return Ok(());
        };
        beyond = last.udi().key();
        let ids: Vec<DeviceId> = some.iter().map(|device| device.id).collect();
        let mut usages = store::usages_of_all(read, account, &ids)?;
        for device in some {
            let used = usages.remove(&device.id).unwrap_or_default();
            each(device, used)?;
        }
    }
}

/// How many devices there are in a tenant, whatever their standing: what stands in the way of its end.
pub fn count_in(read: &mut dyn Reads, account: SmartAccountId) -> Result<u64> {
    let sum: i64 = store::tallied(read, account, None)?
        .into_iter()
        .map(|(_, _, count)| count)
        .sum();
    Ok(u64::try_from(sum).unwrap_or_default())
}

/// A device that uses a license.
#[derive(Debug, Clone)]
pub struct Using {
    /// The device.
    pub device: Device,
    /// What it uses of that license.
    pub usage: Usage,
}

/// Who uses a license in a Virtual Account, the most first, and how many do.
pub fn using(
    read: &mut dyn Reads,
    within: &Within,
    place: VirtualAccountId,
    entitlement: &str,
    limit: u64,
    offset: u64,
) -> Result<(Vec<Using>, u64)> {
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let (rows, total) = store::users_of(read, within, place, entitlement, whole(limit), whole(offset))?;
    let ids: Vec<DeviceId> = rows.iter().map(|(id, _)| *id).collect();
    let mut found: HashMap<DeviceId, Device> = store::these(read, within, &ids)?
        .into_iter()
        .map(|device| (device.id, device))
        .collect();
    let using = rows
        .into_iter()
        .filter_map(|(id, usage)| {
            Some(Using {
                device: found.remove(&id)?,
                usage,
            })
        })
        .collect();
    Ok((using, total))
}

/// Devices that need somebody: silent, released, or with a certificate that was not renewed.
pub fn troubled(read: &mut dyn Reads, within: &Within, now: Moment, limit: i64) -> Result<Vec<Device>> {
    let before = now.plus(-(model::RENEW_AFTER + model::SILENT_AFTER));
    store::troubled(read, within, before, limit)
}

/// How many they are, of which so many of each kind are looked at.
pub fn troubled_count(read: &mut dyn Reads, within: &Within, now: Moment, limit: i64) -> Result<u64> {
    let before = now.plus(-(model::RENEW_AFTER + model::SILENT_AFTER));
    Ok(store::troubled_ids(read, within, before, limit)?.len() as u64)
}

/// How many devices came with a token and are still registered.
pub fn with_token(read: &mut dyn Reads, account: SmartAccountId, token: RegistrationTokenId) -> Result<u64> {
    store::with_token(read, account, token)
}
