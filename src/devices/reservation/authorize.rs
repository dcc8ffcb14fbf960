//! "Generate license authorization" for a product instance by policy: the enforced licenses that it may use are set aside
//! for it, and it installs an authorization code. It goes on reporting; with its return code the licenses come back.

use super::super::changes::{Changes, about};
use super::super::model::{self, Device, Udi, Usage};
use super::super::policy;
use super::super::policy_state::PolicyState;
use super::super::store as devices;
use super::codes::{self, MOST_LICENSES, RequestCode};
use super::on_prem;
use super::service::{
    Whole, Wish, asking, code_for, facts, find, in_words, place, request_used, sealed, set_aside, summed,
};
use super::store::{self, Ended, Line, Reservation};
use crate::authz::Permit;
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::catalog;
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{DeviceId, LicensePoolId, ReservationId, SmartAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
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
    let udi = wish.request.udi();
    let known = devices::lock_udi(tx, account, &udi)?;
    if let Some(refusal) = policy::against_device(tx, account, wish.place, &udi, known.as_ref())? {
        return Err(Error::Refused(refusal));
    }
    Ok(known)
}

/// What may be authorized of what was asked for: enforced licenses, each once.
pub(super) fn enforced(wanted: &[(String, i64)]) -> Result<Vec<(String, i64)>> {
    let wanted: Vec<(String, i64)> = summed(wanted).into_iter().collect();
    if wanted.is_empty() || wanted.len() > MOST_LICENSES || wanted.iter().any(|(_, quantity)| *quantity < 1) {
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
    Ok(wanted)
}

/// Why this much cannot be set aside, what is to come free by it counted: asked before anything is written.
fn against_stock(
    read: &mut dyn Reads,
    device: &Device,
    wanted: &[(String, i64)],
    changes: &[(String, i64)],
) -> Result<Option<Refusal>> {
    let keys: Vec<String> = wanted.iter().map(|(key, _)| key.clone()).collect();
    let stocks = licenses::stocks_of(read, device.account, device.virtual_account, &keys)?;
    for (key, quantity) in wanted {
        let by = changes
            .iter()
            .find(|(changed, _)| changed == key)
            .map_or(0, |(_, by)| *by);
        let stock = stocks.iter().find(|stock| stock.entitlement == *key);
        let left = match stock {
            Some(stock) if stock.is_metered() => i64::MAX,
            Some(stock) => stock.balance.saturating_sub(by).max(0),
            None => 0,
        };
        if *quantity > left {
            let name = stock.map_or(key.as_str(), |stock| stock.name.as_str());
            return Ok(Some(Refusal {
                code: "licenses.not-enough",
                says: match left {
                    0 => format!("None of {name} is free to be reserved."),
                    1 => format!("Only 1 of {name} is free to be reserved."),
                    some => format!("Only {some} of {name} are free to be reserved."),
                }
                .into(),
            }));
        }
    }
    Ok(None)
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
    place(tx, view, permit, wish.place)?;
    let (account, who) = (permit.within().account()?, permit.who());
    let known = holder(tx, account, wish)?;
    if known.is_none()
        && let Some(refusal) = virtual_accounts::against_registering(tx, occupants, account, &[wish.place])?
    {
        return Err(Error::Refused(refusal));
    }
    let (_, event) = grant(tx, at, who, account, (wish, by_serial), known)?;
    tx.made(at, once, wish.id.as_str())?;
    tx.record(at, who, &event, wish.id)
}

/// The same for whoever may, with the device if it is known: a part of the caller's write. A refusal writes nothing. Answers
/// with the authorization code, and with what the record says.
pub(super) fn grant(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    (wish, by_serial): (&Wish, bool),
    known: Option<Device>,
) -> Result<(String, Event)> {
    if store::is_used(tx, account, &wish.request.text)? {
        return Err(request_used());
    }
    let wanted = enforced(&wish.wanted)?;
    if let Some(device) = &known
        && store::of_device(tx, account, device.id)?.is_some()
    {
        return Err(Error::Refused(held(device)));
    }
    let is_new = known.is_none();
    let mut device = known.unwrap_or_else(|| new_device(account, wish, at));
    let before = devices::usages_of(tx, device.id)?;
    let after = with(&before, &wanted, at);
    let difference = model::difference(&before, &after);
    if let Some(refusal) = against_stock(tx, &device, &wanted, &difference)? {
        return Err(Error::Refused(refusal));
    }
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
    changes.uses(device.virtual_account, difference);
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
    let name = virtual_accounts::these(tx, account, &[wish.place])?
        .pop()
        .map(|place| place.name)
        .unwrap_or_default();
    let says = format!(
        "An authorization code for {} was generated out of {name}: {}.",
        device.udi(),
        in_words(&lines)
    );
    let event = about(Kind::AuthorizationCodeGenerated, &device, says).with(json!({
        "udi": device.udi().to_string(), "licenses": facts(&lines),
    }));
    Ok((one.authorization_code, event))
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
        return Err(Error::invalid("return_code", WRONG_CODE));
    }
    let event = take_back(
        tx,
        at,
        permit.who(),
        &device,
        (&whole.one, &whole.lines),
        Ended::Returned,
    )?;
    tx.record(at, permit.who(), &event, ())
}

