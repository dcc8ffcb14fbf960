//! What a device does when it calls: register, report, renew, deregister, ask. It proves itself with its own
//! credential, so none of this takes a permit; the account is that of its token, or of its registration.
//!
//! Thousands call at once, so these run as [`Db::write_locked`](crate::platform::db::Db::write_locked): the device is
//! locked first and everything that it uses with it; stocks, tokens and tallies are added to without being read.

use super::model::{self, Authorization, Device, Reported, Standing, Udi, Usage, UseStatus};
use super::policy::{self, PolicyState};
use crate::licenses::{self, Use};

use super::store;
use crate::authn::throttle::{self, Subjects};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::{DeviceId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Secret, Who};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::platform::token;
use crate::{smart_accounts, tokens, virtual_accounts};
use serde_json::json;
use std::collections::BTreeMap;

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

/// What a write changes beside the devices themselves: it is added up and written at the end, in one order.
#[derive(Debug, Default)]
pub struct Changes {
    uses: BTreeMap<(VirtualAccountId, String), i64>,
    tallies: BTreeMap<(VirtualAccountId, Standing), i64>,
}

impl Changes {
    /// A device of this standing is here from now on.
    pub fn comes(&mut self, place: VirtualAccountId, standing: Standing) {
        *self.tallies.entry((place, standing)).or_default() += 1;
    }
    /// A device of this standing is not here any more.
    pub fn goes(&mut self, place: VirtualAccountId, standing: Standing) {
        *self.tallies.entry((place, standing)).or_default() -= 1;
    }
    /// The use of licenses changes here.
    pub fn uses(&mut self, place: VirtualAccountId, by: impl IntoIterator<Item = (String, i64)>) {
        for (entitlement, by) in by {
            *self.uses.entry((place, entitlement)).or_default() += by;
        }
    }
    /// What was used here is free again.
    pub fn frees(&mut self, place: VirtualAccountId, usages: &[Usage]) {
        self.uses(place, model::difference(usages, &[]));
    }
    /// Writes all of it. What every device of a Virtual Account adds to comes last: it is locked for the shortest time.
    pub fn write(self, tx: &mut Tx<'_>, at: Moment, who: &Who, account: SmartAccountId) -> Result<()> {
        let uses: Vec<Use> = self
            .uses
            .into_iter()
            .filter(|(_, by)| *by != 0)
            .map(|((virtual_account, entitlement), by)| Use {
                virtual_account,
                entitlement,
                by,
            })
            .collect();
        if !uses.is_empty() {
            licenses::change_use(tx, at, who, account, &uses)?;
        }
        for ((place, standing), by) in self.tallies {
            store::tally(tx, account, place, standing, by)?;
        }
        Ok(())
    }
}

/// What a device sends to register, as it came.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// Product id.
    pub pid: &'a str,
    /// Serial number.
    pub serial: &'a str,
    /// Host name, or "".
    pub hostname: &'a str,
    /// What kind of product it is, or "".
    pub product: &'a str,
    /// Which software it runs, or "".
    pub software: &'a str,
    /// What it will prove itself with.
    pub secret: &'a str,
    /// Whether it takes the place of an older registration.
    pub force: bool,
    /// Whether it is not to be registered, and reports by policy.
    pub by_policy: bool,
}

/// The same, checked.
#[derive(Debug, Clone)]
pub struct Registration {
    udi: Udi,
    hostname: String,
    product: String,
    software: String,
    secret_hash: String,
    force: bool,
    by_policy: bool,
}

impl Registration {
    /// Checks it; names all that is wrong.
    pub fn parse(asked: &Asked<'_>) -> Result<Self> {
        let mut problems = Problems::default();
        let udi = Udi::parse(asked.pid, asked.serial, &mut problems);
        let mut line = |text: &str, field: &str, what: &str, most: usize| {
            let text = text.trim();
            if text.chars().count() > most || text.chars().any(crate::kernel::text::is_hostile) {
                problems.add(field, format!("{what} is one line of at most {most} characters."));
            }
            text.to_owned()
        };
        let hostname = line(asked.hostname, "hostname", "The host name", 253);
        let product = line(asked.product, "product", "The product", 100);
        let software = line(asked.software, "software", "The software version", 100);
        let good = asked.secret.len() == 43
            && asked
                .secret
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !good {
            problems.add(
                "secret",
                "Make 32 random bytes and send them as 43 characters of base64url.",
            );
        }
        problems.or_ok()?;
        let udi = udi.ok_or_else(|| Error::internal("a UDI without problems"))?;
        Ok(Self {
            product: if product.is_empty() {
                udi.pid.clone()
            } else {
                product
            },
            udi,
            hostname,
            software,
            secret_hash: token::digest(asked.secret),
            force: asked.force,
            by_policy: asked.by_policy,
        })
    }
    /// Its UDI, for counting tries.
    pub fn key(&self) -> String {
        self.udi.key()
    }
}

