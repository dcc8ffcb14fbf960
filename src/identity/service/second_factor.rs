//! Setting a second factor up, and removing it.

use super::sign_in::{Known, miss, still};
use super::{Caller, session_key};
use crate::authn::second_factor::{self, RecoveryCodes};
use crate::authn::throttle::{self, Subjects};
use crate::authn::{Actor, Person, people, session, totp};
use crate::error::{Error, Result};
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

/// What somebody who is signed in has proved, before a second factor is changed: the password, and a code.
#[derive(Clone)]
pub struct Proof {
    /// With whose password.
    pub known: Known,
    /// Tries of the password.
    pub subjects: Subjects,
    /// The code as it was typed.
    pub code: String,
}

/// Takes a code; true when it is good. A miss is counted and recorded.
fn good(
    tx: &mut Tx<'_>,
    caller: &Caller,
    signing: &Signing,
    proof: &Proof,
) -> Result<std::result::Result<(), Recorded<bool>>> {
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
    throttle::clear(tx, &proof.subjects)?;
    let subjects =
        throttle::subjects_of_second_step(tx, caller.wall, person.email.key(), &caller.who.address)?;
    throttle::check(tx, caller.wall, &subjects)?;
    if second_factor::take(tx, signing, caller.wall, person.id, &proof.code)?.is_none() {
        let done = miss(tx, caller, &subjects, Some(person), "check of a code")?;
        return Ok(Err(done.map(|()| false)));
    }
    throttle::clear(tx, &subjects)?;
    Ok(Ok(()))
}

/// Removes one's own; false when the code is not good. Other sessions and API clients end.
pub fn remove_own(
    tx: &mut Tx<'_>,
    caller: &Caller,
    signing: &Signing,
    actor: &Actor,
    proof: &Proof,
    cookie: &str,
) -> Result<Recorded<bool>> {
    if let Err(missed) = good(tx, caller, signing, proof)? {
        return Ok(missed);
    }
    let person = &actor.person;
    second_factor::remove(tx, person.id)?;
    let key = session_key(actor)?;
    session::end_all_access(tx, caller.now, person.id, Some(&key))?;
    session::renew(tx, &key, cookie, caller.wall)?;
    tell(tx, caller.now, person, &json!({ "what": "removed" }))?;
    let event = Event::new(
        Kind::SecondFactorRemoved,
        person.id,
        format!("{} removed the second factor.", person.name),
    );
    tx.record(caller.now, &caller.who, &event, true)
}

/// Makes new recovery codes in the place of the old ones; false when the code is not good.
pub fn renew_codes(
    tx: &mut Tx<'_>,
    caller: &Caller,
    signing: &Signing,
    proof: &Proof,
    codes: &RecoveryCodes,
) -> Result<Recorded<bool>> {
    if let Err(missed) = good(tx, caller, signing, proof)? {
        return Ok(missed);
    }
    let person = &proof.known.person;
    second_factor::renew_recovery_codes(tx, person.id, codes)?;
    tell(tx, caller.now, person, &json!({ "what": "codes" }))?;
    let event = Event::new(
        Kind::RecoveryCodesMade,
        person.id,
        format!("{} made new recovery codes.", person.name),
    );
    tx.record(caller.now, &caller.who, &event, true)
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
