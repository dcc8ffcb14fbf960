//! What one can do here. Passwords are hashed and compared before a transaction begins; in it, what was
//! found out is checked once more against what is true by then.

use super::entrance::Entrance;
use super::letters;
use crate::authn::throttle::{self, Subjects};
use crate::authn::{
    Actor, Person, PersonState, PlatformRole, Via, api_client, people, session, system_users,
};
use crate::authz::links::{self, Link, Purpose};
use crate::error::{Error, Result};
use crate::http::{Portal, Visit};
use crate::kernel::event::Outcome;
use crate::kernel::ids::{LinkId, PersonId, SessionId};
use crate::kernel::{EmailAddress, Event, Kind, Moment, Name, Who};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::mail::{self, LINK_KIND};
use crate::platform::token;
use chrono::TimeDelta;
use serde_json::json;

/// How long a link for a new password works.
pub const RESET_LIFE: TimeDelta = TimeDelta::minutes(60);
/// How long an invitation works.
pub const INVITATION_LIFE: TimeDelta = TimeDelta::days(14);
/// How long the link for setting the portal up works.
pub const SET_UP_LIFE: TimeDelta = TimeDelta::hours(1);
/// What the link for setting the portal up is about: nobody yet.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// Both times and the outside of a request, owned, for moving into a transaction.
#[derive(Clone)]
pub struct Caller {
    pub now: Moment,
    pub wall: Moment,
    /// A visitor, or whoever is signed in.
    pub who: Who,
}

impl Caller {
    pub fn of(visit: &Visit) -> Self {
        let who = visit.actor.as_ref().map_or_else(
            || Who {
                person: None,
                label: "Visitor".to_owned(),
                address: visit.address.clone(),
                request_id: visit.request_id.clone(),
            },
            |actor| actor.who.clone(),
        );
        Self {
            now: visit.portal.clock.now(),
            wall: visit.portal.clock.wall(),
            who,
        }
    }
}

/// Something sensitive is about to be done: the password must have been given a short while ago. A client
/// of the API was itself made with a fresh password.
pub fn fresh(actor: &Actor, wall: Moment) -> Result<()> {
    match &actor.via {
        Via::Session { fresh_at, .. } if wall >= fresh_at.plus(session::FRESH) => {
            Err(Error::FreshSignInNeeded)
        }
        _ => Ok(()),
    }
}

/// The session's key in the database; a client of the API has none.
pub fn session_key(actor: &Actor) -> Result<String> {
    match &actor.via {
        Via::Session { key, .. } => Ok(key.clone()),
        Via::Client { .. } => Err(Error::NotFound),
    }
}

// --- signing in and out

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
fn still(read: &mut dyn Reads, known: &Known) -> Result<bool> {
    let person = people::find(read, known.person.id)?;
    let hash = people::password_hash(read, known.person.id)?;
    Ok(person.state == PersonState::Active && hash.is_some() && hash == known.hash)
}

/// Lets a person in, or counts and records a miss; true when they are in. A flood that was let through by
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
) -> Result<Recorded<bool>> {
    throttle::check(tx, caller.wall, subjects)?;
    if let (true, Some(known)) = (right, known)
        && still(tx, known)?
    {
        throttle::clear(tx, subjects)?;
        if let (Some(old), Some(new)) = (&known.hash, renewed) {
            people::renew_password_hash(tx, known.person.id, old, new)?;
        }
        let event = entrance.open(tx, &known.person)?;
        return tx.record(caller.now, &entrance.who(&known.person), &event, true);
    }
    miss(tx, caller, subjects, known.map(|k| &k.person), "sign-in").map(|done| done.map(|()| false))
}

/// The same without a session, for a client that asks in the person's name: who they are, when login and password are right.
/// That the client is given an access token is recorded.
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

/// In a lab: signs one of the cast in without a password.
pub fn sign_in_as(
    tx: &mut Tx<'_>,
    caller: &Caller,
    entrance: &Entrance,
    email: &EmailAddress,
) -> Result<Recorded<()>> {
    let person = people::by_email(tx, email)?
        .filter(|person| person.state == PersonState::Active)
        .ok_or(Error::NotFound)?;
    let event = entrance.open(tx, &person)?;
    tx.record(caller.now, &entrance.who(&person), &event, ())
}

