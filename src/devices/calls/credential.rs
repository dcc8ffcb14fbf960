//! The credential by which a device proves which one it is, and whether it is still in use.

use super::Caller;
use crate::authn::throttle::{self, Subjects};
use crate::devices::model::{Device, Standing};
use crate::devices::store;
use crate::error::{Error, Result};
use crate::kernel::ids::{DeviceId, SmartAccountId};
use crate::kernel::{Moment, Secret};
use crate::platform::db::{Reads, Tx};
use crate::platform::token;
use crate::smart_accounts;

/// Who a device says that it is, and the hash of what it proves it with.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Which.
    pub id: DeviceId,
    pub(super) hash: String,
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
pub(super) fn still_good(device: &Device, now: Moment) -> Result<()> {
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

pub(super) fn called(was: &Device, now: Moment) -> Device {
    Device {
        standing: Standing::Connected,
        contact_at: now,
        ..was.clone()
    }
}
