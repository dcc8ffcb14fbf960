//! Second factors: an authenticator that shows codes, and ten recovery codes for the day on which it is lost. All times are
//! wall times.

mod recovery;
mod store;

pub use recovery::{COUNT as RECOVERY_CODES, RecoveryCodes};

use super::totp;
use crate::error::{Error, Result};
use crate::kernel::ids::PersonId;
use crate::kernel::{Moment, Secret};
use crate::platform::db::{Reads, Tx};
use crate::platform::signing::Signing;
use std::collections::HashSet;

/// For what secrets of authenticators are locked.
const LOCKED_AS: &str = "second factor";

/// How a person's second factor stands.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Since when there is one.
    pub set_at: Moment,
    /// How many recovery codes are left.
    pub recovery_codes: usize,
}

/// With what a second step was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// With a code of the authenticator.
    Code,
    /// With a recovery code, of which so many are left.
    Recovery {
        /// How many.
        left: usize,
    },
}

/// Whether a person has one.
pub fn is_set(read: &mut dyn Reads, person: PersonId) -> Result<bool> {
    store::is_set(read, person)
}

/// Who of these people has one.
pub fn among(read: &mut dyn Reads, people: &[PersonId]) -> Result<HashSet<PersonId>> {
    store::among(read, people)
}

/// How a person's stands; none when there is none.
pub fn standing(read: &mut dyn Reads, person: PersonId) -> Result<Option<Standing>> {
    store::standing(read, person)
}

/// Sets one. `step` is that of the code with which it was confirmed: it is good no more. False when there is one already.
pub fn set(
    tx: &mut Tx<'_>,
    signing: &Signing,
    wall: Moment,
    person: PersonId,
    secret: &Secret,
    step: i64,
    codes: &RecoveryCodes,
) -> Result<bool> {
    if store::is_set(tx, person)? {
        return Ok(false);
    }
    let locked = signing.lock(LOCKED_AS, person.as_str(), secret.reveal())?;
    store::insert(tx, person, &locked, step, wall)?;
    store::replace_recovery_codes(tx, person, &codes.hashes())?;
    Ok(true)
}

/// Puts other recovery codes in the place of those that there are.
pub fn renew_recovery_codes(tx: &mut Tx<'_>, person: PersonId, codes: &RecoveryCodes) -> Result<()> {
    store::replace_recovery_codes(tx, person, &codes.hashes())
}

/// Removes a person's; says whether there was one.
pub fn remove(tx: &mut Tx<'_>, person: PersonId) -> Result<bool> {
    store::delete(tx, person)
}

/// Takes a code of the authenticator, or a recovery code. Each is good once; none when this one is not good.
pub fn take(
    tx: &mut Tx<'_>,
    signing: &Signing,
    wall: Moment,
    person: PersonId,
    typed: &str,
) -> Result<Option<Taken>> {
    let plain: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    if plain.len() != totp::DIGITS {
        let is_good = store::use_recovery_code(tx, person, &recovery::hash(&plain))?;
        let left = store::count_recovery_codes(tx, person)?;
        return Ok(is_good.then_some(Taken::Recovery { left }));
    }
    let Some(locked) = store::locked_secret(tx, person)? else {
        return Ok(None);
    };
    let secret = signing
        .unlock(LOCKED_AS, person.as_str(), &locked)
        .ok_or_else(|| Error::internal("a second factor was set with another key file"))?;
    match totp::fitting(&Secret::new(secret), &plain, wall) {
        Some(step) => Ok(store::use_step(tx, person, step)?.then_some(Taken::Code)),
        None => Ok(None),
    }
}
