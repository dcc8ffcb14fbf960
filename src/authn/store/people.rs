//! People, their passwords and their roles on the platform.

use crate::authn::people::{Person, PersonState, PlatformRole};
use crate::error::{Error, Result};
use crate::kernel::ids::PersonId;
use crate::kernel::{EmailAddress, Moment, search_key};
use crate::platform::db::schema::{people, platform_roles, second_factors};
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

/// Puts people in, who have no password yet or all of them the same.
pub fn insert_people(
    tx: &mut Tx<'_>,
    at: Moment,
    people: &[Person],
    password_hash: Option<&str>,
) -> Result<()> {
    let rows: Vec<_> = people
        .iter()
        .map(|person| {
            (
                people::id.eq(person.id),
                people::email.eq(person.email.as_str()),
                people::email_key.eq(person.email.key()),
                people::name.eq(&person.name),
                people::search_key.eq(search_key(&format!("{} {}", person.name, person.email))),
                people::password_hash.eq(password_hash),
                people::access_level.eq(person.access_level),
                people::state.eq(person.state),
                people::created_at.eq(at),
                people::version.eq(person.version),
            )
        })
        .collect();
    let mut put = || {
        crate::put_many!(tx, people::table, &rows);
        Ok(())
    };
    put().on_taken(|| {
        Error::refused(
            "people.address-taken",
            match people {
                [one] => format!("{} has a user account already.", one.email),
                _ => {
                    "One of these addresses got a user account meanwhile. Look at the list again.".to_owned()
                }
            },
        )
    })
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

pub fn activate(tx: &mut Tx<'_>, id: PersonId, name: &str, hash: Option<&str>) -> Result<()> {
    let email: String = people::table.find(id).select(people::email).first(tx.conn())?;
    let changed =
        diesel::update(people::table.filter(people::id.eq(id).and(people::state.eq(PersonState::Invited))))
            .set((
                people::name.eq(name),
                people::search_key.eq(search_key(&format!("{name} {email}"))),
                people::password_hash.eq(hash),
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
