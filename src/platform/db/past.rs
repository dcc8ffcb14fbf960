//! What the record says of the past, for other rooms than its own.

use super::schema::events;
use super::tx::Reads;
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Kind, Moment};
use diesel::prelude::*;

/// Something that happened to a thing, as its own page tells it.
#[derive(Debug, Clone, Queryable)]
pub struct Past {
    /// When.
    pub at: Moment,
    /// What.
    pub kind: Kind,
    /// One sentence.
    pub message: String,
    /// Who, as they were called then.
    pub actor: String,
}

/// What happened to a thing in one tenant, the newest first: for the history on its own page. Who may see the thing
/// may see it.
pub fn history(read: &mut dyn Reads, account: SmartAccountId, about: &str, most: i64) -> Result<Vec<Past>> {
    Ok(events::table
        .filter(events::about.eq(about).and(events::smart_account_id.eq(account)))
        .order((events::at.desc(), events::id.desc()))
        .select((events::at, events::kind, events::message, events::actor))
        .limit(most)
        .load(read.conn())?)
}

/// What happened in one tenant, or in some of its Virtual Accounts, between two times, the newest first: for summaries.
pub fn happened(
    read: &mut dyn Reads,
    account: SmartAccountId,
    places: Option<&[VirtualAccountId]>,
    from: Moment,
    until: Moment,
    most: i64,
) -> Result<Vec<Past>> {
    let mut query = events::table
        .filter(
            events::smart_account_id
                .eq(account)
                .and(events::at.ge(from))
                .and(events::at.lt(until)),
        )
        .into_boxed();
    if let Some(places) = places {
        query = query.filter(events::virtual_account_id.eq_any(places.to_vec()));
    }
    Ok(query
        .order((events::at.desc(), events::id.desc()))
        .select((events::at, events::kind, events::message, events::actor))
        .limit(most)
        .load(read.conn())?)
}

/// When something of these kinds happened in some tenants, from a time on; at most so many.
pub fn times_of(
    read: &mut dyn Reads,
    accounts: &[SmartAccountId],
    kinds: &[Kind],
    from: Option<Moment>,
    most: i64,
) -> Result<Vec<(SmartAccountId, Moment)>> {
    let mut query = events::table
        .filter(
            events::smart_account_id
                .eq_any(accounts.to_vec())
                .and(events::kind.eq_any(kinds.to_vec())),
        )
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(events::at.ge(from));
    }
    Ok(query
        .select((events::smart_account_id.assume_not_null(), events::at))
        .limit(most)
        .load(read.conn())?)
}

/// How many events were recorded from a time on.
pub fn events_from(read: &mut dyn Reads, at: Moment) -> Result<u64> {
    let found: i64 = events::table
        .filter(events::at.ge(at))
        .count()
        .get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}
