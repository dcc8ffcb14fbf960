//! What one can do here. Passwords are hashed and compared before a transaction begins; in it, what was
//! found out is checked once more against what is true by then.

mod clients;
mod invite;
mod passkeys;
mod passwords;
mod provider;
mod second_factor;
mod second_step;
mod sessions;
mod set_up;
mod sign_in;

pub use clients::{NewClient, add_client, client, end_client, end_client_of, note_trade, redeem, trade};
pub use invite::{accept, invite, invite_first, rename, set_state};
pub use passkeys::{ByPasskey, Shown, add_passkey, by_passkey, prove, remove_passkey, site};
pub use passwords::{ask_reset, change_password, link_of, reset, send_reset, tell_of_change};
pub use provider::{Came, Pending, by_provider, link_by_password, miss_of_provider};
pub use second_factor::{
    Draft, Missed, Proof, Second, remove_own, remove_second_factor, renew_codes, set_up_second_factor,
};
pub use second_step::{FirstStep, second_step};
pub use sessions::{end_all_sessions, end_other_sessions, end_session};
pub use set_up::{Operator, bootstrap, may_set_up, set_up};
pub use sign_in::{
    CameIn, Known, Login, confirm, known, known_by, let_in, miss, sign_in, sign_in_as, sign_out,
};

use crate::authn::{Actor, Via, session};
use crate::error::{Error, Result};
use crate::http::Visit;
use crate::kernel::{Moment, Who};
use chrono::TimeDelta;

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
