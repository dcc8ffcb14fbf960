//! Orders find the Smart Account of their customer when that account comes into being.

use crate::error::Result;
use crate::http::widgets::counted;
use crate::kernel::ids::{OrderId, SmartAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::orders::store::{self, Changed};
use crate::platform::db::{Recorded, Tx};
use serde_json::json;

/// Orders whose customers have a Smart Account by now show there from now on.
pub fn link_customers(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    ids: &[OrderId],
) -> Result<Recorded<usize>> {
    let mut orders = store::find_many(tx, ids)?;
    orders.retain(|order| order.customer_account.is_none());
    if orders.is_empty() {
        return Ok(tx.unchanged(0));
    }
    let lines = store::lines_of(tx, ids)?;
    for order in &mut orders {
        store::set_customer_account(tx, order.id, account)?;
        order.customer_account = Some(account);
    }
    let none = Vec::new();
    let changed: Vec<Changed<'_>> = orders
        .iter()
        .map(|order| Changed {
            order,
            lines: lines.get(&order.id).unwrap_or(&none),
            is_new: false,
        })
        .collect();
    store::settle(tx, &changed)?;
    let who = Who::portal("order assignment");
    for order in &orders {
        let mut event = Event::new(
            Kind::OrderReceived,
            order.id,
            format!(
                "The order {} shows here: its customer {} has this Smart Account.",
                order.identifier, order.customer
            ),
        )
        .with(json!({ "identifier": order.identifier }));
        event.account = order.customer_account;
        tx.note(at, &who, &event)?;
    }
    let event = Event::new(
        Kind::OrderReceived,
        "orders",
        format!(
            "{} found to belong to a Smart Account.",
            counted(orders.len() as u64, "order was", "orders were")
        ),
    );
    tx.record(at, &who, &event, orders.len())
}
