//! Assignments that were asked for, each of lines of one or more orders.

use super::CHUNK;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{AssignmentId, OrderLineId};
use crate::orders::model::{LineState, Request};
use crate::platform::db::schema::{order_assignments as assignments, order_lines as lines};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

macro_rules! request_columns {
    () => {
        (
            assignments::id,
            assignments::smart_account_id,
            assignments::requested_by,
            assignments::requester,
            assignments::is_unchecked,
            assignments::orders,
            assignments::lines,
            assignments::requested_at,
            assignments::settled_at,
        )
    };
}

pub fn insert_request(tx: &mut Tx<'_>, new: &Request) -> Result<()> {
    diesel::insert_into(assignments::table)
        .values((
            assignments::id.eq(new.id),
            assignments::smart_account_id.eq(new.account),
            assignments::requested_by.eq(new.requested_by),
            assignments::requester.eq(new.requester.chars().take(500).collect::<String>()),
            assignments::is_unchecked.eq(new.is_unchecked),
            assignments::orders.eq(new.orders),
            assignments::lines.eq(new.lines),
            assignments::requested_at.eq(new.requested_at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn requests(read: &mut dyn Reads, ids: &[AssignmentId]) -> Result<Vec<Request>> {
    let mut found = Vec::with_capacity(ids.len());
    for some in ids.chunks(CHUNK) {
        let rows: Vec<Request> = assignments::table
            .filter(assignments::id.eq_any(some.to_vec()))
            .select(request_columns!())
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

/// Whether lines of an assignment are still on their way.
pub fn is_open(read: &mut dyn Reads, id: AssignmentId) -> Result<bool> {
    let found: Option<OrderLineId> = lines::table
        .filter(
            lines::assignment_id
                .eq(id)
                .and(lines::state.eq_any([LineState::Requested, LineState::Hold])),
        )
        .select(lines::id)
        .first(read.conn())
        .optional()?;
    Ok(found.is_some())
}

/// The last line of an assignment was assigned or has failed. Only one finds it.
pub fn close_request(tx: &mut Tx<'_>, id: AssignmentId, at: Moment) -> Result<bool> {
    let open = assignments::table.filter(assignments::id.eq(id).and(assignments::settled_at.is_null()));
    Ok(diesel::update(open)
        .set(assignments::settled_at.eq(Some(at)))
        .execute(tx.conn())?
        == 1)
}
