//! Second factors: an authenticator that shows codes, passkeys, and ten recovery codes for the day on which they are lost.
//! All times are wall times.

mod recovery;
mod store;

pub use recovery::{COUNT as RECOVERY_CODES, RecoveryCodes};

use super::passkeys::{self, Asked, New, NewAnswer, Passkey, Site, Wrong};
use super::totp;
use crate::error::{Error, Result};
use crate::kernel::ids::{PasskeyId, PersonId};
use crate::kernel::{Moment, Secret};
use crate::platform::db::{Reads, Tx};
use crate::platform::signing::Signing;
use std::collections::HashSet;

/// For what secrets of authenticators are locked.
const LOCKED_AS: &str = "second factor";

/// How a person's second factor stands.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Since when there is one; of the authenticator that shows codes, where there is one.
    pub set_at: Moment,
    /// Whether there is an authenticator that shows codes; otherwise passkeys alone.
    pub shows_codes: bool,
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

/// Sets an authenticator that shows codes. `step` is that of the code with which it was confirmed: it is good no more. The
/// recovery codes are those that count from now on. False when there is an authenticator already.
pub fn set(
    tx: &mut Tx<'_>,
    signing: &Signing,
    wall: Moment,
    person: PersonId,
    secret: &Secret,
    step: i64,
    codes: &RecoveryCodes,
) -> Result<bool> {
    let locked = signing.lock(LOCKED_AS, person.as_str(), secret.reveal())?;
    match store::standing(tx, person)? {
        Some(standing) if standing.shows_codes => return Ok(false),
        Some(_) => store::update(tx, person, &locked, step, wall)?,
        None => store::insert(tx, person, &locked, step, wall)?,
    }
    store::replace_recovery_codes(tx, person, &codes.hashes())?;
    Ok(true)
}

/// Keeps a passkey that was just made in answer to a question. The recovery codes count from now on when it is the first
/// second factor of its owner; says whether it is.
pub fn add_passkey(
    tx: &mut Tx<'_>,
    wall: Moment,
    site: &Site,
    (asked, answer): (&Asked, &NewAnswer),
    new: &New,
    codes: &RecoveryCodes,
) -> Result<std::result::Result<bool, Wrong>> {
    if let Err(wrong) = passkeys::add(tx, wall, site, asked, answer, new)? {
        return Ok(Err(wrong));
    }
    let is_first = !store::is_set(tx, new.person)?;
    if is_first {
        store::insert(tx, new.person, "", 0, wall)?;
        store::replace_recovery_codes(tx, new.person, &codes.hashes())?;
    }
    Ok(Ok(is_first))
}

/// Removes a passkey; gives what it was. With the last second factor the recovery codes go.
pub fn remove_passkey(tx: &mut Tx<'_>, person: PersonId, id: PasskeyId) -> Result<Option<Passkey>> {
    let removed = passkeys::remove(tx, person, id)?;
    let shows_codes = store::standing(tx, person)?.is_some_and(|standing| standing.shows_codes);
    if !shows_codes && passkeys::of(tx, person)?.is_empty() {
        store::delete(tx, person)?;
    }
    Ok(removed)
}

/// Removes the authenticator that shows codes; says whether there was one. Passkeys stay, and the recovery codes with them.
pub fn remove_authenticator(tx: &mut Tx<'_>, person: PersonId, wall: Moment) -> Result<bool> {
    let shows_codes = store::standing(tx, person)?.is_some_and(|standing| standing.shows_codes);
    if !shows_codes {
        return Ok(false);
    }
    if passkeys::of(tx, person)?.is_empty() {
        return store::delete(tx, person);
    }
    store::update(tx, person, "", 0, wall)?;
    Ok(true)
}

/// Puts other recovery codes in the place of those that there are.
pub fn renew_recovery_codes(tx: &mut Tx<'_>, person: PersonId, codes: &RecoveryCodes) -> Result<()> {
    store::replace_recovery_codes(tx, person, &codes.hashes())
}

/// Removes all that a person has, passkeys as well; says whether there was anything.
pub fn remove(tx: &mut Tx<'_>, person: PersonId) -> Result<bool> {
    passkeys::remove_all(tx, person)?;
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
    let Some(locked) = store::locked_secret(tx, person)?.filter(|locked| !locked.is_empty()) else {
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
