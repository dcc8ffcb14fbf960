//! The tables of people, sessions, misses, clients and links.

use super::api_client::Client;
use super::people::{Person, PersonState, PlatformRole};
use super::session::{Beginning, Session, Way};
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SessionId};
use crate::kernel::{EmailAddress, Moment, search_key};
use crate::platform::db::schema::{
    api_clients, known_networks, links, people, platform_roles, second_factors, sessions, sign_in_misses,
};
use crate::platform::db::{OnTaken, Reads, Tx};
use diesel::prelude::*;

#[derive(Queryable)]
struct PersonRow {
    id: PersonId,
    email: String,
    name: String,
    access_level: i32,
    state: PersonState,
    version: i64,
}

macro_rules! person_columns {
    () => {
        (
            people::id,
            people::email,
            people::name,
            people::access_level,
            people::state,
            people::version,
        )
    };
}

fn to_person(row: PersonRow) -> Result<Person> {
    let email = EmailAddress::parse(&row.email).map_err(Error::internal)?;
    Ok(Person {
        id: row.id,
        email,
        name: row.name,
        access_level: row.access_level,
        state: row.state,
        version: row.version,
    })
}

pub fn person(read: &mut dyn Reads, id: PersonId) -> Result<Person> {
    to_person(
        people::table
            .find(id)
            .select(person_columns!())
            .first(read.conn())?,
    )
}

/// A person, and whether they have a second factor.
pub fn person_with_factor(read: &mut dyn Reads, id: PersonId) -> Result<(Person, bool)> {
    let (row, factor): (PersonRow, Option<PersonId>) = people::table
        .left_join(second_factors::table.on(second_factors::person_id.eq(people::id)))
        .filter(people::id.eq(id))
        .select((person_columns!(), second_factors::person_id.nullable()))
        .first(read.conn())?;
    Ok((to_person(row)?, factor.is_some()))
}

pub fn people(read: &mut dyn Reads, ids: &[PersonId]) -> Result<Vec<Person>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let rows: Vec<PersonRow> = people::table
            .filter(people::id.eq_any(some.to_vec()))
            .select(person_columns!())
            .load(read.conn())?;
        for row in rows {
            found.push(to_person(row)?);
        }
    }
    Ok(found)
}

pub fn person_by_email(read: &mut dyn Reads, key: &str) -> Result<Option<Person>> {
    let row: Option<PersonRow> = people::table
        .filter(people::email_key.eq(key))
        .select(person_columns!())
        .first(read.conn())
        .optional()?;
    row.map(to_person).transpose()
}

pub fn people_by_email(read: &mut dyn Reads, keys: &[String]) -> Result<Vec<Person>> {
    let mut found = Vec::new();
    for some in keys.chunks(500) {
        let rows: Vec<PersonRow> = people::table
            .filter(people::email_key.eq_any(some.to_vec()))
            .select(person_columns!())
            .load(read.conn())?;
        for row in rows {
            found.push(to_person(row)?);
        }
    }
    Ok(found)
}

pub fn active_people(read: &mut dyn Reads, most: i64) -> Result<Vec<Person>> {
    let rows: Vec<PersonRow> = people::table
        .filter(people::state.eq(PersonState::Active))
        .order((people::search_key.asc(), people::id.asc()))
        .limit(most)
        .select(person_columns!())
        .load(read.conn())?;
    rows.into_iter().map(to_person).collect()
}

pub fn with_platform_role(read: &mut dyn Reads, role: PlatformRole) -> Result<Vec<Person>> {
    let rows: Vec<PersonRow> = people::table
        .inner_join(platform_roles::table.on(platform_roles::person_id.eq(people::id)))
        .filter(
            platform_roles::role
                .eq(role)
                .and(people::state.eq(PersonState::Active)),
        )
        .order(people::email_key.asc())
        .select(person_columns!())
        .load(read.conn())?;
    rows.into_iter().map(to_person).collect()
}

/// Everybody who is not taken out of use, and since when they are there.
pub fn all_people(read: &mut dyn Reads, most: i64) -> Result<Vec<(Person, Moment)>> {
    let rows: Vec<(PersonRow, Moment)> = people::table
        .filter(people::state.ne(PersonState::Disabled))
        .order((people::created_at.asc(), people::id.asc()))
        .limit(most)
        .select((person_columns!(), people::created_at))
        .load(read.conn())?;
    rows.into_iter()
        .map(|(row, at)| Ok((to_person(row)?, at)))
        .collect()
}

pub fn count_people(read: &mut dyn Reads) -> Result<i64> {
    Ok(people::table.count().get_result(read.conn())?)
}

