//! What a device does when it calls: register, report, renew, deregister, ask. It proves itself with its own
//! credential, so none of this takes a permit; the account is that of its token, or of its registration.
//!
//! Thousands call at once, so these run as [`Db::write_locked`](crate::platform::db::Db::write_locked): the device is
//! locked first and everything that it uses with it; stocks, tokens and tallies are added to without being read.

mod credential;
mod register;
mod told;

pub use credential::*;
pub use register::*;
pub use told::*;

use super::changes::{Changes, about, facts, in_words};
use super::model::{self, Device, Reported, Usage};
use super::store;
use crate::authn::throttle::Subjects;
use crate::error::{Error, Result};
use crate::kernel::{Kind, Moment, Who};
use crate::platform::db::{Recorded, Tx};
use serde_json::json;

/// From where a call comes.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Portal time.
    pub now: Moment,
    /// Wall time, for throttles.
    pub wall: Moment,
    /// Network address.
    pub address: String,
    /// Id of the request.
    pub request_id: String,
}

impl Caller {
    /// The device, for the record.
    pub fn who(&self, device: &Device) -> Who {
        let label = if device.hostname.is_empty() {
            device.udi().to_string()
        } else {
            format!("{} ({})", device.hostname, device.udi())
        };
        Who {
            person: None,
            label,
            address: self.address.clone(),
            request_id: self.request_id.clone(),
        }
    }
}

/// Takes a report in: the whole of what the device uses, in place of what it used.
pub fn report(
    tx: &mut Tx<'_>,
    caller: &Caller,
    subjects: &Subjects,
    credential: &Credential,
    lines: &[Reported],
    said_at: Option<Moment>,
) -> Result<Recorded<Told>> {
    let was = prove(tx, caller, subjects, credential)?;
    in_use(tx, was.account)?;
    still_good(&was, caller.now)?;
    not_by_policy(&was)?;
    model::check_clock(said_at, caller.now)?;
    for line in lines {
        if !was.export_controlled
            && let Some(known) = crate::catalog::entitlement(&line.entitlement)
            && known.export_controlled
        {
            return Err(Error::refused(
                "devices.export-controlled",
                format!(
                    "{} is export-controlled, and the token with which {} registered does not allow it. Register again with a token that does.",
                    known.name,
                    was.name()
                ),
            ));
        }
    }
    let before = store::usages_of(tx, was.id)?;
    let after = model::after(&before, lines, caller.now);
    let mut device = called(&was, caller.now);
    device.licenses = i32::try_from(after.len()).unwrap_or(i32::MAX);
    device.reported_at = Some(caller.now);
    let who = caller.who(&device);
    store::touch(tx, &device)?;
    store::replace_usages(tx, &device, &before, &after)?;
    let mut changes = Changes::default();
    changes.uses(device.virtual_account, model::difference(&before, &after));
    is_back(tx, caller.now, &who, &was, &device, &mut changes)?;
    changes.write(tx, caller.now, &who, device.account)?;
    let says = if before.iter().map(in_words).eq(after.iter().map(in_words)) {
        format!("{} reported the same usage as before.", device.name())
    } else {
        format!("{} reported its usage.", device.name())
    };
    let event = about(Kind::DeviceReported, &device, says).changed(&facts(&before), &facts(&after));
    let told = told(tx, device, after)?;
    tx.record(caller.now, &who, &event, told)
}

/// What registered devices do, those by policy do not.
fn not_by_policy(device: &Device) -> Result<()> {
    if device.policy.is_some() {
        return Err(Error::refused(
            "devices.by-policy",
            format!(
                "{} reports by policy: it sends signed usage reports, and is not registered.",
                device.name()
            ),
        ));
    }
    Ok(())
}

/// Gives a device a new certificate for a year.
pub fn renew(
    tx: &mut Tx<'_>,
    caller: &Caller,
    subjects: &Subjects,
    credential: &Credential,
) -> Result<Recorded<Told>> {
    let was = prove(tx, caller, subjects, credential)?;
    in_use(tx, was.account)?;
    still_good(&was, caller.now)?;
    not_by_policy(&was)?;
    let mut device = called(&was, caller.now);
    device.renewed_at = caller.now;
    let who = caller.who(&device);
    store::touch(tx, &device)?;
    let mut changes = Changes::default();
    is_back(tx, caller.now, &who, &was, &device, &mut changes)?;
    changes.write(tx, caller.now, &who, device.account)?;
    let event = about(
        Kind::DeviceRenewed,
        &device,
        format!("{} renewed its registration.", device.name()),
    )
    .changed(
        &json!({ "expires_at": was.expires_at() }),
        &json!({ "expires_at": device.expires_at() }),
    );
    let usages = store::usages_of(tx, device.id)?;
    let told = told(tx, device, usages)?;
    tx.record(caller.now, &who, &event, told)
}

/// Ends a registration by the device's own wish. What it used is free again.
pub fn deregister(
    tx: &mut Tx<'_>,
    caller: &Caller,
    subjects: &Subjects,
    credential: &Credential,
) -> Result<Recorded<()>> {
    let device = prove(tx, caller, subjects, credential)?;
    in_use(tx, device.account)?;
    if let Some(refusal) = device.against_removal() {
        return Err(Error::Refused(refusal));
    }
    if let Some(refusal) = super::reservation::against_going(tx, &device)? {
        return Err(Error::Refused(refusal));
    }
    let who = caller.who(&device);
    let usages = store::usages_of(tx, device.id)?;
    end(tx, caller.now, &who, &device, &usages)?;
    let event = about(
        Kind::DeviceDeregistered,
        &device,
        format!("{} deregistered. What it used is free again.", device.name()),
    )
    .with(json!({ "udi": device.udi().to_string(), "returned": facts(&usages) }));
    tx.record(caller.now, &who, &event, ())
}

/// Tells that a device calls again which was silent.
fn is_back(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    was: &Device,
    is: &Device,
    changes: &mut Changes,
) -> Result<()> {
    if was.standing == is.standing {
        return Ok(());
    }
    changes.goes(was.virtual_account, was.standing);
    changes.comes(is.virtual_account, is.standing);
    let event = about(
        Kind::DeviceBack,
        is,
        format!(
            "{} calls again; nothing had been heard of it since {}.",
            is.name(),
            was.contact_at.words()
        ),
    )
    .changed(&was.standing, &is.standing);
    tx.note(at, who, &event)
}

/// Removes a locked device; what it used is free again.
pub fn end(tx: &mut Tx<'_>, at: Moment, who: &Who, device: &Device, usages: &[Usage]) -> Result<()> {
    let mut changes = Changes::default();
    changes.frees(device.virtual_account, usages);
    changes.goes(device.virtual_account, device.standing);
    store::delete(tx, &[device.id])?;
    changes.write(tx, at, who, device.account)
}
