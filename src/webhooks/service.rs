//! What one can do with webhooks, and what the lab's own pages ask of them.

use super::model::{Delivery, MOST, MOST_REPLAYED, ROTATION, State, Tally, Wanted, Webhook, new_secret};
use super::store;
use crate::authz::action::ManageWebhooks;
use crate::authz::{Permit, Tenant, grants};
use crate::error::{Error, Result};
use crate::events;
use crate::http::widgets::counted;
use crate::kernel::ids::{DeliveryId, EventId, SmartAccountId, WebhookId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Told, Tx, tell};
use crate::platform::signing::Signing;

/// Under which kind of secret those of webhooks are locked.
const LOCKED: &str = "webhook";

/// A secret that was just made: shown once, kept locked.
#[derive(Clone)]
pub struct NewSecret {
    pub shown: String,
    locked: String,
}

impl NewSecret {
    /// Makes one for a webhook.
    pub fn make(signing: &Signing, id: WebhookId) -> Result<Self> {
        let shown = new_secret();
        let locked = signing.lock(LOCKED, id.as_str(), &shown)?;
        Ok(Self { shown, locked })
    }
}

/// The secrets that are good now, the newest first.
pub fn secrets(signing: &Signing, hook: &Webhook, wall: Moment) -> Vec<String> {
    let former = hook
        .former_until
        .filter(|until| wall < *until)
        .map(|_| hook.former_secret.as_str());
    std::iter::once(hook.secret.as_str())
        .chain(former)
        .filter_map(|locked| signing.unlock(LOCKED, hook.id.as_str(), locked))
        .collect()
}

/// The webhooks of the account, each with how many deliveries it has.
pub fn all(read: &mut dyn Reads, permit: &Permit<ManageWebhooks>) -> Result<Vec<(Webhook, Tally)>> {
    let hooks = store::all(read, permit.within())?;
    let ids: Vec<WebhookId> = hooks.iter().map(|hook| hook.id).collect();
    let tallies = store::tallies(read, &ids)?;
    Ok(hooks
        .into_iter()
        .map(|hook| {
            let tally = tallies.get(&hook.id).copied().unwrap_or_default();
            (hook, tally)
        })
        .collect())
}

/// One of them.
pub fn one(read: &mut dyn Reads, permit: &Permit<ManageWebhooks>, id: WebhookId) -> Result<(Webhook, Tally)> {
    let hook = store::find(read, permit.within(), id)?;
    let tally = store::tallies(read, &[id])?.remove(&id).unwrap_or_default();
    Ok((hook, tally))
}

/// So many of what a webhook was told, after so many.
pub fn deliveries(
    read: &mut dyn Reads,
    hook: &Webhook,
    states: &[State],
    some: (u64, u64),
) -> Result<Vec<Delivery>> {
    store::page(read, hook, states, some)
}

/// How many there are.
pub fn count(read: &mut dyn Reads, hook: &Webhook, states: &[State]) -> Result<u64> {
    store::count(read, hook, states)
}

/// Events of the account are put down for its webhooks from now on, or not any more.
fn hear(tx: &mut Tx<'_>, account: SmartAccountId) -> Result<()> {
    let is_heard = store::is_any_on(tx, account)?;
    tx.hear(account, is_heard)
}

/// One delivery with its webhook, and the body that is sent.
pub fn delivery(
    read: &mut dyn Reads,
    permit: &Permit<ManageWebhooks>,
    id: WebhookId,
    delivery: DeliveryId,
) -> Result<(Webhook, Delivery, String)> {
    let hook = store::find(read, permit.within(), id)?;
    let delivery = store::delivery(read, &hook, delivery)?;
    let body = body(read, &hook, delivery.event)?;
    Ok((hook, delivery, body))
}

/// What is sent of an event: the same each time.
pub fn body(read: &mut dyn Reads, hook: &Webhook, event: EventId) -> Result<String> {
    let permit = Permit::by_the_portal_in(hook.account, "webhooks");
    let entry = events::find(read, &permit, event)?;
    let tenant = grants::tenant(read, hook.account)?.ok_or(Error::NotFound)?;
    let Tenant {
        number, name, domain, ..
    } = tenant;
    let event = events::EventShape::from(entry);
    let body = serde_json::json!({
        "account": { "number": number, "name": name, "domain": domain },
        "event": event,
    });
    Ok(body.to_string())
}

/// One more webhook. `id` and secret are made before.
pub fn add(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageWebhooks>,
    at: Moment,
    id: WebhookId,
    secret: &NewSecret,
    wanted: &Wanted,
) -> Result<Recorded<Webhook>> {
    let account = permit.within().account()?;
    if store::all(tx, permit.within())?.len() >= MOST {
        return Err(Error::refused(
            "webhook.too-many",
            format!("An account has at most {MOST} webhooks. Remove one that is not needed any more."),
        ));
    }
    store::is_taken(tx, permit.within(), wanted.name.as_str(), None)?;
    let hook = Webhook {
        id,
        account,
        name: wanted.name.as_str().to_owned(),
        url: wanted.url.clone(),
        kinds: wanted.kinds.clone(),
        is_on: wanted.is_on,
        secret: secret.locked.clone(),
        former_secret: String::new(),
        former_until: None,
        created_at: at,
        version: 1,
    };
    store::insert(tx, &hook)?;
    hear(tx, account)?;
    tx.wake_jobs();
    let event = Event::new(
        Kind::WebhookAdded,
        id,
        format!(
            "The webhook {} was added. It goes to {}.",
            hook.name,
            hook.place()
        ),
    )
    .within(account)
    .changed(&serde_json::Value::Null, &hook.facts());
    tx.record(at, permit.who(), &event, hook)
}

