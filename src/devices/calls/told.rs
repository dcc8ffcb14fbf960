//! What a device is told of how it stands.

use super::Caller;
use super::credential::Credential;
use crate::authn::throttle::{self, Subjects};
use crate::devices::model::{Authorization, Device, Usage, UseStatus};
use crate::devices::store;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::licenses;
use crate::platform::db::Reads;
use crate::platform::token;

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
