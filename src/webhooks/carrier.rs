//! Carries webhooks in rounds: what is due is claimed, put into words, signed, sent, and settled. A receiver that does not answer keeps
//! nobody else waiting for long: what else is for it rests until the next run.

use super::model::{DELIVERY, EVENT, SIGNATURE, WEBHOOK, signature};
use super::service;
use super::store::{self, Parcel};
use crate::error::{Error, Result};
use crate::kernel::event::Outcome;
use crate::kernel::ids::{DeliveryId, WebhookId};
use crate::kernel::{Clock, Event, Kind, Moment, Who};
use crate::platform::config::Config;
use crate::platform::db::{Db, Recorded, Tx, off_the_loop};
use crate::platform::deliveries::{MOST_TRIES, next_try, short};
use crate::platform::faults::{Faults, Surface};
use crate::platform::jobs::Job;
use crate::platform::reach::{Answered, Caller};
use crate::platform::signing::Signing;
use futures_util::{StreamExt, stream};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many are looked for at once.
const AT_ONCE: i64 = 64;
/// So many are on their way at the same time.
const ABREAST: usize = 4;
/// Rounds of a crowd begin no more often than this: 128 deliveries a second, and pages come first.
const PACE: Duration = Duration::from_millis(500);
/// What has not been sent by then is put back, well before its lease is over.
const LONGEST_ROUND: Duration = Duration::from_secs(30);

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
    ]
}

impl Carrier {
    /// Delivers what is due, a round after the other. Each round writes twice, whatever it carries, so that pages are not
    /// made anew for every delivery.
    async fn deliver(&self) -> Result<()> {
        let mut resting = BTreeSet::new();
        loop {
            let begun = Instant::now();
            let wall = self.clock.wall();
            let rest: Vec<WebhookId> = resting.iter().copied().collect();
            let due = self.db.read(move |r| store::due(r, wall, &rest, AT_ONCE)).await?;
            if due.is_empty() {
                return Ok(());
            }
            let is_crowd = i64::try_from(due.len()).is_ok_and(|all| all == AT_ONCE);
            resting.append(&mut self.round(due).await?);
            if is_crowd {
                tokio::time::sleep(PACE.saturating_sub(begun.elapsed())).await;
            }
        }
    }

    /// Takes over what is due, sends it, and settles it. The webhooks whose receivers rest until the next run.
    async fn round(&self, due: Vec<DeliveryId>) -> Result<BTreeSet<WebhookId>> {
        let (wall, begun) = (self.clock.wall(), Instant::now());
        let claimed: Vec<Parcel> = self
            .db
            .housekeeping(move |tx| {
                let claimed = due.iter().map(|id| store::claim(tx, *id, wall));
                Ok(claimed
                    .collect::<Result<Vec<_>>>()?
                    .into_iter()
                    .flatten()
                    .collect())
            })
            .await?;
        let resting: Mutex<BTreeSet<WebhookId>> = Mutex::default();
        let tried: Vec<Result<Tried>> = stream::iter(claimed)
            .map(|parcel| {
                let resting = &resting;
                async move {
                    if begun.elapsed() > LONGEST_ROUND || lock(resting).contains(&parcel.hook.id) {
                        return Ok(Tried { parcel, sent: None });
                    }
                    let sent = self.send(&parcel).await?;
                    if problem(&sent).is_some() {
                        lock(resting).insert(parcel.hook.id);
                    }
                    Ok(Tried {
                        parcel,
                        sent: Some((self.clock.wall(), sent)),
                    })
                }
            })
            .buffer_unordered(ABREAST)
            .collect()
            .await;
        self.settle(tried.into_iter().collect::<Result<Vec<_>>>()?)
            .await?;
        Ok(resting.into_inner().unwrap_or_else(PoisonError::into_inner))
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

    /// Keeps what came of a round.
    async fn settle(&self, tried: Vec<Tried>) -> Result<()> {
        let now = self.clock.now();
        let (given_up, others): (Vec<_>, Vec<_>) = tried.into_iter().partition(Tried::is_given_up);
        let taken = others.iter().filter(|one| one.is_taken()).count();
        self.db
            .housekeeping(move |tx| others.iter().try_for_each(|one| one.keep(tx, now)))
            .await?;
        metrics::counter!("licentral_webhooks_sent_total")
            .increment(u64::try_from(taken).unwrap_or_default());
        for one in given_up {
            metrics::counter!("licentral_webhooks_given_up_total").increment(1);
            self.db.write(move |tx| one.give_up(tx, now)).await?;
        }
        Ok(())
    }
}

/// A delivery of a round.
struct Tried {
    parcel: Parcel,
    /// When the answer was there by wall time, or why there is none; nothing when it was not sent in this round after all.
    sent: Option<(Moment, Result<Answered, String>)>,
}

impl Tried {
    fn problem(&self) -> Option<String> {
        self.sent.as_ref().and_then(|(_, sent)| problem(sent))
    }

    fn is_taken(&self) -> bool {
        self.sent.is_some() && self.problem().is_none()
    }

    fn is_given_up(&self) -> bool {
        self.parcel.attempt >= MOST_TRIES && self.problem().is_some()
    }

    fn answered(&self, tx: &mut Tx<'_>) -> Result<()> {
        let Some((wall, sent)) = &self.sent else {
            return Ok(());
        };
        store::answered(tx, self.parcel.id, self.parcel.attempt, *wall, sent.as_ref().ok())
    }

    /// As sent, as to be tried again, or as not tried.
    fn keep(&self, tx: &mut Tx<'_>, now: Moment) -> Result<()> {
        let (id, attempt) = (self.parcel.id, self.parcel.attempt);
        let Some((wall, _)) = &self.sent else {
            return store::put_back(tx, id, attempt);
        };
        self.answered(tx)?;
        match self.problem() {
            None => store::sent(tx, id, attempt, now, ""),
            Some(why) => store::later(tx, id, attempt, next_try(attempt, *wall), &why),
        }
    }

    fn give_up(&self, tx: &mut Tx<'_>, now: Moment) -> Result<Recorded<()>> {
        let (id, attempt, hook) = (self.parcel.id, self.parcel.attempt, &self.parcel.hook);
        let why = self.problem().unwrap_or_default();
        self.answered(tx)?;
        store::give_up(tx, id, attempt, now, &why)?;
        let says = format!(
            "The webhook {} was not told of an event ({}), which was tried {attempt} times: {why}",
            hook.name,
            self.parcel.kind.word(),
        );
        let event = Event::new(Kind::WebhookGivenUp, id, says)
            .within(hook.account)
            .ended(Outcome::Failed);
        tx.record(now, &Who::portal("webhooks"), &event, ())
    }
}

/// Why a try does not count as delivered, as it is kept.
fn problem(sent: &Result<Answered, String>) -> Option<String> {
    match sent {
        Ok(answer) => refused(answer.status),
        Err(why) => Some(why.clone()),
    }
    .map(|why| short(&why))
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
