//! Watches what learners do: looks at what the portals show, and keeps what was seen.

use super::definition::{Condition, Place};
use super::model::{Attempt, Mark, MarkKind, Standing};
use super::{start, store};
use crate::error::Result;
use crate::http::Portal;
use crate::http::widgets::counted;
use crate::kernel::ids::LabAttemptId;
use crate::kernel::{Clock, Event, Kind, Moment, Who};
use crate::platform::db::{Db, Reads};
use crate::platform::jobs::Job;
use crate::simulator::expressions;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// So many attempts that are under way are looked at.
const MOST_RUNNING: i64 = 500;
/// So many whose time is over are ended in one go.
const AT_ONCE: i64 = 20;
/// What another process has written, and what time alone changes, is looked at each so many seconds.
const ANYWAY: u64 = 5;

/// Attempts with what was seen of each.
pub fn standings(read: &mut dyn Reads, attempts: Vec<Attempt>) -> Result<Vec<Standing>> {
    let ids: Vec<LabAttemptId> = attempts.iter().map(|one| one.id).collect();
    let marks = store::marks(read, &ids)?;
    attempts
        .into_iter()
        .map(|attempt| {
            let own = marks.iter().filter(|(id, _)| *id == attempt.id);
            let own = own.map(|(_, mark)| *mark).collect();
            Standing::of(attempt, own)
        })
        .collect()
}

/// What is to be seen in a portal now, and was not seen before. Wrong turns count until their step is done.
fn look(read: &mut dyn Reads, standing: &Standing, place: Place, wall: Moment) -> Result<Vec<Mark>> {
    let (names, scope) = (standing.names(), standing.attempt.scope());
    // An On-Prem server knows no learner: there the names of things say whose they are.
    let scope = (place == Place::Cloud).then_some(&scope);
    let mut holds = |condition: &Condition| -> Result<bool> {
        if condition.place != place {
            return Ok(false);
        }
        expressions::holds(read, &condition.of(&names)?, scope)
    };
    let mut seen = Vec::new();
    for (n, step) in standing.lab.steps.iter().enumerate() {
        if standing.has(n, MarkKind::Done, 0) {
            continue;
        }
        let mark = |kind, number: usize| Mark {
            step: i32::try_from(n).unwrap_or(i32::MAX),
            kind,
            number: i32::try_from(number).unwrap_or(i32::MAX),
            at: wall,
        };
        for (number, wrong) in step.wrong.iter().enumerate() {
            if !standing.has(n, MarkKind::Wrong, number) && holds(&wrong.when)? {
                seen.push(mark(MarkKind::Wrong, number));
            }
        }
        if holds(&step.done)? {
            seen.push(mark(MarkKind::Done, 0));
        }
    }
    Ok(seen)
}

/// The same in all portals of the lab.
async fn look_everywhere(
    cloud: &Db,
    on_prem: Option<&Db>,
    standing: &Standing,
    wall: Moment,
) -> Result<Vec<Mark>> {
    let own = standing.clone();
    let mut seen = cloud.read(move |r| look(r, &own, Place::Cloud, wall)).await?;
    if let (Some(on_prem), true) = (on_prem, standing.lab.start.on_prem.is_some()) {
        let own = standing.clone();
        seen.extend(on_prem.read(move |r| look(r, &own, Place::OnPrem, wall)).await?);
    }
    Ok(seen)
}

/// As it stands this moment, before the job has kept it: reading a page changes nothing.
pub async fn now(portal: &Portal, mut standing: Standing) -> Result<Standing> {
    let wall = portal.clock.wall();
    if standing.attempt.done_at.is_none() && standing.attempt.has_account(wall) {
        let on_prem = portal.beside.get().map(|one| &one.db);
        let seen = look_everywhere(&portal.db, on_prem, &standing, wall).await?;
        standing.marks.extend(seen);
        if standing.is_done() {
            standing.attempt.done_at = Some(wall);
        }
    }
    Ok(standing)
}

/// Keeps what is new.
async fn keep(db: &Db, at: Moment, wall: Moment, standing: Standing, seen: Vec<Mark>) -> Result<()> {
    db.write(move |tx| {
        if store::insert_marks(tx, standing.attempt.id, &seen)? == 0 {
            return Ok(tx.unchanged(()));
        }
        let mut after = standing.clone();
        after.marks.extend(seen.iter().copied());
        if after.is_done() {
            store::set_done(tx, standing.attempt.id, wall)?;
        }
        let words = format!(
            "In the graded lab {} ({}) {} of {} done; {} told.",
            after.lab.name,
            after.attempt.tag,
            after.done(),
            counted(after.lab.steps.len() as u64, "step is", "steps are"),
            counted(
                after.count(MarkKind::Wrong) as u64,
                "wrong turn was",
                "wrong turns were"
            ),
        );
        let event = Event::new(Kind::LabGraded, after.attempt.id, words);
        tx.record(at, &Who::portal("graded labs"), &event, ())
    })
    .await
}

/// Ends attempts whose time is over. Their accounts in the cloud go by themselves, as all throw-away tenants do.
async fn end_overdue(db: &Db, on_prem: Option<&Portal>, at: Moment, wall: Moment) -> Result<()> {
    let overdue = db.read(move |r| store::overdue(r, wall, AT_ONCE)).await?;
    for attempt in overdue {
        let standing = Standing::of(attempt.clone(), Vec::new())?;
        if let (Some(on_prem), true) = (on_prem, standing.lab.start.on_prem.is_some()) {
            start::forget_on_prem(on_prem, &standing.names(), at).await?;
        }
        db.write(move |tx| {
            if !store::set_ended(tx, attempt.id, attempt.expires_at)? {
                return Ok(tx.unchanged(()));
            }
            let words = format!(
                "The time of the graded lab {} ({}) is over.",
                attempt.lab, attempt.tag
            );
            let event = Event::new(Kind::LabGraded, attempt.id, words);
            tx.record(at, &Who::portal("graded labs"), &event, ())
        })
        .await?;
    }
    Ok(())
}

/// Watches all attempts that are under way, soon after something was written.
pub fn jobs(db: &Db, clock: &Clock, beside: &Arc<OnceLock<Portal>>) -> Vec<Job> {
    let (db, clock, beside) = (db.clone(), clock.clone(), beside.clone());
    let (commits, beats) = (Mutex::new(db.commits()), AtomicU64::new(0));
    let (commits, beats) = (Arc::new(commits), Arc::new(beats));
    vec![Job::new("grade labs", Duration::from_secs(1), move || {
        let (db, clock, beside) = (db.clone(), clock.clone(), beside.clone());
        let (commits, beats) = (commits.clone(), beats.clone());
        async move {
            let is_new = {
                let mut commits = commits.lock().unwrap_or_else(PoisonError::into_inner);
                let is_new = commits.has_changed().unwrap_or(true);
                commits.mark_unchanged();
                is_new
            };
            let beat = beats.fetch_add(1, Ordering::Relaxed);
            if !is_new && !beat.is_multiple_of(ANYWAY) {
                return Ok(());
            }
            let (at, wall) = (clock.now(), clock.wall());
            end_overdue(&db, beside.get(), at, wall).await?;
            let running = db
                .read(move |r| {
                    let running = store::running(r, wall, MOST_RUNNING)?;
                    standings(r, running)
                })
                .await?;
            let on_prem = beside.get().map(|one| &one.db);
            for standing in running {
                let seen = look_everywhere(&db, on_prem, &standing, wall).await?;
                if !seen.is_empty() {
                    keep(&db, at, wall, standing, seen).await?;
                }
            }
            Ok(())
        }
    })]
}