pub fn insert_person(
    tx: &mut Tx<'_>,
    at: Moment,
    id: PersonId,
    email: &EmailAddress,
    name: &str,
    password_hash: Option<&str>,
    access_level: i32,
) -> Result<Person> {
    let row: PersonRow = diesel::insert_into(people::table)
        .values((
            people::id.eq(id),
            people::email.eq(email.as_str()),
            people::email_key.eq(email.key()),
            people::name.eq(name),
            people::search_key.eq(search_key(&format!("{name} {email}"))),
            people::password_hash.eq(password_hash),
            people::access_level.eq(access_level),
            people::state.eq(if password_hash.is_some() {
                PersonState::Active
            } else {
                PersonState::Invited
            }),
            people::created_at.eq(at),
            people::version.eq(1),
        ))
        .returning(person_columns!())
        .get_result(tx.conn())
        .on_taken(|| {
            Error::refused(
                "people.address-taken",
                format!("{email} has a user account already."),
            )
        })?;
    to_person(row)
}

pub fn insert_platform_role(tx: &mut Tx<'_>, id: PersonId, role: PlatformRole) -> Result<()> {
    diesel::insert_into(platform_roles::table)
        .values((platform_roles::person_id.eq(id), platform_roles::role.eq(role)))
        .execute(tx.conn())?;
    Ok(())
}

pub fn delete_platform_role(tx: &mut Tx<'_>, id: PersonId, role: PlatformRole) -> Result<bool> {
    let held = platform_roles::person_id
        .eq(id)
        .and(platform_roles::role.eq(role));
    Ok(diesel::delete(platform_roles::table.filter(held)).execute(tx.conn())? == 1)
}

pub fn platform_roles(read: &mut dyn Reads, id: PersonId) -> Result<Vec<PlatformRole>> {
    Ok(platform_roles::table
        .filter(platform_roles::person_id.eq(id))
        .select(platform_roles::role)
        .order(platform_roles::role.asc())
        .load(read.conn())?)
}

pub fn activate(tx: &mut Tx<'_>, id: PersonId, name: &str, hash: &str) -> Result<()> {
    let email: String = people::table.find(id).select(people::email).first(tx.conn())?;
    let changed =
        diesel::update(people::table.filter(people::id.eq(id).and(people::state.eq(PersonState::Invited))))
            .set((
                people::name.eq(name),
                people::search_key.eq(search_key(&format!("{name} {email}"))),
                people::password_hash.eq(Some(hash)),
                people::state.eq(PersonState::Active),
                people::version.eq(people::version + 1),
            ))
            .execute(tx.conn())?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::refused(
            "people.not-invited",
            "This user account has been set up already. Sign in instead.",
        ))
    }
}

