//! What people do with product instances: transfers, removals, and many that are there already.

use super::look::Row;
use crate::authz::action::{RemoveDevice, Transfer, ViewInventory};
use crate::authz::{Does, Permit};
use crate::devices::changes::{Changes, about, facts};
use crate::devices::model::{self, Device, MOST_SELECTED, Usage};
use crate::devices::{reservation, store};
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{DeviceId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Kind, Moment, Who};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::{licenses, virtual_accounts};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The devices that somebody chose, locked, if they may do this with all of them. One that is not seen is not there.
fn chosen<A: Does>(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<A>,
    ids: &[DeviceId],
) -> Result<Vec<Device>> {
    let wanted: BTreeSet<DeviceId> = ids.iter().copied().collect();
    if wanted.is_empty() {
        return Err(nothing_chosen());
    }
    if wanted.len() > MOST_SELECTED {
        return Err(too_many());
    }
    let found = store::lock_all(tx, permit.within().account()?, ids)?;
    if found.len() < wanted.len()
        || found
            .iter()
            .any(|device| !view.within().covers(device.virtual_account))
    {
        return Err(Error::NotFound);
    }
    if found
        .iter()
        .any(|device| !permit.within().covers(device.virtual_account))
    {
        return Err(Error::Forbidden {
            action: A::ACTION.words(),
        });
    }
    Ok(found)
}

/// Nothing was ticked.
pub fn nothing_chosen() -> Error {
    Error::refused("devices.nothing-chosen", "Select a product instance first.")
}

/// Too much was ticked.
pub fn too_many() -> Error {
    Error::refused(
        "devices.too-many",
        "At most 1,000 product instances are changed at once. Narrow the list with a filter.",
    )
}

/// Why these cannot go to that Virtual Account; the first of the reasons.
pub fn against_transfer(devices: &[&Device], to: VirtualAccountId) -> Option<Refusal> {
    devices
        .iter()
        .find_map(|device| device.against_change())
        .or_else(|| {
            devices
                .iter()
                .find(|device| device.virtual_account == to)
                .map(|device| Refusal {
                    code: "devices.same-place",
                    says: format!(
                        "{} is in this Virtual Account already. Choose another Target Virtual Account.",
                        device.name()
                    )
                    .into(),
                })
        })
}

/// What a transfer does to one license in one Virtual Account.
#[derive(Debug, Clone)]
pub struct Effect {
    /// What people know the license by.
    pub license: String,
    /// Name of the Virtual Account.
    pub place: String,
    /// Its balance now.
    pub before: i64,
    /// Its balance then.
    pub after: i64,
    /// Whether it is billed by usage, so that nothing is ever short.
    pub is_metered: bool,
}

/// What a transfer of these would do to the licenses that they use: where they are first, then where they go.
pub fn effects(
    read: &mut dyn Reads,
    account: SmartAccountId,
    rows: &[Row],
    to: VirtualAccountId,
) -> Result<Vec<Effect>> {
    let mut by: BTreeMap<(bool, VirtualAccountId), BTreeMap<String, (String, i64)>> = BTreeMap::new();
    let mut names: HashMap<VirtualAccountId, String> = HashMap::new();
    for row in rows {
        names.insert(row.device.virtual_account, row.virtual_account.clone());
        for line in &row.told.lines {
            let beyond = line.usage.beyond();
            for (key, quantity) in [
                ((false, row.device.virtual_account), -beyond),
                ((true, to), beyond),
            ] {
                let here = by.entry(key).or_default();
                let sum = here
                    .entry(line.usage.entitlement.clone())
                    .or_insert_with(|| (line.name.clone(), 0));
                sum.1 += quantity;
            }
        }
    }
    if let Some(target) = virtual_accounts::these(read, account, &[to])?.pop() {
        names.insert(to, target.name);
    }
    let mut effects = Vec::new();
    for ((_, place), licenses) in by {
        let keys: Vec<String> = licenses.keys().cloned().collect();
        let stocks = licenses::stocks_of(read, account, place, &keys)?;
        for (key, (name, by)) in licenses {
            if by == 0 {
                continue;
            }
            let stock = stocks.iter().find(|stock| stock.entitlement == key);
            let before = stock.map_or(0, |stock| stock.balance);
            effects.push(Effect {
                license: name,
                place: names.get(&place).cloned().unwrap_or_default(),
                before,
                after: before.saturating_sub(by),
                is_metered: stock.is_some_and(licenses::Stock::is_metered),
            });
        }
    }
    Ok(effects)
}

/// What would be free again: license, Virtual Account, and how many.
pub fn returns(rows: &[Row]) -> Vec<(String, String, i64)> {
    let mut sums: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in rows {
        for line in &row.told.lines {
            let sum = sums
                .entry((line.name.clone(), row.virtual_account.clone()))
                .or_default();
            *sum += line.usage.beyond();
        }
    }
    sums.into_iter()
        .filter(|(_, sum)| *sum > 0)
        .map(|((license, place), sum)| (license, place, sum))
        .collect()
}

