//! Calls to the portal: register, report, renew, deregister; and what is learned from the answers.

use super::call_home::PORTAL;
use super::client::{Client, Failed};
use super::state::{File, Held, Registration, State, Try};
use super::{Done, Trouble, say};
use crate::kernel::Moment;
use crate::platform::token;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
pub(super) struct AccountSaid {
    pub(super) name: String,
    pub(super) domain: String,
}

#[derive(Deserialize)]
pub(super) struct RegisterSaid {
    pub(super) device: String,
    pub(super) smart_account: AccountSaid,
    pub(super) virtual_account: String,
    pub(super) registered_at: Moment,
    pub(super) renew_at: Moment,
    pub(super) expires_at: Moment,
    pub(super) next_contact_at: Moment,
    pub(super) export_controlled: bool,
}

#[derive(Deserialize)]
struct StatusSaid {
    smart_account: AccountSaid,
    virtual_account: String,
    authorization: String,
    licenses: Vec<Held>,
    renew_at: Moment,
    expires_at: Moment,
    contact_at: Moment,
    next_contact_at: Moment,
    deadline_at: Moment,
    export_controlled: bool,
}

/// Whether the device may register now: it says itself what stands against it.
fn may_register(state: &State, force: bool) -> Done {
    if state.registration.is_some() && !force {
        return Err(
            "The device is registered already. Deregister it first (license smart deregister), or say force."
                .to_owned()
                .into(),
        );
    }
    if state.reserved().is_some() {
        return Err(
            "Licenses are reserved for the device, and it never calls. Return them first: license smart reservation return local"
                .to_owned()
                .into(),
        );
    }
    if !state.call_home.reports {
        return Err(
            "The profile of call-home reports nothing. Say: call-home profile CiscoTAC-1 reporting smart-licensing-data"
                .to_owned()
                .into(),
        );
    }
    Ok(())
}

pub(super) fn register(
    file: &File,
    state: &mut State,
    portal: Option<&str>,
    now: Moment,
    token_text: &str,
    force: bool,
) -> Done {
    may_register(state, force)?;
    // Named on the line, else configured, else where it was registered before.
    let before = state.registration.as_ref().map(|one| one.portal.as_str());
    let client = Client::of(
        portal
            .or(state.call_home.address.as_deref())
            .or(before)
            .unwrap_or(PORTAL),
    )?;
    // Kept before it is sent: if the answer is lost, the same secret asks for the same registration.
    let secret = state.offered.take().unwrap_or_else(token::random);
    state.offered = Some(secret.clone());
    file.write(state)?;
    let asked = client.post(
        "/device/v1/register",
        None,
        &json!({
            "token": token_text.trim(), "secret": secret, "udi": { "pid": state.pid, "serial": state.serial },
            "hostname": state.hostname, "product": state.product, "software": state.software, "force": force,
        }),
    );
    let said: RegisterSaid = match asked.and_then(|(_, text)| client.read(&text)) {
        Ok(said) => said,
        Err(failed) => {
            if state.registration.is_none() {
                state.attempt = Some(Try {
                    at: now,
                    failed: Some(failed.words()),
                });
            }
            file.write(state)?;
            return Err(failed.into());
        }
    };
    state.offered = None;
    state.attempt = None;
    state.registration = Some(Registration {
        portal: client.portal().to_owned(),
        device: said.device,
        secret,
        smart_account: said.smart_account.name,
        domain: said.smart_account.domain,
        virtual_account: said.virtual_account,
        export_controlled: said.export_controlled,
        registered_at: said.registered_at,
        renew_at: said.renew_at,
        expires_at: said.expires_at,
        renewal: None,
        authorization: None,
        authorized_at: None,
        communication: None,
        next_contact_at: said.next_contact_at,
        deadline_at: None,
        licenses: Vec::new(),
    });
    state.count_evaluation(now);
    file.write(state)?;
    if let Some(one) = &state.registration {
        say(&format!(
            "Registered: {} ({}) in {}, Virtual Account {}.",
            state.hostname,
            state.udi(),
            one.smart_account,
            one.virtual_account
        ))?;
    }
    report(file, state, portal, now)
}

/// The registration, or that there is none.
fn registered<'s>(state: &'s State, portal: Option<&str>) -> Result<(Client, &'s Registration), Trouble> {
    let Some(one) = &state.registration else {
        return Err(
            "The device is not registered. Register it first: license smart register idtoken TOKEN"
                .to_owned()
                .into(),
        );
    };
    let client = Client::of(portal.unwrap_or(&one.portal))?;
    Ok((client, one))
}

