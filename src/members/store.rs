//! The list of users: members with what they hold, searched, filtered, sorted and paged where they lie. `members` holds one
//! row for each person with a role in an account; triggers keep it.

use super::service::Filter;
use crate::authn::PersonState;
use crate::authz::{Role, Within};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, VirtualAccountId};
use crate::platform::db::schema::{grants, members, people};
use crate::platform::db::{Backend, Order, Reads, by, cut, ordered};
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::{BTreeMap, HashSet};

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

type MembersWithPeople = diesel::dsl::InnerJoinQuerySource<
    members::table,
    people::table,
    diesel::dsl::Eq<people::id, members::person_id>,
>;

/// Members of an account that the filter asks for, from `members` alone or with their people. Grants are looked at only
/// where something is asked about them.
macro_rules! asked_members {
    ($within:expr, $filter:expr) => {
        asked_members!($within, $filter, members::table, members::table)
    };
    ($within:expr, $filter:expr, $source:ty, $from:expr) => {{
        let (within, filter): (&Within, &Filter) = ($within, $filter);
        let mut query = $from
            .filter(members::smart_account_id.eq(within.account()?))
            .into_boxed();
        if within.only().is_some() || filter.is_about_grants() {
            let granted = asked_grants!(within, filter).select(grants::person_id);
            query = query.filter(members::person_id.eq_any(granted));
        }
        if let Some(found) = crate::found!($source, &filter.q, members::search_key) {
            query = query.filter(found);
        }
        if !filter.states.is_empty() {
            query = query.filter(members::state.eq_any(filter.states.clone()));
        }
        if let Some(person) = filter.person {
            query = query.filter(members::person_id.eq(person));
        }
        query
    }};
}

pub fn count(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<i64> {
    Ok(asked_members!(within, filter).count().get_result(read.conn())?)
}

type Query = diesel::dsl::IntoBoxed<
    'static,
    diesel::dsl::InnerJoinOn<members::table, people::table, diesel::dsl::Eq<people::id, members::person_id>>,
    Backend,
>;

/// By what they can be sorted.
pub const ORDERS: &[Order<Query>] = &[
    ("name", |query, falling| {
        by(
            by(query, members::search_key, falling),
            members::person_id,
            falling,
        )
    }),
    ("email", |query, falling| {
        by(
            by(query, members::email_key, falling),
            members::person_id,
            falling,
        )
    }),
    ("status", |query, falling| {
        let query = by(query, members::state, falling);
        by(by(query, members::search_key, false), members::person_id, false)
    }),
    ("since", |query, falling| {
        by(by(query, members::since, falling), members::person_id, falling)
    }),
];

/// So many, after so many, in the order of a column.
pub fn page(
    read: &mut dyn Reads,
    within: &Within,
    filter: &Filter,
    order: (&str, bool),
    some: (u64, u64),
) -> Result<Vec<PersonRow>> {
    let with_people = members::table.inner_join(people::table.on(people::id.eq(members::person_id)));
    let query = asked_members!(within, filter, MembersWithPeople, with_people);
    Ok(cut(ordered(query, ORDERS, order), some)
        .select((people::id, people::email, people::name, people::state))
        .load(read.conn())?)
}

/// Members by since when they hold anything within reach: the earliest first, as ids. For who reaches a part of the account;
/// what is held in all of it is kept with the member.
pub fn by_since(read: &mut dyn Reads, within: &Within, filter: &Filter) -> Result<Vec<PersonId>> {
    let wanted: Vec<PersonId> = asked_members!(within, filter)
        .select(members::person_id)
        .load(read.conn())?;
    let wanted: HashSet<PersonId> = wanted.into_iter().collect();
    let mut since: BTreeMap<PersonId, Moment> = BTreeMap::new();
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
