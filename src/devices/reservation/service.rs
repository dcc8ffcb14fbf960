//! Setting licenses aside for a device that never calls, and taking them back.

use super::super::changes::{Changes, about};
use super::super::model::{Device, Standing, Udi, Usage};
use super::super::store as devices;
use super::codes::{self, Authorization, Granted, MOST_LICENSES, RequestCode};
use super::store::{self, Ended, Line, Reservation};
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::authz::{Does, Permit};
use crate::error::{Error, Result};
use crate::http::widgets::number;
use crate::kernel::ids::{DeviceId, ReservationId, SmartAccountId, VirtualAccountId};
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

/// Why this device cannot hold a reservation in the account of a permit. The device whose place it takes is no reason.
pub fn against(
    read: &mut dyn Reads,
    permit: &Permit<ReserveLicenses>,
    request: &RequestCode,
    instead_of: Option<DeviceId>,
) -> Result<Option<Error>> {
    let account = permit.within().account()?;
    if store::is_used(read, account, &request.text)? {
        return Ok(Some(request_used()));
    }
    let udi = Udi {
        pid: request.pid.clone(),
        serial: request.serial.clone(),
    };
    let there = devices::by_udi(read, account, &udi)?.filter(|device| Some(device.id) != instead_of);
    Ok(there.map(|device| {
        Error::refused(
            "reservations.registered",
            if device.is_reserved {
                format!("Licenses are reserved for {udi} already. Return that reservation first, or, when the device was reset and cannot return it, rehost the licenses of that product instance with this request code.")
            } else {
                format!("{udi} is registered in this Smart Account. Deregister or remove it first: a product instance either reports or holds a reservation.")
            },
        )
    }))
}

pub(super) fn request_used() -> Error {
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
    if let Some(refusal) = against(tx, permit, &wish.request, None)? {
        return Err(refusal);
    }
    if let Some(refusal) = virtual_accounts::against_registering(tx, occupants, account, &[wish.place])? {
        return Err(Error::Refused(refusal));
    }
    let wanted = summed(&wish.wanted);
    if wanted.is_empty() || wanted.len() > MOST_LICENSES {
        return Err(nothing_chosen());
    }
    let wanted: Vec<(String, i64)> = wanted.into_iter().collect();
    let lines = set_aside(tx, at, who, account, wish.place, &wanted)?;
    let mut changes = Changes::default();
    let device = hand_over(tx, at, who, wish, account, &lines, &mut changes)?;
    changes.write(tx, at, who, account)?;
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

pub(super) fn summed(wanted: &[(String, i64)]) -> BTreeMap<String, i64> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (entitlement, quantity) in wanted {
        let sum = sums.entry(entitlement.clone()).or_default();
        *sum = sum.saturating_add(*quantity);
    }
    sums
}

pub(super) fn nothing_chosen() -> Error {
    Error::refused(
        "reservations.nothing-chosen",
        format!("Choose 1 to {MOST_LICENSES} licenses to be reserved; each term of a license counts."),
    )
}

/// Sets licenses of a Virtual Account aside.
pub(super) fn set_aside(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    place: VirtualAccountId,
    wanted: &[(String, i64)],
) -> Result<Vec<Line>> {
    Ok(licenses::reserve(tx, at, who, account, place, wanted)?
        .into_iter()
        .map(|one| Line {
            pool: one.pool,
            entitlement: one.entitlement,
            name: one.name,
            quantity: one.quantity,
            ends_at: one.ends_at,
        })
        .collect())
}

/// The authorization code for these, if they fit into one.
pub(super) fn code_for(
    request: &str,
    pid: &str,
    serial: &str,
    lines: &[Line],
    updates: i64,
) -> Result<String> {
    if lines.is_empty() || lines.len() > MOST_LICENSES {
        return Err(nothing_chosen());
    }
    Ok(Authorization {
        pid: pid.to_owned(),
        serial: serial.to_owned(),
        licenses: lines
            .iter()
            .map(|line| Granted {
                entitlement: line.entitlement.clone(),
                quantity: line.quantity,
                ends_at: line.ends_at,
            })
            .collect(),
        update: updates.unsigned_abs(),
    }
    .code(request))
}

/// What a device has that holds these: each license once.
pub(super) fn usages(lines: &[Line], at: Moment) -> Vec<Usage> {
    let each: Vec<(String, i64)> = lines
        .iter()
        .map(|line| (line.entitlement.clone(), line.quantity))
        .collect();
    summed(&each)
        .into_iter()
        .map(|(entitlement, quantity)| Usage {
            entitlement,
            quantity,
            reserved: quantity,
            since: at,
        })
        .collect()
}

/// The product instance that asks, before anything is set aside for it.
pub(super) fn asking(account: SmartAccountId, wish: &Wish, at: Moment) -> Device {
    Device {
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
        is_reserved: false,
        export_controlled: false,
        secret_hash: String::new(),
        token: None,
        licenses: 0,
        registered_at: at,
        renewed_at: at,
        contact_at: at,
        reported_at: None,
        version: 1,
        local_place: String::new(),
        policy: None,
        report_by: None,
        report_key: String::new(),
    }
}

