//! The table of user names, with the people and their roles beside it.

use super::{Filter, SystemUser, UserName};
use crate::authn::people::{PersonState, PlatformRole};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::PersonId;
use crate::platform::db::schema::{people, platform_roles, system_users as users};
use crate::platform::db::{Backend, OnTaken, Order, Reads, Tx, by, ordered};
use diesel::dsl::{Eq, InnerJoinOn, InnerJoinQuerySource, IntoBoxed};
use diesel::prelude::*;

#[derive(Queryable)]
struct UserRow {
    id: PersonId,
    user_name: String,
    name: String,
    email: String,
    role: PlatformRole,
    state: PersonState,
    last_sign_in_at: Option<Moment>,
    version: i64,
}

impl From<UserRow> for SystemUser {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            user_name: row.user_name,
            name: row.name,
            email: row.email,
            role: row.role,
            state: row.state,
            last_sign_in_at: row.last_sign_in_at,
            version: row.version,
        }
    }
}

/// The rows of the tables that a list reads together.
type UsersOfServer = InnerJoinQuerySource<
    InnerJoinQuerySource<users::table, people::table, Eq<people::id, users::person_id>>,
    platform_roles::table,
    Eq<platform_roles::person_id, users::person_id>,
>;

macro_rules! asked {
    ($filter:expr) => {{
        let filter: &Filter = $filter;
        let mut query = users::table
            .inner_join(people::table.on(people::id.eq(users::person_id)))
            .inner_join(platform_roles::table.on(platform_roles::person_id.eq(users::person_id)))
            .into_boxed();
        if let Some(sought) =
            crate::found!(UsersOfServer, &filter.q, people::search_key, users::user_name_key)
        {
            query = query.filter(sought);
        }
        if !filter.roles.is_empty() {
            query = query.filter(platform_roles::role.eq_any(filter.roles.clone()));
        }
        if !filter.states.is_empty() {
            query = query.filter(people::state.eq_any(filter.states.clone()));
        }
        query
    }};
}

macro_rules! columns {
    () => {
        (
            users::person_id,
            users::user_name,
            people::name,
            people::email,
            platform_roles::role,
            people::state,
            users::last_sign_in_at,
            people::version,
        )
    };
}

pub fn count(read: &mut dyn Reads, filter: &Filter) -> Result<i64> {
    Ok(asked!(filter).count().get_result(read.conn())?)
}

type Query = IntoBoxed<
    'static,
    InnerJoinOn<
        InnerJoinOn<users::table, people::table, Eq<people::id, users::person_id>>,
        platform_roles::table,
        Eq<platform_roles::person_id, users::person_id>,
    >,
    Backend,
>;

/// By what they can be sorted. Whoever never came in stands where the oldest sign-in stands, on both databases.
pub const ORDERS: &[Order<Query>] = &[
    ("user-name", |query, falling| {
        by(query, users::user_name_key, falling)
    }),
    ("name", |query, falling| by(query, people::search_key, falling)),
    ("email", |query, falling| by(query, people::email_key, falling)),
    ("last", |query, falling| {
        let query = by(query, users::last_sign_in_at.is_not_null(), falling);
        by(query, users::last_sign_in_at, falling)
    }),
];

pub fn list(
    read: &mut dyn Reads,
    filter: &Filter,
    order: (&str, bool),
    limit: i64,
    offset: i64,
) -> Result<Vec<SystemUser>> {
    let rows: Vec<UserRow> = ordered(asked!(filter), ORDERS, order)
        .select(columns!())
        .then_order_by(users::person_id.asc())
        .limit(limit)
        .offset(offset)
        .load(read.conn())?;
    Ok(rows.into_iter().map(SystemUser::from).collect())
}

pub fn find(read: &mut dyn Reads, person: PersonId) -> Result<SystemUser> {
    let row: UserRow = asked!(&Filter::default())
        .filter(users::person_id.eq(person))
        .select(columns!())
        .first(read.conn())?;
    Ok(row.into())
}

pub fn by_key(read: &mut dyn Reads, key: &str) -> Result<Option<PersonId>> {
    Ok(users::table
        .filter(users::user_name_key.eq(key))
        .select(users::person_id)
        .first(read.conn())
        .optional()?)
}

pub fn insert(tx: &mut Tx<'_>, person: PersonId, name: &UserName, must_change: bool) -> Result<()> {
    diesel::insert_into(users::table)
        .values((
            users::person_id.eq(person),
            users::user_name.eq(name.as_str()),
            users::user_name_key.eq(name.key()),
            users::must_change_password.eq(must_change),
        ))
        .execute(tx.conn())
        .on_taken(|| {
            Error::refused(
                "system-users.name-taken",
                format!("The user name {} is taken. Choose another one.", name.as_str()),
            )
        })?;
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    diesel::delete(users::table.find(person)).execute(tx.conn())?;
    diesel::delete(platform_roles::table.filter(platform_roles::person_id.eq(person))).execute(tx.conn())?;
    Ok(())
}

pub fn set_role(tx: &mut Tx<'_>, person: PersonId, role: PlatformRole) -> Result<()> {
    diesel::update(platform_roles::table.filter(platform_roles::person_id.eq(person)))
        .set(platform_roles::role.eq(role))
        .execute(tx.conn())?;
    Ok(())
}

pub fn must_change_password(read: &mut dyn Reads, person: PersonId) -> Result<bool> {
    let kept: Option<bool> = users::table
        .find(person)
        .select(users::must_change_password)
        .first(read.conn())
        .optional()?;
    Ok(kept.unwrap_or_default())
}

pub fn password_is_own(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    diesel::update(users::table.find(person))
        .set(users::must_change_password.eq(false))
        .execute(tx.conn())?;
    Ok(())
}

pub fn signed_in(tx: &mut Tx<'_>, person: PersonId, at: Moment) -> Result<()> {
    diesel::update(users::table.find(person))
        .set(users::last_sign_in_at.eq(Some(at)))
        .execute(tx.conn())?;
    Ok(())
}
