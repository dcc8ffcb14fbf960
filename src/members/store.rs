//! The list of users, in one statement: people with what they hold, searched, filtered, sorted and paged where
//! they lie.

use super::service::Filter;
use crate::authn::PersonState;
use crate::authz::{Role, Within};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, VirtualAccountId};
use crate::platform::db::Reads;
use crate::platform::db::schema::{grants, people};
use diesel::dsl::count as count_of;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::sql_types::Bool;

/// A person of the list.
#[derive(Debug, Clone, Queryable)]
pub struct PersonRow {
    pub id: PersonId,
    pub email: String,
    pub name: String,
    pub state: PersonState,
}

/// A role of somebody on the list.
#[derive(Debug, Clone, Queryable)]
pub struct GrantRow {
    pub person: PersonId,
    pub virtual_account: Option<VirtualAccountId>,
    pub role: Role,
    pub since: Moment,
    pub source: String,
}

/// The grants within reach, as a condition. Who reaches some Virtual Accounts alone sees what is held on them;
/// `touching` narrows to what reaches into one: held on it, or on the whole account. Conditions that are not
/// asked for are there and true: a boxed query cannot stand inside another on two databases.
macro_rules! reached {
    ($within:expr, $touching:expr) => {{
        let (within, touching): (&Within, Option<VirtualAccountId>) = ($within, $touching);
        let only = within.only().map(<[_]>::to_vec);
        let everywhere = always(only.is_none());
        let untouched = always(touching.is_none());
        grants::smart_account_id
            .eq(within.account()?)
            .and(
                everywhere.or(grants::virtual_account_id
                    .is_not_null()
                    .and(grants::scope.eq_any(texts(&only.unwrap_or_default())))),
            )
            .and(
                untouched
                    .or(grants::scope.eq(""))
                    .or(grants::scope.eq(touching.map_or_else(String::new, |id| id.to_string()))),
            )
    }};
}

/// A condition that is true whatever the row, or false.
fn always(value: bool) -> <bool as AsExpression<Bool>>::Expression {
    AsExpression::<Bool>::as_expression(value)
}

fn texts(ids: &[VirtualAccountId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// Grants that the filters ask for: all of them about one and the same grant.
macro_rules! asked_grants {
    ($within:expr, $filter:expr) => {{
        let filter: &Filter = $filter;
        grants::table
            .filter(reached!($within, filter.touching))
            .filter(
                grants::role
                    .eq_any(filter.roles.clone())
                    .or(always(filter.roles.is_empty())),
            )
            .filter(
                grants::scope
                    .eq_any(texts(filter.places.as_deref().unwrap_or_default()))
                    .or(always(filter.places.is_none())),
            )
            .filter(grants::source.eq("").or(always(!filter.direct || filter.through)))
            .filter(grants::source.ne("").or(always(!filter.through || filter.direct)))
            .filter(
                grants::source
                    .eq_any(filter.groups.clone().unwrap_or_default())
                    .or(always(filter.groups.is_none())),
            )
    }};
}

/// People with such a grant.
macro_rules! asked_people {
    ($within:expr, $filter:expr) => {{
        let filter: &Filter = $filter;
        let granted = asked_grants!($within, filter).select(grants::person_id);
        let mut query = people::table.filter(people::id.eq_any(granted)).into_boxed();
        if let Some(found) = crate::found!(people::table, &filter.q, people::search_key) {
            query = query.filter(found);
        }
        if !filter.states.is_empty() {
            query = query.filter(people::state.eq_any(filter.states.clone()));
        }
        if let Some(person) = filter.person {
            query = query.filter(people::id.eq(person));
        }
        query
    }};
}

pub fn count(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<i64> {
    // Where nothing is asked about the people themselves, their grants tell how many they are.
    if filter.q.is_empty() && filter.states.is_empty() && filter.person.is_none() {
        return Ok(asked_grants!(within, filter)
            .select(count_of(grants::person_id).aggregate_distinct())
            .get_result(read.conn())?);
    }
    Ok(asked_people!(within, filter).count().get_result(read.conn())?)
}

/// In the order of a column; none for the limit takes all.
pub fn page(
    read: &mut dyn Reads,
    within: &Within,
    filter: &Filter,
    (sort, descending): (&str, bool),
    offset: i64,
    limit: Option<i64>,
) -> Result<Vec<PersonRow>> {
    let mut query = asked_people!(within, filter);
    query = match (sort, descending) {
        ("email", false) => query.order((people::email_key.asc(), people::id.asc())),
        ("email", true) => query.order((people::email_key.desc(), people::id.desc())),
        ("status", false) => query.order((people::state.asc(), people::search_key.asc(), people::id.asc())),
        ("status", true) => query.order((people::state.desc(), people::search_key.asc(), people::id.asc())),
        (_, false) => query.order((people::search_key.asc(), people::id.asc())),
        (_, true) => query.order((people::search_key.desc(), people::id.desc())),
    };
    if let Some(limit) = limit {
        query = query.limit(limit).offset(offset);
    }
    Ok(query
        .select((people::id, people::email, people::name, people::state))
        .load(read.conn())?)
}

/// People by since when they hold anything: the earliest first, as ids.
pub fn by_since(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<Vec<PersonId>> {
    let wanted: Vec<PersonId> = asked_people!(within, filter)
        .select(people::id)
        .load(read.conn())?;
    let wanted: std::collections::HashSet<PersonId> = wanted.into_iter().collect();
    let mut since: std::collections::BTreeMap<PersonId, Moment> = std::collections::BTreeMap::new();
    let rows: Vec<(PersonId, Moment)> = grants::table
        .filter(reached!(within, filter.touching))
        .select((grants::person_id, grants::created_at))
        .load(read.conn())?;
    for (person, at) in rows.into_iter().filter(|(person, _)| wanted.contains(person)) {
        let first = since.entry(person).or_insert(at);
        *first = at.min(*first);
    }
    let mut order: Vec<(Moment, PersonId)> = since.into_iter().map(|(person, at)| (at, person)).collect();
    order.sort_unstable();
    Ok(order.into_iter().map(|(_, person)| person).collect())
}

/// People by their ids, in no particular order.
pub fn people(read: &mut dyn Reads, ids: &[PersonId]) -> Result<Vec<PersonRow>> {
    let mut found = Vec::new();
    for some in ids.chunks(500) {
        let rows: Vec<PersonRow> = people::table
            .filter(people::id.eq_any(some.to_vec()))
            .select((people::id, people::email, people::name, people::state))
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// What these people hold within reach.
pub fn held(
    read: &mut dyn Reads,
    within: &Within,
    touching: Option<VirtualAccountId>,
    ids: &[PersonId],
) -> Result<Vec<GrantRow>> {
    let mut found = Vec::new();
    for some in ids.chunks(500) {
        let rows: Vec<GrantRow> = grants::table
            .filter(reached!(within, touching))
            .filter(grants::person_id.eq_any(some.to_vec()))
            .select((
                grants::person_id,
                grants::virtual_account_id,
                grants::role,
                grants::created_at,
                grants::source,
            ))
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}
