//! Coming in: how a browser gets its session, from whatever page that happens.

use super::model;
use crate::authn::session::{Beginning, Way};
use crate::authn::{Person, Via, password, session, system_users, throttle};
use crate::error::{Problems, Result};
use crate::http::{Visit, reply};
use crate::kernel::{Event, Kind, Moment, Secret, Who};
use crate::platform::db::Tx;
use crate::platform::token;
use actix_web::HttpResponse;

/// A session that is about to begin. Made before the transaction, so that a transaction that is run once
/// more begins the same one:
///
/// ```ignore
/// let entrance = identity::Entrance::of(&visit);
/// let inside = entrance.clone();
/// visit.portal.db.write(move |tx| { /* make the person */ inside.begin(tx, &person)?; tx.record(..) }).await?;
/// let mut response = visit.see_other("/software-central", flash);
/// entrance.set_cookie(&mut response);
/// ```
#[derive(Clone)]
pub struct Entrance {
    cookie: String,
    /// The session that this browser had: it ends, whoever it belonged to.
    before: Option<String>,
    now: Moment,
    wall: Moment,
    /// When they last proved who they are.
    fresh_at: Moment,
    address: String,
    agent: String,
    request_id: String,
}

impl Entrance {
    /// For the browser of a visit. The cookie that it sent, if any, is never taken over.
    pub fn of(visit: &Visit) -> Self {
        let before = visit.actor.as_ref().and_then(|actor| match &actor.via {
            Via::Session { key, .. } => Some(key.clone()),
            Via::Client { .. } => None,
        });
        let wall = visit.portal.clock.wall();
        Self {
            cookie: token::random(),
            before,
            now: visit.portal.clock.now(),
            wall,
            fresh_at: wall,
            address: visit.address.clone(),
            agent: visit.agent.clone(),
            request_id: visit.request_id.clone(),
        }
    }

    /// Of somebody who proved who they are at another time than now; a provider may have done so hours ago, or not say when.
    #[must_use]
    pub(super) fn proved(mut self, at: Option<i64>) -> Self {
        let at = at.and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
        let stale = self.wall.plus(-session::FRESH);
        self.fresh_at = at.map_or(stale, |at| Moment::of(at).clamp(stale, self.wall));
        self
    }

    /// Begins the session inside a room's own write, with a line in the record, for somebody who came by a link. The person
    /// may have come to be in the same transaction.
    pub fn begin(&self, tx: &mut Tx<'_>, person: &Person) -> Result<()> {
        let event = self.open(tx, person, Way::Link)?;
        tx.note(self.now, &self.who(person), &event)
    }

    /// The same, where coming in is all that happens: the caller records the event.
    pub(super) fn open(&self, tx: &mut Tx<'_>, person: &Person, way: Way) -> Result<Event> {
        if let Some(before) = &self.before {
            session::end(tx, before)?;
        }
        throttle::know(tx, self.wall, person.id, &self.address)?;
        let beginning = Beginning {
            address: &self.address,
            agent: &self.agent,
            way,
            fresh_at: self.fresh_at,
        };
        let id = session::start(tx, self.wall, person.id, &self.cookie, beginning)?;
        system_users::signed_in(tx, person.id, self.now)?;
        Ok(
            Event::new(Kind::SignedIn, person.id, format!("{} signed in.", person.name))
                .with(serde_json::json!({ "session": id, "way": way })),
        )
    }

    /// The person, as the record keeps who came in.
    pub fn who(&self, person: &Person) -> Who {
        Who {
            person: Some(person.id),
            label: person.label(),
            address: self.address.clone(),
            request_id: self.request_id.clone(),
        }
    }

    /// Gives the browser its cookie, once the transaction has been committed.
    pub fn set_cookie(&self, response: &mut HttpResponse) {
        reply::set_cookie(response, session::COOKIE, &self.cookie, None);
    }
}

/// The fewest characters of a new password here: an On-Prem server sets its own number.
pub async fn shortest_password(visit: &Visit) -> Result<usize> {
    visit.portal.db.read(|r| system_users::shortest_password(r)).await
}

/// What stands below a field for a new password.
pub fn password_hint(shortest: usize) -> String {
    format!(
        "{shortest} to {} characters. A few unrelated words are easy to keep in mind and hard to guess.",
        password::LONGEST
    )
}

/// Checks a new password that was typed twice, in the fields `password` and `password_again` (fields whose
/// names hold "password" are never shown again). `about` are words that an attacker would try first: the
/// person's name and address, the company. `shortest` is what [`shortest_password`] says.
pub fn check_new_password(
    password: &str,
    again: &str,
    about: &[&str],
    shortest: usize,
) -> Result<Secret, Problems> {
    model::new_password("password", password, again, about, shortest)
}