/// Another name, address or choice of kinds; on, or off. With a version, only if nobody was quicker.
pub fn change(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageWebhooks>,
    at: Moment,
    id: WebhookId,
    version: Option<i64>,
    wanted: &Wanted,
) -> Result<Recorded<()>> {
    let hook = store::find(tx, permit.within(), id)?;
    if version.is_some_and(|version| version != hook.version) {
        return Err(Error::Stale);
    }
    store::is_taken(tx, permit.within(), wanted.name.as_str(), Some(id))?;
    let new = Webhook {
        name: wanted.name.as_str().to_owned(),
        url: wanted.url.clone(),
        kinds: wanted.kinds.clone(),
        is_on: wanted.is_on,
        ..hook.clone()
    };
    if new.facts() == hook.facts() && new.url == hook.url {
        return Ok(tx.unchanged(()));
    }
    store::change(tx, &hook, wanted)?;
    hear(tx, hook.account)?;
    tx.wake_jobs();
    let event = Event::new(
        Kind::WebhookChanged,
        id,
        format!("The webhook {} was changed.", new.name),
    )
    .within(hook.account)
    .changed(&hook.facts(), &new.facts());
    tx.record(at, permit.who(), &event, ())
}

/// Signs with another secret from now on, and for a day with the former one as well.
pub fn rotate(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageWebhooks>,
    at: Moment,
    wall: Moment,
    id: WebhookId,
    secret: &NewSecret,
) -> Result<Recorded<Webhook>> {
    let hook = store::find(tx, permit.within(), id)?;
    store::rotate(tx, &hook, &secret.locked, wall.plus(ROTATION))?;
    let event = Event::new(
        Kind::WebhookSecret,
        id,
        format!("The webhook {} signs with another secret.", hook.name),
    )
    .within(hook.account);
    tx.record(at, permit.who(), &event, hook)
}

/// Removes it with its deliveries.
pub fn remove(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageWebhooks>,
    at: Moment,
    id: WebhookId,
) -> Result<Recorded<String>> {
    let hook = store::find(tx, permit.within(), id)?;
    store::remove(tx, &hook)?;
    hear(tx, hook.account)?;
    let event = Event::new(
        Kind::WebhookRemoved,
        id,
        format!("The webhook {} was removed.", hook.name),
    )
    .within(hook.account)
    .changed(&hook.facts(), &serde_json::Value::Null);
    tx.record(at, permit.who(), &event, hook.name)
}

/// Tells this webhook alone of one event, the trial itself.
pub fn test(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageWebhooks>,
    at: Moment,
    id: WebhookId,
) -> Result<Recorded<()>> {
    let hook = store::find(tx, permit.within(), id)?;
    let event = Event::new(
        Kind::WebhookTested,
        id,
        format!("The webhook {} was tested.", hook.name),
    )
    .within(hook.account);
    tx.wake_jobs();
    tx.record(at, permit.who(), &event, ())
}

/// What is told once more.
#[derive(Debug, Clone, Copy)]
pub enum Again {
    /// The event of one delivery.
    One(DeliveryId),
    /// Every event of the kinds of the webhook, from the first time on and before the second.
    Between(Moment, Moment),
}

/// Tells events once more; says how many.
pub fn replay(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageWebhooks>,
    at: Moment,
    id: WebhookId,
    again: Again,
) -> Result<Recorded<u64>> {
    let hook = store::find(tx, permit.within(), id)?;
    let told: Vec<Told> = match again {
        Again::One(delivery) => {
            let delivery = store::delivery(tx, &hook, delivery)?;
            vec![(delivery.event, delivery.kind, at)]
        }
        Again::Between(from, until) => {
            let most = i64::try_from(MOST_REPLAYED).unwrap_or(i64::MAX).saturating_add(1);
            let found = events::told_between(tx, hook.account, from, until, most)?;
            if found.len() > MOST_REPLAYED {
                return Err(Error::refused(
                    "webhook.too-many-events",
                    format!("More than {MOST_REPLAYED} events fall into this period. Choose a shorter one."),
                ));
            }
            found
                .into_iter()
                .filter(|(_, kind, _)| {
                    kind.is_among(&hook.kinds) && !matches!(kind, Kind::WebhookTested | Kind::WebhookGivenUp)
                })
                .collect()
        }
    };
    if told.is_empty() {
        return Ok(tx.unchanged(0));
    }
    tell(tx, hook.account, hook.id, &told, true)?;
    let many = told.len() as u64;
    let event = Event::new(
        Kind::WebhookReplayed,
        id,
        format!(
            "The webhook {} is told {} once more.",
            hook.name,
            counted(many, "event", "events")
        ),
    )
    .within(hook.account);
    tx.record(at, permit.who(), &event, many)
}