/// Ends the session of a browser.
pub fn sign_out(tx: &mut Tx<'_>, caller: &Caller, actor: &Actor) -> Result<Recorded<()>> {
    session::end(tx, &session_key(actor)?)?;
    let event = Event::new(
        Kind::SignedOut,
        actor.person.id,
        format!("{} signed out.", actor.person.name),
    );
    tx.record(caller.now, &caller.who, &event, ())
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

// --- passwords

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

// --- people

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

/// Enables or disables a person. Whoever is disabled is out at once: sessions, API clients and emailed
/// links end.
pub fn set_state(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    person: PersonId,
    state: PersonState,
) -> Result<Recorded<()>> {
    let before = people::find(tx, person)?;
    if before.state == state {
        return Ok(tx.unchanged(()));
    }
    people::set_state(tx, person, state)?;
    if state == PersonState::Disabled {
        session::end_all_access(tx, at, person, None)?;
    }
    let event = Event::new(
        Kind::PersonState,
        person,
        format!("The user account of {} is now {}.", before.label(), state.label()),
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

// --- the first start

/// A link for making the first operator, when there is nobody at all. An older one ends with it.
pub fn bootstrap(portal: &Portal) -> Result<Option<String>> {
    let (id, now) = (LinkId::new(), portal.clock.now());
    let expires = now.plus(SET_UP_LIFE);
    let email = EmailAddress::parse("set-up@licentral.example").map_err(Error::internal)?;
    let needed = portal.db.write_now(|tx| {
        if people::count(tx)? > 0 {
            return Ok(tx.unchanged(false));
        }
        links::end_about(tx, NOBODY, now)?;
        links::make(tx, now, id, Purpose::SetUp, NOBODY, &email, expires)?;
        let event = Event::new(
            Kind::SetUpLinkMade,
            id,
            "A link for making the first operator was printed.",
        );
        tx.record(now, &Who::portal("first start"), &event, true)
    })?;
    if !needed {
        return Ok(None);
    }
    let token = portal
        .signing
        .sign(LINK_KIND, Purpose::SetUp.word(), id.as_str(), now, expires)?;
    Ok(Some(format!("{}/setup/{token}", portal.config.base_url)))
}

/// Whether a link for setting the portal up counts.
pub fn may_set_up(read: &mut dyn Reads, portal: &Portal, now: Moment, token: &str) -> Result<Link> {
    let link = links::open(read, &portal.signing, now, Purpose::SetUp, token)?;
    if people::count(read)? == 0 {
        Ok(link)
    } else {
        Err(Error::DeadLink)
    }
}

/// Who the first operator is to be.
#[derive(Clone)]
pub struct Operator {
    pub id: PersonId,
    pub email: EmailAddress,
    pub name: Name,
    pub hash: String,
}

/// Makes the first operator and signs them in.
pub fn set_up(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    entrance: &Entrance,
    token: &str,
    operator: &Operator,
) -> Result<Recorded<()>> {
    let link = may_set_up(tx, portal, caller.now, token)?;
    links::use_up(tx, link.id, caller.now)?;
    let person = people::add(
        tx,
        caller.now,
        operator.id,
        &operator.email,
        &operator.name,
        Some(&operator.hash),
        0,
    )?;
    people::give_platform_role(tx, person.id, PlatformRole::Operator)?;
    entrance.begin(tx, &person)?;
    let event = Event::new(
        Kind::SetUp,
        person.id,
        format!("{} became the first operator.", person.label()),
    );
    tx.record(caller.now, &entrance.who(&person), &event, ())
}

// --- sessions

/// Ends one of one's own sessions.
pub fn end_session(tx: &mut Tx<'_>, caller: &Caller, person: &Person, id: SessionId) -> Result<Recorded<()>> {
    session::end_one(tx, person.id, id)?;
    let event = Event::new(
        Kind::SessionEnded,
        person.id,
        format!("{} ended a session.", person.name),
    )
    .with(json!({ "session": id }));
    tx.record(caller.now, &caller.who, &event, ())
}

/// Ends all of one's own sessions but this one; says how many there were.
pub fn end_other_sessions(tx: &mut Tx<'_>, caller: &Caller, actor: &Actor) -> Result<Recorded<usize>> {
    let ended = session::end_others(tx, actor.person.id, Some(&session_key(actor)?))?;
    if ended == 0 {
        return Ok(tx.unchanged(0));
    }
    let event = Event::new(
        Kind::SessionEnded,
        actor.person.id,
        format!("{} ended all other sessions.", actor.person.name),
    )
    .with(json!({ "sessions": ended }));
    tx.record(caller.now, &caller.who, &event, ended)
}

// --- clients of the API

/// A client that is to be made. Its secret is made before the transaction and told once.
#[derive(Clone)]
pub struct NewClient {
    pub id: String,
    pub secret: String,
    pub name: Name,
    pub scopes: api_client::Scopes,
}

/// Makes a client; false when this form has made one already.
pub fn add_client(
    tx: &mut Tx<'_>,
    caller: &Caller,
    person: &Person,
    once: Option<&OnceKey>,
    new: &NewClient,
) -> Result<Recorded<bool>> {
    if let Once::Again(_) = tx.once(once)? {
        return Ok(tx.unchanged(false));
    }
    api_client::add(
        tx,
        caller.now,
        person.id,
        &new.id,
        &new.secret,
        &new.name,
        new.scopes,
    )?;
    tx.made(caller.now, once, &new.id)?;
    let event = Event::new(
        Kind::ClientAdded,
        &new.id,
        format!("{} created the API client {}.", person.name, new.name),
    )
    .with(json!({ "name": new.name.as_str(), "write": new.scopes.write, "vendor": new.scopes.vendor }));
    tx.record(caller.now, &caller.who, &event, true)
}

/// One of a person's clients that lives.
pub fn client(read: &mut dyn Reads, person: PersonId, id: &str) -> Result<api_client::Client> {
    api_client::list(read, person)?
        .into_iter()
        .find(|client| client.id == id && client.ended_at.is_none())
        .ok_or(Error::NotFound)
}

/// Ends a client, and its tokens with it.
pub fn end_client(tx: &mut Tx<'_>, caller: &Caller, person: &Person, id: &str) -> Result<Recorded<()>> {
    let client = client(tx, person.id, id)?;
    api_client::end(tx, caller.now, person.id, id)?;
    let event = Event::new(
        Kind::ClientEnded,
        id,
        format!("{} revoked the API client {}.", person.name, client.name),
    );
    tx.record(caller.now, &caller.who, &event, ())
}

/// Ends anybody's client: for whoever looks after the server.
pub fn end_client_of(tx: &mut Tx<'_>, at: Moment, who: &Who, id: &str) -> Result<Recorded<()>> {
    let owner = api_client::owner(tx, id)?;
    let client = client(tx, owner, id)?;
    api_client::end(tx, at, owner, id)?;
    let person = people::find(tx, owner)?;
    let event = Event::new(
        Kind::ClientEnded,
        id,
        format!(
            "The API client {} of {} was revoked.",
            client.name,
            person.label()
        ),
    );
    tx.record(at, who, &event, ())
}

/// Trades a client's secret for an access token; says whose client it is.
pub fn trade(
    read: &mut dyn Reads,
    caller: &Caller,
    portal: &Portal,
    id: &str,
    secret: &str,
) -> Result<Option<(String, Person)>> {
    match api_client::trade(read, &portal.signing, caller.wall, id, secret)? {
        Some((access, person)) => Ok(Some((access, people::find(read, person)?))),
        None => Ok(None),
    }
}

/// Lets a client in with a code that a person has given it; false when it was let in with that code before.
pub fn redeem(
    tx: &mut Tx<'_>,
    caller: &Caller,
    client: &str,
    person: &Person,
    code: &str,
) -> Result<Recorded<bool>> {
    let once = OnceKey {
        owner: "authorization code".to_owned(),
        token: token::digest(code),
        hash: String::new(),
    };
    if let Once::Again(_) = tx.once(Some(&once))? {
        return Ok(tx.unchanged(false));
    }
    tx.made(caller.now, Some(&once), client)?;
    note_trade(tx, caller, client, person).map(|done| done.map(|()| true))
}

/// Records that a client was given a token.
pub fn note_trade(tx: &mut Tx<'_>, caller: &Caller, id: &str, person: &Person) -> Result<Recorded<()>> {
    api_client::used(tx, caller.now, id)?;
    let who = Who {
        person: Some(person.id),
        label: person.label(),
        ..caller.who.clone()
    };
    let event = Event::new(
        Kind::TokenIssued,
        id,
        format!("An API client of {} was given an access token.", person.name),
    );
    tx.record(caller.now, &who, &event, ())
}
