//! A device comes in with a token.

use super::super::changes::{Changes, about};
use super::Caller;
use crate::authn::throttle::{self, Subjects};
use crate::devices::model::{Device, Standing, Udi};
use crate::devices::policy;
use crate::devices::policy_state::PolicyState;
use crate::devices::{reservation, store};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::DeviceId;
use crate::kernel::{Kind, Secret};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::platform::token;
use crate::{tokens, virtual_accounts};
use serde_json::json;

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
    if let Some(known) = &known {
        take_place_of(tx, known, asked, &mut changes)?;
    }
    let before = known.as_ref();
    let device = new_device(tx, before.map_or(id, |known| known.id), caller, &opens, asked)?;
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

/// Ends the older registration of the same UDI, when it may end and the device asks for it.
fn take_place_of(tx: &mut Tx<'_>, known: &Device, asked: &Registration, changes: &mut Changes) -> Result<()> {
    if let Some(refusal) = known.against_removal() {
        return Err(Error::Refused(refusal));
    }
    if let Some(refusal) = reservation::against_going(tx, known)? {
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
    reservation::on_prem::forget(tx, &[known.id])?;
    Ok(())
}

/// The device as it comes in, whatever it was before.
fn new_device(
    read: &mut dyn Reads,
    id: DeviceId,
    caller: &Caller,
    opens: &tokens::Redeemed,
    asked: &Registration,
) -> Result<Device> {
    Ok(Device {
        id,
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
            policy::of_account(read, opens.account)?.report_by(&[], None, caller.now)
        } else {
            None
        },
        report_key: String::new(),
    })
}
