//! Signing in and out.

use super::clients::note_trade;
use super::{Caller, session_key};
use crate::authn::session::Way;
use crate::authn::throttle::{self, Subjects};
use crate::authn::{Actor, Person, PersonState, people, second_factor, session, system_users};
use crate::error::{Error, Result};
use crate::identity::entrance::Entrance;
use crate::kernel::event::Outcome;
use crate::kernel::{EmailAddress, Event, Kind};
use crate::platform::db::{Reads, Recorded, Tx};

/// A person who may be the one who is signing in, with the hash that the typed password was compared to.
#[derive(Clone)]
pub struct Known {
    pub person: Person,
    pub hash: Option<String>,
}

/// With what somebody signs in.
#[derive(Debug, Clone)]
pub enum Login {
    /// Everywhere.
    Email(EmailAddress),
    /// On an On-Prem server.
    UserName(String),
}

impl Login {
    /// As it is compared, for counting tries of somebody who is not known.
    pub fn key(&self) -> String {
        match self {
            Self::Email(email) => email.key().to_owned(),
            Self::UserName(name) => name.to_lowercase(),
        }
    }
}

/// Whoever signs in so.
pub fn known_by(read: &mut dyn Reads, login: &Login) -> Result<Option<Known>> {
    match login {
        Login::Email(email) => known(read, email),
        Login::UserName(name) => match system_users::by_user_name(read, name)? {
            Some(person) => {
                let email = people::find(read, person)?.email;
                known(read, &email)
            }
            None => Ok(None),
        },
    }
}

/// Whoever has this address.
pub fn known(read: &mut dyn Reads, email: &EmailAddress) -> Result<Option<Known>> {
    let Some(person) = people::by_email(read, email)? else {
        return Ok(None);
    };
    let hash = people::password_hash(read, person.id)?;
    Ok(Some(Known { person, hash }))
}

/// Whether a person is still as they were when the password was compared.
pub(super) fn still(read: &mut dyn Reads, known: &Known) -> Result<bool> {
    let person = people::find(read, known.person.id)?;
    let hash = people::password_hash(read, known.person.id)?;
    Ok(person.state == PersonState::Active && hash.is_some() && hash == known.hash)
}

/// How a sign-in went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameIn {
    /// They are in.
    Yes,
    /// They have a second factor: the first of two steps is taken.
    HalfWay,
    /// Login and password do not fit.
    No,
}

/// Lets a person in, or counts and records a miss. Whoever has a second factor has taken the first step. A flood that was let through by
/// the check before the password was compared is stopped by the one in here: of what was tried at once, no
/// more is answered than of what was tried one after the other.
pub fn sign_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    entrance: &Entrance,
    subjects: &Subjects,
    known: Option<&Known>,
    right: bool,
    renewed: Option<&str>,
) -> Result<Recorded<CameIn>> {
    throttle::check(tx, caller.wall, subjects)?;
    if let (true, Some(known)) = (right, known)
        && still(tx, known)?
    {
        throttle::clear(tx, subjects)?;
        if let (Some(old), Some(new)) = (&known.hash, renewed) {
            people::renew_password_hash(tx, known.person.id, old, new)?;
        }
        return open(tx, caller, entrance, &known.person, Way::Password);
    }
    let done = miss(tx, caller, subjects, known.map(|k| &k.person), "sign-in")?;
    Ok(done.map(|()| CameIn::No))
}

/// Opens the door, or asks for the second step.
pub(super) fn open(
    tx: &mut Tx<'_>,
    caller: &Caller,
    entrance: &Entrance,
    person: &Person,
    way: Way,
) -> Result<Recorded<CameIn>> {
    if way != Way::ProviderFactor && second_factor::is_set(tx, person.id)? {
        let event = Event::new(
            Kind::SecondStepAsked,
            person.id,
            format!("{} was asked for the second factor.", person.name),
        );
        return tx.record(caller.now, &entrance.who(person), &event, CameIn::HalfWay);
    }
    let event = entrance.open(tx, person, way)?;
    tx.record(caller.now, &entrance.who(person), &event, CameIn::Yes)
}

