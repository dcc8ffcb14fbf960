//! People as whoever runs the portal lists them.

use crate::authn::people::{Account, AccountsWanted, PersonState, PlatformRole};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::PersonId;
use crate::platform::db::schema::{people, platform_roles, provider_identities, second_factors};
use crate::platform::db::{Backend, Order, Reads, by, ordered};
use diesel::prelude::*;

type Row = (PersonId, String, String, PersonState, Moment);

macro_rules! wanted {
    ($wanted:expr) => {{
        let wanted: &AccountsWanted = $wanted;
        let mut query = people::table.into_boxed();
        if let Some(found) = crate::found!(people::table, &wanted.q, people::search_key) {
            query = query.filter(found);
        }
        if !wanted.states.is_empty() {
            query = query.filter(people::state.eq_any(wanted.states.clone()));
        }
        query
    }};
}

macro_rules! columns {
    () => {
        (
            people::id,
            people::email,
            people::name,
            people::state,
            people::created_at,
        )
    };
}

/// Rows with what stands beside them in other tables.
fn dressed(read: &mut dyn Reads, rows: Vec<Row>) -> Result<Vec<Account>> {
    let ids: Vec<PersonId> = rows.iter().map(|row| row.0).collect();
    let (mut roles, mut with_factor, mut linked) = (Vec::new(), Vec::new(), Vec::new());
    // A file has more rows than a statement may have values.
    for some in ids.chunks(500) {
        let more: Vec<(PersonId, PlatformRole)> = platform_roles::table
            .filter(platform_roles::person_id.eq_any(some.to_vec()))
            .order((platform_roles::person_id.asc(), platform_roles::role.asc()))
            .load(read.conn())?;
        roles.extend(more);
        let more: Vec<PersonId> = second_factors::table
            .filter(second_factors::person_id.eq_any(some.to_vec()))
            .select(second_factors::person_id)
            .load(read.conn())?;
        with_factor.extend(more);
        let more: Vec<PersonId> = provider_identities::table
            .filter(provider_identities::person_id.eq_any(some.to_vec()))
            .select(provider_identities::person_id)
            .load(read.conn())?;
        linked.extend(more);
    }
    let with_factor: std::collections::HashSet<PersonId> = with_factor.into_iter().collect();
    let linked: std::collections::HashSet<PersonId> = linked.into_iter().collect();
    let mut held: std::collections::HashMap<PersonId, Vec<PlatformRole>> = std::collections::HashMap::new();
    for (person, role) in roles {
        held.entry(person).or_default().push(role);
    }
    Ok(rows
        .into_iter()
        .map(|(id, email, name, state, created_at)| Account {
            id,
            email,
            name,
            state,
            created_at,
            roles: held.remove(&id).unwrap_or_default(),
            has_second_factor: with_factor.contains(&id),
            is_linked: linked.contains(&id),
        })
        .collect())
}

pub fn count_accounts(read: &mut dyn Reads, wanted: &AccountsWanted) -> Result<i64> {
    Ok(wanted!(wanted).count().get_result(read.conn())?)
}

/// By what they can be sorted; equals by when they were added.
pub const ACCOUNT_ORDERS: &[Order<people::BoxedQuery<'static, Backend>>] = &[
    ("name", |query, falling| by(query, people::search_key, falling)),
    ("email", |query, falling| by(query, people::email_key, falling)),
    ("added", |query, falling| by(query, people::created_at, falling)),
];

pub fn accounts(
    read: &mut dyn Reads,
    wanted: &AccountsWanted,
    order: (&str, bool),
    (limit, offset): (i64, i64),
) -> Result<Vec<Account>> {
    let rows: Vec<Row> = ordered(wanted!(wanted), ACCOUNT_ORDERS, order)
        .select(columns!())
        .then_order_by(people::id.asc())
        .limit(limit)
        .offset(offset)
        .load(read.conn())?;
    dressed(read, rows)
}

pub fn account(read: &mut dyn Reads, id: PersonId) -> Result<Account> {
    let row: Row = people::table.find(id).select(columns!()).first(read.conn())?;
    dressed(read, vec![row])?
        .pop()
        .ok_or(crate::error::Error::NotFound)
}