/// Registers a device: one row for a UDI in a Smart Account, whatever is tried again. `id` is the new device's, made
/// before. Answers with the device and whether it is new, or registered anew.
pub fn register(
    tx: &mut Tx<'_>,
    occupants: &Occupants,
    caller: &Caller,
    subjects: &Subjects,
    id: DeviceId,
    token_text: &Secret,
    asked: &Registration,
) -> Result<Recorded<(Device, bool)>> {
    throttle::check(tx, caller.wall, subjects)?;
    let whose = tokens::whose(tx, token_text.reveal())?;
    let known = store::lock_udi(tx, whose.account, &asked.udi)?;
    if let Some(known) = &known
        && known.token == Some(whose.id)
        && token::same(&known.secret_hash, &asked.secret_hash)
    {
        // The answer got lost on its way: the token is not used twice, not even when it is used up by now.
        return Ok(tx.unchanged((known.clone(), false)));
    }
    // Refuses what belongs to an account that is Inactive, too.
    let opens = tokens::look_up(tx, caller.now, token_text.reveal())?;
    let place = [opens.virtual_account];
    if let Some(refusal) = virtual_accounts::against_registering(tx, occupants, opens.account, &place)? {
        return Err(Error::Refused(refusal));
    }
    let mut changes = Changes::default();
    let before = match &known {
        None => None,
        Some(known) => {
            if let Some(refusal) = known.against_removal() {
                return Err(Error::Refused(refusal));
            }
            if let Some(refusal) = super::reservation::against_going(tx, known)? {
                return Err(Error::Refused(refusal));
            }
            if !asked.force {
                return Err(Error::refused(
                    "devices.already-registered",
                    format!(
                        "{} is registered in this Smart Account already. Deregister it first, or register with \u{201c}force\u{201d}, which ends the older registration.",
                        known.name()
                    ),
                ));
            }
            let usages = store::usages_of(tx, known.id)?;
            changes.frees(known.virtual_account, &usages);
            changes.goes(known.virtual_account, known.standing);
            store::forget_usages(tx, &[known.id])?;
            policy::on_prem::forget(tx, &[known.id])?;
            Some(known)
        }
    };
    let device = Device {
        id: before.map_or(id, |known| known.id),
        account: opens.account,
        virtual_account: opens.virtual_account,
        manager: None,
        pid: asked.udi.pid.clone(),
        serial: asked.udi.serial.clone(),
        hostname: asked.hostname.clone(),
        product: asked.product.clone(),
        software: asked.software.clone(),
        standing: Standing::Connected,
        is_reserved: false,
        export_controlled: opens.export_controlled,
        secret_hash: asked.secret_hash.clone(),
        token: Some(opens.id),
        licenses: 0,
        registered_at: caller.now,
        renewed_at: caller.now,
        contact_at: caller.now,
        reported_at: None,
        version: 1,
        local_place: String::new(),
        policy: asked.by_policy.then_some(PolicyState::NotReported),
        report_by: if asked.by_policy {
            policy::of_account(tx, opens.account)?.report_by(&[], None, caller.now)
        } else {
            None
        },
        report_key: String::new(),
    };
    if before.is_some() {
        store::update(tx, &device)?;
    } else {
        store::insert(tx, &device)?;
    }
    changes.comes(device.virtual_account, Standing::Connected);
    let who = caller.who(&device);
    changes.write(tx, caller.now, &who, device.account)?;
    // The one row that all devices of a token meet on: last, so that nobody waits longer than for a commit.
    tokens::redeem(tx, caller.now, token_text.reveal())?;
    let words = if before.is_some() {
        " again; the older registration ended"
    } else {
        ""
    };
    let (kind, did) = if asked.by_policy {
        (Kind::DeviceAdded, "is trusted, and reports by policy")
    } else {
        (Kind::DeviceRegistered, "was registered")
    };
    let event = about(kind, &device, format!("{} {did}{words}.", device.name())).with(json!({
        "udi": device.udi().to_string(), "product": device.product, "software": device.software, "token": opens.id.to_string(),
        "export_controlled": device.export_controlled,
    }));
    tx.record(caller.now, &who, &event, (device, true))
}

/// What a device that called is told.
#[derive(Debug, Clone)]
pub struct Told {
    /// As it is now.
    pub device: Device,
    /// What it may do with what it uses.
    pub authorization: Authorization,
    /// Each license that it uses.
    pub lines: Vec<Line>,
}

impl Told {
    /// When it calls next.
    pub fn next_contact_at(&self) -> Moment {
        self.device
            .next_contact_at(self.authorization == Authorization::OutOfCompliance)
    }
}

