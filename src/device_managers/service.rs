//! What can be done with device managers.

use super::model::{DUE_AFTER, LocalPlace, Manager, REMOVED_AFTER};
use super::store;
use crate::authz::action::{
    AuthorizeOnPrem, CreateTopVirtualAccount, RemoveDeviceManager, Synchronize, ViewInventory,
};
use crate::authz::{Does, Permit, Within};
use crate::devices::{self, Server};
use crate::error::{Error, Refusal, Result};
use crate::http::widgets::counted;
use crate::kernel::event::Outcome;
use crate::kernel::ids::{DeviceManagerId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::licenses;
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::virtual_accounts::{self, NewVirtualAccount, Place, VirtualAccount};
use chrono::TimeDelta;
use serde_json::json;
use std::collections::HashMap;

// Looking -------------------------------------------------------------------------------------------------------

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

// Adding --------------------------------------------------------------------------------------------------------

/// To which Virtual Account a new one is bound.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one of them at a time")]
pub enum Binding {
    /// One that is there.
    Existing(VirtualAccountId),
    /// One that is made for it at the top level.
    New(VirtualAccountId, String, Permit<CreateTopVirtualAccount>),
}

/// A device manager that is to be.
#[derive(Clone)]
pub struct New {
    /// Its id.
    pub id: DeviceManagerId,
    /// Its name.
    pub name: String,
    /// Where.
    pub binding: Binding,
    /// What its files are verified with.
    pub public_key: String,
    /// The authorization file.
    pub answer: String,
}

/// Why a Virtual Account cannot be bound.
pub fn against_binding(
    read: &mut dyn Reads,
    permit: &Permit<AuthorizeOnPrem>,
    place: &VirtualAccount,
) -> Result<Option<Refusal>> {
    let refusal = |code, says: String| {
        Some(Refusal {
            code,
            says: says.into(),
        })
    };
    if place.is_default {
        return Ok(refusal(
            "device-managers.default",
            format!(
                "{} is the default Virtual Account, and one that an On-Prem server serves cannot be the default. Choose another one.",
                place.name
            ),
        ));
    }
    if let Some((_, name)) = store::bound_to(read, place.account, &[place.id])?.pop() {
        return Ok(refusal(
            "device-managers.bound",
            format!(
                "{} is bound to the device manager {name}. Choose another Virtual Account.",
                place.name
            ),
        ));
    }
    let there: i64 = devices::tallied(read, permit.within())?
        .into_iter()
        .filter(|(id, _, _)| *id == place.id)
        .map(|(_, _, count)| count)
        .sum();
    if there > 0 {
        return Ok(refusal(
            "device-managers.not-empty",
            format!(
                "{} holds {}. An On-Prem server is bound to a Virtual Account without any: transfer or remove them, or choose another one.",
                place.name,
                counted(there.unsigned_abs(), "product instance", "product instances")
            ),
        ));
    }
    Ok(None)
}

/// The Virtual Accounts to which a new one can be bound.
pub fn bindable(
    read: &mut dyn Reads,
    permit: &Permit<AuthorizeOnPrem>,
) -> Result<Vec<(VirtualAccountId, String)>> {
    let account = permit.within().account()?;
    let names: Vec<(VirtualAccountId, String)> = virtual_accounts::names(read, &[account])?
        .into_iter()
        .map(|(_, id, name, _)| (id, name))
        .filter(|(id, _)| permit.within().covers(*id))
        .collect();
    let ids: Vec<VirtualAccountId> = names.iter().map(|(id, _)| *id).collect();
    let mut no: Vec<VirtualAccountId> = store::bound_to(read, account, &ids)?
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    no.push(virtual_accounts::default_of(read, account)?.id);
    for (id, _, count) in devices::tallied(read, permit.within())? {
        if count > 0 {
            no.push(id);
        }
    }
    Ok(names.into_iter().filter(|(id, _)| !no.contains(id)).collect())
}

fn name_taken(name: &str) -> Error {
    Error::refused(
        "device-managers.name-taken",
        format!(
            "Another device manager of this Smart Account is called {name}, or has a name that looks the same. Choose another name."
        ),
    )
}

/// Why a registration file with this key is not taken.
fn against_key(read: &mut dyn Reads, account: SmartAccountId, public_key: &str) -> Result<Option<Refusal>> {
    let says = if let Some(other) = store::with_key(read, public_key)? {
        match store::find(read, account, other)? {
            Some(one) => format!(
                "The On-Prem server of this registration file is registered already as {0}, with this very key. If it was restored from a backup or set up anew, generate a registration file with a new key there, and choose Re-register in the menu of {0}.",
                one.name
            ),
            None => "The On-Prem server of this registration file is registered already, with this very key. Generate a registration file with a new key there.".to_owned(),
        }
    } else if store::was_key(read, public_key)? {
        "The key of this registration file ended when its On-Prem server was registered again. Generate a registration file with a new key there.".to_owned()
    } else {
        return Ok(None);
    };
    Ok(Some(Refusal {
        code: "device-managers.already-registered",
        says: says.into(),
    }))
}

/// What the record keeps of one.
fn facts(one: &Manager) -> serde_json::Value {
    json!({ "name": one.name, "virtual_account": one.place, "key": crate::platform::token::fingerprint(one.public_key.as_bytes()) })
}

/// An event about a device manager.
pub fn announced(kind: Kind, one: &Manager, says: String) -> Event {
    let event = Event::new(kind, one.id, says).within(one.account);
    match one.place {
        Some(place) => event.in_virtual_account(place),
        None => event,
    }
}

/// Registers a device manager: its key counts from now on.
pub fn add(
    tx: &mut Tx<'_>,
    permit: &Permit<AuthorizeOnPrem>,
    at: Moment,
    new: &New,
    once: Option<&OnceKey>,
) -> Result<Recorded<DeviceManagerId>> {
    if let Once::Again(made) = tx.once(once)? {
        return Ok(tx.unchanged(made.parse().map_err(|_| Error::NotFound)?));
    }
    let account = permit.within().account()?;
    if let Some(refusal) = against_key(tx, account, &new.public_key)? {
        return Err(Error::Refused(refusal));
    }
    if store::has_name(tx, account, &new.name, None)? {
        return Err(name_taken(&new.name));
    }
    let (place, place_name) = match &new.binding {
        Binding::Existing(place) => {
            if !permit.within().covers(*place) {
                return Err(Error::NotFound);
            }
            let place = virtual_accounts::these(tx, account, &[*place])?
                .pop()
                .ok_or(Error::NotFound)?;
            if let Some(refusal) = against_binding(tx, permit, &place)? {
                return Err(Error::Refused(refusal));
            }
            (place.id, place.name)
        }
        Binding::New(id, name, create) => {
            let says = format!("Served by the On-Prem server {}.", new.name);
            let wanted = NewVirtualAccount::named(name, &says);
            let _ = virtual_accounts::create_at(tx, &Place::Top(create.clone()), at, *id, &wanted, None)?;
            (*id, name.clone())
        }
    };
    let one = Manager {
        id: new.id,
        account,
        place: Some(place),
        name: new.name.clone(),
        public_key: new.public_key.clone(),
        answer: new.answer.clone(),
        product_instances: 0,
        places: "[]".to_owned(),
        sequence: 0,
        registered_at: at,
        registrar: permit.who().label.clone(),
        synced_at: None,
        due_at: at.plus(DUE_AFTER),
        waits_since: None,
        failed_at: None,
        failure: String::new(),
        overdue_at: None,
        removed_at: None,
        version: 1,
        registration: 1,
    };
    store::insert(tx, &one)?;
    tx.made(at, once, one.id.as_str())?;
    let event = announced(
        Kind::ManagerAdded,
        &one,
        format!(
            "The device manager {} was added and bound to {place_name}.",
            one.name
        ),
    )
    .changed(&json!(null), &facts(&one));
    tx.record(at, permit.who(), &event, one.id)
}

/// A device manager that is to be registered again: its server was restored from a backup, or set up anew.
#[derive(Clone)]
pub struct Again {
    /// Which.
    pub id: DeviceManagerId,
    /// What its files are verified with from now on.
    pub public_key: String,
    /// The authorization file.
    pub answer: String,
    /// The number of a case, or why.
    pub reason: String,
}

/// The keys of its earlier registrations, and when each ended.
pub fn former_keys(read: &mut dyn Reads, id: DeviceManagerId) -> Result<Vec<(String, Moment)>> {
    store::former_keys(read, id)
}

/// Registers one again, with a new key: it stays what it is, its sequences begin at 1, and its product instances are as
/// they were told last. A part of the caller's write, which settles its files and records the event. Answers with it as
/// it was before.
pub fn register_again(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<AuthorizeOnPrem>,
    at: Moment,
    again: &Again,
) -> Result<(Manager, Event)> {
    theirs(tx, view, permit, again.id)?;
    let before = store::lock(tx, again.id)?.ok_or(Error::NotFound)?;
    if let Some(refusal) = against_key(tx, before.account, &again.public_key)? {
        return Err(Error::Refused(refusal));
    }
    let now = Manager {
        public_key: again.public_key.clone(),
        answer: again.answer.clone(),
        sequence: 0,
        registered_at: at,
        registrar: permit.who().label.clone(),
        due_at: at.plus(DUE_AFTER),
        waits_since: None,
        failed_at: None,
        failure: String::new(),
        overdue_at: None,
        registration: before.registration + 1,
        ..before.clone()
    };
    store::register_again(tx, at, &before, &now)?;
    let event = announced(
        Kind::ManagerAgain,
        &now,
        format!(
            "The device manager {} was registered again, with a new key: {}. Its next file has the sequence 1.",
            now.name, again.reason
        ),
    )
    .with(json!({ "before": facts(&before), "after": facts(&now), "reason": again.reason, "sequence": before.sequence }));
    Ok((before, event))
}

/// Gives it another name.
pub fn rename(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<Synchronize>,
    at: Moment,
    id: DeviceManagerId,
    name: &str,
) -> Result<Recorded<()>> {
    let one = theirs(tx, view, permit, id)?.manager;
    if one.name == name {
        return Ok(tx.unchanged(()));
    }
    if store::has_name(tx, one.account, name, Some(id))? {
        return Err(name_taken(name));
    }
    store::rename(tx, id, name)?;
    let event = announced(
        Kind::ManagerRenamed,
        &one,
        format!("The device manager {} is called {name} now.", one.name),
    )
    .changed(&one.name, &name);
    tx.record(at, permit.who(), &event, ())
}

/// Removes it: its key opens nothing any more, and its Virtual Account stays, empty and unbound.
pub fn remove(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<RemoveDeviceManager>,
    at: Moment,
    id: DeviceManagerId,
    case: Option<&str>,
) -> Result<Recorded<String>> {
    let row = theirs(tx, view, permit, id)?;
    if let Some(refusal) = row.manager.against_removal() {
        return Err(Error::Refused(refusal));
    }
    store::remove(tx, id, at, &permit.who().label)?;
    let words = case.map_or_else(
        || "without a case number".to_owned(),
        |case| format!("under case {case}"),
    );
    let event = announced(
        Kind::ManagerRemoved,
        &row.manager,
        format!(
            "The device manager {} was removed {words}. {} is not bound any more.",
            row.manager.name, row.place
        ),
    )
    .with(json!({ "before": facts(&row.manager), "after": null, "case_number": case }));
    tx.record(at, permit.who(), &event, row.manager.name)
}

/// How many licenses the product instances of one use.
pub fn licenses_in_use(read: &mut dyn Reads, one: &Manager) -> Result<u64> {
    let Some(place) = one.place else {
        return Ok(0);
    };
    Ok(licenses::stocks_in(read, one.account, place)?
        .iter()
        .map(|stock| stock.in_use.max(0).unsigned_abs())
        .sum())
}

/// What went with one that was removed before it could be emptied.
#[derive(Debug, Clone)]
pub struct Lost {
    /// Its name.
    pub name: String,
    /// How many product instances.
    pub instances: u64,
    /// How many licenses they used.
    pub in_use: u64,
}

/// Its product instances go, and then it does.
fn let_go(tx: &mut Tx<'_>, at: Moment, who: &Who, one: &Manager) -> Result<u64> {
    let gone = match one.place {
        Some(place) => {
            let server = Server {
                account: one.account,
                manager: one.id,
                place,
            };
            devices::reconcile(tx, at, who, server, &mut std::iter::empty())?.vanished
        }
        None => 0,
    };
    store::remove(tx, one.id, at, &who.label)?;
    Ok(gone)
}

/// Removes one whose On-Prem server is lost for good, so that it can tell of nothing any more: its product instances go
/// with it and what they used is free again, all at once and under a case.
pub fn remove_lost(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<RemoveDeviceManager>,
    at: Moment,
    id: DeviceManagerId,
    case: &str,
) -> Result<Recorded<Lost>> {
    let row = theirs(tx, view, permit, id)?;
    let one = store::lock(tx, id)?.ok_or(Error::NotFound)?;
    let in_use = licenses_in_use(tx, &one)?;
    let instances = let_go(tx, at, permit.who(), &one)?;
    let event = announced(
        Kind::ManagerLost,
        &one,
        format!(
            "The device manager {} was removed as lost under case {case}: {} went with it, and {} that they used are free again. {} is not bound any more.",
            one.name,
            counted(instances, "product instance", "product instances"),
            counted(in_use, "license", "licenses"),
            row.place
        ),
    )
    .with(json!({ "before": facts(&one), "after": null, "case_number": case, "product_instances": instances, "licenses_in_use": in_use }));
    let lost = Lost {
        name: one.name,
        instances,
        in_use,
    };
    tx.record(at, permit.who(), &event, lost)
}

// What synchronizations change ----------------------------------------------------------------------------------

/// A file of a locked one was applied.
pub fn synced(
    tx: &mut Tx<'_>,
    at: Moment,
    one: &Manager,
    sequence: i64,
    instances: u64,
    places: &[LocalPlace],
) -> Result<()> {
    let one = Manager {
        product_instances: i64::try_from(instances).unwrap_or(i64::MAX),
        places: serde_json::to_string(places).map_err(Error::internal)?,
        sequence,
        synced_at: Some(at),
        due_at: at.plus(DUE_AFTER),
        waits_since: None,
        failed_at: None,
        failure: String::new(),
        overdue_at: None,
        ..one.clone()
    };
    store::update(tx, &one)
}

/// A file of a locked one waits for Submit from now on, or waits no more.
pub fn waits(tx: &mut Tx<'_>, one: &Manager, since: Option<Moment>) -> Result<()> {
    let one = Manager {
        waits_since: since,
        ..one.clone()
    };
    store::update(tx, &one)
}

/// A file of a locked one was refused.
pub fn failed(tx: &mut Tx<'_>, at: Moment, one: &Manager, why: &str) -> Result<()> {
    let one = Manager {
        failed_at: Some(at),
        failure: why.to_owned(),
        ..one.clone()
    };
    store::update(tx, &one)
}

// The clock -----------------------------------------------------------------------------------------------------

/// What the clock does to one that does not synchronize.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It is late.
    Overdue,
    /// It is removed.
    Removal,
}

