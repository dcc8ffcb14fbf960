//! Carries webhooks: each is claimed, put into words, signed, sent, and settled. A receiver that does not answer keeps
//! nobody else waiting for long: what else is for it rests until the next run.

use super::model::{DELIVERY, EVENT, KEPT, SIGNATURE, WEBHOOK, signature};
use super::service;
use super::store::{self, Parcel};
use crate::error::{Error, Result};
use crate::kernel::event::Outcome;
use crate::kernel::ids::{DeliveryId, WebhookId};
use crate::kernel::{Clock, Event, Kind, Who};
use crate::platform::config::Config;
use crate::platform::db::{Db, off_the_loop};
use crate::platform::deliveries::{MOST_TRIES, next_try, short};
use crate::platform::faults::{Faults, Surface};
use crate::platform::jobs::Job;
use crate::platform::reach::{Answered, Caller};
use crate::platform::signing::Signing;
use futures_util::{StreamExt, stream};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// So many are looked for at once.
const AT_ONCE: i64 = 64;
/// So many are on their way at the same time.
const ABREAST: usize = 4;

/// Carries webhooks.
#[derive(Clone)]
struct Carrier {
    db: Db,
    clock: Clock,
    signing: Arc<Signing>,
    caller: Caller,
    faults: Arc<Faults>,
}

/// What this room does by the clock.
pub fn jobs(
    config: &Config,
    db: &Db,
    clock: &Clock,
    signing: &Arc<Signing>,
    faults: &Arc<Faults>,
) -> Vec<Job> {
    let carrier = Carrier {
        db: db.clone(),
        clock: clock.clone(),
        signing: signing.clone(),
        caller: config.reach.caller(),
        faults: faults.clone(),
    };
    vec![
        Job::new("deliver webhooks", Duration::from_millis(500), move || {
            let carrier = carrier.clone();
            async move { carrier.deliver().await }
        })
        .aside(),
        Job::by_clock(
            "forget old webhook deliveries",
            Duration::from_mins(10),
            db,
            clock,
            |db, clock| async move {
                let before = clock.now().plus(-KEPT);
                db.housekeeping(move |tx| store::forget_before(tx, before)).await
            },
        ),
    ]
}

impl Carrier {
    /// Delivers what is due.
    async fn deliver(&self) -> Result<()> {
        let resting: Mutex<BTreeSet<WebhookId>> = Mutex::default();
        loop {
            let wall = self.clock.wall();
            let rest: Vec<WebhookId> = lock(&resting).iter().copied().collect();
            let due = self.db.read(move |r| store::due(r, wall, &rest, AT_ONCE)).await?;
            if due.is_empty() {
                return Ok(());
            }
            let done: Vec<Result<()>> = stream::iter(due)
                .map(|(id, hook)| {
                    let resting = &resting;
                    async move {
                        if lock(resting).contains(&hook) {
                            return Ok(());
                        }
                        if !self.carry(id).await? {
                            lock(resting).insert(hook);
                        }
                        Ok(())
                    }
                })
                .buffer_unordered(ABREAST)
                .collect()
                .await;
            done.into_iter().collect::<Result<()>>()?;
        }
    }

    /// Carries one; says whether the receiver may get the next one at once.
    async fn carry(&self, id: DeliveryId) -> Result<bool> {
        let wall = self.clock.wall();
        let claimed = self.db.housekeeping(move |tx| store::claim(tx, id, wall)).await?;
        let Some(parcel) = claimed else {
            return Ok(true);
        };
        let sent = self.send(&parcel).await?;
        self.settle(parcel, sent).await
    }

    /// The answer, or why none came.
    async fn send(&self, parcel: &Parcel) -> Result<Result<Answered, String>> {
        let (hook, event) = (parcel.hook.clone(), parcel.event);
        let body = match self.db.read(move |r| service::body(r, &hook, event)).await {
            Ok(body) => body,
            // The account is gone, and the delivery will be.
            Err(Error::NotFound) => return Ok(Err("What it is about is not there any more.".to_owned())),
            Err(other) => return Err(other),
        };
        let wall = self.clock.wall();
        if self.faults.stops(Surface::Webhooks, wall) {
            return Ok(Err("A fault rule of this lab: nobody answers.".to_owned()));
        }
        let secrets = service::secrets(&self.signing, &parcel.hook, wall);
        if secrets.is_empty() {
            return Ok(Err(
                "The secret cannot be read with this installation's key: rotate it.".to_owned(),
            ));
        }
        let headers = [
            (DELIVERY, parcel.id.to_string()),
            (WEBHOOK, parcel.hook.id.to_string()),
            (EVENT, parcel.kind.word().to_owned()),
            (SIGNATURE, signature(&secrets, wall, &body)),
        ];
        let (caller, url) = (self.caller.clone(), parcel.hook.url.clone());
        off_the_loop(move || Ok(caller.post(&url, &headers, &body))).await
    }

    /// Keeps what came of it; says whether it was taken.
    async fn settle(&self, parcel: Parcel, sent: Result<Answered, String>) -> Result<bool> {
        let (id, attempt) = (parcel.id, parcel.attempt);
        let (now, wall) = (self.clock.now(), self.clock.wall());
        let problem = match &sent {
            Ok(answer) => refused(answer.status),
            Err(why) => Some(why.clone()),
        };
        let answer = sent.ok();
        let Some(problem) = problem.map(|why| short(&why)) else {
            metrics::counter!("licentral_webhooks_sent_total").increment(1);
            self.db
                .housekeeping(move |tx| {
                    store::answered(tx, id, attempt, wall, answer.as_ref())?;
                    store::sent(tx, id, attempt, now, "")
                })
                .await?;
            return Ok(true);
        };
        if attempt < MOST_TRIES {
            let again = next_try(attempt, wall);
            self.db
                .housekeeping(move |tx| {
                    store::answered(tx, id, attempt, wall, answer.as_ref())?;
                    store::later(tx, id, attempt, again, &problem)
                })
                .await?;
            return Ok(false);
        }
        metrics::counter!("licentral_webhooks_given_up_total").increment(1);
        self.db
            .write(move |tx| {
                store::answered(tx, id, attempt, wall, answer.as_ref())?;
                store::give_up(tx, id, attempt, now, &problem)?;
                let event = Event::new(
                    Kind::WebhookGivenUp,
                    id,
                    format!(
                        "The webhook {} was not told of an event ({}), which was tried {attempt} times: {problem}",
                        parcel.hook.name,
                        parcel.kind.word(),
                    ),
                )
                .within(parcel.hook.account)
                .ended(Outcome::Failed);
                tx.record(now, &Who::portal("webhooks"), &event, ())
            })
            .await?;
        Ok(false)
    }
}

/// Why a status does not mean that the receiver took it.
fn refused(status: u16) -> Option<String> {
    match status {
        200..=299 => None,
        300..=399 => Some(format!(
            "The receiver answered {status}: redirects are not followed. Enter the address to which it leads."
        )),
        _ => Some(format!("The receiver answered {status}.")),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
