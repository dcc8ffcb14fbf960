//! Adding a device manager: whom it may serve, under which key.

use crate::authz::Permit;
use crate::authz::action::{AuthorizeOnPrem, CreateTopVirtualAccount};
use crate::device_managers::model::{DUE_AFTER, Manager};
use crate::device_managers::store;
use crate::devices;
use crate::error::{Error, Refusal, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::{DeviceManagerId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::virtual_accounts::{self, NewVirtualAccount, Place, VirtualAccount};
use serde_json::json;

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

pub(super) fn name_taken(name: &str) -> Error {
    Error::refused(
        "device-managers.name-taken",
        format!(
            "Another device manager of this Smart Account is called {name}, or has a name that looks the same. Choose another name."
        ),
    )
}

/// Why a registration file with this key is not taken.
pub(super) fn against_key(
    read: &mut dyn Reads,
    account: SmartAccountId,
    public_key: &str,
) -> Result<Option<Refusal>> {
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
pub(super) fn facts(one: &Manager) -> serde_json::Value {
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
