//! Reading the table of events.

use super::model::{Entry, Filter};
use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::ids::{EventId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Kind, Moment};
use crate::platform::db::schema::{event_tallies, events};
use crate::platform::db::{Reads, Told, by, cut};
use diesel::prelude::*;

macro_rules! columns {
    () => {
        (
            events::id,
            events::at,
            events::virtual_account_id,
            events::kind,
            events::outcome,
            events::message,
            events::actor_id,
            events::actor,
            events::about,
            events::detail,
            events::address,
            events::request_id,
        )
    };
}

/// Of Virtual Accounts that were deleted, what their end's event keeps of them.
pub fn ends_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: &[VirtualAccountId],
) -> Result<Vec<(String, String)>> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Ok(events::table
        .filter(
            events::about
                .eq_any(ids)
                .and(events::smart_account_id.eq(account))
                .and(events::kind.eq(Kind::VirtualAccountDeleted)),
        )
        .select((events::about, events::detail))
        .load(read.conn())?)
}

/// Whose events.
#[derive(Clone, Copy)]
pub enum Whose<'a> {
    /// Those of a tenant, as far as one reaches into it.
    Tenant(&'a Within),
    /// Those that belong to no tenant.
    Server,
}

/// What lies within reach and is asked for. Who reaches some Virtual Accounts alone sees their events alone.
macro_rules! asked {
    ($whose:expr, $filter:expr) => {{
        let filter = $filter;
        let mut query = events::table.into_boxed();
        match $whose {
            Whose::Tenant(within) => {
                query = query.filter(events::smart_account_id.eq(within.account()?));
                if let Some(only) = within.only() {
                    query = query.filter(events::virtual_account_id.eq_any(only.to_vec()));
                }
            }
            Whose::Server => query = query.filter(events::smart_account_id.is_null()),
        }
        if !filter.kinds.is_empty() {
            query = query.filter(events::kind.eq_any(filter.kinds.clone()));
        }
        if !filter.outcomes.is_empty() {
            query = query.filter(events::outcome.eq_any(filter.outcomes.clone()));
        }
        if let Some(found) = crate::found!(events::table, &filter.who, events::actor_key) {
            query = query.filter(found);
        }
        if let Some(from) = filter.from {
            query = query.filter(events::at.ge(from));
        }
        if let Some(places) = &filter.places {
            query = query.filter(events::virtual_account_id.eq_any(places.clone()));
        }
        if let Some(until) = filter.until {
            query = query.filter(events::at.lt(until));
        }
        query
    }};
}

/// So many, after so many.
pub fn page(
    read: &mut dyn Reads,
    whose: Whose<'_>,
    filter: &Filter,
    newest_first: bool,
    some: (u64, u64),
) -> Result<Vec<Entry>> {
    let query = by(asked!(whose, filter), events::at, newest_first);
    let query = by(query, events::id, newest_first).select(columns!());
    Ok(cut(query, some).load(read.conn())?)
}

/// The next lines after one, newest first: for a file that is made piece by piece.
pub fn after(
    read: &mut dyn Reads,
    whose: Whose<'_>,
    filter: &Filter,
    last: Option<(Moment, EventId)>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let mut query = asked!(whose, filter).select(columns!());
    if let Some((at, id)) = last {
        // The first condition alone lets the index be entered at the right place.
        query = query.filter(events::at.le(at).and(events::at.lt(at).or(events::id.lt(id))));
    }
    Ok(query
        .order((events::at.desc(), events::id.desc()))
        .limit(limit)
        .load(read.conn())?)
}

/// The newest events of some kinds, in whatever tenant, gone ones among them: what happens to the tenants themselves.
pub fn of_kinds(read: &mut dyn Reads, kinds: &[Kind], most: i64) -> Result<Vec<Entry>> {
    Ok(events::table
        .filter(events::kind.eq_any(kinds.to_vec()))
        .order((events::at.desc(), events::id.desc()))
        .select(columns!())
        .limit(most)
        .load(read.conn())?)
}

pub fn count(read: &mut dyn Reads, whose: Whose<'_>, filter: &Filter) -> Result<i64> {
    Ok(asked!(whose, filter).count().get_result(read.conn())?)
}

/// The events of an account in a period, the oldest first; at most so many.
pub fn told_between(
    read: &mut dyn Reads,
    account: SmartAccountId,
    from: Moment,
    until: Moment,
    most: i64,
) -> Result<Vec<Told>> {
    Ok(events::table
        .filter(
            events::smart_account_id
                .eq(account)
                .and(events::at.ge(from))
                .and(events::at.lt(until)),
        )
        .order((events::at.asc(), events::id.asc()))
        .select((events::id, events::kind, events::at))
        .limit(most)
        .load(read.conn())?)
}

/// How many events a tenant has, as it is kept with each of them.
pub fn tally(read: &mut dyn Reads, within: &Within) -> Result<i64> {
    let shards: Vec<i64> = event_tallies::table
        .filter(event_tallies::smart_account_id.eq(within.account()?.to_string()))
        .select(event_tallies::events)
        .load(read.conn())?;
    Ok(shards.iter().sum())
}

pub fn find(read: &mut dyn Reads, within: &Within, id: EventId) -> Result<Entry> {
    let entry: Entry = events::table
        .filter(
            events::smart_account_id
                .eq(within.account()?)
                .and(events::id.eq(id)),
        )
        .select(columns!())
        .first(read.conn())?;
    let reached = within.only().is_none() || entry.virtual_account.is_some_and(|va| within.covers(va));
    if reached { Ok(entry) } else { Err(Error::NotFound) }
}

/// An event that belongs to no tenant.
pub fn find_of_server(read: &mut dyn Reads, id: EventId) -> Result<Entry> {
    Ok(events::table
        .filter(events::smart_account_id.is_null().and(events::id.eq(id)))
        .select(columns!())
        .first(read.conn())?)
}

/// Whether anything in the chain happened before a time.
pub fn is_any_before(read: &mut dyn Reads, before: Moment) -> Result<bool> {
    let found: Option<Moment> = events::table
        .filter(events::at.lt(before).and(events::chain_number.gt(0)))
        .order(events::at.asc())
        .select(events::at)
        .first(read.conn())
        .optional()?;
    Ok(found.is_some())
}
