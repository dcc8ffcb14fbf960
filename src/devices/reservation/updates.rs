//! "Update Reserved Licenses": another authorization code for what a device holds, and its confirmation; and what becomes of
//! what it holds when it goes to another Virtual Account.

use super::super::changes::about;
use super::super::model::{Device, Usage};
use super::super::store as devices;
use super::codes;
use super::service::{
    by_license, code_for, facts, held, in_words, nothing_chosen, set_aside, summed, usages,
};
use super::store::{self, Line, Reservation};
use crate::authz::Permit;
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::error::{Error, Result};
use crate::kernel::ids::{LicensePoolId, ReservationId, VirtualAccountId};
use crate::kernel::{Kind, Moment, Who};
use crate::licenses;
use crate::platform::db::{Recorded, Tx};
use serde_json::json;
use std::collections::BTreeMap;

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
