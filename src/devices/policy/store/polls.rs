//! What scripts may ask about later.

use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::platform::db::schema::policy_polls as polls;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

/// Something that a script asked for, and may fetch.
#[derive(Debug, Clone, Queryable)]
pub struct Poll {
    /// Which Virtual Account it named.
    pub virtual_account: VirtualAccountId,
    /// authorizations, acknowledgements or remove_status.
    pub action: String,
    /// JSON: what the answer is made from.
    pub answer: String,
}

/// Keeps the answer under a number.
pub fn keep(tx: &mut Tx<'_>, account: SmartAccountId, number: i64, at: Moment, poll: &Poll) -> Result<()> {
    diesel::insert_into(polls::table)
        .values((
            polls::smart_account_id.eq(account),
            polls::number.eq(number),
            polls::virtual_account_id.eq(poll.virtual_account),
            polls::action.eq(&poll.action),
            polls::answer.eq(&poll.answer),
            polls::created_at.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// What was kept under a number.
pub fn kept(read: &mut dyn Reads, account: SmartAccountId, number: i64) -> Result<Option<Poll>> {
    Ok(polls::table
        .find((account, number))
        .select((polls::virtual_account_id, polls::action, polls::answer))
        .first(read.conn())
        .optional()?)
}

/// Forgets what nobody fetched, or everybody has, since a time.
pub fn forget_polls(tx: &mut Tx<'_>, before: Moment) -> Result<()> {
    diesel::delete(polls::table.filter(polls::created_at.lt(before))).execute(tx.conn())?;
    Ok(())
}
