//! What follows from lines: how far an order is assigned, in which accounts it shows, and how many show in each.

use super::{CHUNK, customer_key, found_by};
use crate::error::Result;
use crate::kernel::ids::{OrderId, SmartAccountId};
use crate::kernel::search_key;
use crate::orders::model::{Assignment, Line, Order, OrderStatus, OrderType, Why, assignment_of, shows_in};
use crate::platform::db::schema::{order_tallies as tallies, order_views as views, orders};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// An order whose lines have changed: how it was, and its lines as they are now.
#[derive(Debug, Clone)]
pub struct Changed<'a> {
    pub order: &'a Order,
    pub lines: &'a [Line],
    /// It has just come in: it shows nowhere yet.
    pub is_new: bool,
}

type ViewRow = (SmartAccountId, OrderId, bool, bool, bool);

type TallyKey = (SmartAccountId, OrderType, OrderStatus, Assignment);

/// Brings everything that follows from lines up to date: how far an order is assigned, in which accounts it shows,
/// and how many orders show in each.
pub fn settle(tx: &mut Tx<'_>, changed: &[Changed<'_>]) -> Result<()> {
    let mut tallies: BTreeMap<TallyKey, i64> = BTreeMap::new();
    let mut shown = shown_by_order(tx, changed)?;
    let mut turned: BTreeMap<Assignment, Vec<OrderId>> = BTreeMap::new();
    let mut fresh: Vec<(SmartAccountId, Why, &Order, Assignment)> = Vec::new();
    for one in changed {
        let order = one.order;
        let assignment = assignment_of(one.lines.iter().map(|line| line.state));
        if assignment != order.assignment && !one.is_new {
            turned.entry(assignment).or_default().push(order.id);
        }
        let mut why = shows_in(order, one.lines);
        for (account, _, sold, customer, assigned) in shown.remove(&order.id).unwrap_or_default() {
            let was = Why {
                sold,
                customer,
                assigned,
            };
            *tallies
                .entry((account, order.order_type, order.status, order.assignment))
                .or_default() -= 1;
            let now = why.remove(&account);
            if let Some(now) = now {
                *tallies
                    .entry((account, order.order_type, order.status, assignment))
                    .or_default() += 1;
                if now != was {
                    diesel::update(views::table.find((account, order.id)))
                        .set((
                            views::is_sold.eq(now.sold),
                            views::is_customer.eq(now.customer),
                            views::is_assigned.eq(now.assigned),
                        ))
                        .execute(tx.conn())?;
                }
            } else {
                diesel::delete(views::table.find((account, order.id))).execute(tx.conn())?;
            }
        }
        for (account, why) in why {
            *tallies
                .entry((account, order.order_type, order.status, assignment))
                .or_default() += 1;
            fresh.push((account, why, order, assignment));
        }
    }
    turn(tx, turned)?;
    insert_views(tx, &fresh)?;
    for ((account, order_type, status, assignment), by) in tallies {
        if by != 0 {
            tally(tx, (account, order_type, status, assignment), by)?;
        }
    }
    Ok(())
}

/// Where orders that were there before show by now.
fn shown_by_order(read: &mut dyn Reads, changed: &[Changed<'_>]) -> Result<HashMap<OrderId, Vec<ViewRow>>> {
    let mut shown: HashMap<OrderId, Vec<ViewRow>> = HashMap::new();
    let known: Vec<OrderId> = changed
        .iter()
        .filter(|one| !one.is_new)
        .map(|one| one.order.id)
        .collect();
    for some in known.chunks(CHUNK) {
        let rows: Vec<ViewRow> = views::table
            .filter(views::order_id.eq_any(some.to_vec()))
            .select((
                views::smart_account_id,
                views::order_id,
                views::is_sold,
                views::is_customer,
                views::is_assigned,
            ))
            .load(read.conn())?;
        for row in rows {
            shown.entry(row.1).or_default().push(row);
        }
    }
    Ok(shown)
}

/// Orders that are assigned further than they were, or less far, wherever they show.
fn turn(tx: &mut Tx<'_>, turned: BTreeMap<Assignment, Vec<OrderId>>) -> Result<()> {
    for (assignment, ids) in turned {
        for some in ids.chunks(CHUNK) {
            diesel::update(orders::table.filter(orders::id.eq_any(some.to_vec())))
                .set((
                    orders::assignment.eq(assignment),
                    orders::version.eq(orders::version + 1),
                ))
                .execute(tx.conn())?;
            diesel::update(views::table.filter(views::order_id.eq_any(some.to_vec())))
                .set(views::assignment.eq(assignment))
                .execute(tx.conn())?;
        }
    }
    Ok(())
}

fn insert_views(tx: &mut Tx<'_>, fresh: &[(SmartAccountId, Why, &Order, Assignment)]) -> Result<()> {
    for some in fresh.chunks(200) {
        let rows: Vec<_> = some
            .iter()
            .map(|(account, why, order, assignment)| {
                (
                    views::smart_account_id.eq(*account),
                    views::order_id.eq(order.id),
                    views::is_sold.eq(why.sold),
                    views::is_customer.eq(why.customer),
                    views::is_assigned.eq(why.assigned),
                    views::ordered_at.eq(order.ordered_at),
                    views::identifier_key.eq(search_key(&order.identifier)),
                    views::customer_key.eq(customer_key(order)),
                    views::order_type.eq(order.order_type),
                    views::order_status.eq(order.status),
                    views::assignment.eq(*assignment),
                    views::lines.eq(order.lines),
                    views::search_key.eq(found_by(order)),
                )
            })
            .collect();
        crate::put_many!(tx, views::table, &rows);
    }
    Ok(())
}

fn tally(tx: &mut Tx<'_>, key: TallyKey, by: i64) -> Result<()> {
    let (account, order_type, status, assignment) = key;
    let counted = diesel::update(tallies::table.find(key))
        .set(tallies::orders.eq(tallies::orders + by))
        .execute(tx.conn())?;
    if counted == 0 {
        diesel::insert_into(tallies::table)
            .values((
                tallies::smart_account_id.eq(account),
                tallies::order_type.eq(order_type),
                tallies::order_status.eq(status),
                tallies::assignment.eq(assignment),
                tallies::orders.eq(by),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// How many orders show in an account, of each kind.
pub fn tallies(
    read: &mut dyn Reads,
    account: SmartAccountId,
) -> Result<Vec<(OrderType, OrderStatus, Assignment, i64)>> {
    Ok(tallies::table
        .filter(tallies::smart_account_id.eq(account))
        .select((
            tallies::order_type,
            tallies::order_status,
            tallies::assignment,
            tallies::orders,
        ))
        .load(read.conn())?)
}
