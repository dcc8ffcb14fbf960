//! A reservation ends: with the return code of its device, or under a case.

use super::super::changes::{Changes, about};
use super::super::model::Device;
use super::super::store as devices;
use super::codes;
use super::service::{Whole, facts, in_words, over};
use super::store::{self, Ended};
use crate::authz::action::{RemoveDevice, ViewInventory};
use crate::authz::{Does, Permit};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::{DeviceId, LicensePoolId};
use crate::kernel::{Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::{licenses, virtual_accounts};
use serde_json::json;

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
