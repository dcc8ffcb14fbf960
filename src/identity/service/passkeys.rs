//! Passkeys: adding and removing one, signing in with one, and showing one as a second factor.

use super::provider::DISABLED;
use super::second_factor::{Missed, Proof, good, tell};
use super::{Caller, session_key};
use crate::authn::passkeys::{self, Answer, Asked, Demands, New, NewAnswer, Passkey, Site, Taken, Wrong};
use crate::authn::second_factor::{self, RecoveryCodes};
use crate::authn::session::Way;
use crate::authn::throttle::{self, Subjects};
use crate::authn::{Actor, Person, PersonState, people, session};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::identity::entrance::Entrance;
use crate::kernel::event::Outcome;
use crate::kernel::ids::{PasskeyId, PersonId};
use crate::kernel::{Event, Kind};
use crate::platform::db::{Recorded, Tx};
use serde_json::json;

/// The site of a portal for which browsers make passkeys.
pub fn site(portal: &Portal) -> Result<Site> {
    Site::of(&portal.config.base_url).ok_or(Error::NotFound)
}

/// An answer of a passkey, with the question that it belongs to.
#[derive(Debug, Clone)]
pub struct Shown {
    pub asked: Asked,
    pub answer: Answer,
}

/// Takes an answer. The question is spent whatever comes of it; whoever may have a copy of a passkey about is told.
fn take(tx: &mut Tx<'_>, caller: &Caller, site: &Site, shown: &Shown, demands: Demands) -> Result<Taken> {
    if !shown.asked.spend(tx, caller.now)? {
        return Ok(Taken::No(Wrong::Again, None));
    }
    let taken = passkeys::take(tx, caller.wall, site, &shown.asked, &shown.answer, demands)?;
    if let Taken::No(Wrong::Counter, Some(passkey)) = &taken {
        let person = people::find(tx, passkey.person)?;
        tell(
            tx,
            caller.now,
            &person,
            &json!({ "what": "passkey-copied", "name": passkey.name }),
        )?;
    }
    Ok(taken)
}

/// Takes the answer of a passkey of somebody who is known already. Without the password the authenticator has to have checked
/// who it was.
pub(super) fn take_of(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    shown: &Shown,
    person: PersonId,
    is_verified: bool,
) -> Result<std::result::Result<(), Wrong>> {
    let demands = Demands {
        person: Some(person),
        is_verified,
    };
    Ok(match take(tx, caller, &site(portal)?, shown, demands)? {
        Taken::Yes(_) => Ok(()),
        Taken::No(wrong, _) => Err(wrong),
    })
}

/// An answer of a passkey that was not taken: counted as a wrong password is, and recorded with the reason.
pub(super) fn miss_of_passkey(
    tx: &mut Tx<'_>,
    caller: &Caller,
    subjects: &Subjects,
    person: Option<&Person>,
    what: &str,
    wrong: Wrong,
) -> Result<Recorded<()>> {
    throttle::miss(tx, caller.wall, subjects)?;
    let about = person.map(|person| person.id.to_string()).unwrap_or_default();
    let whose = person.map(|person| format!(" as {}", person.label()));
    let message = format!("A {what}{} failed: {}.", whose.unwrap_or_default(), wrong.why());
    let event = Event::new(Kind::SignInFailed, about, message).ended(Outcome::Failed);
    tx.record(caller.now, &caller.who, &event, ())
}

/// What came of a passkey at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByPasskey {
    /// They are in.
    In,
    /// They are not: what is said.
    No(&'static str),
}

/// Lets somebody in with a passkey alone: it says who they are, and has checked that it is they.
pub fn by_passkey(
    tx: &mut Tx<'_>,
    caller: &Caller,
    site: &Site,
    entrance: &Entrance,
    subjects: &Subjects,
    shown: &Shown,
) -> Result<Recorded<ByPasskey>> {
    const WHAT: &str = "sign-in with a passkey";
    throttle::check(tx, caller.wall, subjects)?;
    let demands = Demands {
        person: None,
        is_verified: true,
    };
    let passkey = match take(tx, caller, site, shown, demands)? {
        Taken::Yes(passkey) => passkey,
        Taken::No(wrong, known) => {
            let person = match known {
                Some(passkey) => Some(people::find(tx, passkey.person)?),
                None => None,
            };
            let done = miss_of_passkey(tx, caller, subjects, person.as_ref(), WHAT, wrong)?;
            return Ok(done.map(|()| ByPasskey::No(wrong.says())));
        }
    };
    let person = people::find(tx, passkey.person)?;
    if person.state != PersonState::Active {
        let message = format!(
            "A {WHAT} as {} was refused: the user account is disabled.",
            person.label()
        );
        let event = Event::new(Kind::SignInFailed, person.id, message).ended(Outcome::Refused);
        return tx.record(caller.now, &caller.who, &event, ByPasskey::No(DISABLED));
    }
    let event = entrance.open(tx, &person, Way::Passkey)?;
    tx.record(caller.now, &entrance.who(&person), &event, ByPasskey::In)
}

