//! Sessions: begun, found, renewed, ended, swept.

use crate::authn::session::{Beginning, Session, Way};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, SessionId};
use crate::platform::db::schema::{people, sessions};
use crate::platform::db::{KeepReady, Reads, Tx};
use diesel::prelude::*;

#[derive(Queryable)]
pub struct SessionRow {
    pub public_id: SessionId,
    pub person_id: PersonId,
    pub created_at: Moment,
    pub seen_at: Moment,
    pub fresh_at: Moment,
    pub way: Way,
}

pub fn insert_session(
    tx: &mut Tx<'_>,
    key: &str,
    public_id: SessionId,
    person: PersonId,
    wall: Moment,
    Beginning {
        address,
        agent,
        way,
        fresh_at,
    }: Beginning<'_>,
) -> Result<()> {
    let agent: String = agent.chars().filter(|c| !c.is_control()).take(300).collect();
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(key),
            sessions::public_id.eq(public_id),
            sessions::person_id.eq(person),
            sessions::created_at.eq(wall),
            sessions::seen_at.eq(wall),
            sessions::fresh_at.eq(fresh_at),
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
            sessions::way,
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
        .kept_ready()
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
