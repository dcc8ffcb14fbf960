//! Authorization codes of a device by policy, for enforced licenses: carried by hand, like those of reservations.

use super::policy::of;
use super::state::{Aside, File, Reservation, State};
use super::{Done, say};
use crate::devices::reservation::codes::{Authorization, return_code, sealed_to};
use crate::kernel::Moment;

/// `license smart authorization request local`: the code that is entered in the portal. The same one until it is answered.
pub fn request(file: &File, state: &mut State) -> Done {
    let (pid, serial) = (state.pid.clone(), state.serial.clone());
    let policy = of(state)?;
    if policy.authorization.as_ref().is_some_and(Reservation::holds) {
        return Err(
            "The device has an authorization code. Return it first: license smart authorization return local"
                .to_owned()
                .into(),
        );
    }
    let asked = Reservation::asked(policy.authorization.as_ref(), &pid, &serial)?;
    let request = asked.request.clone();
    policy.authorization = Some(asked);
    file.write(state)?;
    say(&format!(
        "Enter this request code in the portal, at Generate license authorization:\n{request}"
    ))
}

/// `license smart authorization install CODE`: made for the request code, or for the serial number.
pub fn install(file: &File, state: &mut State, now: Moment, code: &str) -> Done {
    let (pid, serial) = (state.pid.clone(), state.serial.clone());
    let policy = of(state)?;
    if policy.authorization.as_ref().is_some_and(Reservation::holds) {
        return Err(
            "The device has an authorization code. Return it first: license smart authorization return local"
                .to_owned()
                .into(),
        );
    }
    if policy.returned.contains(&code.to_owned()) {
        return Err(
            "This authorization code was returned. Generate another one in the portal."
                .to_owned()
                .into(),
        );
    }
    let by_serial = sealed_to(&pid, &serial);
    let request = policy
        .authorization
        .as_ref()
        .filter(|one| one.installed.is_none())
        .map(|one| one.request.clone());
    let read = request
        .as_deref()
        .and_then(|request| Authorization::read(code, request).ok())
        .map_or_else(|| Authorization::read(code, &by_serial), Ok)?;
    if read.pid != pid || read.serial != serial {
        return Err(format!(
            "The authorization code is for another device: PID:{},SN:{}.",
            read.pid, read.serial
        )
        .into());
    }
    let licenses: Vec<Aside> = read
        .licenses
        .into_iter()
        .map(|one| Aside {
            entitlement: one.entitlement,
            quantity: one.quantity,
            ends_at: one.ends_at,
        })
        .collect();
    let words = in_words(&licenses);
    policy.authorization = Some(Reservation {
        request: request.unwrap_or(by_serial),
        installed: Some((code.to_owned(), now)),
        licenses,
        confirmation: None,
        returned: None,
    });
    file.write(state)?;
    say(&format!(
        "The authorization code is installed. Authorized: {words}."
    ))
}

/// `license smart authorization return local`: the device gives its licenses up and proves it.
pub fn give_back(file: &File, state: &mut State) -> Done {
    let (pid, serial) = (state.pid.clone(), state.serial.clone());
    let policy = of(state)?;
    let Some(held) = policy.authorization.as_mut() else {
        return Err("The device has no authorization code.".to_owned().into());
    };
    let Some((code, _)) = held.installed.clone() else {
        return Err(
            "No authorization code was installed yet, so there is nothing to return."
                .to_owned()
                .into(),
        );
    };
    let proof = return_code(&code, &pid, &serial);
    held.returned = Some(proof.clone());
    held.licenses.clear();
    if !policy.returned.contains(&code) {
        policy.returned.push(code);
    }
    file.write(state)?;
    say(&format!(
        "The licenses are given up. Enter this return code in the portal, at the product instance:\n{proof}"
    ))
}

fn in_words(licenses: &[Aside]) -> String {
    let words: Vec<String> = licenses
        .iter()
        .map(|one| format!("{}={}", one.entitlement, one.quantity))
        .collect();
    words.join(", ")
}

/// `show license authorization`.
pub fn shown(state: &State) -> String {
    let held = state
        .policy
        .as_ref()
        .and_then(|policy| policy.authorization.as_ref());
    match held {
        Some(one) if one.holds() => format!(
            "License Authorizations:\n  {}\n  Status: SMART AUTHORIZATION INSTALLED on {}\n  Authorized: {}",
            state.udi(),
            one.installed
                .as_ref()
                .map_or_else(String::new, |(_, at)| super::show::time(*at)),
            in_words(&one.licenses)
        ),
        Some(one) => match &one.returned {
            Some(code) => format!(
                "License Authorizations:\n  {}\n  Status: RETURNED\n  Return code: {code}",
                state.udi()
            ),
            None => format!(
                "License Authorizations:\n  {}\n  Status: REQUESTED\n  Request code: {}",
                state.udi(),
                one.request
            ),
        },
        None => format!(
            "License Authorizations:\n  {}\n  Status: NOT INSTALLED",
            state.udi()
        ),
    }
}