/// Keeps a passkey that was just made; says whether it is the first second factor of its owner. Then everything that was opened
/// without one ends: other sessions, and API clients. This session goes on under a new cookie.
pub fn add_passkey(
    tx: &mut Tx<'_>,
    caller: &Caller,
    site: &Site,
    actor: &Actor,
    (asked, answer): (&Asked, &NewAnswer),
    new: &New,
    (codes, cookie): (&RecoveryCodes, &str),
) -> Result<Recorded<std::result::Result<bool, Wrong>>> {
    let person = &actor.person;
    if passkeys::of(tx, person.id)?.len() >= passkeys::MOST {
        return Err(Error::refused(
            "passkeys.too-many",
            format!(
                "You have {} passkeys. Remove one that you do not use.",
                passkeys::MOST
            ),
        ));
    }
    let added = if asked.spend(tx, caller.now)? {
        second_factor::add_passkey(tx, caller.wall, site, (asked, answer), new, codes)?
    } else {
        Err(Wrong::Again)
    };
    let is_first = match added {
        Ok(is_first) => is_first,
        Err(wrong) => {
            let message = format!("A new passkey of {} was not taken: {}.", person.name, wrong.why());
            let event = Event::new(Kind::PasskeyAdded, person.id, message).ended(Outcome::Refused);
            return tx.record(caller.now, &caller.who, &event, Err(wrong));
        }
    };
    let key = session_key(actor)?;
    if is_first {
        session::end_all_access(tx, caller.now, person.id, Some(&key))?;
    }
    session::renew(tx, &key, cookie, caller.wall)?;
    let what = if is_first {
        "passkey-first"
    } else {
        "passkey-added"
    };
    tell(
        tx,
        caller.now,
        person,
        &json!({ "what": what, "name": new.name.as_str() }),
    )?;
    let event = Event::new(
        Kind::PasskeyAdded,
        person.id,
        format!("{} added the passkey {}.", person.name, new.name),
    )
    .with(json!({ "passkey": new.id, "name": new.name.as_str() }));
    tx.record(caller.now, &caller.who, &event, Ok(is_first))
}

/// Removes one of one's own. Other sessions and API clients end.
pub fn remove_passkey(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    actor: &Actor,
    (proof, id): (&Proof, PasskeyId),
    cookie: &str,
) -> Result<Recorded<std::result::Result<Passkey, Missed>>> {
    if let Err(missed) = good(tx, caller, portal, proof)? {
        return Ok(missed.map(Err));
    }
    let person = &actor.person;
    let passkey = second_factor::remove_passkey(tx, person.id, id)?.ok_or(Error::NotFound)?;
    let key = session_key(actor)?;
    session::end_all_access(tx, caller.now, person.id, Some(&key))?;
    session::renew(tx, &key, cookie, caller.wall)?;
    tell(
        tx,
        caller.now,
        person,
        &json!({ "what": "passkey-removed", "name": passkey.name }),
    )?;
    let event = Event::new(
        Kind::PasskeyRemoved,
        person.id,
        format!("{} removed the passkey {}.", person.name, passkey.name),
    )
    .with(json!({ "passkey": passkey.id, "name": passkey.name }));
    tx.record(caller.now, &caller.who, &event, Ok(passkey))
}

/// Somebody has proved who they are, for a question that makes a passkey of theirs.
pub fn prove(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    proof: &Proof,
) -> Result<Recorded<std::result::Result<(), Missed>>> {
    if let Err(missed) = good(tx, caller, portal, proof)? {
        return Ok(missed.map(Err));
    }
    let person = &proof.known.person;
    let event = Event::new(
        Kind::PasswordConfirmed,
        person.id,
        format!("{} proved who they are, for a new passkey.", person.name),
    );
    tx.record(caller.now, &caller.who, &event, Ok(()))
}
