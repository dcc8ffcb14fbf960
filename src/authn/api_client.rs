//! Clients of the API: a person's keys for scripts. A client trades its secret for a short-lived access
//! token; each request checks that the client still lives, so a token dies with its client.

use super::actor::{Actor, Via};
use super::people::PersonState;
use super::store;
use crate::error::{Error, Result};
use crate::kernel::ids::PersonId;
use crate::kernel::{Moment, Name, Who};
use crate::platform::db::{Reads, Tx};
use crate::platform::signing::{Claims, Signing};
use crate::platform::token;
use chrono::TimeDelta;

/// The `typ` of access tokens.
const KIND: &str = "at+jwt";
/// Their `aud`.
const PURPOSE: &str = "licentral-api";
/// The `aud` of those that a vendor's token address gave.
const VENDOR_PURPOSE: &str = "licentral-vendor-api";
/// How long one lives, as the real portal's do.
pub const LIFE: TimeDelta = TimeDelta::seconds(3599);
/// The `typ` of authorization codes.
const CODE_KIND: &str = "code+jwt";
/// How long a code can be traded for an access token (RFC 6749, section 4.1.2: ten minutes at most).
const CODE_LIFE: TimeDelta = TimeDelta::minutes(1);

/// Among the scopes of a client that is not subscribed to the vendor's APIs; those from before there was a choice are.
const NOT_SUBSCRIBED: &str = "unsubscribed";

/// What a client was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes {
    /// It may change what its owner may change; it only reads otherwise.
    pub write: bool,
    /// It is subscribed to the vendor's APIs, in the vendor's words; its calls there are refused otherwise.
    pub vendor: bool,
}

impl Scopes {
    /// Every script may do what its owner may, at all addresses.
    pub const ALL: Self = Self {
        write: true,
        vendor: true,
    };
    fn parse(text: &str) -> Self {
        let has = |wanted: &str| text.split(' ').any(|scope| scope == wanted);
        Self {
            write: has("write"),
            vendor: !has(NOT_SUBSCRIBED),
        }
    }
}

impl std::fmt::Display for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("read")?;
        if self.write {
            f.write_str(" write")?;
        }
        if !self.vendor {
            f.write_str(" ")?;
            f.write_str(NOT_SUBSCRIBED)?;
        }
        Ok(())
    }
}

/// A client as its owner sees it.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct Client {
    /// Public.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Words with blanks between them: `read`, `write` where it may change something, `unsubscribed` where the vendor's
    /// addresses turn it away.
    pub scopes: String,
    /// Since when.
    pub created_at: Moment,
    /// Last token, if any.
    pub last_used_at: Option<Moment>,
    /// When it was revoked.
    pub ended_at: Option<Moment>,
}

/// Adds a client. Its secret was made before the transaction; only a digest is kept.
pub fn add(
    tx: &mut Tx<'_>,
    at: Moment,
    person: PersonId,
    id: &str,
    secret: &str,
    name: &Name,
    scopes: Scopes,
) -> Result<()> {
    store::insert_client(
        tx,
        at,
        person,
        id,
        &token::digest(secret),
        name.as_str(),
        &scopes.to_string(),
    )
}

/// A person's clients.
pub fn list(read: &mut dyn Reads, person: PersonId) -> Result<Vec<Client>> {
    store::clients(read, person)
}

/// Everybody's clients that live, the newest first, with whose they are.
pub fn all_living(read: &mut dyn Reads, most: i64) -> Result<Vec<(PersonId, Client)>> {
    store::living_clients(read, most)
}

/// Whose a client is.
pub fn owner(read: &mut dyn Reads, id: &str) -> Result<PersonId> {
    Ok(store::client(read, id)?.ok_or(Error::NotFound)?.person_id)
}

