//! The statements of Order Inventory. Every one begins with the account, in a table that holds what each account sees.

use super::super::model::{Assignment, LineKind, LineState, OrderStatus, OrderType};
use super::{Row, Tally, Wanted};
use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::OrderId;
use crate::platform::db::schema::{order_lines, order_views as views, orders};
use crate::platform::db::trigrams::{self, Indexed};
use crate::platform::db::{Backend, Condition, Order, Reads, by, cut, one_of, ordered};
use diesel::prelude::*;

/// What lies within reach and is asked for, but for the kinds. Who reaches some Virtual Accounts alone sees the orders
/// of which a line went to one of these.
macro_rules! reached {
    ($within:expr, $filter:expr, $few:expr) => {{
        let (within, filter): (&Within, &Wanted) = ($within, $filter);
        let account = within.account()?;
        let mut query = views::table
            .filter(views::smart_account_id.eq(account))
            .into_boxed();
        if let Some(only) = within.only() {
            let theirs = order_lines::table
                .filter(
                    order_lines::smart_account_id
                        .eq(account)
                        .and(order_lines::virtual_account_id.eq_any(only.to_vec()))
                        .and(order_lines::state.eq(LineState::Assigned)),
                )
                .select(order_lines::order_id);
            query = query.filter(views::order_id.eq_any(theirs));
        }
        if let Some(found) = crate::found!(views::table, &filter.q, views::search_key) {
            query = query.filter(found);
        }
        if let Some(few) = $few {
            query = query.filter(few.among(views::order_id));
        }
        if let Some(from) = filter.from {
            query = query.filter(views::ordered_at.ge(from));
        }
        if let Some(until) = filter.until {
            query = query.filter(views::ordered_at.lt(until));
        }
        query
    }};
}

/// With the kinds as well. One kind alone is compared and not looked up in a list: then the index of that kind has the
/// rows in order, and a page of thousands of orders needs no sorting.
macro_rules! wanted {
    ($within:expr, $filter:expr, $few:expr) => {{
        let mut query = reached!($within, $filter, $few);
        let filter: &Wanted = $filter;
        match filter.assignments.as_slice() {
            [] => {}
            [one] => query = query.filter(views::assignment.eq(*one)),
            some => query = query.filter(views::assignment.eq_any(some.to_vec())),
        }
        match filter.types.as_slice() {
            [] => {}
            [one] => query = query.filter(views::order_type.eq(*one)),
            some => query = query.filter(views::order_type.eq_any(some.to_vec())),
        }
        match filter.statuses.as_slice() {
            [] => {}
            [one] => query = query.filter(views::order_status.eq(*one)),
            some => query = query.filter(views::order_status.eq_any(some.to_vec())),
        }
        query
    }};
}

/// What the index of trigrams knows of the words that are looked for.
fn few(read: &mut dyn Reads, within: &Within, filter: &Wanted) -> Result<Option<trigrams::Few>> {
    if filter.q.is_empty() {
        return Ok(None);
    }
    trigrams::few(read, Indexed::Orders, within.account()?, &filter.q)
}

type Query = views::BoxedQuery<'static, Backend>;

/// By what they can be sorted. Each has an index that begins with the account.
pub const ORDERS: &[Order<Query>] = &[
    ("date", dated),
    ("id", |query, falling| by(query, views::identifier_key, falling)),
    ("customer", |query, falling| {
        by(query, views::customer_key, falling)
    }),
    ("type", |query, falling| {
        dated(by(query, views::order_type, falling), falling)
    }),
    ("status", |query, falling| {
        dated(by(query, views::order_status, falling), falling)
    }),
    ("assignment", |query, falling| {
        dated(by(query, views::assignment, falling), falling)
    }),
    ("lines", |query, falling| by(query, views::lines, falling)),
];

fn dated(query: Query, falling: bool) -> Query {
    by(query, views::ordered_at, falling)
}

