//! Setting licenses aside for a device that never calls, and taking them back.

use super::super::calls::{Changes, about};
use super::super::model::{Device, Standing, Udi, Usage};
use super::super::store as devices;
use super::codes::{self, Authorization, Granted, MOST_LICENSES, RequestCode};
use super::store::{self, Line, Reservation};
use crate::authz::action::{RemoveDevice, ReserveLicenses, ViewInventory};
use crate::authz::{Does, Permit};
use crate::error::{Error, Problems, Result};
use crate::http::widgets::number;
use crate::kernel::ids::{DeviceId, LicensePoolId, ReservationId, VirtualAccountId};
use crate::kernel::{Kind, Moment, Who};
use crate::licenses::{self, Stock};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::virtual_accounts;
use serde_json::json;
use std::collections::BTreeMap;

/// What somebody wants to set aside: ids are made before the write.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Of the reservation.
    pub id: ReservationId,
    /// Of the product instance.
    pub device: DeviceId,
    /// From which Virtual Account.
    pub place: VirtualAccountId,
    /// For whom.
    pub request: RequestCode,
    /// Which licenses, and how many of each.
    pub wanted: Vec<(String, i64)>,
}

/// A reservation with what it holds.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The reservation.
    pub one: Reservation,
    /// What it holds.
    pub lines: Vec<Line>,
    /// Name of its Virtual Account.
    pub place: String,
}

/// A Virtual Account that is seen and in which one may reserve.
pub fn place(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReserveLicenses>,
    id: VirtualAccountId,
) -> Result<String> {
    let found = virtual_accounts::these(read, permit.within().account()?, &[id])?.pop();
    let found = found
        .filter(|_| view.within().covers(id))
        .ok_or(Error::NotFound)?;
    if permit.within().covers(id) {
        Ok(found.name)
    } else {
        Err(Error::Forbidden {
            action: ReserveLicenses::ACTION.words(),
        })
    }
}

/// The licenses of a Virtual Account of which something can be set aside: what is free, and what is billed by its use.
pub fn free(
    read: &mut dyn Reads,
    permit: &Permit<ReserveLicenses>,
    id: VirtualAccountId,
) -> Result<Vec<Stock>> {
    let mut stocks = licenses::stocks_in(read, permit.within().account()?, id)?;
    stocks.retain(|stock| stock.surplus() > 0);
    Ok(stocks)
}

/// Why this device cannot hold a reservation in the account of a permit.
pub fn against(
    read: &mut dyn Reads,
    permit: &Permit<ReserveLicenses>,
    request: &RequestCode,
) -> Result<Option<Error>> {
    let account = permit.within().account()?;
    if store::is_used(read, account, &request.text)? {
        return Ok(Some(request_used()));
    }
    let udi = Udi {
        pid: request.pid.clone(),
        serial: request.serial.clone(),
    };
    Ok(devices::by_udi(read, account, &udi)?.map(|device| {
        Error::refused(
            "reservations.registered",
            if device.is_reserved {
                format!("Licenses are reserved for {udi} already. Return that reservation first.")
            } else {
                format!("{udi} is registered in this Smart Account. Deregister or remove it first: a product instance either reports or holds a reservation.")
            },
        )
    }))
}

fn request_used() -> Error {
    Error::refused(
        "reservations.request-used",
        "This request code was answered before. Ask the device for another one.",
    )
}