impl Due {
    /// In the order in which they come.
    pub const ALL: [Self; 2] = [Self::Overdue, Self::Removal];
    fn is_for(self, one: &Manager, now: Moment) -> bool {
        one.removed_at.is_none()
            && match self {
                Self::Overdue => one.overdue_at.is_none() && one.due_at <= now,
                Self::Removal => one.ends_at() <= now,
            }
    }
}

/// Those for which it is time.
pub fn due(read: &mut dyn Reads, due: Due, now: Moment, most: i64) -> Result<Vec<DeviceManagerId>> {
    let before = match due {
        Due::Overdue => now,
        Due::Removal => now.plus(-(REMOVED_AFTER - DUE_AFTER)),
    };
    // Those that are known to be late stay among them: there are few, and they are asked for with the others.
    let found = store::due_before(read, before, most.saturating_mul(50))?;
    Ok(found
        .into_iter()
        .filter(|one| due.is_for(one, now))
        .take(usize::try_from(most).unwrap_or_default())
        .map(|one| one.id)
        .collect())
}

/// Does it, if it is still time.
pub fn carry_out(tx: &mut Tx<'_>, due: Due, now: Moment, id: DeviceManagerId) -> Result<Recorded<usize>> {
    let who = Who::portal("synchronization rules");
    let Some(one) = store::lock(tx, id)?.filter(|one| due.is_for(one, now)) else {
        return Ok(tx.unchanged(0));
    };
    let since = one.synced_at.unwrap_or(one.registered_at);
    let event = match due {
        Due::Overdue => {
            let late = Manager {
                overdue_at: Some(now),
                ..one.clone()
            };
            store::update(tx, &late)?;
            announced(
                Kind::ManagerOverdue,
                &one,
                format!(
                    "The synchronization of {} is overdue: it was due on {}.",
                    one.name,
                    one.due_at.words()
                ),
            )
        }
        Due::Removal => {
            let gone = let_go(tx, now, &who, &one)?;
            announced(
                Kind::ManagerExpired,
                &one,
                format!(
                    "The device manager {} failed to sync and was removed: it last synchronized on {}. {} went with it, and what they used is free again.",
                    one.name,
                    since.words(),
                    counted(gone, "product instance", "product instances")
                ),
            )
            .ended(Outcome::Failed)
            .with(json!({ "before": facts(&one), "after": null, "product_instances": gone }))
        }
    };
    tx.record(now, &who, &event, 1)
}

/// How many days are left until it is removed.
pub fn days_left(one: &Manager, now: Moment) -> i64 {
    (one.ends_at().since(now) + TimeDelta::hours(23))
        .num_days()
        .max(0)
}
