//! Licenses that are reserved for a device that never calls: codes are carried by hand, and nothing goes over a network.

use super::state::{Aside, File, Reservation, State};
use super::{Done, say};
use crate::devices::reservation::codes::{Authorization, confirmation_code, return_code};
use crate::kernel::Moment;

/// `license smart reservation request local`: the code that is entered in the portal. The same one until it is answered.
pub fn request(file: &File, state: &mut State) -> Done {
    if state.registration.is_some() {
        return Err(
            "The device is registered and reports by itself. Deregister it first: license smart deregister"
                .to_owned()
                .into(),
        );
    }
    if state.reserved().is_some() {
        return Err(
            "Licenses are reserved for the device already. Return them first: license smart reservation return local"
                .to_owned()
                .into(),
        );
    }
    let asked = Reservation::asked(state.reservation.as_ref(), &state.pid, &state.serial)?;
    let request = asked.request.clone();
    state.reservation = Some(asked);
    file.write(state)?;
    say(&format!(
        "Enter this request code in the portal, at License Reservation:\n{request}"
    ))
}

/// `license smart reservation install CODE`: the first one, or that of an update, which the device confirms.
pub fn install(file: &File, state: &mut State, now: Moment, code: &str) -> Done {
    let Some(pending) = state.reservation.as_mut().filter(|one| one.returned.is_none()) else {
        return Err(
            "The device has not asked for a reservation. Ask first: license smart reservation request local"
                .to_owned()
                .into(),
        );
    };
    let read = Authorization::read(code, &pending.request)?;
    if read.pid != state.pid || read.serial != state.serial {
        return Err(format!(
            "The authorization code is for another device: PID:{},SN:{}.",
            read.pid, read.serial
        )
        .into());
    }
    let has = pending
        .installed
        .as_ref()
        .and_then(|(code, _)| Authorization::read(code, &pending.request).ok());
    match has {
        Some(has) if read.update < has.update => {
            return Err("This authorization code is older than the one that is installed."
                .to_owned()
                .into());
        }
        Some(has) if read.update == has.update && read.update == 0 => {
            return Err("This authorization code is installed already.".to_owned().into());
        }
        _ => {}
    }
    let confirmation = (read.update > 0).then(|| confirmation_code(code, &read.pid, &read.serial));
    pending.confirmation.clone_from(&confirmation);
    pending.installed = Some((code.to_owned(), now));
    pending.licenses = read
        .licenses
        .into_iter()
        .map(|one| Aside {
            entitlement: one.entitlement,
            quantity: one.quantity,
            ends_at: one.ends_at,
        })
        .collect();
    let count = pending.licenses.len();
    state.attempt = None;
    state.count_evaluation(now);
    file.write(state)?;
    let confirm = confirmation.map_or_else(String::new, |code| {
        format!(" Enter this confirmation code in the portal, at the reservation:\n{code}")
    });
    say(&format!(
        "The reservation is installed. License Authorization: AUTHORIZED - RESERVATION. {count} {} reserved.{confirm}",
        if count == 1 { "license" } else { "licenses" }
    ))
}

/// `license smart reservation return local`: the device gives its licenses up and proves it. The proof stays in the
/// file, so it can be shown again.
pub fn give_back(file: &File, state: &mut State, now: Moment) -> Done {
    let Some(held) = state.reservation.as_mut() else {
        return Err("No licenses are reserved for this device.".to_owned().into());
    };
    let Some((code, _)) = &held.installed else {
        return Err(
            "The reservation was not installed yet, so there is nothing to return."
                .to_owned()
                .into(),
        );
    };
    let proof = match &held.returned {
        Some(proof) => proof.clone(),
        None => return_code(code, &state.pid, &state.serial),
    };
    held.returned = Some(proof.clone());
    held.licenses.clear();
    state.count_evaluation(now);
    file.write(state)?;
    say(&format!(
        "The licenses are given up. Enter this return code in the portal, at the product instance:\n{proof}"
    ))
}