/// Sets licenses aside for a device that never calls: only what is free, all of it or nothing.
pub fn reserve(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReserveLicenses>,
    occupants: &Occupants,
    at: Moment,
    wish: &Wish,
    once: Option<&OnceKey>,
) -> Result<Recorded<ReservationId>> {
    if let Once::Again(made) = tx.once(once)? {
        return Ok(tx.unchanged(made.parse().map_err(|_| Error::NotFound)?));
    }
    let name = place(tx, view, permit, wish.place)?;
    let (account, who) = (permit.within().account()?, permit.who());
    if let Some(refusal) = against(tx, permit, &wish.request)? {
        return Err(refusal);
    }
    if let Some(refusal) = virtual_accounts::against_registering(tx, occupants, account, &[wish.place])? {
        return Err(Error::Refused(refusal));
    }
    let mut wanted: BTreeMap<String, i64> = BTreeMap::new();
    for (entitlement, quantity) in &wish.wanted {
        let sum = wanted.entry(entitlement.clone()).or_default();
        *sum = sum.saturating_add(*quantity);
    }
    if wanted.is_empty() || wanted.len() > MOST_LICENSES {
        return Err(Error::refused(
            "reservations.nothing-chosen",
            format!("Choose 1 to {MOST_LICENSES} licenses to be reserved."),
        ));
    }
    let wanted: Vec<(String, i64)> = wanted.into_iter().collect();
    let lines: Vec<Line> = licenses::reserve(tx, at, who, account, wish.place, &wanted)?
        .into_iter()
        .map(|one| Line {
            pool: one.pool,
            entitlement: one.entitlement,
            name: one.name,
            quantity: one.quantity,
            ends_at: one.ends_at,
        })
        .collect();
    let code = Authorization {
        pid: wish.request.pid.clone(),
        serial: wish.request.serial.clone(),
        licenses: lines
            .iter()
            .map(|line| Granted {
                entitlement: line.entitlement.clone(),
                quantity: line.quantity,
                ends_at: line.ends_at,
            })
            .collect(),
    }
    .code(&wish.request.text);
    let device = Device {
        id: wish.device,
        account,
        virtual_account: wish.place,
        manager: None,
        pid: wish.request.pid.clone(),
        serial: wish.request.serial.clone(),
        hostname: String::new(),
        product: wish.request.pid.clone(),
        software: String::new(),
        standing: Standing::Connected,
        is_reserved: true,
        // No token says so here: it is among the licenses, or is not. The device reads its code the same way.
        export_controlled: lines.iter().any(|line| {
            crate::catalog::entitlement(&line.entitlement).is_some_and(|known| known.export_controlled)
        }),
        secret_hash: String::new(),
        token: None,
        licenses: i32::try_from(wanted.len()).unwrap_or(i32::MAX),
        registered_at: at,
        renewed_at: at,
        contact_at: at,
        reported_at: None,
        version: 1,
        local_place: String::new(),
    };
    devices::insert(tx, &device)?;
    let usages: Vec<Usage> = wanted
        .iter()
        .map(|(entitlement, quantity)| Usage {
            entitlement: entitlement.clone(),
            quantity: *quantity,
            reserved: *quantity,
            since: at,
        })
        .collect();
    devices::replace_usages(tx, &device, &[], &usages)?;
    let mut changes = Changes::default();
    changes.comes(wish.place, device.standing);
    changes.write(tx, at, who, account)?;
    let one = Reservation {
        id: wish.id,
        account,
        virtual_account: wish.place,
        device: wish.device,
        pid: device.pid.clone(),
        serial: device.serial.clone(),
        request_code: wish.request.text.clone(),
        authorization_code: code,
        created_at: at,
        creator: who.label.clone(),
        returned_at: None,
    };
    store::insert(tx, &one, who, &lines, request_used)?;
    tx.made(at, once, wish.id.as_str())?;
    let says = format!(
        "Licenses of {name} were reserved for {}: {}.",
        device.udi(),
        in_words(&lines)
    );
    let event = about(Kind::LicensesReserved, &device, says).changed(
        &json!(null),
        &json!({ "udi": device.udi().to_string(), "licenses": facts(&lines) }),
    );
    tx.record(at, who, &event, wish.id)
}

fn in_words(lines: &[Line]) -> String {
    let words: Vec<String> = lines
        .iter()
        .take(10)
        .map(|line| format!("{} {}", number(&line.quantity.unsigned_abs()), line.name))
        .collect();
    let more = lines.len().saturating_sub(10);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", words.join(", "))
}

fn facts(lines: &[Line]) -> serde_json::Value {
    lines
        .iter()
        .map(|line| json!({ "license": line.name, "quantity": line.quantity, "ends_at": line.ends_at }))
        .collect()
}