/// The same without a session, for a client that asks in the person's name: who they are, when login and password are right.
/// That the client is given an access token is recorded. Whoever has a second factor lets no client in with the password
/// alone.
pub fn let_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    subjects: &Subjects,
    known: Option<&Known>,
    right: bool,
    client: &str,
) -> Result<Recorded<Option<Person>>> {
    throttle::check(tx, caller.wall, subjects)?;
    if let (true, Some(known)) = (right, known)
        && still(tx, known)?
    {
        throttle::clear(tx, subjects)?;
        let person = known.person.clone();
        if second_factor::is_set(tx, person.id)? {
            let event = Event::new(
                Kind::SignInFailed,
                person.id,
                format!(
                    "An API client gave the password of {}, who has a second factor.",
                    person.label()
                ),
            )
            .ended(Outcome::Refused);
            return tx.record(caller.now, &caller.who, &event, None);
        }
        return note_trade(tx, caller, client, &person).map(|done| done.map(|()| Some(person)));
    }
    miss(tx, caller, subjects, known.map(|k| &k.person), "sign-in").map(|done| done.map(|()| None))
}

/// A wrong password. An address that belongs to nobody is not kept: people type passwords into the wrong field.
pub fn miss(
    tx: &mut Tx<'_>,
    caller: &Caller,
    subjects: &Subjects,
    person: Option<&Person>,
    what: &str,
) -> Result<Recorded<()>> {
    throttle::miss(tx, caller.wall, subjects)?;
    let (about, message) = match person {
        Some(person) => (
            person.id.to_string(),
            format!("A {what} as {} failed.", person.label()),
        ),
        None => (String::new(), format!("A {what} with an unknown address failed.")),
    };
    let event = Event::new(Kind::SignInFailed, about, message).ended(Outcome::Failed);
    tx.record(caller.now, &caller.who, &event, ())
}

/// In a lab: signs one of the cast in without a password. Says who it is, too: whoever has set a second factor is asked for
/// a code here as well.
pub fn sign_in_as(
    tx: &mut Tx<'_>,
    caller: &Caller,
    entrance: &Entrance,
    email: &EmailAddress,
) -> Result<Recorded<(CameIn, Known)>> {
    let known = known(tx, email)?
        .filter(|known| known.person.state == PersonState::Active)
        .ok_or(Error::NotFound)?;
    let done = open(tx, caller, entrance, &known.person, Way::Lab)?;
    Ok(done.map(|came| (came, known)))
}

/// Ends the session of a browser; says how it began.
pub fn sign_out(tx: &mut Tx<'_>, caller: &Caller, actor: &Actor) -> Result<Recorded<Option<Way>>> {
    let key = session_key(actor)?;
    let way = session::way(tx, &key)?;
    session::end(tx, &key)?;
    let event = Event::new(
        Kind::SignedOut,
        actor.person.id,
        format!("{} signed out.", actor.person.name),
    );
    tx.record(caller.now, &caller.who, &event, way)
}

/// The right password was given again: the session counts as fresh, under a new cookie.
pub fn confirm(
    tx: &mut Tx<'_>,
    caller: &Caller,
    subjects: &Subjects,
    actor: &Actor,
    cookie: &str,
) -> Result<Recorded<()>> {
    throttle::check(tx, caller.wall, subjects)?;
    throttle::clear(tx, subjects)?;
    session::renew(tx, &session_key(actor)?, cookie, caller.wall)?;
    let event = Event::new(
        Kind::PasswordConfirmed,
        actor.person.id,
        format!("{} gave the password again.", actor.person.name),
    );
    tx.record(caller.now, &caller.who, &event, ())
}
