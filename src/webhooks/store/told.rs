//! What webhooks were told, and what is due.

use super::super::model::{Delivery, State, Tally, Webhook};
use super::{known, take_over};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::event::Kind;
use crate::kernel::ids::{DeliveryId, EventId, SmartAccountId, WebhookId};
use crate::platform::db::schema::{webhook_deliveries as deliveries, webhooks};
use crate::platform::db::{Reads, Tx, cut};
use crate::platform::reach::Answered;
use diesel::prelude::*;
use std::collections::BTreeMap;

macro_rules! delivery_columns {
    () => {
        (
            deliveries::id,
            deliveries::event_id,
            deliveries::kind,
            deliveries::is_replay,
            deliveries::not_before,
            deliveries::attempts,
            deliveries::sent_at,
            deliveries::gave_up_at,
            deliveries::last_problem,
            deliveries::last_status,
            deliveries::last_answer,
            deliveries::took_ms,
            deliveries::tried_at,
            deliveries::created_at,
        )
    };
}

/// Which deliveries are asked for.
macro_rules! asked {
    ($hook:expr, $states:expr) => {{
        let mut query = deliveries::table
            .filter(
                deliveries::webhook_id
                    .eq($hook.id)
                    .and(deliveries::smart_account_id.eq($hook.account)),
            )
            .into_boxed();
        let without = |state| !$states.is_empty() && !$states.contains(&state);
        if without(State::Waiting) {
            let settled = diesel::BoolExpressionMethods::or(
                deliveries::sent_at.is_not_null(),
                deliveries::gave_up_at.is_not_null(),
            );
            query = query.filter(settled);
        }
        if without(State::Delivered) {
            query = query.filter(deliveries::sent_at.is_null());
        }
        if without(State::GivenUp) {
            query = query.filter(deliveries::gave_up_at.is_null());
        }
        query
    }};
}

pub fn count(read: &mut dyn Reads, hook: &Webhook, states: &[State]) -> Result<u64> {
    let found: i64 = asked!(hook, states).count().get_result(read.conn())?;
    Ok(u64::try_from(found).unwrap_or_default())
}

/// So many, after so many, the newest first.
pub fn page(
    read: &mut dyn Reads,
    hook: &Webhook,
    states: &[State],
    some: (u64, u64),
) -> Result<Vec<Delivery>> {
    let query = asked!(hook, states)
        .select(delivery_columns!())
        .order(deliveries::id.desc());
    Ok(cut(query, some).load(read.conn())?)
}

pub fn delivery(read: &mut dyn Reads, hook: &Webhook, id: DeliveryId) -> Result<Delivery> {
    Ok(deliveries::table
        .filter(
            deliveries::id
                .eq(id)
                .and(deliveries::webhook_id.eq(hook.id))
                .and(deliveries::smart_account_id.eq(hook.account)),
        )
        .select(delivery_columns!())
        .first(read.conn())?)
}

/// How many deliveries of each of these webhooks are in which state.
pub fn tallies(read: &mut dyn Reads, hooks: &[WebhookId]) -> Result<BTreeMap<WebhookId, Tally>> {
    type Counted = Vec<(WebhookId, i64)>;
    macro_rules! counted {
        ($which:expr) => {
            deliveries::table
                .filter(deliveries::webhook_id.eq_any(hooks.to_vec()).and($which))
                .group_by(deliveries::webhook_id)
                .select((deliveries::webhook_id, diesel::dsl::count_star()))
                .load(read.conn())?
        };
    }
    let waiting: Counted = counted!(
        deliveries::sent_at
            .is_null()
            .and(deliveries::gave_up_at.is_null())
    );
    let delivered: Counted = counted!(deliveries::sent_at.is_not_null());
    let given_up: Counted = counted!(deliveries::gave_up_at.is_not_null());
    let mut tallies: BTreeMap<WebhookId, Tally> = BTreeMap::new();
    let whole = |n: i64| u64::try_from(n).unwrap_or_default();
    for (id, n) in waiting {
        tallies.entry(id).or_default().waiting = whole(n);
    }
    for (id, n) in delivered {
        tallies.entry(id).or_default().delivered = whole(n);
    }
    for (id, n) in given_up {
        tallies.entry(id).or_default().given_up = whole(n);
    }
    Ok(tallies)
}

