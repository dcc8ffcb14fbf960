//! Puts licenses, product instances and tokens into an account that a file has founded.

use super::means::{Means, Within};
use super::moment;
use super::shape::{AccountPart, DevicePart, TokenPart};
use crate::authz::Permit;
use crate::authz::action::{ManageTokens, TagLicenses, ViewInventory};
use crate::catalog::{self, Term};
use crate::devices::{self, Device, Standing, Usage};
use crate::error::Result;
use crate::kernel::ids::{DeviceId, LicenseStockId, VirtualAccountId};
use crate::kernel::{Event, Kind};
use crate::licenses::{self, supply};
use crate::platform::db::Tx;
use crate::platform::occupants::Occupants;
use crate::platform::token;
use crate::tokens::{self, Rights, Terms};
use std::collections::HashMap;

/// Puts into an account what is in it.
pub fn fill(tx: &mut Tx<'_>, means: &Means<'_>, account: &AccountPart, within: &Within<'_>) -> Result<()> {
    write_licenses(tx, means, account, within)?;
    write_devices(tx, means, account, within)?;
    for (n, one) in account.registration_tokens.iter().enumerate() {
        means.part(format!("{}/registration_tokens/{n}", within.pointer));
        write_token(tx, means, within, one)?;
    }
    Ok(())
}

fn write_licenses(
    tx: &mut Tx<'_>,
    means: &Means<'_>,
    account: &AccountPart,
    within: &Within<'_>,
) -> Result<()> {
    means.part(format!("{}/licenses", within.pointer));
    let mut put = Vec::with_capacity(account.licenses.len());
    let mut tags: HashMap<(VirtualAccountId, &str), Vec<String>> = HashMap::new();
    for one in &account.licenses {
        let place = within.place(&one.virtual_account)?;
        let known = catalog::entitlement(&one.license);
        let name = if one.name.is_empty() {
            known.map_or(one.license.as_str(), |known| known.name)
        } else {
            &one.name
        };
        let ends_at = moment(&one.ends, means.now);
        put.push(supply::Put {
            place,
            entitlement: one.license.clone(),
            name: name.to_owned(),
            billing: one.billing,
            term: if ends_at.is_some() && one.term == Term::Perpetual {
                Term::Term
            } else {
                one.term
            },
            starts_at: moment(&one.starts, means.now),
            ends_at,
            quantity: one.quantity,
        });
        let known = tags.entry((place, one.license.as_str())).or_default();
        for tag in &one.tags {
            if !known.contains(tag) {
                known.push(tag.clone());
            }
        }
    }
    let are_all = account.licenses_are_all;
    supply::put(
        tx,
        means.now,
        &means.who,
        within.id,
        &means.who.label,
        &put,
        are_all,
    )?;
    let permit = Permit::<TagLicenses>::by_the_portal_in(within.id, "scenario");
    for ((place, license), tags) in tags.into_iter().filter(|(_, tags)| !tags.is_empty()) {
        let ids: Vec<LicenseStockId> = licenses::stocks_in(tx, within.id, place)?
            .into_iter()
            .filter(|stock| stock.entitlement == license)
            .map(|stock| stock.id)
            .collect();
        let _ = licenses::change_tags(tx, &permit, means.now, &ids, &tags, &[])?;
    }
    Ok(())
}

fn write_devices(
    tx: &mut Tx<'_>,
    means: &Means<'_>,
    account: &AccountPart,
    within: &Within<'_>,
) -> Result<()> {
    means.part(format!("{}/product_instances", within.pointer));
    let placed = account
        .product_instances
        .iter()
        .map(|one| device(means, within, one))
        .collect::<Result<Vec<_>>>()?;
    for (device, _) in &placed {
        let says = format!("{} was registered.", device.name());
        let event = Event::new(Kind::DeviceRegistered, device.id, says)
            .within(within.id)
            .in_virtual_account(device.virtual_account);
        tx.note(device.registered_at, &means.who, &event)?;
    }
    devices::place_many(tx, means.now, &means.who, within.id, &placed)
}

fn device(means: &Means<'_>, within: &Within<'_>, one: &DevicePart) -> Result<(Device, Vec<Usage>)> {
    let registered_at = means.when(&one.registered, means.now);
    let contact_at = means.when(&one.last_contact, means.now).max(registered_at);
    let standing = Standing::of(contact_at, means.now);
    let usages: Vec<Usage> = one
        .uses
        .iter()
        .filter(|_| standing != Standing::Released)
        .map(|used| Usage {
            entitlement: used.license.clone(),
            quantity: used.quantity,
            reserved: 0,
            since: registered_at,
        })
        .collect();
    let device = Device {
        id: DeviceId::new(),
        account: within.id,
        virtual_account: within.place(&one.virtual_account)?,
        manager: None,
        pid: one.pid.trim().to_owned(),
        serial: one.serial.trim().to_owned(),
        hostname: one.hostname.clone(),
        product: if one.product.is_empty() {
            one.pid.clone()
        } else {
            one.product.clone()
        },
        software: one.software.clone(),
        standing,
        is_reserved: false,
        export_controlled: one.export_controlled,
        // Nobody knows what it proves itself with: it registers anew.
        secret_hash: token::digest(&token::random()),
        token: None,
        licenses: i32::try_from(usages.len()).unwrap_or_default(),
        registered_at,
        renewed_at: means.when(&one.renewed, registered_at).max(registered_at),
        contact_at,
        reported_at: Some(contact_at),
        version: 1,
        local_place: String::new(),
        policy: None,
        report_by: None,
        report_key: String::new(),
    };
    Ok((device, usages))
}

fn write_token(tx: &mut Tx<'_>, means: &Means<'_>, within: &Within<'_>, one: &TokenPart) -> Result<()> {
    let view = Permit::<ViewInventory>::by_the_portal_in(within.id, "scenario");
    let manage = Permit::<ManageTokens>::by_the_portal_in(within.id, "scenario");
    let rights = Rights {
        view: &view,
        manage: &manage,
    };
    let at = means.when(&one.created, means.now);
    let terms = Terms {
        description: one.description.clone(),
        days: one.days,
        max_uses: (one.max_uses > 0).then_some(one.max_uses),
        export_controlled: one.export_controlled,
    };
    let new = tokens::New::make(means.signing, at, within.place(&one.virtual_account)?, terms)?;
    let _ = tokens::create(
        tx,
        &rights,
        &Occupants::default(),
        at,
        std::slice::from_ref(&new),
        None,
    )?;
    tokens::used(tx, within.id, new.id(), one.uses)?;
    if let Some(at) = moment(&one.revoked, means.now) {
        let _ = tokens::revoke(tx, &rights, at, new.id())?;
    }
    Ok(())
}