/// One license of a device.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it uses.
    pub usage: Usage,
    /// What people know the license by.
    pub name: String,
    /// Whether there is enough.
    pub status: UseStatus,
}

/// What a device with this usage is told.
pub fn told(read: &mut dyn Reads, device: Device, usages: Vec<Usage>) -> Result<Told> {
    let keys: Vec<String> = usages.iter().map(|one| one.entitlement.clone()).collect();
    let standings = if keys.is_empty() {
        Vec::new()
    } else {
        licenses::standing_of(read, device.account, device.virtual_account, &keys)?
    };
    Ok(told_by(device, usages, &standings))
}

/// The same, when it is known how the licenses of its Virtual Account stand.
pub fn told_by(device: Device, usages: Vec<Usage>, standings: &[licenses::Standing]) -> Told {
    let lines: Vec<Line> = usages
        .into_iter()
        .map(|usage| {
            let known = standings.iter().find(|one| one.entitlement == usage.entitlement);
            Line {
                name: known.map_or_else(|| usage.entitlement.clone(), |one| one.name.clone()),
                status: if usage.beyond() == 0 && usage.reserved > 0 {
                    UseStatus::Reserved
                } else if known.is_some_and(|one| one.is_short) {
                    UseStatus::OutOfCompliance
                } else {
                    UseStatus::InCompliance
                },
                usage,
            }
        })
        .collect();
    let is_short = lines.iter().any(|line| line.status == UseStatus::OutOfCompliance);
    Told {
        authorization: Authorization::of(device.standing, device.is_reserved, !lines.is_empty(), is_short),
        device,
        lines,
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

/// How a device stands. Looking changes nothing: only a report or a renewal counts as a contact.
pub fn status(
    read: &mut dyn Reads,
    caller: &Caller,
    subjects: &Subjects,
    credential: &Credential,
) -> Result<Told> {
    throttle::check(read, caller.wall, subjects)?;
    let device = store::by_id(read, credential.id)?
        .filter(|device| token::same(&device.secret_hash, &credential.hash))
        .ok_or(Error::SignedOut)?;
    let usages = store::usages_of(read, device.id)?;
    told(read, device, usages)
}

/// Who a device says that it is, and the hash of what it proves it with.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Which.
    pub id: DeviceId,
    hash: String,
}

impl Credential {
    /// From `<device id>.<secret>`.
    pub fn parse(given: &Secret) -> Option<Self> {
        let (id, secret) = given.reveal().split_once('.')?;
        Some(Self {
            id: id.parse().ok()?,
            hash: token::digest(secret),
        })
    }
}

/// The device of a credential, locked. An unknown one and a wrong secret are told alike.
pub fn prove(
    tx: &mut Tx<'_>,
    caller: &Caller,
    subjects: &Subjects,
    credential: &Credential,
) -> Result<Device> {
    throttle::check(tx, caller.wall, subjects)?;
    store::lock(tx, credential.id)?
        .filter(|device| token::same(&device.secret_hash, &credential.hash))
        .ok_or(Error::SignedOut)
}

/// Nothing in an Inactive Smart Account is changed, by devices no more than by people.
pub fn in_use(read: &mut dyn Reads, account: SmartAccountId) -> Result<()> {
    if smart_accounts::find(read, account)?.state == smart_accounts::State::Active {
        Ok(())
    } else {
        Err(Error::refused(
            "smart-account.inactive",
            "The Smart Account of this device is not Active, so nothing can be registered or reported there.",
        ))
    }
}

/// A certificate that has run out is not good, though the clock's job has not removed the device yet.
fn still_good(device: &Device, now: Moment) -> Result<()> {
    if device.policy.is_none() && device.expires_at() <= now {
        Err(Error::refused(
            "devices.registration-expired",
            format!(
                "The registration of {} expired on {}. Register it again with a token.",
                device.name(),
                device.expires_at().words()
            ),
        ))
    } else {
        Ok(())
    }
}

fn called(was: &Device, now: Moment) -> Device {
    Device {
        standing: Standing::Connected,
        contact_at: now,
        ..was.clone()
    }
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

/// An event about a device.
pub fn about(kind: Kind, device: &Device, says: String) -> Event {
    Event::new(kind, device.id, says)
        .within(device.account)
        .in_virtual_account(device.virtual_account)
}

fn in_words(usage: &Usage) -> (&str, i64) {
    (&usage.entitlement, usage.quantity)
}

/// Usage as the record keeps it.
pub fn facts(usages: &[Usage]) -> serde_json::Value {
    let map: BTreeMap<&str, i64> = usages.iter().map(in_words).collect();
    json!(map)
}