pub fn rename(tx: &mut Tx<'_>, id: PersonId, version: i64, name: &str) -> Result<bool> {
    let email: String = people::table.find(id).select(people::email).first(tx.conn())?;
    let changed = diesel::update(people::table.filter(people::id.eq(id).and(people::version.eq(version))))
        .set((
            people::name.eq(name),
            people::search_key.eq(search_key(&format!("{name} {email}"))),
            people::version.eq(people::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

pub fn password_hash(read: &mut dyn Reads, id: PersonId) -> Result<Option<String>> {
    Ok(people::table
        .find(id)
        .select(people::password_hash)
        .first(read.conn())?)
}

pub fn set_password_hash(tx: &mut Tx<'_>, id: PersonId, hash: &str) -> Result<()> {
    diesel::update(people::table.find(id))
        .set((
            people::password_hash.eq(Some(hash)),
            people::version.eq(people::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn renew_password_hash(tx: &mut Tx<'_>, id: PersonId, old: &str, new: &str) -> Result<()> {
    diesel::update(people::table.filter(people::id.eq(id).and(people::password_hash.eq(old))))
        .set(people::password_hash.eq(Some(new)))
        .execute(tx.conn())?;
    Ok(())
}

pub fn set_state(tx: &mut Tx<'_>, id: PersonId, state: PersonState) -> Result<()> {
    diesel::update(people::table.find(id))
        .set((people::state.eq(state), people::version.eq(people::version + 1)))
        .execute(tx.conn())?;
    Ok(())
}

// --- sessions

#[derive(Queryable)]
pub struct SessionRow {
    pub public_id: SessionId,
    pub person_id: PersonId,
    pub created_at: Moment,
    pub seen_at: Moment,
    pub fresh_at: Moment,
}

pub fn insert_session(
    tx: &mut Tx<'_>,
    key: &str,
    public_id: SessionId,
    person: PersonId,
    wall: Moment,
    Beginning { address, agent, way }: Beginning<'_>,
) -> Result<()> {
    let agent: String = agent.chars().filter(|c| !c.is_control()).take(300).collect();
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(key),
            sessions::public_id.eq(public_id),
            sessions::person_id.eq(person),
            sessions::created_at.eq(wall),
            sessions::seen_at.eq(wall),
            sessions::fresh_at.eq(wall),
            sessions::address.eq(address.chars().take(64).collect::<String>()),
            sessions::agent.eq(agent),
            sessions::way.eq(way),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn session(read: &mut dyn Reads, key: &str) -> Result<Option<SessionRow>> {
    Ok(sessions::table
        .find(key)
        .select((
            sessions::public_id,
            sessions::person_id,
            sessions::created_at,
            sessions::seen_at,
            sessions::fresh_at,
        ))
        .first(read.conn())
        .optional()?)
}

/// A session, and whose it is by address: people have other ids in another state of the lab.
#[derive(Debug, Clone, Queryable)]
pub struct CarriedSession {
    key: String,
    public_id: SessionId,
    email_key: String,
    created_at: Moment,
    seen_at: Moment,
    fresh_at: Moment,
    address: String,
    agent: String,
    way: Way,
}

pub fn all_sessions(read: &mut dyn Reads) -> Result<Vec<CarriedSession>> {
    Ok(sessions::table
        .inner_join(people::table.on(people::id.eq(sessions::person_id)))
        .order(sessions::id.asc())
        .select((
            sessions::id,
            sessions::public_id,
            people::email_key,
            sessions::created_at,
            sessions::seen_at,
            sessions::fresh_at,
            sessions::address,
            sessions::agent,
            sessions::way,
        ))
        .load(read.conn())?)
}

/// Makes these the only sessions; those of people who are not there end.
pub fn replace_sessions(tx: &mut Tx<'_>, carried: &[CarriedSession]) -> Result<()> {
    diesel::delete(sessions::table).execute(tx.conn())?;
    for one in carried {
        let person: Option<PersonId> = people::table
            .filter(people::email_key.eq(&one.email_key))
            .select(people::id)
            .first(tx.conn())
            .optional()?;
        let Some(person) = person else { continue };
        diesel::insert_into(sessions::table)
            .values((
                sessions::id.eq(&one.key),
                sessions::public_id.eq(one.public_id),
                sessions::person_id.eq(person),
                sessions::created_at.eq(one.created_at),
                sessions::seen_at.eq(one.seen_at),
                sessions::fresh_at.eq(one.fresh_at),
                sessions::address.eq(&one.address),
                sessions::agent.eq(&one.agent),
                sessions::way.eq(one.way),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

pub fn touch_session(tx: &mut Tx<'_>, key: &str, wall: Moment) -> Result<()> {
    diesel::update(sessions::table.find(key))
        .set(sessions::seen_at.eq(wall))
        .execute(tx.conn())?;
    Ok(())
}

pub fn renew_session(tx: &mut Tx<'_>, key: &str, new_key: &str, wall: Moment) -> Result<bool> {
    Ok(diesel::update(sessions::table.find(key))
        .set((
            sessions::id.eq(new_key),
            sessions::fresh_at.eq(wall),
            sessions::seen_at.eq(wall),
        ))
        .execute(tx.conn())?
        == 1)
}

pub fn end_session(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    diesel::delete(sessions::table.find(key)).execute(tx.conn())?;
    Ok(())
}

pub fn end_session_of(tx: &mut Tx<'_>, person: PersonId, id: SessionId) -> Result<bool> {
    Ok(
        diesel::delete(
            sessions::table.filter(sessions::person_id.eq(person).and(sessions::public_id.eq(id))),
        )
        .execute(tx.conn())?
            == 1,
    )
}

pub fn end_sessions(tx: &mut Tx<'_>, person: PersonId, except: Option<&str>) -> Result<usize> {
    let others = sessions::table
        .filter(sessions::person_id.eq(person))
        .filter(sessions::id.ne(except.unwrap_or_default()));
    Ok(diesel::delete(others).execute(tx.conn())?)
}

pub fn sessions(
    read: &mut dyn Reads,
    person: PersonId,
    seen_after: Moment,
    made_after: Moment,
) -> Result<Vec<Session>> {
    type Row = (SessionId, Moment, Moment, String, String, Way);
    let rows: Vec<Row> = sessions::table
        .filter(
            sessions::person_id
                .eq(person)
                .and(sessions::seen_at.gt(seen_after))
                .and(sessions::created_at.gt(made_after)),
        )
        .order(sessions::created_at.desc())
        .select((
            sessions::public_id,
            sessions::created_at,
            sessions::seen_at,
            sessions::address,
            sessions::agent,
            sessions::way,
        ))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, created_at, seen_at, address, agent, way)| Session {
            id,
            created_at,
            seen_at,
            address,
            agent,
            way,
        })
        .collect())
}

pub fn count_sessions(read: &mut dyn Reads, seen_after: Moment, made_after: Moment) -> Result<i64> {
    Ok(sessions::table
        .filter(
            sessions::seen_at
                .gt(seen_after)
                .and(sessions::created_at.gt(made_after)),
        )
        .count()
        .get_result(read.conn())?)
}

pub fn sweep_sessions(tx: &mut Tx<'_>, seen_before: Moment, made_before: Moment) -> Result<usize> {
    Ok(diesel::delete(
        sessions::table.filter(
            sessions::seen_at
                .lt(seen_before)
                .or(sessions::created_at.lt(made_before)),
        ),
    )
    .execute(tx.conn())?)
}

// --- misses

pub fn blocked_until(read: &mut dyn Reads, subject: &str) -> Result<Option<Moment>> {
    Ok(sign_in_misses::table
        .find(subject)
        .select(sign_in_misses::blocked_until)
        .first(read.conn())
        .optional()?)
}

pub fn misses(read: &mut dyn Reads, subject: &str, not_before: Moment) -> Result<i32> {
    let row: Option<i32> = sign_in_misses::table
        .filter(
            sign_in_misses::subject
                .eq(subject)
                .and(sign_in_misses::updated_at.gt(not_before)),
        )
        .select(sign_in_misses::misses)
        .first(read.conn())
        .optional()?;
    Ok(row.unwrap_or(0))
}

pub fn set_misses(
    tx: &mut Tx<'_>,
    subject: &str,
    misses: i32,
    blocked_until: Moment,
    wall: Moment,
) -> Result<()> {
    let values = (
        sign_in_misses::misses.eq(misses),
        sign_in_misses::blocked_until.eq(blocked_until),
        sign_in_misses::updated_at.eq(wall),
    );
    if diesel::update(sign_in_misses::table.find(subject))
        .set(values)
        .execute(tx.conn())?
        == 0
    {
        diesel::insert_into(sign_in_misses::table)
            .values((sign_in_misses::subject.eq(subject), values))
            .execute(tx.conn())?;
    }
    Ok(())
}

pub fn clear_misses(tx: &mut Tx<'_>, subject: &str) -> Result<()> {
    diesel::delete(sign_in_misses::table.find(subject)).execute(tx.conn())?;
    Ok(())
}

pub fn sweep_misses(tx: &mut Tx<'_>, before: Moment) -> Result<usize> {
    Ok(
        diesel::delete(sign_in_misses::table.filter(sign_in_misses::updated_at.lt(before)))
            .execute(tx.conn())?,
    )
}

// --- networks from which people came in

pub fn is_known_network(read: &mut dyn Reads, email_key: &str, network: &str, since: Moment) -> Result<bool> {
    let found: Option<PersonId> = known_networks::table
        .inner_join(people::table.on(people::id.eq(known_networks::person_id)))
        .filter(
            people::email_key
                .eq(email_key)
                .and(known_networks::network.eq(network))
                .and(known_networks::seen_at.ge(since)),
        )
        .select(people::id)
        .first(read.conn())
        .optional()?;
    Ok(found.is_some())
}

pub fn know_network(tx: &mut Tx<'_>, person: PersonId, network: &str, wall: Moment) -> Result<()> {
    if diesel::update(known_networks::table.find((person, network)))
        .set(known_networks::seen_at.eq(wall))
        .execute(tx.conn())?
        == 0
    {
        diesel::insert_into(known_networks::table)
            .values((
                known_networks::person_id.eq(person),
                known_networks::network.eq(network),
                known_networks::seen_at.eq(wall),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

pub fn forget_networks(tx: &mut Tx<'_>, before: Moment) -> Result<usize> {
    Ok(
        diesel::delete(known_networks::table.filter(known_networks::seen_at.lt(before)))
            .execute(tx.conn())?,
    )
}

// --- clients

#[derive(Queryable)]
pub struct ClientRow {
    pub person_id: PersonId,
    pub name: String,
    pub secret_hash: String,
    pub scopes: String,
    pub ended_at: Option<Moment>,
}

pub fn insert_client(
    tx: &mut Tx<'_>,
    at: Moment,
    person: PersonId,
    id: &str,
    secret_hash: &str,
    name: &str,
    scopes: &str,
) -> Result<()> {
    diesel::insert_into(api_clients::table)
        .values((
            api_clients::id.eq(id),
            api_clients::person_id.eq(person),
            api_clients::name.eq(name),
            api_clients::secret_hash.eq(secret_hash),
            api_clients::scopes.eq(scopes),
            api_clients::created_at.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn client(read: &mut dyn Reads, id: &str) -> Result<Option<ClientRow>> {
    Ok(api_clients::table
        .find(id)
        .select((
            api_clients::person_id,
            api_clients::name,
            api_clients::secret_hash,
            api_clients::scopes,
            api_clients::ended_at,
        ))
        .first(read.conn())
        .optional()?)
}

#[derive(Queryable)]
struct ListedClient {
    person: PersonId,
    id: String,
    name: String,
    scopes: String,
    created_at: Moment,
    last_used_at: Option<Moment>,
    ended_at: Option<Moment>,
}

impl ListedClient {
    fn client(self) -> (PersonId, Client) {
        let client = Client {
            id: self.id,
            name: self.name,
            scopes: self.scopes,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
            ended_at: self.ended_at,
        };
        (self.person, client)
    }
}

macro_rules! client_columns {
    () => {
        (
            api_clients::person_id,
            api_clients::id,
            api_clients::name,
            api_clients::scopes,
            api_clients::created_at,
            api_clients::last_used_at,
            api_clients::ended_at,
        )
    };
}

pub fn clients(read: &mut dyn Reads, person: PersonId) -> Result<Vec<Client>> {
    let rows: Vec<ListedClient> = api_clients::table
        .filter(api_clients::person_id.eq(person))
        .order(api_clients::created_at.desc())
        .select(client_columns!())
        .load(read.conn())?;
    Ok(rows.into_iter().map(|row| row.client().1).collect())
}

pub fn living_clients(read: &mut dyn Reads, most: i64) -> Result<Vec<(PersonId, Client)>> {
    let rows: Vec<ListedClient> = api_clients::table
        .filter(api_clients::ended_at.is_null())
        .order((api_clients::created_at.desc(), api_clients::id.asc()))
        .limit(most)
        .select(client_columns!())
        .load(read.conn())?;
    Ok(rows.into_iter().map(ListedClient::client).collect())
}

/// Takes a person out of use until they are invited again: no password, and no way in.
pub fn retire_person(tx: &mut Tx<'_>, id: PersonId) -> Result<()> {
    diesel::update(people::table.find(id))
        .set((
            people::password_hash.eq(None::<String>),
            people::state.eq(PersonState::Disabled),
            people::version.eq(people::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Makes a person who was taken out of use an invited one.
pub fn bring_back(tx: &mut Tx<'_>, id: PersonId, name: &str) -> Result<()> {
    let email: String = people::table.find(id).select(people::email).first(tx.conn())?;
    diesel::update(people::table.find(id))
        .set((
            people::name.eq(name),
            people::search_key.eq(search_key(&format!("{name} {email}"))),
            people::state.eq(PersonState::Invited),
            people::version.eq(people::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn touch_client(tx: &mut Tx<'_>, id: &str, at: Moment) -> Result<()> {
    diesel::update(api_clients::table.find(id))
        .set(api_clients::last_used_at.eq(Some(at)))
        .execute(tx.conn())?;
    Ok(())
}

pub fn end_client(tx: &mut Tx<'_>, at: Moment, person: PersonId, id: &str) -> Result<bool> {
    let live = api_clients::table.filter(
        api_clients::id
            .eq(id)
            .and(api_clients::person_id.eq(person))
            .and(api_clients::ended_at.is_null()),
    );
    Ok(diesel::update(live)
        .set(api_clients::ended_at.eq(Some(at)))
        .execute(tx.conn())?
        == 1)
}

pub fn end_clients(tx: &mut Tx<'_>, person: PersonId, at: Moment) -> Result<()> {
    diesel::update(
        api_clients::table.filter(
            api_clients::person_id
                .eq(person)
                .and(api_clients::ended_at.is_null()),
        ),
    )
    .set(api_clients::ended_at.eq(Some(at)))
    .execute(tx.conn())?;
    Ok(())
}

/// Links that let their holder act as a person: those for a new password.
pub fn end_links_of(tx: &mut Tx<'_>, person: PersonId, at: Moment) -> Result<()> {
    diesel::update(
        links::table.filter(
            links::about_id
                .eq(person.as_str())
                .and(links::used_at.is_null())
                .and(links::ended_at.is_null()),
        ),
    )
    .set(links::ended_at.eq(Some(at)))
    .execute(tx.conn())?;
    Ok(())
}
