//! What is only of use for a while goes when it is old enough: by one process, in small batches, with a line in the server's
//! record that says how much went.

use crate::error::Result;
use crate::http::widgets::counted;
use crate::kernel::{Clock, Event, Kind, Moment, Who};
use crate::platform::config::{Config, Days};
use crate::platform::db::{Db, Reads, Tx};
use crate::platform::jobs::Job;
use crate::platform::{mail, settings};
use crate::{events, local_accounts, simulator, sync, webhooks};
use chrono::TimeDelta;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// So many rows go at a time.
const BATCH: i64 = 200;

/// Things that grow old.
struct Things {
    /// One, and many.
    nouns: (&'static str, &'static str),
    kept: Days,
    /// Those from before a time that nobody needs, at most so many.
    old: fn(&mut dyn Reads, Moment, i64) -> Result<Vec<String>>,
    forget: fn(&mut Tx<'_>, &[String]) -> Result<()>,
}

/// What is set to go in this portal.
fn things(config: &Config) -> Vec<Things> {
    let keeps = &config.retention;
    let mut all = vec![Things {
        nouns: ("delivery of a webhook", "deliveries of webhooks"),
        kept: keeps.deliveries,
        old: webhooks::settled_before,
        forget: webhooks::forget,
    }];
    if let Some(kept) = keeps.mail {
        all.push(Things {
            nouns: ("letter", "letters"),
            kept,
            old: mail::settled_before,
            forget: mail::forget,
        });
        if config.is_lab() {
            all.push(Things {
                nouns: ("letter of the mailbox", "letters of the mailbox"),
                kept,
                old: simulator::letters_before,
                forget: simulator::forget_letters,
            });
        }
    }
    if let Some(kept) = keeps.sync {
        let (old, forget): (
            fn(&mut dyn Reads, Moment, i64) -> _,
            fn(&mut Tx<'_>, &[String]) -> _,
        ) = if config.edition.is_on_prem() {
            (local_accounts::files_before, local_accounts::forget_files)
        } else {
            (sync::files_before, sync::forget_files)
        };
        all.push(Things {
            nouns: ("synchronization file", "synchronization files"),
            kept,
            old,
            forget,
        });
    }
    all
}

/// The job that removes it.
pub fn job(config: &Config, db: &Db, clock: &Clock) -> Job {
    let config = config.clone();
    Job::by_clock(
        "remove what is old",
        Duration::from_mins(10),
        db,
        clock,
        move |db, clock| {
            let (things, events) = (things(&config), config.retention.events.clone());
            async move { remove(&db, &clock, things, events).await }
        },
    )
    .aside()
}

async fn remove(db: &Db, clock: &Clock, things: Vec<Things>, events: Option<(Days, PathBuf)>) -> Result<()> {
    let (now, wall) = (clock.now(), clock.wall());
    // Asked of a snapshot: most of the time there is nothing to write.
    let asked: Vec<_> = things.iter().map(|one| (one.old, one.kept.before(now))).collect();
    let old_events = events.as_ref().map(|(kept, _)| kept.before(now));
    let is_any = db
        .read(move |r| {
            if let Some(before) = old_events
                && events::is_any_before(r, before)?
            {
                return Ok(true);
            }
            for (old, before) in asked {
                if !old(r, before, 1)?.is_empty() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await?;
    if !is_any || !db.housekeeping(move |tx| claim(tx, wall)).await? {
        return Ok(());
    }
    let mut gone = Vec::new();
    for one in things {
        let count = remove_all(db, &one, now).await?;
        if count > 0 {
            gone.push((one.nouns, one.kept, count));
        }
    }
    if !gone.is_empty() {
        db.write(move |tx| {
            let event = event(&gone);
            tx.record(now, &Who::portal("retention"), &event, ())
        })
        .await?;
    }
    // It writes into the record of each account what went of that.
    if let Some((kept, folder)) = events {
        events::archive(db, clock, folder, kept.before(now)).await?;
    }
    db.housekeeping(|tx| settings::set(tx, TURN, "")).await
}

async fn remove_all(db: &Db, one: &Things, now: Moment) -> Result<u64> {
    let (old, forget, before) = (one.old, one.forget, one.kept.before(now));
    let mut count = 0;
    loop {
        let ids = db.read(move |r| old(r, before, BATCH)).await?;
        let some = ids.len();
        if some == 0 {
            return Ok(count);
        }
        db.housekeeping(move |tx| forget(tx, &ids)).await?;
        count += u64::try_from(some).unwrap_or_default();
    }
}

/// The name under which it is kept until when a process removes.
const TURN: &str = "removing-until";

/// Takes the turn for some minutes: false when another process has it.
fn claim(tx: &mut Tx<'_>, wall: Moment) -> Result<bool> {
    let held = settings::get(tx, TURN)?.unwrap_or_default();
    if Moment::parse(&held).is_some_and(|until| until > wall) {
        return Ok(false);
    }
    let until = wall.plus(TimeDelta::minutes(9)).rfc3339();
    settings::exchange(tx, TURN, &held, &until)
}

fn event(gone: &[((&str, &str), Days, u64)]) -> Event {
    let parts: Vec<String> = gone
        .iter()
        .map(|((one, many), kept, count)| format!("{} (kept for {kept})", counted(*count, one, many)))
        .collect();
    let counts: serde_json::Map<String, serde_json::Value> = gone
        .iter()
        .map(|((_, many), kept, count)| ((*many).to_owned(), json!({ "removed": count, "days": kept.0 })))
        .collect();
    Event::new(
        Kind::ServerRemovedOld,
        "retention",
        format!("Removed because of their age: {}.", parts.join(", ")),
    )
    .with(counts.into())
}
