//! Requests of user groups for access to other accounts.

use super::super::model::{REQUEST_LIFECYCLE, Request, RequestState};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{GroupRequestId, PersonId, SmartAccountId, UserGroupId};
use crate::platform::db::schema::user_group_requests;
use crate::platform::db::{OnTaken, Reads, Tx};
use diesel::prelude::*;

macro_rules! request_columns {
    () => {
        (
            user_group_requests::id,
            user_group_requests::lookup_id,
            user_group_requests::group_id,
            user_group_requests::smart_account_id,
            user_group_requests::target_account_id,
            user_group_requests::state,
            user_group_requests::note,
            user_group_requests::asked_by,
            user_group_requests::asked_at,
            user_group_requests::answered_by,
            user_group_requests::answered_at,
            user_group_requests::ended_at,
        )
    };
}

pub fn insert_request(tx: &mut Tx<'_>, request: &Request) -> Result<()> {
    diesel::insert_into(user_group_requests::table)
        .values((
            user_group_requests::id.eq(request.id),
            user_group_requests::lookup_id.eq(&request.lookup_id),
            user_group_requests::group_id.eq(request.group),
            user_group_requests::smart_account_id.eq(request.owner),
            user_group_requests::target_account_id.eq(request.target),
            user_group_requests::state.eq(request.state),
            user_group_requests::note.eq(&request.note),
            user_group_requests::asked_by.eq(request.asked_by),
            user_group_requests::asked_at.eq(request.asked_at),
        ))
        .execute(tx.conn())
        .on_taken(asked_already)?;
    Ok(())
}

pub fn request(read: &mut dyn Reads, id: GroupRequestId) -> Result<Request> {
    Ok(user_group_requests::table
        .find(id)
        .select(request_columns!())
        .first(read.conn())?)
}

/// The request with this lookup id, as its owner or as the account that was asked.
pub fn by_lookup(read: &mut dyn Reads, lookup_id: &str) -> Result<Option<Request>> {
    Ok(user_group_requests::table
        .filter(user_group_requests::lookup_id.eq(lookup_id))
        .select(request_columns!())
        .first(read.conn())
        .optional()?)
}

pub fn requests_of(read: &mut dyn Reads, group: UserGroupId) -> Result<Vec<Request>> {
    Ok(user_group_requests::table
        .filter(user_group_requests::group_id.eq(group))
        .order(user_group_requests::asked_at.desc())
        .select(request_columns!())
        .load(read.conn())?)
}

/// What was asked of an account and granted.
pub fn granted_in(read: &mut dyn Reads, target: SmartAccountId) -> Result<Vec<Request>> {
    Ok(user_group_requests::table
        .filter(
            user_group_requests::target_account_id
                .eq(target)
                .and(user_group_requests::state.eq(RequestState::Granted)),
        )
        .order(user_group_requests::answered_at.desc())
        .select(request_columns!())
        .load(read.conn())?)
}

/// Answers a request; false when it was answered already.
pub fn answer(
    tx: &mut Tx<'_>,
    id: GroupRequestId,
    from: RequestState,
    to: RequestState,
    by: Option<PersonId>,
    at: Moment,
) -> Result<bool> {
    REQUEST_LIFECYCLE.must(from, to)?;
    let open = user_group_requests::table.filter(
        user_group_requests::id
            .eq(id)
            .and(user_group_requests::state.eq(from)),
    );
    let changed = if to == RequestState::Ended {
        diesel::update(open)
            .set((
                user_group_requests::state.eq(to),
                user_group_requests::ended_at.eq(Some(at)),
            ))
            .execute(tx.conn())?
    } else {
        diesel::update(open)
            .set((
                user_group_requests::state.eq(to),
                user_group_requests::answered_by.eq(by),
                user_group_requests::answered_at.eq(Some(at)),
            ))
            .execute(tx.conn())?
    };
    Ok(changed == 1)
}

/// Why a second request is not sent.
pub fn asked_already() -> Error {
    Error::refused(
        "members.group-asked-already",
        "This user group has access to that Smart Account, or its request is pending there.",
    )
}
