//! Setting licenses aside for a device that never calls, and taking them back.

use super::super::calls::{Changes, about};
use super::super::model::{Device, Standing, Udi, Usage};
use super::super::store as devices;
use super::codes::{self, Authorization, Granted, MOST_LICENSES, RequestCode};
use super::store::{self, Ended, Line, Reservation};
use crate::authz::action::{RemoveDevice, ReserveLicenses, ViewInventory};
use crate::authz::{Does, Permit};
use crate::error::{Error, Problems, Result};
use crate::http::widgets::number;
use crate::kernel::ids::{DeviceId, LicensePoolId, ReservationId, SmartAccountId, VirtualAccountId};
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

fn nothing_chosen() -> Error {
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
fn usages(lines: &[Line], at: Moment) -> Vec<Usage> {
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
fn hand_over(
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
fn over(one: &Reservation) -> Error {
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
fn held(
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

/// So many of each license out of what is held: of what lasts longest.
fn kept(held: &[Line], wanted: &BTreeMap<String, i64>) -> Vec<Line> {
    let mut held = held.to_vec();
    held.sort_by_key(|line| (line.ends_at.is_some(), std::cmp::Reverse(line.ends_at), line.pool));
    let mut left = wanted.clone();
    let mut kept = Vec::new();
    for mut line in held {
        let some = left
            .get(&line.entitlement)
            .copied()
            .unwrap_or(0)
            .min(line.quantity);
        if some > 0 {
            left.entry(line.entitlement.clone())
                .and_modify(|left| *left -= some);
            line.quantity = some;
            kept.push(line);
        }
    }
    kept
}

/// The device has these from now on.
fn has(tx: &mut Tx<'_>, at: Moment, device: &Device, lines: &[Line]) -> Result<()> {
    let before = devices::usages_of(tx, device.id)?;
    let after: Vec<Usage> = usages(lines, at)
        .into_iter()
        .map(|mut is| {
            if let Some(was) = before.iter().find(|was| was.entitlement == is.entitlement) {
                is.since = was.since;
            }
            is
        })
        .collect();
    devices::replace_usages(tx, device, &before, &after)?;
    let device = Device {
        licenses: i32::try_from(after.len()).unwrap_or(i32::MAX),
        ..device.clone()
    };
    devices::touch(tx, &device)
}

/// "Update Reserved Licenses": another authorization code. What is to be more is set aside at once; what is to be less
/// comes back when the device has confirmed that it works by the new code. So nothing counts twice, and nothing is
/// missing whichever code the device has.
pub fn update(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReserveLicenses>,
    at: Moment,
    id: ReservationId,
    wanted: &[(String, i64)],
) -> Result<Recorded<()>> {
    let (device, whole) = held(tx, view, permit, id)?;
    if whole.one.is_pending() {
        return Err(unconfirmed(&whole.one));
    }
    if wanted.iter().any(|(_, quantity)| *quantity < 0) {
        return Err(nothing_chosen());
    }
    let (account, who) = (device.account, permit.who());
    let mut wanted = summed(wanted);
    wanted.retain(|_, quantity| *quantity > 0);
    let now = by_license(&whole.lines);
    if wanted.is_empty() {
        return Err(Error::refused(
            "reservations.nothing-chosen",
            "An update reserves one license or more. To give all of them back, remove the product instance with its return code.",
        ));
    }
    if wanted == now {
        return Err(Error::refused(
            "reservations.nothing-chosen",
            "These quantities are reserved already. Change one of them.",
        ));
    }
    let more: Vec<(String, i64)> = wanted
        .iter()
        .map(|(entitlement, quantity)| {
            let before = now.get(entitlement).copied().unwrap_or(0);
            (entitlement.clone(), quantity - before)
        })
        .filter(|(_, more)| *more > 0)
        .collect();
    let mut lines: BTreeMap<LicensePoolId, Line> =
        whole.lines.iter().map(|line| (line.pool, line.clone())).collect();
    for came in set_aside(tx, at, who, account, device.virtual_account, &more)? {
        lines
            .entry(came.pool)
            .and_modify(|line| line.quantity = line.quantity.saturating_add(came.quantity))
            .or_insert(came);
    }
    let lines: Vec<Line> = lines.into_values().collect();
    let then = kept(&lines, &wanted);
    let mut one = whole.one.clone();
    one.updates += 1;
    one.pending_code = code_for(&one.request_code, &one.pid, &one.serial, &then, one.updates)?;
    one.pending_lines = serde_json::to_string(&then).map_err(Error::internal)?;
    store::change(tx, &one, &lines)?;
    has(tx, at, &device, &lines)?;
    let says = format!(
        "What is reserved for {} is to be {}, once the device confirms it. Before it was {}.",
        device.udi(),
        in_words(&then),
        in_words(&whole.lines)
    );
    let event = about(Kind::ReservationUpdated, &device, says).changed(
        &json!({ "udi": device.udi().to_string(), "licenses": facts(&whole.lines) }),
        &json!({ "udi": device.udi().to_string(), "licenses": facts(&then) }),
    );
    tx.record(at, who, &event, ())
}

fn unconfirmed(one: &Reservation) -> Error {
    Error::refused(
        "reservations.unconfirmed",
        format!(
            "The last update of the reservation of PID:{} SN:{} is not confirmed. Install its authorization code on the device, and enter the confirmation code that it shows.",
            one.pid, one.serial
        ),
    )
}

/// The device confirms an update: what it does not have any more comes back.
pub fn confirm(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReserveLicenses>,
    at: Moment,
    id: ReservationId,
    typed: &str,
) -> Result<Recorded<()>> {
    let (device, whole) = held(tx, view, permit, id)?;
    if !whole.one.is_pending() {
        return Err(Error::refused(
            "reservations.nothing-pending",
            "No update of this reservation waits for a confirmation code. Nothing is left to do.",
        ));
    }
    if !codes::is_confirmation_code(typed, &whole.one.pending_code, &device.pid, &device.serial) {
        return Err(Error::invalid(
            "confirmation",
            "This is not the confirmation code for this update. Install the new authorization code on the device, and copy the code that it shows then.",
        ));
    }
    let who = permit.who();
    let then = whole.one.pending();
    let back: Vec<(LicensePoolId, i64)> = whole
        .lines
        .iter()
        .map(|line| {
            let stays = then
                .iter()
                .find(|stays| stays.pool == line.pool)
                .map_or(0, |stays| stays.quantity);
            (line.pool, line.quantity - stays)
        })
        .filter(|(_, back)| *back > 0)
        .collect();
    licenses::unreserve(tx, at, who, device.account, &back)?;
    let one = Reservation {
        authorization_code: whole.one.pending_code.clone(),
        pending_code: String::new(),
        pending_lines: "[]".to_owned(),
        ..whole.one.clone()
    };
    store::change(tx, &one, &then)?;
    has(tx, at, &device, &then)?;
    let says = format!(
        "{} confirmed the update of its reservation: {}.",
        device.udi(),
        in_words(&then)
    );
    let event = about(Kind::ReservationConfirmed, &device, says).changed(
        &json!({ "licenses": facts(&whole.lines) }),
        &json!({ "licenses": facts(&then) }),
    );
    tx.record(at, who, &event, ())
}

/// "Rehost Licenses from a Failed Product": the replacement has what was set aside for the failed device, and that is
/// known no more. The replacement may be the same device after a reset, with a new request code.
pub fn rehost(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReserveLicenses>,
    at: Moment,
    id: ReservationId,
    to: &Replacement,
    once: Option<&OnceKey>,
) -> Result<Recorded<ReservationId>> {
    if let Once::Again(made) = tx.once(once)? {
        return Ok(tx.unchanged(made.parse().map_err(|_| Error::NotFound)?));
    }
    let (failed, whole) = held(tx, view, permit, id)?;
    if let Some(refusal) = against(tx, permit, &to.request, Some(failed.id))? {
        return Err(refusal);
    }
    if !store::ended(tx, &whole.one, at, Ended::Rehosted, &to.note)? {
        return Err(Error::Stale);
    }
    let who = permit.who();
    devices::delete(tx, &[failed.id])?;
    let mut changes = Changes::default();
    changes.goes(failed.virtual_account, failed.standing);
    let wish = Wish {
        id: to.id,
        device: to.device,
        place: failed.virtual_account,
        request: to.request.clone(),
        wanted: Vec::new(),
    };
    let device = hand_over(tx, at, who, &wish, failed.account, &whole.lines, &mut changes)?;
    changes.write(tx, at, who, failed.account)?;
    tx.made(at, once, to.id.as_str())?;
    let note = if to.note.is_empty() {
        String::new()
    } else {
        format!(" {}.", to.note.trim_end_matches('.'))
    };
    let says = format!(
        "The licenses that were reserved for {} were rehosted to {}: {}.{note}",
        failed.udi(),
        device.udi(),
        in_words(&whole.lines)
    );
    let detail = json!({ "from": failed.udi().to_string(), "to": device.udi().to_string(), "note": to.note,
        "licenses": facts(&whole.lines) });
    // It stands in the history of both.
    let events = [&failed, &device]
        .map(|one| about(Kind::ReservationRehosted, one, says.clone()).with(detail.clone()));
    tx.record_all(at, who, &events, to.id)
}

/// The device that takes the place of a failed one.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// Of its reservation.
    pub id: ReservationId,
    /// Of the product instance.
    pub device: DeviceId,
    /// What it asks with.
    pub request: RequestCode,
    /// For the record, or "".
    pub note: String,
}

/// A device with a reservation that this permit may take back.
pub fn of_device(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<RemoveDevice>,
    id: DeviceId,
) -> Result<(Device, Whole)> {
    let account = permit.within().account()?;
    let Some(device) = devices::these(read, view.within(), &[id])?.pop() else {
        return Err(match store::ended_of_device(read, account, id)? {
            Some(one) if view.within().covers(one.virtual_account) => over(&one),
            _ => Error::NotFound,
        });
    };
    if !permit.within().covers(device.virtual_account) {
        return Err(Error::Forbidden {
            action: RemoveDevice::ACTION.words(),
        });
    }
    let one = store::of_device(read, account, id)?
        .filter(|_| device.is_reserved)
        .ok_or(Error::NotFound)?;
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
    } else if ![&whole.one.authorization_code, &whole.one.pending_code]
        .iter()
        // While an update is not confirmed, the device works by the old code or by the new one.
        .any(|code| !code.is_empty() && codes::is_return_code(typed, code, &device.pid, &device.serial))
    {
        problems.add(
            "code",
            "This is not the return code for the reservation of this product instance. Return the reservation on the device, and copy the code that it shows then.",
        );
    }
    problems.or_ok()?;
    let says = format!(
        "The licenses that were reserved for {} came back: {}. The product instance was removed.",
        device.udi(),
        in_words(&whole.lines)
    );
    release(tx, permit, at, &device, &whole, (Ended::Returned, ""), says)
}

/// Removes a device that can give no return code, because it is dead or lost: what was set aside for it comes back, on
/// record.
pub fn remove_under_case(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<RemoveDevice>,
    at: Moment,
    id: DeviceId,
    case: &str,
) -> Result<Recorded<()>> {
    let (device, whole) = of_device(tx, view, permit, id)?;
    let says = format!(
        "The product instance {} was removed under case {case} without a return code. The licenses that were reserved for it came back: {}.",
        device.udi(),
        in_words(&whole.lines)
    );
    release(tx, permit, at, &device, &whole, (Ended::Removed, case), says)
}

/// Everything that was set aside comes back, and the device goes.
fn release(
    tx: &mut Tx<'_>,
    permit: &Permit<RemoveDevice>,
    at: Moment,
    device: &Device,
    whole: &Whole,
    (ended_as, ended_for): (Ended, &str),
    says: String,
) -> Result<Recorded<()>> {
    if !store::ended(tx, &whole.one, at, ended_as, ended_for)? {
        return Err(Error::Stale);
    }
    let who = permit.who();
    let back: Vec<(LicensePoolId, i64)> = whole
        .lines
        .iter()
        .map(|line| (line.pool, line.quantity))
        .collect();
    licenses::unreserve(tx, at, who, device.account, &back)?;
    devices::delete(tx, &[device.id])?;
    let mut changes = Changes::default();
    changes.goes(device.virtual_account, device.standing);
    changes.write(tx, at, who, device.account)?;
    let kind = match ended_as {
        Ended::Removed => Kind::ReservationRemoved,
        Ended::Returned | Ended::Rehosted => Kind::ReservationReturned,
    };
    let event = about(kind, device, says).with(json!({
        "before": { "udi": device.udi().to_string(), "licenses": facts(&whole.lines) }, "after": null, "case_number": ended_for,
    }));
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
    if one.is_pending() {
        // The pools that its update speaks of are here.
        return Err(unconfirmed(&one));
    }
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