/// What is due by wall time, the oldest first. What is for webhooks that rest is left out.
pub fn due(read: &mut dyn Reads, wall: Moment, resting: &[WebhookId], most: i64) -> Result<Vec<DeliveryId>> {
    Ok(deliveries::table
        .inner_join(
            webhooks::table.on(webhooks::id
                .eq(deliveries::webhook_id)
                .and(webhooks::smart_account_id.eq(deliveries::smart_account_id))),
        )
        .filter(
            deliveries::sent_at
                .is_null()
                .and(deliveries::gave_up_at.is_null())
                .and(deliveries::not_before.le(wall)),
        )
        .filter(
            deliveries::leased_until
                .is_null()
                .or(deliveries::leased_until.lt(wall)),
        )
        .filter(webhooks::is_on.and(webhooks::id.ne_all(resting.to_vec())))
        .order(deliveries::id.asc())
        .select(deliveries::id)
        .limit(most)
        .load(read.conn())?)
}

/// What is to be carried.
pub struct Parcel {
    pub id: DeliveryId,
    pub hook: Webhook,
    pub event: EventId,
    pub kind: Kind,
    /// Which try this is.
    pub attempt: i32,
}

/// Takes one over; nothing when another carrier was quicker.
pub fn claim(tx: &mut Tx<'_>, id: DeliveryId, wall: Moment) -> Result<Option<Parcel>> {
    if !take_over(tx, id, wall)? {
        return Ok(None);
    }
    let (webhook, event, kind, attempt): (WebhookId, EventId, Kind, i32) = deliveries::table
        .find(id)
        .select((
            deliveries::webhook_id,
            deliveries::event_id,
            deliveries::kind,
            deliveries::attempts,
        ))
        .first(tx.conn())?;
    Ok(known(tx, webhook)?.map(|hook| Parcel {
        id,
        hook,
        event,
        kind,
        attempt,
    }))
}

/// Gives back what was taken over and not tried.
pub fn put_back(tx: &mut Tx<'_>, id: DeliveryId, attempt: i32) -> Result<()> {
    diesel::update(deliveries::table.filter(deliveries::id.eq(id).and(deliveries::attempts.eq(attempt))))
        .set((
            deliveries::attempts.eq(attempt - 1),
            deliveries::leased_until.eq(None::<Moment>),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Keeps what came of a try. None when no answer came.
pub fn answered(
    tx: &mut Tx<'_>,
    id: DeliveryId,
    attempt: i32,
    wall: Moment,
    answer: Option<&Answered>,
) -> Result<()> {
    diesel::update(deliveries::table.filter(deliveries::id.eq(id).and(deliveries::attempts.eq(attempt))))
        .set((
            deliveries::tried_at.eq(Some(wall)),
            deliveries::last_status.eq(answer.map(|one| i32::from(one.status))),
            deliveries::last_answer.eq(answer.map(|one| one.body.clone()).unwrap_or_default()),
            deliveries::took_ms.eq(answer.map(|one| one.took_ms)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Deliveries that were settled before a time, at most so many.
pub fn settled_before(read: &mut dyn Reads, before: Moment, most: i64) -> Result<Vec<String>> {
    let settled =
        diesel::BoolExpressionMethods::or(deliveries::sent_at.lt(before), deliveries::gave_up_at.lt(before));
    Ok(deliveries::table
        .filter(settled.assume_not_null())
        .select(deliveries::id)
        .limit(most)
        .load(read.conn())?)
}

/// Forgets deliveries.
pub fn forget(tx: &mut Tx<'_>, ids: &[String]) -> Result<()> {
    diesel::delete(deliveries::table.filter(deliveries::id.eq_any(ids.to_vec()))).execute(tx.conn())?;
    Ok(())
}

/// Whether any webhook of an account is on.
pub fn is_any_on(read: &mut dyn Reads, account: SmartAccountId) -> Result<bool> {
    let on: i64 = webhooks::table
        .filter(webhooks::smart_account_id.eq(account).and(webhooks::is_on))
        .count()
        .get_result(read.conn())?;
    Ok(on > 0)
}
