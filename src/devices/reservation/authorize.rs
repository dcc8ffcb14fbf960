//! "Generate license authorization" for a product instance by policy: the enforced licenses that it may use are set aside
//! for it, and it installs an authorization code. It goes on reporting; with its return code the licenses come back.

use super::super::calls::{Changes, about};
use super::super::model::{self, Device, Udi, Usage};
use super::super::policy::{self, PolicyState};
use super::super::store as devices;
use super::codes::{self, MOST_LICENSES, RequestCode};
use super::service::{
    Whole, Wish, asking, code_for, facts, find, in_words, place, request_used, sealed, set_aside, summed,
};
use super::store::{self, Ended, Line};
use crate::authz::Permit;
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::catalog;
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{DeviceId, LicensePoolId, ReservationId, SmartAccountId};
use crate::kernel::{Kind, Moment};
use crate::licenses;
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::platform::token;
use crate::virtual_accounts;
use serde_json::json;

/// The request of a device whose serial number was entered in place of a request code: its code installs on the device
/// of that UDI.
pub fn request_of(udi: &Udi) -> Result<RequestCode> {
    RequestCode::make(&udi.pid, &udi.serial, token::random_bytes()).ok_or_else(|| {
        Error::invalid(
            "pid",
            "A product id with a colon cannot stand in a request code. Enter the request code that the device shows.",
        )
    })
}

/// Whether a product instance needs an authorization code for a license.
pub fn is_enforced(entitlement: &str) -> bool {
    catalog::entitlement(entitlement).is_some_and(|known| known.export_controlled)
}

/// The device of a request, if it can hold an authorization; none for one that is not known yet.
fn holder(tx: &mut Tx<'_>, account: SmartAccountId, wish: &Wish) -> Result<Option<Device>> {
    let udi = Udi {
        pid: wish.request.pid.clone(),
        serial: wish.request.serial.clone(),
    };
    let known = devices::lock_udi(tx, account, &udi)?;
    if let Some(refusal) = policy::against_device(tx, account, wish.place, &udi, known.as_ref())? {
        return Err(Error::Refused(refusal));
    }
    let Some(device) = known else { return Ok(None) };
    if store::of_device(tx, account, device.id)?.is_some() {
        return Err(Error::refused(
            "authorizations.held",
            format!(
                "{} has an authorization code already. Return it on the device, and enter its return code, before another one is generated.",
                device.name()
            ),
        ));
    }
    Ok(Some(device))
}

/// What a device uses once these are set aside for it.
fn with(before: &[Usage], lines: &[(String, i64)], at: Moment) -> Vec<Usage> {
    let mut after = before.to_vec();
    for (entitlement, quantity) in lines {
        match after.iter_mut().find(|one| one.entitlement == *entitlement) {
            Some(one) => one.reserved = *quantity,
            None => after.push(Usage {
                entitlement: entitlement.clone(),
                quantity: 0,
                reserved: *quantity,
                since: at,
            }),
        }
    }
    after
}

fn new_device(account: SmartAccountId, wish: &Wish, at: Moment) -> Device {
    Device {
        export_controlled: true,
        policy: Some(PolicyState::NotReported),
        ..asking(account, wish, at)
    }
}

/// Sets enforced licenses aside for a product instance by policy: only what is free, all of it or nothing. `by_serial`: the
/// device made no request, so its code is sealed to its UDI.
pub fn authorize(
    tx: &mut Tx<'_>,
    (view, permit): (&Permit<ViewInventory>, &Permit<ReserveLicenses>),
    occupants: &Occupants,
    at: Moment,
    (wish, by_serial): (&Wish, bool),
    once: Option<&OnceKey>,
) -> Result<Recorded<ReservationId>> {
    if let Once::Again(made) = tx.once(once)? {
        return Ok(tx.unchanged(made.parse().map_err(|_| Error::NotFound)?));
    }
    let name = place(tx, view, permit, wish.place)?;
    let (account, who) = (permit.within().account()?, permit.who());
    if store::is_used(tx, account, &wish.request.text)? {
        return Err(request_used());
    }
    let wanted: Vec<(String, i64)> = summed(&wish.wanted).into_iter().collect();
    if wanted.is_empty() || wanted.len() > MOST_LICENSES {
        return Err(Error::refused(
            "authorizations.nothing-chosen",
            "Choose an enforced license, and how many of it.",
        ));
    }
    if let Some((key, _)) = wanted.iter().find(|(key, _)| !is_enforced(key)) {
        return Err(Error::refused(
            "authorizations.not-enforced",
            format!(
                "{key} is not enforced: a product instance by policy uses it without an authorization code, and reports it."
            ),
        ));
    }
    let known = holder(tx, account, wish)?;
    let is_new = known.is_none();
    if is_new
        && let Some(refusal) = virtual_accounts::against_registering(tx, occupants, account, &[wish.place])?
    {
        return Err(Error::Refused(refusal));
    }
    let mut device = known.unwrap_or_else(|| new_device(account, wish, at));
    let before = devices::usages_of(tx, device.id)?;
    let after = with(&before, &wanted, at);
    device.licenses = i32::try_from(after.len()).unwrap_or(i32::MAX);
    device.export_controlled = true;
    let mut changes = Changes::default();
    if is_new {
        let rules = policy::of_account(tx, account)?;
        device.report_by = rules.report_by(&after, None, at);
        devices::insert(tx, &device)?;
        changes.comes(device.virtual_account, device.standing);
    } else {
        devices::update(tx, &device)?;
    }
    devices::replace_usages(tx, &device, &before, &after)?;
    // What it used of them already is no use beyond what is set aside: freed first, so that it can be set aside.
    changes.uses(device.virtual_account, model::difference(&before, &after));
    changes.write(tx, at, who, account)?;
    let lines = set_aside(tx, at, who, account, wish.place, &wanted)?;
    let request = if by_serial {
        codes::sealed_to(&device.pid, &device.serial)
    } else {
        wish.request.text.clone()
    };
    let code = code_for(&request, &device.pid, &device.serial, &lines, 0)?;
    let one = sealed(wish, &device, who, at, code);
    store::insert(tx, &one, who, &lines, request_used)?;
    tx.made(at, once, wish.id.as_str())?;
    let says = format!(
        "An authorization code for {} was generated out of {name}: {}.",
        device.udi(),
        in_words(&lines)
    );
    let event = about(Kind::AuthorizationCodeGenerated, &device, says).with(json!({
        "udi": device.udi().to_string(), "licenses": facts(&lines),
    }));
    tx.record(at, who, &event, wish.id)
}

