//! Events for whoever wants to be told: put down in the transaction in which they happened, for each webhook of the account
//! that is on and names their kind. The room of webhooks says who that is, and carries them.

use super::conn::Conn;
use super::schema::{webhook_deliveries as deliveries, webhooks};
use super::tx::{Reads, Tx};
use crate::error::Result;
use crate::kernel::ids::{DeliveryId, EventId, SmartAccountId, WebhookId};
use crate::kernel::{Kind, Moment};
use diesel::prelude::*;

/// So many rows in one statement.
const ROWS: usize = 200;

/// An event, as far as it matters who wants to hear of it.
pub(super) struct Happened {
    pub id: EventId,
    pub at: Moment,
    pub kind: Kind,
    pub about: String,
}

impl Happened {
    /// Whether a webhook is told of it. Of its own trials only the one that is tried hears, and of its failures none: that
    /// would be the next one to fail.
    fn is_for(&self, webhook: WebhookId, kinds: &str) -> bool {
        match self.kind {
            Kind::WebhookTested => self.about == webhook.as_str(),
            Kind::WebhookGivenUp => false,
            kind => kind.is_among(kinds),
        }
    }
}

/// Puts down what is to be told of these events of a tenant.
pub(super) fn put_down(conn: &mut Conn, tenant: &str, happened: &[Happened]) -> Result<()> {
    let listening: Vec<(WebhookId, String)> = webhooks::table
        .filter(webhooks::smart_account_id.eq(tenant).and(webhooks::is_on))
        .order(webhooks::id.asc())
        .select((webhooks::id, webhooks::kinds))
        .load(conn)?;
    for (webhook, kinds) in listening {
        let its: Vec<Told> = happened
            .iter()
            .filter(|one| one.is_for(webhook, &kinds))
            .map(|one| (one.id, one.kind, one.at))
            .collect();
        insert(conn, tenant, webhook, &its, false)?;
    }
    Ok(())
}

/// An event that is told: what and when.
pub type Told = (EventId, Kind, Moment);

/// Puts down that a webhook of a tenant is told of these events, once more when they were told before.
pub fn tell(
    tx: &mut Tx<'_>,
    tenant: SmartAccountId,
    webhook: WebhookId,
    events: &[Told],
    is_replay: bool,
) -> Result<()> {
    tx.wake_jobs();
    insert(tx.conn(), tenant.as_str(), webhook, events, is_replay)
}

fn insert(conn: &mut Conn, tenant: &str, webhook: WebhookId, events: &[Told], is_replay: bool) -> Result<()> {
    for some in events.chunks(ROWS) {
        let rows: Vec<_> = some
            .iter()
            .map(|(event, kind, at)| {
                (
                    deliveries::id.eq(DeliveryId::new()),
                    deliveries::smart_account_id.eq(tenant),
                    deliveries::webhook_id.eq(webhook),
                    deliveries::event_id.eq(event),
                    deliveries::kind.eq(kind),
                    deliveries::is_replay.eq(is_replay),
                    // The past of any clock: due at once.
                    deliveries::not_before.eq(Moment::of(chrono::DateTime::UNIX_EPOCH)),
                    deliveries::attempts.eq(0),
                    deliveries::last_problem.eq(""),
                    deliveries::last_answer.eq(""),
                    deliveries::created_at.eq(at),
                )
            })
            .collect();
        // The common connection takes one row at a time; its variants take many.
        match conn {
            Conn::Sqlite(c) => diesel::insert_into(deliveries::table).values(&rows).execute(c)?,
            Conn::Postgres(c) => diesel::insert_into(deliveries::table).values(&rows).execute(c)?,
        };
    }
    Ok(())
}
