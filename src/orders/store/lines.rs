//! Lines of orders, and the moves from one state into the next.

use super::{CHUNK, count};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{AssignmentId, OrderId, OrderLineId, SmartAccountId, VirtualAccountId};
use crate::orders::model::{LINE_LIFECYCLE, Line, LineState, Target};
use crate::platform::calendar::{Due, each};
use crate::platform::db::schema::{order_lines as lines, orders};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;
use std::collections::HashMap;

macro_rules! line_columns {
    () => {
        (
            lines::id,
            lines::order_id,
            lines::number,
            lines::sku,
            lines::description,
            lines::kind,
            lines::quantity,
            lines::term_months,
            lines::state,
            lines::smart_account_id,
            lines::virtual_account_id,
            lines::customer_active,
            lines::assignment_id,
            lines::due_at,
            lines::round,
            lines::reason,
            lines::settled_at,
            lines::version,
        )
    };
}

/// The lines of orders, by order and number.
pub fn lines_of(read: &mut dyn Reads, ids: &[OrderId]) -> Result<HashMap<OrderId, Vec<Line>>> {
    let mut found: HashMap<OrderId, Vec<Line>> = HashMap::with_capacity(ids.len());
    for some in ids.chunks(CHUNK) {
        let rows: Vec<Line> = lines::table
            .filter(lines::order_id.eq_any(some.to_vec()))
            .order((lines::order_id.asc(), lines::number.asc()))
            .select(line_columns!())
            .load(read.conn())?;
        for line in rows {
            found.entry(line.order).or_default().push(line);
        }
    }
    Ok(found)
}

/// What lines become when their assignment is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub to: Target,
    pub assignment: AssignmentId,
    pub due_at: Moment,
}

/// Asks for lines that are as they were when they were read: in one of these states. All or an error that wants
/// another try.
pub fn ask(tx: &mut Tx<'_>, ids: &[OrderLineId], from: &[LineState], asked: Asked) -> Result<usize> {
    for from in from {
        LINE_LIFECYCLE.must(*from, LineState::Requested)?;
    }
    let mut changed = 0;
    for some in ids.chunks(CHUNK) {
        let same = lines::table.filter(
            lines::id
                .eq_any(some.to_vec())
                .and(lines::state.eq_any(from.to_vec())),
        );
        changed += diesel::update(same)
            .set((
                lines::state.eq(LineState::Requested),
                lines::smart_account_id.eq(Some(asked.to.account)),
                lines::virtual_account_id.eq(asked.to.virtual_account),
                lines::assignment_id.eq(Some(asked.assignment)),
                lines::due_at.eq(Some(asked.due_at)),
                lines::round.eq(lines::round + 1),
                lines::reason.eq(""),
                lines::settled_at.eq(None::<Moment>),
                lines::version.eq(lines::version + 1),
            ))
            .execute(tx.conn())?;
    }
    Ok(changed)
}

/// Moves lines on that stand in one state: only one can. Answers with how many were.
pub fn move_on(
    tx: &mut Tx<'_>,
    ids: &[OrderLineId],
    from: LineState,
    to: LineState,
    place: Option<Target>,
    reason: &str,
    at: Moment,
) -> Result<usize> {
    LINE_LIFECYCLE.must(from, to)?;
    let reason: String = reason.chars().take(1000).collect();
    let settled = matches!(to, LineState::Assigned | LineState::Failed).then_some(at);
    let due = (to == LineState::Requested).then_some(at);
    let mut changed = 0;
    for some in ids.chunks(CHUNK) {
        let same = lines::table.filter(lines::id.eq_any(some.to_vec()).and(lines::state.eq(from)));
        changed += diesel::update(same)
            .set((
                lines::state.eq(to),
                lines::reason.eq(reason.as_str()),
                lines::settled_at.eq(settled),
                lines::due_at.eq(due),
                lines::version.eq(lines::version + 1),
            ))
            .execute(tx.conn())?;
        if let Some(place) = place {
            diesel::update(lines::table.filter(lines::id.eq_any(some.to_vec())))
                .set((
                    lines::smart_account_id.eq(Some(place.account)),
                    lines::virtual_account_id.eq(place.virtual_account),
                ))
                .execute(tx.conn())?;
        }
    }
    Ok(changed)
}

