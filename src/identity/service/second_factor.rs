//! Setting a second factor up, and removing it.

use super::passkeys::{Shown, miss_of_passkey, take_of};
use super::sign_in::{Known, miss, still};
use super::{Caller, session_key};
use crate::authn::passkeys::Wrong;
use crate::authn::second_factor::{self, RecoveryCodes, Taken};
use crate::authn::throttle::{self, Subjects};
use crate::authn::{Actor, Person, people, session, totp};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::identity::letters;
use crate::kernel::ids::PersonId;
use crate::kernel::{Event, Kind, Moment, Secret, Who};
use crate::platform::db::{Recorded, Tx};
use crate::platform::mail;
use crate::platform::signing::Signing;
use chrono::TimeDelta;
use serde_json::{Value, json};

/// For so long a secret that was shown can be confirmed.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);
/// For what it is locked.
const LOCKED_AS: &str = "second factor that is being set up";

/// A second factor that is being set up: the form carries it, and nothing is kept until a code confirms it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What the authenticator takes over.
    pub secret: Secret,
    until: i64,
}

impl Draft {
    /// A new one.
    pub fn make(wall: Moment) -> Self {
        Self {
            secret: totp::make(),
            until: wall.plus(PATIENCE).utc().timestamp(),
        }
    }

    /// As a text that nobody can read or change, for this person alone.
    pub fn lock(&self, signing: &Signing, person: PersonId) -> Result<String> {
        let text = format!("{} {}", self.until, self.secret.reveal());
        signing.lock(LOCKED_AS, person.as_str(), &text)
    }

    /// Reads such a text while its time is not over.
    pub fn open(signing: &Signing, wall: Moment, person: PersonId, locked: &str) -> Option<Self> {
        let text = signing.unlock(LOCKED_AS, person.as_str(), locked)?;
        let (until, secret) = text.split_once(' ')?;
        let draft = Self {
            secret: Secret::new(secret),
            until: until.parse().ok()?,
        };
        (wall.utc().timestamp() < draft.until).then_some(draft)
    }
}

/// Tells a person by mail what became of the second factor.
pub(super) fn tell(tx: &mut Tx<'_>, now: Moment, person: &Person, extra: &Value) -> Result<()> {
    mail::post(
        tx,
        now,
        letters::SECOND_FACTOR,
        person.id.as_str(),
        extra,
        &person.name,
        &person.email,
    )
    .map(drop)
}

/// Sets one up that was confirmed with the code of `step`. Everything that was opened without it ends: other sessions, and API
/// clients. This session goes on under a new cookie.
pub fn set_up_second_factor(
    tx: &mut Tx<'_>,
    caller: &Caller,
    signing: &Signing,
    actor: &Actor,
    (draft, step): (&Draft, i64),
    codes: &RecoveryCodes,
    cookie: &str,
) -> Result<Recorded<()>> {
    let person = &actor.person;
    if !second_factor::set(tx, signing, caller.wall, person.id, &draft.secret, step, codes)? {
        return Err(Error::refused(
            "second-factor.set",
            "A second factor is set up already. If you have not kept its recovery codes, make new ones.",
        ));
    }
    let key = session_key(actor)?;
    session::end_all_access(tx, caller.now, person.id, Some(&key))?;
    session::renew(tx, &key, cookie, caller.wall)?;
    tell(tx, caller.now, person, &json!({ "what": "set" }))?;
    let event = Event::new(
        Kind::SecondFactorSet,
        person.id,
        format!("{} set up a second factor.", person.name),
    );
    tx.record(caller.now, &caller.who, &event, ())
}

/// What is shown as a second factor.
#[derive(Clone)]
pub enum Second {
    /// A code of the authenticator or a recovery code, as it was typed.
    Code(String),
    /// A passkey.
    Passkey(Shown),
}

/// Why a second factor is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// The code is not good.
    Code,
    /// The passkey is not.
    Passkey(Wrong),
}

/// With what a second factor was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    /// A code of the authenticator.
    Code,
    /// A recovery code, of which so many are left.
    Recovery {
        /// How many.
        left: usize,
    },
    /// A passkey.
    Passkey,
}

/// Takes a second factor. A miss is counted and recorded; `what` says of what.
pub(super) fn take_second(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    person: &Person,
    (second, is_verified): (&Second, bool),
    what: &str,
) -> Result<std::result::Result<With, Recorded<Missed>>> {
    let subjects =
        throttle::subjects_of_second_step(tx, caller.wall, person.email.key(), &caller.who.address)?;
    throttle::check(tx, caller.wall, &subjects)?;
    let with = match second {
        Second::Code(typed) => match second_factor::take(tx, &portal.signing, caller.wall, person.id, typed)?
        {
            Some(Taken::Code) => With::Code,
            Some(Taken::Recovery { left }) => With::Recovery { left },
            None => {
                let done = miss(tx, caller, &subjects, Some(person), what)?;
                return Ok(Err(done.map(|()| Missed::Code)));
            }
        },
        Second::Passkey(shown) => match take_of(tx, caller, portal, shown, person.id, is_verified)? {
            Ok(()) => With::Passkey,
            Err(wrong) => {
                let done = miss_of_passkey(tx, caller, &subjects, Some(person), what, wrong)?;
                return Ok(Err(done.map(|()| Missed::Passkey(wrong))));
            }
        },
    };
    throttle::clear(tx, &subjects)?;
    Ok(Ok(with))
}

