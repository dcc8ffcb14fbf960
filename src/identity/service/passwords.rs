//! Passwords: resetting by an emailed link, and changing.

use super::sign_in::{Known, still};
use super::{Caller, RESET_LIFE, session_key};
use crate::authn::throttle::{self, Subjects};
use crate::authn::{Actor, Person, PersonState, people, session, system_users};
use crate::authz::links::{self, Link, Purpose};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::identity::letters;
use crate::kernel::event::Outcome;
use crate::kernel::ids::{LinkId, PersonId};
use crate::kernel::{EmailAddress, Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::mail;
use serde_json::json;

/// Somebody asks for a link for a new password. Older ones end with it. For an address without a user
/// account nothing is sent, and the work is as much as makes no difference.
pub fn ask_reset(
    tx: &mut Tx<'_>,
    caller: &Caller,
    email: &EmailAddress,
    link: LinkId,
) -> Result<Recorded<()>> {
    let subjects = throttle::subjects_of_anybody(
        tx,
        caller.wall,
        "reset ",
        email.key(),
        &caller.who.address,
        throttle::FREE_RESETS,
    )?;
    throttle::check(tx, caller.wall, &subjects)?;
    throttle::miss(tx, caller.wall, &subjects)?;
    let person = people::by_email(tx, email)?.filter(|person| person.state == PersonState::Active);
    let event = if let Some(person) = person {
        send_reset(tx, caller.now, link, &person)?
    } else {
        Event::new(
            Kind::PasswordResetAsked,
            "",
            "A link for a new password was asked for, for an address without a user account.",
        )
        .ended(Outcome::Refused)
    };
    tx.record(caller.now, &caller.who, &event, ())
}

/// Sends a link for a new password, and ends older ones. The event is the caller's to record.
pub fn send_reset(tx: &mut Tx<'_>, now: Moment, link: LinkId, person: &Person) -> Result<Event> {
    links::end_about(tx, person.id.as_str(), now)?;
    links::make(
        tx,
        now,
        link,
        Purpose::ResetPassword,
        person.id.as_str(),
        &person.email,
        now.plus(RESET_LIFE),
    )?;
    mail::post(
        tx,
        now,
        letters::PASSWORD_RESET,
        link.as_str(),
        &json!({}),
        &person.name,
        &person.email,
    )?;
    Ok(Event::new(
        Kind::PasswordResetAsked,
        person.id,
        format!("A link for a new password was sent to {}.", person.label()),
    ))
}

/// A link for one purpose that counts, and whose it is.
pub fn link_of(
    read: &mut dyn Reads,
    portal: &Portal,
    now: Moment,
    purpose: Purpose,
    token: &str,
    state: PersonState,
) -> Result<(Link, Person)> {
    let link = links::open(read, &portal.signing, now, purpose, token)?;
    let id: PersonId = link.about_id.parse().map_err(|_| Error::DeadLink)?;
    let person = people::find(read, id)?;
    // The address may have been given away, the person disabled since.
    if person.state == state && person.email.key() == link.email_key {
        Ok((link, person))
    } else {
        Err(Error::DeadLink)
    }
}

/// Sets a new password through a link: everything that the old one had opened ends.
pub fn reset(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    token: &str,
    hash: &str,
) -> Result<Recorded<()>> {
    let (link, person) = link_of(
        tx,
        portal,
        caller.now,
        Purpose::ResetPassword,
        token,
        PersonState::Active,
    )?;
    links::use_up(tx, link.id, caller.now)?;
    people::set_password_hash(tx, person.id, hash)?;
    throttle::know(tx, caller.wall, person.id, &caller.who.address)?;
    system_users::password_is_own(tx, person.id)?;
    session::end_all_access(tx, caller.now, person.id, None)?;
    tell_of_change(tx, caller.now, &person)?;
    let event = Event::new(
        Kind::PasswordReset,
        person.id,
        format!("{} set a new password through an emailed link.", person.label()),
    );
    tx.record(caller.now, &caller.who, &event, ())
}

/// Sets a new password of somebody who is signed in and has given the old one. Everything else that the
/// old one had opened ends; this session goes on under a new cookie.
pub fn change_password(
    tx: &mut Tx<'_>,
    caller: &Caller,
    subjects: &Subjects,
    actor: &Actor,
    was: &Known,
    hash: &str,
    cookie: &str,
) -> Result<Recorded<()>> {
    throttle::check(tx, caller.wall, subjects)?;
    if !still(tx, was)? {
        return Err(Error::Stale);
    }
    throttle::clear(tx, subjects)?;
    people::set_password_hash(tx, actor.person.id, hash)?;
    let key = session_key(actor)?;
    session::end_all_access(tx, caller.now, actor.person.id, Some(&key))?;
    session::renew(tx, &key, cookie, caller.wall)?;
    tell_of_change(tx, caller.now, &actor.person)?;
    let event = Event::new(
        Kind::PasswordChanged,
        actor.person.id,
        format!("{} changed the password.", actor.person.name),
    );
    tx.record(caller.now, &caller.who, &event, ())
}

/// Tells somebody by mail that the password is another one now.
pub fn tell_of_change(tx: &mut Tx<'_>, now: Moment, person: &Person) -> Result<()> {
    mail::post(
        tx,
        now,
        letters::PASSWORD_CHANGED,
        person.id.as_str(),
        &json!({ "at": now }),
        &person.name,
        &person.email,
    )
    .map(drop)
}