/// What is set aside for a product instance, with the authorization code that was made for it.
pub(super) fn sealed(wish: &Wish, device: &Device, who: &Who, at: Moment, code: String) -> Reservation {
    Reservation {
        id: wish.id,
        account: device.account,
        virtual_account: wish.place,
        device: device.id,
        pid: device.pid.clone(),
        serial: device.serial.clone(),
        request_code: wish.request.text.clone(),
        authorization_code: code,
        created_at: at,
        creator: who.label.clone(),
        returned_at: None,
        ended_as: Ended::Returned,
        ended_for: String::new(),
        updates: 0,
        pending_code: String::new(),
        pending_lines: "[]".to_owned(),
    }
}

/// Gives what is set aside to the device that asked: it is registered with it, and has its code.
pub(super) fn hand_over(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    wish: &Wish,
    account: SmartAccountId,
    lines: &[Line],
    changes: &mut Changes,
) -> Result<Device> {
    let code = code_for(
        &wish.request.text,
        &wish.request.pid,
        &wish.request.serial,
        lines,
        0,
    )?;
    let usages = usages(lines, at);
    let device = Device {
        is_reserved: true,
        // No token says so here: it is among the licenses, or is not. The device reads its code the same way.
        export_controlled: lines.iter().any(|line| {
            crate::catalog::entitlement(&line.entitlement).is_some_and(|known| known.export_controlled)
        }),
        licenses: i32::try_from(usages.len()).unwrap_or(i32::MAX),
        ..asking(account, wish, at)
    };
    devices::insert(tx, &device)?;
    devices::replace_usages(tx, &device, &[], &usages)?;
    changes.comes(wish.place, device.standing);
    let one = sealed(wish, &device, who, at, code);
    store::insert(tx, &one, who, lines, request_used)?;
    Ok(device)
}

pub(super) fn in_words(lines: &[Line]) -> String {
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

pub(super) fn facts(lines: &[Line]) -> serde_json::Value {
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

/// A reservation that is over cannot be returned, updated or handed on once more.
pub(super) fn over(one: &Reservation) -> Error {
    let udi = format!("PID:{} SN:{}", one.pid, one.serial);
    let when = one.returned_at.map(Moment::words).unwrap_or_default();
    Error::refused(
        "reservations.ended",
        match one.ended_as {
            Ended::Returned => format!(
                "The reservation of {udi} was returned on {when}, and its licenses came back then. Nothing is left to do."
            ),
            Ended::Removed => format!(
                "The reservation of {udi} was removed on {when} under case {}, and its licenses came back then: a return code brings nothing more. Nothing is left to do here; reset the device before it is used again.",
                one.ended_for
            ),
            Ended::Rehosted => format!(
                "The licenses of {udi} were rehosted to another device on {when}: a return code brings nothing more. Nothing is left to do here; reset the device before it is used again."
            ),
        },
    )
}

/// A reservation that holds, with its device, for somebody who may change it.
pub(super) fn held(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReserveLicenses>,
    id: ReservationId,
) -> Result<(Device, Whole)> {
    let whole = find(read, view, permit, id)?;
    if whole.one.returned_at.is_some() {
        return Err(over(&whole.one));
    }
    let device = devices::these(read, view.within(), &[whole.one.device])?
        .pop()
        .filter(|device| device.is_reserved)
        .ok_or(Error::NotFound)?;
    Ok((device, whole))
}

/// The reservation that holds for a device, for somebody who may change it.
pub fn held_by(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReserveLicenses>,
    device: DeviceId,
) -> Result<(Device, Whole)> {
    let account = permit.within().account()?;
    let found = match store::of_device(read, account, device)? {
        Some(one) => Some(one),
        None => store::ended_of_device(read, account, device)?,
    };
    held(read, view, permit, found.ok_or(Error::NotFound)?.id)
}

/// Which reservation holds for a device, and whether an update of it waits for its confirmation code.
pub fn of(read: &mut dyn Reads, device: &Device) -> Result<Option<(ReservationId, bool)>> {
    Ok(store::of_device(read, device.account, device.id)?.map(|one| (one.id, one.is_pending())))
}

/// What the device of a reservation shows: its return code, and the confirmation code of an update that waits. For a lab that
/// does not ask devices for theirs.
pub fn shown_by(read: &mut dyn Reads, device: &Device) -> Result<Option<(String, String)>> {
    Ok(store::of_device(read, device.account, device.id)?.map(|one| {
        let code = one.newest_code();
        (
            codes::return_code(code, &one.pid, &one.serial),
            codes::confirmation_code(code, &one.pid, &one.serial),
        )
    }))
}

/// What is reserved of each license.
pub fn by_license(lines: &[Line]) -> BTreeMap<String, i64> {
    let each: Vec<(String, i64)> = lines
        .iter()
        .map(|line| (line.entitlement.clone(), line.quantity))
        .collect();
    summed(&each)
}
