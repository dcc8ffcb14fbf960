//! Ending sessions.

use super::{Caller, session_key};
use crate::authn::{Actor, Person, session};
use crate::error::Result;
use crate::kernel::ids::SessionId;
use crate::kernel::{Event, Kind};
use crate::platform::db::{Recorded, Tx};
use serde_json::json;

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

/// Ends all of one's own sessions; says how many there were. API clients stay.
pub fn end_all_sessions(tx: &mut Tx<'_>, caller: &Caller, person: &Person) -> Result<Recorded<usize>> {
    let ended = session::end_others(tx, person.id, None)?;
    if ended == 0 {
        return Ok(tx.unchanged(0));
    }
    let event = Event::new(
        Kind::SessionEnded,
        person.id,
        format!("{} signed out everywhere.", person.name),
    )
    .with(json!({ "sessions": ended }));
    tx.record(caller.now, &caller.who, &event, ended)
}
