//! People: their name, their state, and inviting them.

use super::passwords::link_of;
use super::{Caller, INVITATION_LIFE};
use crate::authn::{Person, PersonState, people, session};
use crate::authz::links::{self, NewLink, Purpose};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::identity::entrance::Entrance;
use crate::identity::letters;
use crate::kernel::ids::{LetterId, LinkId, PersonId};
use crate::kernel::{Event, Kind, Moment, Name, Who};
use crate::platform::db::{Recorded, Tx};
use crate::platform::mail::{self, Addressee};
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
    invite_first(tx, at, who, &[(link, person)], by)
}

/// As [`invite`], for people who were added in this write and so have no older invitation, each by a link of their own.
pub fn invite_first(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    invited: &[(LinkId, &Person)],
    by: &str,
) -> Result<()> {
    let new: Vec<NewLink<'_>> = invited
        .iter()
        .map(|(id, person)| NewLink {
            id: *id,
            about_id: person.id.as_str(),
            to: &person.email,
        })
        .collect();
    links::make_all(tx, at, Purpose::Invitation, at.plus(INVITATION_LIFE), &new)?;
    let to: Vec<Addressee<'_>> = invited
        .iter()
        .map(|(link, person)| Addressee {
            id: LetterId::new(),
            about_id: link.as_str(),
            name: &person.name,
            email: &person.email,
        })
        .collect();
    mail::post_all(tx, at, letters::INVITATION, &json!({ "by": by }), &to)?;
    for (_, person) in invited {
        let event = Event::new(
            Kind::Invited,
            person.id,
            format!("{} was asked to set up a user account.", person.email),
        );
        tx.note(at, who, &event)?;
    }
    Ok(())
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