/// Ends a client and, with it, its tokens.
pub fn end(tx: &mut Tx<'_>, at: Moment, person: PersonId, id: &str) -> Result<()> {
    if store::end_client(tx, at, person, id)? {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

/// Whether an access token was asked for at one of the vendor's token addresses. It opens what every other opens; it only
/// says in whose language its script speaks, where two share an address.
pub fn speaks_as_vendor(access: &str) -> bool {
    Signing::claimed_purpose(access).is_some_and(|purpose| purpose == VENDOR_PURPOSE)
}

/// Whether an access token was asked for at our own token address.
pub fn speaks_as_we_do(access: &str) -> bool {
    Signing::claimed_purpose(access).is_some_and(|purpose| purpose == PURPOSE)
}

/// Whether a client is known by this secret, and lives.
pub fn is_known(read: &mut dyn Reads, id: &str, secret: &str) -> Result<bool> {
    let row = store::client(read, id)?;
    let known = row.as_ref().map_or("-", |r| r.secret_hash.as_str());
    let right = token::same(known, &token::digest(secret));
    Ok(right && row.is_some_and(|row| row.ended_at.is_none()))
}

/// A token from one of the vendor's token addresses, for a client that is known: for the person who signed in through it, or
/// for the client's owner.
pub fn vendor_token(
    read: &mut dyn Reads,
    signing: &Signing,
    wall: Moment,
    id: &str,
    signed_in: Option<PersonId>,
) -> Result<Option<(String, PersonId)>> {
    let Some(row) = store::client(read, id)?.filter(|row| row.ended_at.is_none()) else {
        return Ok(None);
    };
    let person = signed_in.unwrap_or(row.person_id);
    if store::person(read, person)?.state != PersonState::Active {
        return Ok(None);
    }
    let subject = match signed_in {
        Some(person) => format!("{id} {person}"),
        None => id.to_owned(),
    };
    let access = signing.sign(KIND, VENDOR_PURPOSE, &subject, wall, wall.plus(LIFE))?;
    Ok(Some((access, person)))
}

/// A client for which somebody may be asked to sign in: its name, and whose it is.
pub fn asking(read: &mut dyn Reads, id: &str) -> Result<Option<(String, PersonId)>> {
    let row = store::client(read, id)?.filter(|row| row.ended_at.is_none());
    Ok(row.map(|row| (row.name, row.person_id)))
}

/// The code with which a client is told that a person lets it in (RFC 6749, section 4.1). It is good for the address to which
/// it is sent alone.
pub fn code_for(signing: &Signing, wall: Moment, id: &str, person: PersonId, back: &str) -> Result<String> {
    let subject = format!("{id} {person} {}", token::digest(back));
    signing.sign(CODE_KIND, VENDOR_PURPOSE, &subject, wall, wall.plus(CODE_LIFE))
}

/// Whom a code lets this client in for, if it was sent to that address and is not too old. That it was used before is found
/// out where its use is kept.
pub fn code_of(signing: &Signing, wall: Moment, id: &str, back: &str, code: &str) -> Option<PersonId> {
    let claims = signing.verify(CODE_KIND, VENDOR_PURPOSE, code, wall)?;
    let mut parts = claims.sub.split(' ');
    let (client, person, sent_to) = (parts.next()?, parts.next()?, parts.next()?);
    (client == id && token::same(sent_to, &token::digest(back)))
        .then(|| person.parse().ok())
        .flatten()
}

/// Trades a secret for a token. Unknown client and wrong secret are the same to the caller. Nothing is written:
/// each request asks whether the client lives, so a token that nobody noted opens no more than one that was.
pub fn trade(
    read: &mut dyn Reads,
    signing: &Signing,
    wall: Moment,
    id: &str,
    secret: &str,
) -> Result<Option<(String, PersonId)>> {
    let row = store::client(read, id)?;
    let known = row.as_ref().map_or(String::from("-"), |r| r.secret_hash.clone());
    let right = token::same(&known, &token::digest(secret));
    let Some(row) = row.filter(|r| right && r.ended_at.is_none()) else {
        return Ok(None);
    };
    if store::person(read, row.person_id)?.state != PersonState::Active {
        return Ok(None);
    }
    let access = signing.sign(KIND, PURPOSE, id, wall, wall.plus(LIFE))?;
    Ok(Some((access, row.person_id)))
}

/// The id of the client that an access token was given to, whether the client lives or not.
pub fn client_of(signing: &Signing, wall: Moment, access: &str) -> Option<String> {
    let claims = verified(signing, wall, access)?;
    let client = claims.sub.split(' ').next()?;
    Some(client.to_owned())
}

/// A token for a client that lives, from the portal itself: a lab carries a request of the client out again.
pub fn token_for(
    read: &mut dyn Reads,
    signing: &Signing,
    wall: Moment,
    id: &str,
    as_vendor: bool,
) -> Result<Option<String>> {
    if as_vendor {
        return Ok(vendor_token(read, signing, wall, id, None)?.map(|(access, _)| access));
    }
    let Some(row) = store::client(read, id)?.filter(|row| row.ended_at.is_none()) else {
        return Ok(None);
    };
    if store::person(read, row.person_id)?.state != PersonState::Active {
        return Ok(None);
    }
    Ok(Some(signing.sign(KIND, PURPOSE, id, wall, wall.plus(LIFE))?))
}

fn verified(signing: &Signing, wall: Moment, access: &str) -> Option<Claims> {
    let purpose = if speaks_as_vendor(access) {
        VENDOR_PURPOSE
    } else {
        PURPOSE
    };
    signing.verify(KIND, purpose, access, wall)
}

/// Notes that a client was given a token.
pub fn used(tx: &mut Tx<'_>, now: Moment, id: &str) -> Result<()> {
    store::touch_client(tx, id, now)
}

/// Who stands behind an access token, if it is still good.
pub fn find(
    read: &mut dyn Reads,
    signing: &Signing,
    wall: Moment,
    access: &str,
    address: &str,
    request_id: &str,
) -> Result<Option<Actor>> {
    let Some(claims) = verified(signing, wall, access) else {
        return Ok(None);
    };
    let (client, signed_in) = match claims.sub.split_once(' ') {
        Some((client, person)) => (client.to_owned(), person.parse().ok()),
        None => (claims.sub, None),
    };
    let Some(row) = store::client(read, &client)? else {
        return Ok(None);
    };
    if row.ended_at.is_some() {
        return Ok(None);
    }
    // A client ends with its owner, whoever signed in through it.
    if signed_in.is_some() && store::person(read, row.person_id)?.state != PersonState::Active {
        return Ok(None);
    }
    let (person, has_second_factor) = store::person_with_factor(read, signed_in.unwrap_or(row.person_id))?;
    if person.state != PersonState::Active {
        return Ok(None);
    }
    let platform = store::platform_roles(read, person.id)?;
    let who = Who {
        person: Some(person.id),
        label: format!("{} with API client {}", person.label(), row.name),
        address: address.to_owned(),
        request_id: request_id.to_owned(),
    };
    let scopes = Scopes::parse(&row.scopes);
    Ok(Some(Actor {
        person,
        platform,
        has_second_factor,
        via: Via::Client {
            id: client,
            may_write: scopes.write,
            is_subscribed: scopes.vendor,
        },
        who,
    }))
}