/// So many ids of the list, after so many.
pub fn ids(
    read: &mut dyn Reads,
    within: &Within,
    filter: &Wanted,
    order: (&str, bool),
    some: (u64, u64),
) -> Result<Vec<OrderId>> {
    let few = few(read, within, filter)?;
    let query = ordered(wanted!(within, filter, &few), ORDERS, order);
    let query = by(query, views::order_id, order.1).select(views::order_id);
    Ok(cut(query, some).load(read.conn())?)
}

/// What the list shows of some orders, in no particular order.
pub fn rows(read: &mut dyn Reads, ids: &[OrderId]) -> Result<Vec<Row>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let mut rows: Vec<Row> = orders::table
            .filter(one_of(orders::id, some.to_vec()))
            .select((
                orders::id,
                orders::identifier,
                orders::purchase_order,
                orders::customer,
                orders::customer_domain,
                orders::customer_email,
                orders::order_type,
                orders::order_status,
                orders::assignment,
                orders::lines,
                orders::ordered_at,
                orders::received_at,
            ))
            .load(read.conn())?;
        found.append(&mut rows);
    }
    Ok(found)
}

/// Those with lines of Cisco branded services.
pub fn with_cisco_services(read: &mut dyn Reads, ids: &[OrderId]) -> Result<Vec<OrderId>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(order_lines::table
        .filter(one_of(order_lines::order_id, ids.to_vec()).and(order_lines::kind.eq(LineKind::CiscoService)))
        .select(order_lines::order_id)
        .distinct()
        .load(read.conn())?)
}

/// Few orders, counted one by one.
fn tallied(each: &[(OrderType, OrderStatus, Assignment)]) -> Vec<Tally> {
    let mut tallies: Vec<Tally> = Vec::new();
    for (order_type, order_status, assignment) in each {
        let one = Tally {
            order_type: *order_type,
            order_status: *order_status,
            assignment: *assignment,
            orders: 0,
        };
        let known = tallies
            .iter()
            .position(|tally| Tally { orders: 0, ..*tally } == one);
        let at = known.unwrap_or_else(|| {
            tallies.push(one);
            tallies.len() - 1
        });
        if let Some(tally) = tallies.get_mut(at) {
            tally.orders += 1;
        }
    }
    tallies
}

/// The same, counted: all conditions are always there, since a query that is put together as it runs cannot be grouped.
pub fn counted(read: &mut dyn Reads, within: &Within, filter: &Wanted) -> Result<Vec<Tally>> {
    use diesel::dsl::count_star;
    let account = within.account()?;
    let ever = |text| Moment::parse(text).ok_or_else(|| Error::internal("no time"));
    let from = filter.from.map_or_else(|| ever("0001-01-01T00:00:00Z"), Ok)?;
    let until = filter.until.map_or_else(|| ever("9999-12-31T00:00:00Z"), Ok)?;
    let kinds = (views::order_type, views::order_status, views::assignment);
    let anything = || -> Condition<'_, views::table> { Box::new(views::search_key.like("%")) };
    let few = few(read, within, filter)?;
    if few.is_some() {
        let each: Vec<(OrderType, OrderStatus, Assignment)> =
            reached!(within, filter, &few).select(kinds).load(read.conn())?;
        return Ok(tallied(&each));
    }
    let found = crate::found!(views::table, &filter.q, views::search_key);
    let asked = views::table.filter(
        views::smart_account_id
            .eq(account)
            .and(views::ordered_at.ge(from))
            .and(views::ordered_at.lt(until))
            .and(found.unwrap_or_else(anything)),
    );
    let counted = (
        views::order_type,
        views::order_status,
        views::assignment,
        count_star(),
    );
    Ok(match within.only() {
        None => asked.group_by(kinds).select(counted).load(read.conn())?,
        Some(only) => {
            let theirs = order_lines::table
                .filter(
                    order_lines::smart_account_id
                        .eq(account)
                        .and(order_lines::virtual_account_id.eq_any(only.to_vec()))
                        .and(order_lines::state.eq(LineState::Assigned)),
                )
                .select(order_lines::order_id);
            asked
                .filter(views::order_id.eq_any(theirs))
                .group_by(kinds)
                .select(counted)
                .load(read.conn())?
        }
    })
}