/// What somebody who is signed in has proved, before a second factor is changed: the password, and a second factor; or a
/// passkey that checks who it is.
#[derive(Clone)]
pub struct Proof {
    /// With whose password.
    pub known: Known,
    /// Whether the password was right, or the identity provider has said a short while ago who it is.
    pub is_proved: bool,
    /// Tries of the password.
    pub subjects: Subjects,
    /// The second factor.
    pub second: Second,
}

/// Takes a second factor of somebody who is signed in. A miss is counted and recorded.
pub(super) fn good(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    proof: &Proof,
) -> Result<std::result::Result<(), Recorded<Missed>>> {
    let person = &proof.known.person;
    throttle::check(tx, caller.wall, &proof.subjects)?;
    // Who has no password was asked by the identity provider.
    let is_same = match &proof.known.hash {
        Some(_) => still(tx, &proof.known)?,
        None => people::password_hash(tx, person.id)?.is_none(),
    };
    if !is_same {
        return Err(Error::Stale);
    }
    if !second_factor::is_set(tx, person.id)? {
        return Err(Error::refused(
            "second-factor.not-set",
            "There is no second factor.",
        ));
    }
    if proof.is_proved {
        throttle::clear(tx, &proof.subjects)?;
    } else if matches!(proof.second, Second::Code(_)) {
        // A code alone proves nothing.
        return Err(Error::Stale);
    }
    let second = (&proof.second, !proof.is_proved);
    let with = take_second(tx, caller, portal, person, second, "check of a second factor")?;
    Ok(with.map(drop))
}

/// Removes one's own authenticator. Other sessions and API clients end; passkeys stay.
pub fn remove_own(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    actor: &Actor,
    proof: &Proof,
    cookie: &str,
) -> Result<Recorded<std::result::Result<(), Missed>>> {
    if let Err(missed) = good(tx, caller, portal, proof)? {
        return Ok(missed.map(Err));
    }
    let person = &actor.person;
    if !second_factor::remove_authenticator(tx, person.id, caller.wall)? {
        return Err(Error::refused(
            "second-factor.not-set",
            "There is no authenticator that shows codes.",
        ));
    }
    let is_left = second_factor::is_set(tx, person.id)?;
    let key = session_key(actor)?;
    session::end_all_access(tx, caller.now, person.id, Some(&key))?;
    session::renew(tx, &key, cookie, caller.wall)?;
    let what = if is_left {
        "authenticator-removed"
    } else {
        "removed"
    };
    tell(tx, caller.now, person, &json!({ "what": what }))?;
    let event = Event::new(
        Kind::SecondFactorRemoved,
        person.id,
        format!("{} removed the second factor.", person.name),
    );
    tx.record(caller.now, &caller.who, &event, Ok(()))
}

/// Makes new recovery codes in the place of the old ones.
pub fn renew_codes(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    proof: &Proof,
    codes: &RecoveryCodes,
) -> Result<Recorded<std::result::Result<(), Missed>>> {
    if let Err(missed) = good(tx, caller, portal, proof)? {
        return Ok(missed.map(Err));
    }
    let person = &proof.known.person;
    second_factor::renew_recovery_codes(tx, person.id, codes)?;
    tell(tx, caller.now, person, &json!({ "what": "codes" }))?;
    let event = Event::new(
        Kind::RecoveryCodesMade,
        person.id,
        format!("{} made new recovery codes.", person.name),
    );
    tx.record(caller.now, &caller.who, &event, Ok(()))
}

/// Removes the second factor of somebody who has lost it: for whoever looks after people, and for the operator's command.
/// All that they have open ends; the password stays what lets them in.
pub fn remove_second_factor(
    tx: &mut Tx<'_>,
    now: Moment,
    who: &Who,
    person: &Person,
) -> Result<Recorded<()>> {
    if !second_factor::remove(tx, person.id)? {
        return Err(Error::refused(
            "second-factor.not-set",
            format!("{} has no second factor.", person.name),
        ));
    }
    session::end_all_access(tx, now, person.id, None)?;
    tell(tx, now, person, &json!({ "what": "removed", "by": who.label }))?;
    let event = Event::new(
        Kind::SecondFactorRemoved,
        person.id,
        format!("The second factor of {} was removed.", person.label()),
    );
    tx.record(now, who, &event, ())
}
