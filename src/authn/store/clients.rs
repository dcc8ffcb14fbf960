//! API clients of people.

use crate::authn::api_client::Client;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::PersonId;
use crate::platform::db::schema::api_clients;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

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
