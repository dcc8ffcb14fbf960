//! Moving the lab's clock, and what came of it.

use super::model::{Step, shows, steer};
use crate::authz::Permit;
use crate::authz::action::ControlClock;
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::kernel::clock::Setting;
use crate::kernel::{Event, Kind, Moment};
use crate::platform::calendar::{self, Due};
use crate::platform::db::{Recorded, Tx, events_from};
use crate::platform::{mail, settings};

/// What a step of the clock has brought about.
#[derive(Debug, Clone, Copy)]
pub struct Moved {
    /// The setting from now on.
    pub setting: Setting,
    /// What the clock showed before.
    pub before: Moment,
    /// What it shows.
    pub after: Moment,
}

/// Moves the clock. The setting that counts is the one in the database: another process may have moved it.
pub fn steer_clock(
    tx: &mut Tx<'_>,
    permit: &Permit<ControlClock>,
    system: Moment,
    known: Setting,
    step: Step,
) -> Result<Recorded<Moved>> {
    let now = settings::get(tx, settings::CLOCK)?
        .and_then(|kept| serde_json::from_str(&kept).ok())
        .unwrap_or(known);
    let setting = steer(now, system, step)?;
    let moved = Moved {
        setting,
        before: shows(now, system),
        after: shows(setting, system),
    };
    if setting == now {
        return Ok(tx.unchanged(moved));
    }
    let kept = serde_json::to_string(&setting).map_err(crate::error::Error::internal)?;
    settings::set(tx, settings::CLOCK, &kept)?;
    let event = Event::new(
        Kind::ClockMoved,
        settings::CLOCK,
        format!(
            "The clock was {}: from {} to {}.",
            step.words(),
            moved.before.words(),
            moved.after.words()
        ),
    )
    .changed(
        &serde_json::json!({ "shows": moved.before, "setting": now }),
        &serde_json::json!({ "shows": moved.after, "setting": setting }),
    );
    // At the time before: the cause stands in the record before what comes of it.
    tx.record(moved.before, permit.who(), &event, moved)
}

/// What came of a step of the clock, in all portals of the lab.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    /// How many events were recorded.
    pub events: u64,
    /// How many letters went out. A reminder is a letter and no event.
    pub letters: u64,
}

/// What is due next in the portals of the lab, the first first. What is overdue is done within seconds and not among it.
pub async fn due(portal: &Portal, most: i64) -> Result<Vec<Due>> {
    let now = portal.clock.now();
    let mut all = Vec::new();
    for one in portal.of_the_lab() {
        let calendar = one.calendar.clone();
        all.extend(one.db.read(move |r| calendar.after(r, now, most)).await?);
    }
    Ok(calendar::first(all, most))
}

/// The step to the next thing that is due, and that thing.
pub async fn next(portal: &Portal) -> Result<(Step, Due)> {
    let due = due(portal, 1).await?.pop().ok_or_else(|| {
        Error::refused(
            "lab.nothing-due",
            "Nothing is due: there is nothing to which the clock could jump.",
        )
    })?;
    Ok((Step::To(due.at), due))
}

/// Moves the clock, does at once what is due by then, and says what was done. The portals of a lab go by one clock: each
/// keeps its setting.
pub async fn carry_out(portal: &Portal, permit: &Permit<ControlClock>, step: Step) -> Result<(Moved, Done)> {
    if !portal.config.is_lab() {
        return Err(Error::NotFound);
    }
    let wheel = match portal.of_the_lab().first() {
        Some(first) => Some(first.lab.steer().await),
        None => None,
    };
    let (permit, known, system) = (permit.clone(), portal.clock.setting(), portal.clock.system_time());
    let moved = portal
        .db
        .write(move |tx| steer_clock(tx, &permit, system, known, step))
        .await?;
    let kept = serde_json::to_string(&moved.setting).map_err(Error::internal)?;
    if let Some(other) = portal.beside.get() {
        let kept = kept.clone();
        other
            .db
            .housekeeping(move |tx| settings::set(tx, settings::CLOCK, &kept))
            .await?;
    }
    portal.clock.set(moved.setting);
    let (after, mut done) = (moved.after, Done::default());
    for one in portal.of_the_lab() {
        one.jobs.run_all().await;
        let (events, letters) = one
            .db
            .read(move |r| Ok((events_from(r, after)?, mail::sent_from(r, after)?)))
            .await?;
        done.events += events;
        done.letters += letters;
    }
    drop(wheel);
    Ok((moved, done))
}