/// How many lines of an assignment are in which state.
pub fn line_states(read: &mut dyn Reads, id: AssignmentId) -> Result<Vec<(LineState, u64)>> {
    let rows: Vec<(LineState, i64)> = lines::table
        .filter(lines::assignment_id.eq(id))
        .group_by(lines::state)
        .select((lines::state, diesel::dsl::count_star()))
        .load(read.conn())?;
    Ok(LineState::ALL
        .iter()
        .filter_map(|state| {
            let (_, n) = rows.iter().find(|(one, _)| one == state)?;
            Some((*state, count(*n)))
        })
        .collect())
}

/// Lines of an assignment, by order.
pub fn lines_of_request(read: &mut dyn Reads, id: AssignmentId, most: i64) -> Result<Vec<Line>> {
    Ok(lines::table
        .filter(lines::assignment_id.eq(id))
        .order((lines::order_id.asc(), lines::number.asc()))
        .select(line_columns!())
        .limit(most)
        .load(read.conn())?)
}

/// Into which places lines of an assignment came, and how many lines and orders.
pub fn places_of_request(
    read: &mut dyn Reads,
    id: AssignmentId,
    state: LineState,
) -> Result<Vec<(SmartAccountId, Option<VirtualAccountId>, u64)>> {
    let rows: Vec<(Option<SmartAccountId>, Option<VirtualAccountId>, i64)> = lines::table
        .filter(lines::assignment_id.eq(id).and(lines::state.eq(state)))
        .group_by((lines::smart_account_id, lines::virtual_account_id))
        .select((
            lines::smart_account_id,
            lines::virtual_account_id,
            diesel::dsl::count_star(),
        ))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .filter_map(|(account, place, n)| account.map(|account| (account, place, count(n))))
        .collect())
}

/// Lines that are to be completed by now, the longest due first.
pub fn due(read: &mut dyn Reads, now: Moment, most: i64) -> Result<Vec<Line>> {
    Ok(lines::table
        .filter(lines::state.eq(LineState::Requested).and(lines::due_at.le(now)))
        .order((lines::due_at.asc(), lines::id.asc()))
        .select(line_columns!())
        .limit(most)
        .load(read.conn())?)
}

/// The next lines whose assignment completes, by their orders.
pub fn upcoming(read: &mut dyn Reads, after: Moment, most: i64) -> Result<Vec<Due>> {
    let rows: Vec<(Option<Moment>, String, i32)> = lines::table
        .inner_join(orders::table.on(orders::id.eq(lines::order_id)))
        .filter(lines::state.eq(LineState::Requested).and(lines::due_at.gt(after)))
        .order((lines::due_at.asc(), lines::id.asc()))
        .select((lines::due_at, orders::identifier, lines::number))
        .limit(most)
        .load(read.conn())?;
    let rows = rows
        .into_iter()
        .filter_map(|(at, order, line)| Some((at?, format!("{order}, line {line}"))))
        .collect();
    Ok(each(
        rows,
        "Order assignment completes",
        "It was requested, and the lab says after how many seconds assignments complete.",
    )
    .collect())
}

/// Lines by their ids that are in a state.
pub fn lines_in(read: &mut dyn Reads, ids: &[OrderLineId], state: LineState) -> Result<Vec<Line>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(CHUNK) {
        let rows: Vec<Line> = lines::table
            .filter(lines::id.eq_any(some.to_vec()).and(lines::state.eq(state)))
            .select(line_columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Accounts for which lines wait on hold.
pub fn held_accounts(read: &mut dyn Reads) -> Result<Vec<SmartAccountId>> {
    let rows: Vec<Option<SmartAccountId>> = lines::table
        .filter(lines::state.eq(LineState::Hold))
        .select(lines::smart_account_id)
        .distinct()
        .load(read.conn())?;
    Ok(rows.into_iter().flatten().collect())
}

/// Lines that wait on hold for an account.
pub fn held_for(read: &mut dyn Reads, account: SmartAccountId, most: i64) -> Result<Vec<Line>> {
    Ok(lines::table
        .filter(
            lines::state
                .eq(LineState::Hold)
                .and(lines::smart_account_id.eq(account)),
        )
        .order(lines::id.asc())
        .select(line_columns!())
        .limit(most)
        .load(read.conn())?)
}