/// Whether this is asked for the first time. The key is kept before any device is locked: whoever comes with the same one
/// meanwhile waits for it, and then runs again.
fn first(tx: &mut Tx<'_>, at: Moment, once: Option<&OnceKey>) -> Result<bool> {
    match tx.once(once)? {
        Once::Again(_) => Ok(false),
        Once::First => {
            tx.made(at, once, "")?;
            Ok(true)
        }
    }
}

/// Which devices go where.
#[derive(Debug, Clone)]
pub struct Move {
    /// The devices.
    pub ids: Vec<DeviceId>,
    /// The Virtual Account.
    pub to: VirtualAccountId,
}

/// Puts devices into another Virtual Account with what they use: all of them, or none.
pub fn transfer(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<Transfer>,
    occupants: &Occupants,
    at: Moment,
    Move { ids, to }: &Move,
    once: Option<&OnceKey>,
) -> Result<Recorded<usize>> {
    let to = *to;
    if !first(tx, at, once)? {
        return Ok(tx.unchanged(ids.len()));
    }
    let account = permit.within().account()?;
    let target = virtual_accounts::these(tx, account, &[to])?
        .pop()
        .filter(|_| view.within().covers(to))
        .ok_or(Error::NotFound)?;
    if !permit.within().covers(to) {
        return Err(Error::Forbidden {
            action: Transfer::ACTION.words(),
        });
    }
    let found = chosen(tx, view, permit, ids)?;
    let devices: Vec<&Device> = found.iter().collect();
    if let Some(refusal) = against_transfer(&devices, to) {
        return Err(Error::Refused(refusal));
    }
    if let Some(refusal) = virtual_accounts::against_registering(tx, occupants, account, &[to])? {
        return Err(Error::Refused(refusal));
    }
    let ids: Vec<DeviceId> = found.iter().map(|device| device.id).collect();
    let usages = store::usages_of_all(tx, account, &ids)?;
    let mut changes = Changes::default();
    let mut events = Vec::with_capacity(found.len());
    for device in &found {
        let usages = usages.get(&device.id).map_or(&[][..], Vec::as_slice);
        changes.frees(device.virtual_account, usages);
        changes.uses(to, model::difference(&[], usages));
        changes.goes(device.virtual_account, device.standing);
        changes.comes(to, device.standing);
        if device.is_reserved || device.policy.is_some() {
            reservation::move_with(tx, at, permit.who(), device, to)?;
        }
        let mut moved = device.clone();
        moved.virtual_account = to;
        let event = about(
            Kind::DeviceMoved,
            &moved,
            format!("{} was transferred to {}.", device.name(), target.name),
        )
        .changed(
            &json!({ "virtual_account": device.virtual_account.to_string() }),
            &json!({ "virtual_account": to.to_string(), "usage": facts(usages) }),
        );
        events.push(event);
    }
    store::put_into(tx, &ids, to)?;
    changes.write(tx, at, permit.who(), account)?;
    tx.record_all(at, permit.who(), &events, found.len())
}

/// Removes devices: all of them, or none. What they used is free again; each has to register again to come back.
pub fn remove(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<RemoveDevice>,
    at: Moment,
    ids: &[DeviceId],
    once: Option<&OnceKey>,
) -> Result<Recorded<usize>> {
    if !first(tx, at, once)? {
        return Ok(tx.unchanged(ids.len()));
    }
    let account = permit.within().account()?;
    let found = chosen(tx, view, permit, ids)?;
    if let Some(refusal) = found.iter().find_map(Device::against_removal) {
        return Err(Error::Refused(refusal));
    }
    for device in &found {
        if let Some(refusal) = reservation::against_going(tx, device)? {
            return Err(Error::Refused(refusal));
        }
    }
    let ids: Vec<DeviceId> = found.iter().map(|device| device.id).collect();
    let usages = store::usages_of_all(tx, account, &ids)?;
    let mut changes = Changes::default();
    let mut events = Vec::with_capacity(found.len());
    for device in &found {
        let usages = usages.get(&device.id).map_or(&[][..], Vec::as_slice);
        changes.frees(device.virtual_account, usages);
        changes.goes(device.virtual_account, device.standing);
        let event = about(
            Kind::DeviceRemoved,
            device,
            format!("{} was removed. What it used is free again.", device.name()),
        )
        .with(json!({ "udi": device.udi().to_string(), "returned": facts(usages) }));
        events.push(event);
    }
    store::delete(tx, &ids)?;
    changes.write(tx, at, permit.who(), account)?;
    tx.record_all(at, permit.who(), &events, found.len())
}

/// Puts devices in place that are there already, with what they use: what scenarios are made of. The record says of
/// them what the caller says.
pub fn place_many(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    placed: &[(Device, Vec<Usage>)],
) -> Result<()> {
    let mut changes = Changes::default();
    for (device, usages) in placed {
        changes.comes(device.virtual_account, device.standing);
        changes.uses(device.virtual_account, model::difference(&[], usages));
    }
    store::insert_many(tx, placed)?;
    changes.write(tx, at, who, account)
}