/// What is told of a return code that is not the one.
pub(super) const WRONG_CODE: &str = "This is not the return code for the authorization code of this product instance. Return it on the device, and copy the code that it shows then.";

/// What is set aside comes back: a part of the caller's write, and what its record says.
pub(super) fn take_back(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    device: &Device,
    (one, lines): (&Reservation, &[Line]),
    ended_as: Ended,
) -> Result<Event> {
    if !store::ended(tx, one, at, ended_as, "")? {
        return Err(Error::Stale);
    }
    let back: Vec<(LicensePoolId, i64)> = lines.iter().map(|line| (line.pool, line.quantity)).collect();
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
        in_words(lines)
    );
    Ok(about(Kind::AuthorizationCodeReturned, &is, says).with(json!({
        "udi": is.udi().to_string(), "licenses": facts(lines),
    })))
}

/// Product instances that are gone without a word give back what is set aside for them: a part of the caller's write,
/// before they are deleted.
pub fn let_go(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    account: SmartAccountId,
    gone: &[DeviceId],
) -> Result<()> {
    for one in store::of_devices(tx, account, gone)? {
        let lines = store::lines_of(tx, account, one.id)?;
        if !store::ended(tx, &one, at, Ended::Removed, "")? {
            return Err(Error::Stale);
        }
        let back: Vec<(LicensePoolId, i64)> = lines.iter().map(|line| (line.pool, line.quantity)).collect();
        licenses::unreserve(tx, at, who, account, &back)?;
        let says = format!(
            "PID:{} SN:{} is not known to its On-Prem server any more. What was set aside for it came back: {}.",
            one.pid,
            one.serial,
            in_words(&lines)
        );
        let event = Event::new(Kind::AuthorizationCodeReturned, one.device, says)
            .within(account)
            .in_virtual_account(one.virtual_account)
            .with(json!({ "licenses": facts(&lines) }));
        tx.note(at, who, &event)?;
    }
    Ok(())
}

fn held(device: &Device) -> Refusal {
    Refusal {
        code: "authorizations.held",
        says: format!(
            "{} has an authorization code already. Return it on the device, and enter its return code, before another one is generated.",
            device.name()
        )
        .into(),
    }
}

/// Why a product instance by policy cannot go, or register: licenses are set aside for it.
pub fn against_going(read: &mut dyn Reads, device: &Device) -> Result<Option<Refusal>> {
    if device.policy.is_none()
        || (store::of_device(read, device.account, device.id)?.is_none() && !on_prem::holds(read, device.id)?)
    {
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