/// Takes over what the portal says of the device.
fn learn(state: &mut State, said: StatusSaid) {
    let Some(one) = &mut state.registration else {
        return;
    };
    if one.authorization.as_deref() != Some(&said.authorization) {
        one.authorized_at = Some(said.contact_at);
    }
    one.smart_account = said.smart_account.name;
    one.domain = said.smart_account.domain;
    one.virtual_account = said.virtual_account;
    one.export_controlled = said.export_controlled;
    one.authorization = Some(said.authorization);
    one.renew_at = said.renew_at;
    one.expires_at = said.expires_at;
    one.next_contact_at = said.next_contact_at;
    one.deadline_at = Some(said.deadline_at);
    one.communication = Some(Try {
        at: said.contact_at,
        failed: None,
    });
    one.licenses = said.licenses;
}

/// Notes a call that failed. A portal that knows the device no more has ended its registration.
fn note_failure(file: &File, state: &mut State, now: Moment, failed: Failed, is_renewal: bool) -> Done {
    if failed.is_unknown() {
        state.registration = None;
        state.attempt = Some(Try {
            at: now,
            failed: Some("the portal has ended the registration".to_owned()),
        });
        state.count_evaluation(now);
        file.write(state)?;
        return Err(Failed::Refused {
            code: "signed-out".to_owned(),
            says: "The portal does not know this device any more: it was removed, or its registration expired. It is UNREGISTERED now; register it again with a token."
                .to_owned(),
        }
        .into());
    }
    if let Some(one) = &mut state.registration {
        let attempt = Some(Try {
            at: now,
            failed: Some(failed.words()),
        });
        if is_renewal {
            one.renewal = attempt;
        } else {
            one.communication = attempt;
        }
        file.write(state)?;
    }
    Err(failed.into())
}

/// `renew auth`, and what follows a registration: reports the use of licenses.
pub(super) fn report(file: &File, state: &mut State, portal: Option<&str>, now: Moment) -> Done {
    let (client, one) = registered(state, portal)?;
    let licenses: Vec<_> = state
        .needs
        .iter()
        .map(|need| json!({ "entitlement": need.entitlement, "quantity": need.quantity }))
        .collect();
    let credential = format!("{}.{}", one.device, one.secret);
    let said = client
        .post(
            "/device/v1/report",
            Some(&credential),
            &json!({ "licenses": licenses, "at": now.rfc3339() }),
        )
        .and_then(|(_, text)| client.read::<StatusSaid>(&text));
    match said {
        Ok(said) => {
            let is_due = said.contact_at >= said.renew_at;
            learn(state, said);
            file.write(state)?;
            if is_due {
                renew(file, state, portal, now)?;
            }
        }
        Err(failed) => return note_failure(file, state, now, failed, false),
    }
    let Some(one) = &state.registration else {
        return Ok(());
    };
    let count = one.licenses.len();
    say(&format!(
        "License Authorization: {}. {} {} in use.",
        match one.authorization.as_deref() {
            Some("authorized") => "AUTHORIZED",
            Some("out-of-compliance") => "OUT OF COMPLIANCE",
            Some("authorized-reservation") => "AUTHORIZED - RESERVATION",
            _ => "No Licenses in Use",
        },
        count,
        if count == 1 { "license" } else { "licenses" }
    ))
}

/// `renew id`: a new certificate.
pub(super) fn renew(file: &File, state: &mut State, portal: Option<&str>, now: Moment) -> Done {
    let (client, one) = registered(state, portal)?;
    let credential = format!("{}.{}", one.device, one.secret);
    let said = client
        .post("/device/v1/renew", Some(&credential), &json!({}))
        .and_then(|(_, text)| client.read::<StatusSaid>(&text));
    match said {
        Ok(said) => {
            let (at, expires) = (said.contact_at, said.expires_at);
            learn(state, said);
            if let Some(one) = &mut state.registration {
                one.renewal = Some(Try { at, failed: None });
            }
            file.write(state)?;
            say(&format!(
                "The registration was renewed and expires on {}.",
                super::state::time(expires)
            ))
        }
        Err(failed) => note_failure(file, state, now, failed, true),
    }
}

pub(super) fn deregister(file: &File, state: &mut State, portal: Option<&str>, now: Moment) -> Done {
    let (client, one) = registered(state, portal)?;
    let credential = format!("{}.{}", one.device, one.secret);
    let told = client.post("/device/v1/deregister", Some(&credential), &json!({}));
    let says = match told {
        Ok(_) => "Deregistered. What was used is free again.",
        // Done before, and the answer was lost; or somebody removed it.
        Err(failed) if failed.is_unknown() => "Deregistered. The portal did not know this device any more.",
        Err(failed) => return Err(failed.into()),
    };
    state.registration = None;
    state.attempt = None;
    state.count_evaluation(now);
    file.write(state)?;
    say(says)
}
