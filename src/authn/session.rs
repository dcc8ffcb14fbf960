//! Sessions of browsers. The cookie is random; the database holds its digest alone.
//! All times here are wall times: moving the lab's clock signs nobody out.

use super::actor::{Actor, Via};
use super::people::PersonState;
use super::store;
use super::system_users;
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SessionId};
use crate::kernel::{Moment, Who};
use crate::platform::db::{Reads, Tx};
use crate::platform::token;
use chrono::TimeDelta;

/// The name of the cookie. The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
pub const COOKIE: &str = "__Host-session";
/// Without a request for so long, a session ends. An On-Prem server sets its own: [`system_users::Rules`].
pub const IDLE: TimeDelta = TimeDelta::minutes(30);
/// However busy, a session ends after this.
pub const LONGEST: TimeDelta = TimeDelta::hours(12);
/// For so long after the password was given, sensitive things may be done.
pub const FRESH: TimeDelta = TimeDelta::minutes(10);
/// A session's last use is written down at most this often.
const TOUCH: TimeDelta = TimeDelta::seconds(60);

crate::words! {
    /// How somebody came in.
    pub enum Way {
        /// With the password.
        Password = "password", "Password";
        /// With the password and a code of the authenticator.
        Code = "code", "Password and code";
        /// With the password and a recovery code.
        RecoveryCode = "recovery-code", "Password and recovery code";
        /// With a passkey that checked who it was, without a password.
        Passkey = "passkey", "Passkey";
        /// With the password and a passkey.
        PasswordPasskey = "password-passkey", "Password and passkey";
        /// By the identity provider.
        Provider = "provider", "Identity provider";
        /// By the identity provider, whose sign-in stands for the second factor as well.
        ProviderFactor = "provider-factor", "Identity provider, second factor there";
        /// By the identity provider, and with a code of the authenticator.
        ProviderCode = "provider-code", "Identity provider and code";
        /// By the identity provider, and with a recovery code.
        ProviderRecoveryCode = "provider-recovery-code", "Identity provider and recovery code";
        /// By the identity provider, and with a passkey.
        ProviderPasskey = "provider-passkey", "Identity provider and passkey";
        /// By an emailed link, or that of the first start.
        Link = "link", "Link";
        /// In a lab, by a click on the cast.
        Lab = "lab", "Cast of the lab";
    }
}

impl Way {
    /// Whether the identity provider had a part in it.
    pub const fn is_by_provider(self) -> bool {
        matches!(
            self,
            Self::Provider
                | Self::ProviderFactor
                | Self::ProviderCode
                | Self::ProviderRecoveryCode
                | Self::ProviderPasskey
        )
    }
}

/// Where a session begins, and how.
#[derive(Debug, Clone, Copy)]
pub struct Beginning<'a> {
    /// The address of the browser.
    pub address: &'a str,
    /// What it says that it is.
    pub agent: &'a str,
    /// How somebody came in.
    pub way: Way,
    /// When they last proved who they are.
    pub fresh_at: Moment,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Session {
    /// Not the cookie.
    pub id: SessionId,
    /// Since when.
    pub created_at: Moment,
    /// Last use, to the minute.
    pub seen_at: Moment,
    /// From where.
    pub address: String,
    /// With what.
    pub agent: String,
    /// How its owner came in.
    pub way: Way,
}

/// Starts a session. `cookie` was made by [`token::random`] before the transaction.
pub fn start(
    tx: &mut Tx<'_>,
    wall: Moment,
    person: PersonId,
    cookie: &str,
    beginning: Beginning<'_>,
) -> Result<SessionId> {
    let id = SessionId::new();
    store::insert_session(tx, &token::digest(cookie), id, person, wall, beginning)?;
    Ok(id)
}

pub use store::CarriedSession;

/// Every session, to be carried over into another state of the lab.
pub fn carry(read: &mut dyn Reads) -> Result<Vec<CarriedSession>> {
    store::all_sessions(read)
}

/// Goes on with these sessions and no others; those of people who are not there end.
pub fn go_on_with(tx: &mut Tx<'_>, carried: &[CarriedSession]) -> Result<()> {
    store::replace_sessions(tx, carried)
}