/// The authorization that a product instance by policy holds.
pub fn held_by_policy(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReserveLicenses>,
    id: DeviceId,
) -> Result<(Device, Whole)> {
    let device = devices::these(read, view.within(), &[id])?
        .pop()
        .filter(|device| device.policy.is_some())
        .ok_or(Error::NotFound)?;
    place(read, view, permit, device.virtual_account)?;
    match store::of_device(read, device.account, id)? {
        Some(one) => Ok((device, find(read, view, permit, one.id)?)),
        None => Err(Error::refused(
            "authorizations.none",
            format!(
                "{} holds no authorization code. Nothing is left to return.",
                device.name()
            ),
        )),
    }
}

/// The return code proves that the device works by its authorization code no more: the licenses come back. What it still
/// uses of them counts as in use until it reports otherwise.
pub fn return_authorization(
    tx: &mut Tx<'_>,
    (view, permit): (&Permit<ViewInventory>, &Permit<ReserveLicenses>),
    at: Moment,
    id: DeviceId,
    typed: &str,
) -> Result<Recorded<()>> {
    let (device, whole) = held_by_policy(tx, view, permit, id)?;
    let code = &whole.one.authorization_code;
    if !codes::is_return_code(typed, code, &device.pid, &device.serial) {
        return Err(Error::invalid(
            "return_code",
            "This is not the return code for the authorization code of this product instance. Return it on the device, and copy the code that it shows then.",
        ));
    }
    if !store::ended(tx, &whole.one, at, Ended::Returned, "")? {
        return Err(Error::Stale);
    }
    let who = permit.who();
    let back: Vec<(LicensePoolId, i64)> = whole
        .lines
        .iter()
        .map(|line: &Line| (line.pool, line.quantity))
        .collect();
    licenses::unreserve(tx, at, who, device.account, &back)?;
    let before = devices::usages_of(tx, device.id)?;
    let after: Vec<Usage> = before
        .iter()
        .cloned()
        .map(|mut one| {
            one.reserved = 0;
            one
        })
        .filter(|one| one.quantity > 0)
        .collect();
    let is = Device {
        licenses: i32::try_from(after.len()).unwrap_or(i32::MAX),
        ..device.clone()
    };
    devices::touch(tx, &is)?;
    devices::replace_usages(tx, &is, &before, &after)?;
    let mut changes = Changes::default();
    changes.uses(is.virtual_account, model::difference(&before, &after));
    changes.write(tx, at, who, is.account)?;
    let says = format!(
        "The authorization code of {} was returned: {} came back.",
        is.udi(),
        in_words(&whole.lines)
    );
    let event = about(Kind::AuthorizationCodeReturned, &is, says).with(json!({
        "udi": is.udi().to_string(), "licenses": facts(&whole.lines),
    }));
    tx.record(at, who, &event, ())
}

/// Why a product instance by policy cannot go, or register: licenses are set aside for it.
pub fn against_going(read: &mut dyn Reads, device: &Device) -> Result<Option<Refusal>> {
    if device.policy.is_none() || store::of_device(read, device.account, device.id)?.is_none() {
        return Ok(None);
    }
    Ok(Some(Refusal {
        code: "authorizations.held",
        says: format!(
            "{} holds an authorization code. Return it on the device, and enter its return code, first.",
            device.name()
        )
        .into(),
    }))
}
