//! Orders as they came in: written, and found by id, identifier or customer.

use super::{CHUNK, customer_key, found_by};
use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::ids::{OrderId, SmartAccountId};
use crate::kernel::search_key;
use crate::orders::model::{Line, LineState, Order};
use crate::platform::db::schema::{order_lines as lines, order_views as views, orders};
use crate::platform::db::{Conn, OnTaken, Reads, Tx};
use diesel::prelude::*;
use std::collections::{HashMap, HashSet};

/// The columns of an order, in the order of `model::Order`.
macro_rules! order_columns {
    () => {
        (
            $crate::platform::db::schema::orders::id,
            $crate::platform::db::schema::orders::identifier,
            $crate::platform::db::schema::orders::customer,
            $crate::platform::db::schema::orders::customer_domain,
            $crate::platform::db::schema::orders::customer_email,
            $crate::platform::db::schema::orders::customer_account_id,
            $crate::platform::db::schema::orders::partner_account_id,
            $crate::platform::db::schema::orders::order_type,
            $crate::platform::db::schema::orders::order_status,
            $crate::platform::db::schema::orders::assignment,
            $crate::platform::db::schema::orders::purchase_order,
            $crate::platform::db::schema::orders::lines,
            $crate::platform::db::schema::orders::ordered_at,
            $crate::platform::db::schema::orders::received_at,
            $crate::platform::db::schema::orders::source,
            $crate::platform::db::schema::orders::version,
        )
    };
}

/// An order of this identifier is there already.
pub fn identifier_taken(identifier: &str) -> Error {
    Error::refused(
        "orders.identifier-taken",
        format!("An order with the Order Identifier {identifier} is there already."),
    )
}

/// Adds orders with their lines. Where they show is the business of [`settle`](super::settle).
pub fn insert(tx: &mut Tx<'_>, new: &[(Order, Vec<Line>)]) -> Result<()> {
    for some in new.chunks(100) {
        let rows: Vec<_> = some
            .iter()
            .map(|(order, _)| {
                (
                    orders::id.eq(order.id),
                    orders::identifier.eq(&order.identifier),
                    orders::identifier_key.eq(search_key(&order.identifier)),
                    orders::search_key.eq(found_by(order)),
                    orders::customer.eq(&order.customer),
                    orders::customer_key.eq(customer_key(order)),
                    orders::customer_domain.eq(&order.customer_domain),
                    orders::customer_email.eq(&order.customer_email),
                    orders::customer_account_id.eq(order.customer_account),
                    orders::partner_account_id.eq(order.partner_account),
                    orders::order_type.eq(order.order_type),
                    orders::order_status.eq(order.status),
                    orders::assignment.eq(order.assignment),
                    orders::purchase_order.eq(&order.purchase_order),
                    orders::lines.eq(order.lines),
                    orders::ordered_at.eq(order.ordered_at),
                    orders::received_at.eq(order.received_at),
                    orders::source.eq(order.source),
                    orders::version.eq(order.version),
                )
            })
            .collect();
        let done = match tx.conn() {
            Conn::Sqlite(c) => diesel::insert_into(orders::table).values(&rows).execute(c),
            Conn::Postgres(c) => diesel::insert_into(orders::table).values(&rows).execute(c),
        };
        done.on_taken(|| identifier_taken(some.first().map_or("", |(order, _)| &order.identifier)))?;
    }
    let all: Vec<&Line> = new.iter().flat_map(|(_, lines)| lines).collect();
    for some in all.chunks(100) {
        let rows: Vec<_> = some
            .iter()
            .map(|line| {
                (
                    lines::id.eq(line.id),
                    lines::order_id.eq(line.order),
                    lines::number.eq(line.number),
                    lines::sku.eq(&line.sku),
                    lines::description.eq(&line.description),
                    lines::kind.eq(line.kind),
                    lines::quantity.eq(line.quantity),
                    lines::term_months.eq(line.term_months),
                    lines::state.eq(line.state),
                    lines::smart_account_id.eq(line.account),
                    lines::virtual_account_id.eq(line.virtual_account),
                    lines::customer_active.eq(line.customer_active),
                    lines::assignment_id.eq(line.assignment),
                    lines::due_at.eq(line.due_at),
                    lines::round.eq(line.round),
                    lines::reason.eq(&line.reason),
                    lines::settled_at.eq(line.settled_at),
                    lines::version.eq(line.version),
                )
            })
            .collect();
        crate::put_many!(tx, lines::table, &rows);
    }
    Ok(())
}

