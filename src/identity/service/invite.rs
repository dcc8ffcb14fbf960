//! People: their name, their state, and inviting them.

use super::passwords::link_of;
use super::{Caller, INVITATION_LIFE};
use crate::authn::{Person, PersonState, people, session};
use crate::authz::links::{self, Purpose};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::identity::entrance::Entrance;
use crate::identity::letters;
use crate::kernel::ids::{LinkId, PersonId};
use crate::kernel::{Event, Kind, Moment, Name, Who};
use crate::platform::db::{Recorded, Tx};
use crate::platform::mail;
use serde_json::json;

/// Changes one's own name.
pub fn rename(
    tx: &mut Tx<'_>,
    caller: &Caller,
    person: PersonId,
    version: i64,
    name: &Name,
) -> Result<Recorded<()>> {
    let before = people::find(tx, person)?;
    if before.version != version {
        return Err(Error::Stale);
    }
    if before.name == name.as_str() {
        return Ok(tx.unchanged(()));
    }
    people::rename(tx, person, version, name)?;
    let event = Event::new(
        Kind::PersonChanged,
        person,
        format!("{} is now called {name}.", before.label()),
    )
    .changed(&json!({ "name": before.name }), &json!({ "name": name.as_str() }));
    tx.record(caller.now, &caller.who, &event, ())
}

/// Enables or disables a person, who is told. Whoever is disabled is out at once: sessions, API clients and emailed
/// links end. `why` is recorded, and told.
pub fn set_state(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    person: PersonId,
    state: PersonState,
    why: &str,
) -> Result<Recorded<()>> {
    let before = people::find(tx, person)?;
    if before.state == state {
        return Ok(tx.unchanged(()));
    }
    people::set_state(tx, person, state)?;
    if state == PersonState::Disabled {
        session::end_all_access(tx, at, person, None)?;
    }
    mail::post(
        tx,
        at,
        letters::STATE,
        person.as_str(),
        &json!({ "state": state, "by": who.label, "why": why }),
        &before.name,
        &before.email,
    )?;
    let reason = if why.is_empty() {
        String::new()
    } else {
        format!(" {why}")
    };
    let event = Event::new(
        Kind::PersonState,
        person,
        format!(
            "The user account of {} is now {}.{reason}",
            before.label(),
            state.label()
        ),
    )
    .changed(&json!({ "state": before.state }), &json!({ "state": state }));
    tx.record(at, who, &event, ())
}

/// Asks a person who was added without a password to set up their user account; an older invitation ends.
/// `by` is said in the letter.
pub fn invite(tx: &mut Tx<'_>, at: Moment, who: &Who, link: LinkId, person: &Person, by: &str) -> Result<()> {
    links::end_about(tx, person.id.as_str(), at)?;
    invite_first(tx, at, who, link, person, by)
}

/// As [`invite`], for somebody who was added in this write and so has no older invitation.
pub fn invite_first(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    link: LinkId,
    person: &Person,
    by: &str,
) -> Result<()> {
    links::make(
        tx,
        at,
        link,
        Purpose::Invitation,
        person.id.as_str(),
        &person.email,
        at.plus(INVITATION_LIFE),
    )?;
    mail::post(
        tx,
        at,
        letters::INVITATION,
        link.as_str(),
        &json!({ "by": by }),
        &person.name,
        &person.email,
    )?;
    let event = Event::new(
        Kind::Invited,
        person.id,
        format!("{} was asked to set up a user account.", person.email),
    );
    tx.note(at, who, &event)
}

/// A person who was invited names themselves, sets a password and is signed in.
pub fn accept(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    entrance: &Entrance,
    token: &str,
    name: &Name,
    hash: &str,
) -> Result<Recorded<()>> {
    let (link, person) = link_of(
        tx,
        portal,
        caller.now,
        Purpose::Invitation,
        token,
        PersonState::Invited,
    )?;
    links::use_up(tx, link.id, caller.now)?;
    people::accept_invitation(tx, person.id, name, hash)?;
    let person = people::find(tx, person.id)?;
    entrance.begin(tx, &person)?;
    let event = Event::new(
        Kind::InvitationAccepted,
        person.id,
        format!("{} set up their user account.", person.label()),
    );
    tx.record(caller.now, &entrance.who(&person), &event, ())
}
