//! How far an assignment has come.

use super::MOST_SHOWN;
use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::ids::{AssignmentId, OrderId};
use crate::orders::model::{Line, Order, Progress};
use crate::orders::store;
use crate::platform::db::Reads;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How far an assignment is that was asked for in this account.
pub fn progress(read: &mut dyn Reads, within: &Within, id: AssignmentId) -> Result<Progress> {
    let account = within.account()?;
    let request = store::requests(read, &[id])?
        .pop()
        .filter(|request| request.account == account)
        .ok_or(Error::NotFound)?;
    let states = store::line_states(read, id)?;
    let still: u64 = states.iter().map(|(_, n)| n).sum();
    let asked = u64::try_from(request.lines).unwrap_or_default();
    let mut lines: BTreeMap<OrderId, Vec<Line>> = BTreeMap::new();
    for line in store::lines_of_request(read, id, MOST_SHOWN)? {
        lines.entry(line.order).or_default().push(line);
    }
    let ids: Vec<OrderId> = lines.keys().copied().take(200).collect();
    let known: HashMap<OrderId, Order> = store::find_many(read, &ids)?
        .into_iter()
        .map(|order| (order.id, order))
        .collect();
    let mut orders: Vec<(Order, Vec<Line>)> = ids
        .iter()
        .filter_map(|id| Some((known.get(id)?.clone(), lines.remove(id)?)))
        .collect();
    orders.sort_by(|a, b| a.0.identifier.cmp(&b.0.identifier));
    // Roles of a Virtual Account see what lies in theirs.
    if within.only().is_some() {
        for (_, lines) in &mut orders {
            lines.retain(|line| line.virtual_account.is_none_or(|id| within.covers(id)));
        }
        let mut seen = HashSet::new();
        orders.retain(|(order, lines)| !lines.is_empty() && seen.insert(order.id));
    }
    Ok(Progress {
        request,
        lines: states,
        orders,
        gone_on: asked.saturating_sub(still),
    })
}
