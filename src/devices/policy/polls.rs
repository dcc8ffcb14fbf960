//! What a script may fetch later, under a number.

use super::store::{self, Poll};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::platform::db::{Reads, Tx};
use serde_json::Value;

/// Keeps what a script may fetch under a number: a part of the caller's write.
pub fn keep(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    number: i64,
    at: Moment,
    place: VirtualAccountId,
    (action, answer): (&str, &Value),
) -> Result<()> {
    /// So long it can be fetched.
    const KEPT: chrono::TimeDelta = chrono::TimeDelta::days(30);
    store::forget_polls(tx, at.plus(-KEPT))?;
    let poll = Poll {
        virtual_account: place,
        action: action.to_owned(),
        answer: answer.to_string(),
    };
    store::keep(tx, account, number, at, &poll)
}

/// What was kept under a number.
pub fn kept(read: &mut dyn Reads, account: SmartAccountId, number: i64) -> Result<Option<Poll>> {
    store::kept(read, account, number)
}
