//! What people can do with product instances, and what the clock does.

use super::calls::{self, Changes, Told, about, facts};
use super::model::{self, Device, MOST_SELECTED, Standing, Udi, Usage};

use super::store::{self, Filter, Sort};
use crate::authz::action::{RemoveDevice, Transfer, ViewInventory};
use crate::authz::{Does, Permit, Within};
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{DeviceId, RegistrationTokenId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::{licenses, virtual_accounts};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

// Looking ----------------------------------------------------------------------------------------------------

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
    sort: (Sort, bool),
    total: Option<u64>,
    limit: u64,
    offset: u64,
) -> Result<Vec<Row>> {
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let found = store::page(
        read,
        permit.within(),
        filter,
        sort,
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

/// How many devices came with a token and are still registered.
pub fn with_token(read: &mut dyn Reads, account: SmartAccountId, token: RegistrationTokenId) -> Result<u64> {
    store::with_token(read, account, token)
}

// Changing ---------------------------------------------------------------------------------------------------

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
            super::reservation::move_with(tx, at, permit.who(), device, to)?;
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
        if let Some(refusal) = super::reservation::against_going(tx, device)? {
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

// The clock --------------------------------------------------------------------------------------------------

/// What the clock does to devices of which nothing is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// They failed to connect.
    Silence,
    /// What they used is free again.
    Release,
    /// They are registered no more.
    End,
}

impl Due {
    /// In the order in which they come over a device.
    pub const ALL: [Self; 3] = [Self::Silence, Self::Release, Self::End];
    fn is_for(self, device: &Device, now: Moment) -> bool {
        if device.is_reserved || device.manager.is_some() || device.policy.is_some() {
            return false;
        }
        let silence = now.since(device.contact_at);
        match self {
            Self::Silence => device.standing == Standing::Connected && silence >= model::SILENT_AFTER,
            Self::Release => device.standing != Standing::Released && silence >= model::RELEASED_AFTER,
            Self::End => device.expires_at() <= now,
        }
    }
}

/// Devices for which it is time.
pub fn due(
    read: &mut dyn Reads,
    due: Due,
    now: Moment,
    most: i64,
) -> Result<BTreeMap<SmartAccountId, Vec<DeviceId>>> {
    let found = match due {
        Due::Silence => {
            store::unheard_since(read, &[Standing::Connected], now.plus(-model::SILENT_AFTER), most)?
        }
        Due::Release => store::unheard_since(
            read,
            &[Standing::Connected, Standing::Silent],
            now.plus(-model::RELEASED_AFTER),
            most,
        )?,
        Due::End => store::not_renewed_since(read, now.plus(-model::EXPIRES_AFTER), most)?,
    };
    let mut by: BTreeMap<SmartAccountId, Vec<DeviceId>> = BTreeMap::new();
    for (account, id) in found {
        by.entry(account).or_default().push(id);
    }
    Ok(by)
}

/// Does it to those for which it is still time: one may have called meanwhile.
pub fn carry_out(
    tx: &mut Tx<'_>,
    due: Due,
    now: Moment,
    account: SmartAccountId,
    ids: &[DeviceId],
) -> Result<Recorded<usize>> {
    let who = Who::portal("contact rules");
    let found: Vec<Device> = store::lock_all(tx, account, ids)?
        .into_iter()
        .filter(|device| due.is_for(device, now))
        .collect();
    let ids: Vec<DeviceId> = found.iter().map(|device| device.id).collect();
    let usages = store::usages_of_all(tx, account, &ids)?;
    let mut changes = Changes::default();
    let mut events: Vec<Event> = Vec::with_capacity(found.len());
    for device in &found {
        let usages = usages.get(&device.id).map_or(&[][..], Vec::as_slice);
        let since = device.contact_at.words();
        changes.goes(device.virtual_account, device.standing);
        let event = match due {
            Due::Silence => {
                let is = Device {
                    standing: Standing::Silent,
                    ..device.clone()
                };
                store::touch(tx, &is)?;
                changes.comes(device.virtual_account, Standing::Silent);
                about(
                    Kind::DeviceSilent,
                    device,
                    format!(
                        "{} failed to connect: nothing was heard of it since {since}.",
                        device.name()
                    ),
                )
            }
            Due::Release => {
                let is = Device {
                    standing: Standing::Released,
                    licenses: 0,
                    ..device.clone()
                };
                store::touch(tx, &is)?;
                changes.comes(device.virtual_account, Standing::Released);
                changes.frees(device.virtual_account, usages);
                about(
                    Kind::DeviceReleased,
                    device,
                    format!(
                        "The authorization of {} expired: nothing was heard of it since {since}. What it used is free again.",
                        device.name()
                    ),
                )
                .with(json!({ "returned": facts(usages) }))
            }
            Due::End => {
                changes.frees(device.virtual_account, usages);
                about(
                    Kind::DeviceExpired,
                    device,
                    format!(
                        "The registration of {} expired: it was last renewed on {}.",
                        device.name(),
                        device.renewed_at.words()
                    ),
                )
                .with(json!({ "udi": device.udi().to_string(), "returned": facts(usages) }))
            }
        };
        events.push(event);
    }
    match due {
        Due::Silence => {}
        Due::Release => store::forget_usages(tx, &ids)?,
        Due::End => store::delete(tx, &ids)?,
    }
    changes.write(tx, now, &who, account)?;
    tx.record_all(now, &who, &events, found.len())
}
