//! Who wants to be told is told: of alerts when they appear, each once, and of a day when it is over.

use super::letters::{NAMED, STATUS, SUMMARY};
use super::model::{Alert, Settings};
use super::{service, store};
use crate::authn::people;
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId};
use crate::kernel::{Clock, EmailAddress, Moment};
use crate::platform::db::{Db, Reads, Tx};
use crate::platform::jobs::Job;
use crate::platform::mail;
use chrono::TimeDelta;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// The jobs of this room.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    vec![Job::by_clock(
        "tell of alerts and sum days up",
        Duration::from_secs(20),
        db,
        clock,
        tell,
    )]
}

/// Somebody who is told: a person, or an additional address.
#[derive(Debug, Clone)]
struct Addressee {
    person: Option<PersonId>,
    name: String,
    email: EmailAddress,
    wants: Settings,
    /// The day of the last summary.
    day: String,
}

/// An additional address is told all that can be told.
const EVERYTHING: Settings = Settings {
    daily_summary: true,
    status: true,
    expiring_90: true,
    expiring_60: true,
    expiring_30: true,
};

/// Everybody who is told something, by account.
fn addressees(read: &mut dyn Reads) -> Result<BTreeMap<SmartAccountId, Vec<Addressee>>> {
    let mut by: BTreeMap<SmartAccountId, Vec<Addressee>> = BTreeMap::new();
    for (account, person, wants, day) in store::subscribers(read)? {
        let who = people::find(read, person)?;
        by.entry(account).or_default().push(Addressee {
            person: Some(person),
            name: who.name,
            email: who.email,
            wants,
            day,
        });
    }
    for account in store::with_addresses(read)? {
        for (address, day) in store::addresses_with_days(read, account)? {
            let Ok(email) = EmailAddress::parse(&address) else {
                continue;
            };
            by.entry(account).or_default().push(Addressee {
                person: None,
                name: address,
                email,
                wants: EVERYTHING,
                day,
            });
        }
    }
    Ok(by)
}

async fn tell(db: Db, clock: Clock) -> Result<()> {
    let now = clock.now();
    let by = db.read(|r| addressees(r)).await?;
    for (account, told) in by {
        let done = of_alerts(&db, now, account, &told).await;
        let summed_up = match done {
            Ok(()) => of_days(&db, now, account, &told).await,
            other => other,
        };
        match summed_up {
            // Another process was quicker.
            Err(Error::Stale) | Ok(()) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// Which alerts are new in an account, and which told ones are no more.
fn changed(read: &mut dyn Reads, account: SmartAccountId, now: Moment) -> Result<(Vec<Alert>, Vec<String>)> {
    let alerts = service::of_account(read, account, now)?;
    let told = store::told(read, account)?;
    let gone = told
        .iter()
        .filter(|key| !alerts.iter().any(|alert| alert.key == **key))
        .cloned()
        .collect();
    Ok((
        alerts
            .into_iter()
            .filter(|alert| !told.contains(&alert.key))
            .collect(),
        gone,
    ))
}

async fn of_alerts(db: &Db, now: Moment, account: SmartAccountId, told: &[Addressee]) -> Result<()> {
    let (new, gone) = db.read(move |r| changed(r, account, now)).await?;
    if new.is_empty() && gone.is_empty() {
        return Ok(());
    }
    let told = told.to_vec();
    db.housekeeping(move |tx| {
        let (new, gone) = changed(tx, account, now)?;
        let keys: Vec<String> = new.iter().map(|alert| alert.key.clone()).collect();
        store::tell(tx, account, &keys, &gone, now)?;
        for one in &told {
            post_status(tx, now, account, one, &new)?;
        }
        Ok(())
    })
    .await
}

fn post_status(
    tx: &mut Tx<'_>,
    now: Moment,
    account: SmartAccountId,
    to: &Addressee,
    new: &[Alert],
) -> Result<()> {
    let mut theirs: Vec<&Alert> = new.iter().filter(|alert| to.wants.wants(alert)).collect();
    if let Some(person) = to.person {
        match service::reach_of(tx, account, person)? {
            Some(reach) => theirs.retain(|alert| reach.covers(alert.place)),
            None => return Ok(()),
        }
    }
    if theirs.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = theirs
        .iter()
        .take(NAMED)
        .map(|alert| alert.key.as_str())
        .collect();
    let extra = json!({
        "keys": keys.join("\n"),
        "more": theirs.len().saturating_sub(NAMED).to_string(),
        "person": to.person.map(|id| id.to_string()).unwrap_or_default(),
    });
    mail::post(tx, now, STATUS, account.as_str(), &extra, &to.name, &to.email).map(drop)
}

/// One summary a day, of the day before, however many days the clock went on.
async fn of_days(db: &Db, now: Moment, account: SmartAccountId, told: &[Addressee]) -> Result<()> {
    let today = service::day_of(now);
    let yesterday = service::day_of(now.plus(TimeDelta::days(-1)));
    let due: Vec<Addressee> = told
        .iter()
        .filter(|one| one.wants.daily_summary && one.day < today)
        .cloned()
        .collect();
    if due.is_empty() {
        return Ok(());
    }
    db.housekeeping(move |tx| {
        for one in &due {
            let is_ours = match one.person {
                Some(person) => store::summed_up(tx, account, person, &today)?,
                None => store::address_summed_up(tx, account, one.email.key(), &today)?,
            };
            if is_ours {
                let extra = json!({
                    "day": yesterday,
                    "person": one.person.map(|id| id.to_string()).unwrap_or_default(),
                });
                mail::post(tx, now, SUMMARY, account.as_str(), &extra, &one.name, &one.email)?;
            }
        }
        Ok(())
    })
    .await
}