/// One that was made by somebody with this right.
pub fn find(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReserveLicenses>,
    id: ReservationId,
) -> Result<Whole> {
    let account = permit.within().account()?;
    let one = store::find(read, account, id)?;
    let place = place(read, view, permit, one.virtual_account)?;
    let lines = store::lines_of(read, account, id)?;
    Ok(Whole { one, lines, place })
}

/// A device with a reservation that this permit may take back.
pub fn of_device(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<RemoveDevice>,
    id: DeviceId,
) -> Result<(Device, Whole)> {
    let account = permit.within().account()?;
    let device = devices::these(read, view.within(), &[id])?
        .pop()
        .ok_or(Error::NotFound)?;
    if !permit.within().covers(device.virtual_account) {
        return Err(Error::Forbidden {
            action: RemoveDevice::ACTION.words(),
        });
    }
    let one = store::of_device(read, account, id)?.ok_or(Error::NotFound)?;
    let lines = store::lines_of(read, account, one.id)?;
    let place = virtual_accounts::these(read, account, &[one.virtual_account])?
        .pop()
        .map(|place| place.name)
        .unwrap_or_default();
    Ok((device, Whole { one, lines, place }))
}

/// "Remove Product Instance" of a device with a reservation: its return code is checked, and the licenses come back.
pub fn give_back(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<RemoveDevice>,
    at: Moment,
    id: DeviceId,
    typed: &str,
) -> Result<Recorded<()>> {
    let (device, whole) = of_device(tx, view, permit, id)?;
    let mut problems = Problems::default();
    if typed.trim().is_empty() {
        problems.add("code", "Enter the Reservation Return Code that the device shows.");
    } else if !codes::is_return_code(typed, &whole.one.authorization_code, &device.pid, &device.serial) {
        problems.add(
            "code",
            "This is not the return code for the reservation of this product instance. Return the reservation on the device, and copy the code that it shows then.",
        );
    }
    problems.or_ok()?;
    if !store::returned(tx, &whole.one, at)? {
        return Err(Error::Stale);
    }
    let who = permit.who();
    let back: Vec<(LicensePoolId, i64)> = whole
        .lines
        .iter()
        .map(|line| (line.pool, line.quantity))
        .collect();
    licenses::unreserve(tx, at, who, device.account, &back)?;
    devices::delete(tx, &[id])?;
    let mut changes = Changes::default();
    changes.goes(device.virtual_account, device.standing);
    changes.write(tx, at, who, device.account)?;
    let says = format!(
        "The licenses that were reserved for {} came back: {}. The product instance was removed.",
        device.udi(),
        in_words(&whole.lines)
    );
    let event = about(Kind::ReservationReturned, &device, says).changed(
        &json!({ "udi": device.udi().to_string(), "licenses": facts(&whole.lines) }),
        &json!(null),
    );
    tx.record(at, who, &event, ())
}

/// What is reserved for a device goes with it to another Virtual Account: a part of the caller's write.
pub fn move_with(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    device: &Device,
    to: VirtualAccountId,
) -> Result<()> {
    let Some(one) = store::of_device(tx, device.account, device.id)? else {
        return Ok(());
    };
    let held = store::lines_of(tx, device.account, one.id)?;
    let lines: Vec<(LicensePoolId, i64)> = held.iter().map(|line| (line.pool, line.quantity)).collect();
    let mut there: BTreeMap<LicensePoolId, Line> = BTreeMap::new();
    for now in licenses::move_reserved(tx, at, who, device.account, &lines, to)? {
        // Two pools here may be one there.
        there
            .entry(now.pool)
            .and_modify(|line| line.quantity = line.quantity.saturating_add(now.quantity))
            .or_insert(Line {
                pool: now.pool,
                entitlement: now.entitlement,
                name: now.name,
                quantity: now.quantity,
                ends_at: now.ends_at,
            });
    }
    let held: Vec<Line> = there.into_values().collect();
    store::move_to(tx, &one, to, &held)
}