/// Whose session a cookie stands for, if it is still good. The second part says that [`touch`] is due.
pub fn find(
    read: &mut dyn Reads,
    wall: Moment,
    cookie: &str,
    address: &str,
    request_id: &str,
) -> Result<Option<(Actor, bool)>> {
    let key = token::digest(cookie);
    let Some(row) = store::session(read, &key)? else {
        return Ok(None);
    };
    if wall >= row.created_at.plus(LONGEST) {
        return Ok(None);
    }
    let (person, has_second_factor) = store::person_with_factor(read, row.person_id)?;
    if person.state != PersonState::Active {
        return Ok(None);
    }
    let platform = store::platform_roles(read, person.id)?;
    // In the cloud nobody has set anything that would have to be read.
    let idle = if platform.iter().any(|role| role.edition().is_on_prem()) {
        system_users::idle(read)?
    } else {
        IDLE
    };
    if wall >= row.seen_at.plus(idle) {
        return Ok(None);
    }
    let who = Who {
        person: Some(person.id),
        label: person.label(),
        address: address.to_owned(),
        request_id: request_id.to_owned(),
    };
    let due = wall.since(row.seen_at) >= TOUCH;
    Ok(Some((
        Actor {
            person,
            platform,
            has_second_factor: has_second_factor || row.way == Way::ProviderFactor,
            via: Via::Session {
                id: row.public_id,
                key,
                fresh_at: row.fresh_at,
            },
            who,
        },
        due,
    )))
}

/// Notes that a session is in use.
pub fn touch(tx: &mut Tx<'_>, key: &str, wall: Moment) -> Result<()> {
    store::touch_session(tx, key, wall)
}

/// Gives a session another cookie, after its owner has given the password again: a cookie that somebody
/// else has seen before is worth nothing after. It keeps its id and its age.
pub fn renew(tx: &mut Tx<'_>, key: &str, cookie: &str, wall: Moment) -> Result<()> {
    if store::renew_session(tx, key, &token::digest(cookie), wall)? {
        Ok(())
    } else {
        Err(Error::SignedOut)
    }
}

/// How the owner of a session came in; none when it is over.
pub fn way(read: &mut dyn Reads, key: &str) -> Result<Option<Way>> {
    Ok(store::session(read, key)?.map(|row| row.way))
}

/// Ends the session of a cookie.
pub fn end(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    store::end_session(tx, key)
}

/// Ends one of a person's sessions by its shown id.
pub fn end_one(tx: &mut Tx<'_>, person: PersonId, id: SessionId) -> Result<()> {
    if store::end_session_of(tx, person, id)? {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// Ends a person's sessions, all but one if that is named by its key.
pub fn end_others(tx: &mut Tx<'_>, person: PersonId, except: Option<&str>) -> Result<usize> {
    store::end_sessions(tx, person, except)
}

/// A person's sessions, the newest first.
pub fn list(read: &mut dyn Reads, wall: Moment, person: PersonId) -> Result<Vec<Session>> {
    let idle = system_users::idle(read)?;
    store::sessions(read, person, wall.plus(-idle), wall.plus(-LONGEST))
}

/// Removes what has ended.
pub fn sweep(tx: &mut Tx<'_>, wall: Moment) -> Result<usize> {
    let idle = system_users::idle(tx)?;
    store::sweep_sessions(tx, wall.plus(-idle), wall.plus(-LONGEST))
}

/// Ends everything that was opened with an old password: other sessions and API clients.
pub fn end_all_access(tx: &mut Tx<'_>, at: Moment, person: PersonId, except: Option<&str>) -> Result<()> {
    store::end_sessions(tx, person, except)?;
    store::end_clients(tx, person, at)?;
    store::end_links_of(tx, person, at)
}

/// How many sessions are good at this time.
pub fn count(read: &mut dyn Reads, wall: Moment) -> Result<i64> {
    let idle = system_users::idle(read)?;
    store::count_sessions(read, wall.plus(-idle), wall.plus(-LONGEST))
}