/// Which of these identifiers are there already.
pub fn taken(read: &mut dyn Reads, identifiers: &[String]) -> Result<HashSet<String>> {
    let mut found = HashSet::new();
    let keys: Vec<String> = identifiers.iter().map(|one| search_key(one)).collect();
    for some in keys.chunks(CHUNK) {
        let rows: Vec<String> = orders::table
            .filter(orders::identifier_key.eq_any(some.to_vec()))
            .select(orders::identifier_key)
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Orders by their ids, in no particular order.
pub fn find_many(read: &mut dyn Reads, ids: &[OrderId]) -> Result<Vec<Order>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(CHUNK) {
        let rows: Vec<Order> = orders::table
            .filter(orders::id.eq_any(some.to_vec()))
            .select(order_columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Every order, the oldest first.
pub fn all(read: &mut dyn Reads, most: i64) -> Result<Vec<Order>> {
    Ok(orders::table
        .order((orders::ordered_at.asc(), orders::id.asc()))
        .select(order_columns!())
        .limit(most)
        .load(read.conn())?)
}

/// Orders by their identifiers: folded identifier and id.
pub fn ids_by_identifier(read: &mut dyn Reads, identifiers: &[String]) -> Result<HashMap<String, OrderId>> {
    let mut found = HashMap::with_capacity(identifiers.len());
    let keys: Vec<String> = identifiers.iter().map(|one| search_key(one)).collect();
    for some in keys.chunks(CHUNK) {
        let rows: Vec<(String, OrderId)> = orders::table
            .filter(orders::identifier_key.eq_any(some.to_vec()))
            .select((orders::identifier_key, orders::id))
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Which of these orders show in an account, and, when only some Virtual Accounts are within reach, have a line that
/// is assigned to one of those.
pub fn showing(read: &mut dyn Reads, within: &Within, ids: &[OrderId]) -> Result<HashSet<OrderId>> {
    let account = within.account()?;
    let mut found = HashSet::with_capacity(ids.len());
    for some in ids.chunks(CHUNK) {
        let rows: Vec<OrderId> = views::table
            .filter(
                views::smart_account_id
                    .eq(account)
                    .and(views::order_id.eq_any(some.to_vec())),
            )
            .select(views::order_id)
            .load(read.conn())?;
        let Some(only) = within.only() else {
            found.extend(rows);
            continue;
        };
        let theirs: Vec<OrderId> = lines::table
            .filter(
                lines::order_id
                    .eq_any(rows)
                    .and(lines::smart_account_id.eq(account))
                    .and(lines::virtual_account_id.eq_any(only.to_vec()))
                    .and(lines::state.eq(LineState::Assigned)),
            )
            .select(lines::order_id)
            .distinct()
            .load(read.conn())?;
        found.extend(theirs);
    }
    Ok(found)
}

/// Says whose the customer's domain is.
pub fn set_customer_account(tx: &mut Tx<'_>, id: OrderId, account: SmartAccountId) -> Result<()> {
    diesel::update(orders::table.find(id))
        .set((
            orders::customer_account_id.eq(Some(account)),
            orders::version.eq(orders::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Domains of customers whose orders know of no Smart Account, in order, from the one after `after` on.
pub fn unlinked_domains(read: &mut dyn Reads, after: &str, most: i64) -> Result<Vec<String>> {
    Ok(orders::table
        .filter(
            orders::customer_account_id
                .is_null()
                .and(orders::customer_domain.gt(after)),
        )
        .select(orders::customer_domain)
        .distinct()
        .order(orders::customer_domain.asc())
        .limit(most)
        .load(read.conn())?)
}

/// Orders of a customer that know of no Smart Account.
pub fn unlinked_of(read: &mut dyn Reads, domain: &str, most: i64) -> Result<Vec<OrderId>> {
    Ok(orders::table
        .filter(
            orders::customer_account_id
                .is_null()
                .and(orders::customer_domain.eq(domain)),
        )
        .order(orders::id.asc())
        .select(orders::id)
        .limit(most)
        .load(read.conn())?)
}
