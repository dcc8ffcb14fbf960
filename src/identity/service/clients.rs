//! Clients of the API: their secrets, and trading them for a token.

use super::Caller;
use crate::authn::{Person, api_client, people};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::kernel::ids::PersonId;
use crate::kernel::{Event, Kind, Moment, Name, Who};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::token;
use serde_json::json;

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
