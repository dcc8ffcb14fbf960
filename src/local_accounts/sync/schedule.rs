//! The schedule of the server: when its local accounts synchronize by themselves.

use super::super::store as accounts;
use super::{claim, exchange, store};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::SmartAccountId;
use crate::kernel::{Clock, Event, Kind, Moment, Who};
use crate::platform::db::{Db, Reads, Recorded, Tx, off_the_loop};
use crate::platform::jobs::Job;
use crate::platform::settings;
use crate::platform::signing::Signing;
use chrono::{Days, Months, NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Under which the schedule is kept.
const KEPT: &str = "on-prem.schedule";
/// So many accounts get their turn in one run of the job; the others follow at once in the next.
const AT_ONCE: i64 = 20;
/// A scheduled try that failed is repeated after this, then after twice as long, up to the next regular time.
const AGAIN_AFTER: TimeDelta = TimeDelta::minutes(5);

crate::words! {
    /// "Frequency".
    pub enum Frequency {
        /// Each day.
        Daily = "daily", "Daily";
        /// Each week, on the weekday of the start.
        Weekly = "weekly", "Weekly";
        /// Each month, on the day of the start, or on its last day.
        Monthly = "monthly", "Monthly";
    }
}

/// When the accounts synchronize by themselves. All of it is UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// "Start Date".
    pub start: NaiveDate,
    /// How often.
    pub frequency: Frequency,
    /// "Time of Day".
    pub time: NaiveTime,
}

impl Schedule {
    /// What a form or a script says of it.
    pub fn typed(start: &str, frequency: &str, time: &str) -> Result<Self> {
        let mut problems = Problems::default();
        let start = problems.take(
            "start",
            NaiveDate::parse_from_str(start.trim(), "%Y-%m-%d")
                .map_err(|_| "Enter a date, such as 2026-11-30.".to_owned())
                .and_then(|date| {
                    let year = chrono::Datelike::year(&date);
                    if (2000..2100).contains(&year) {
                        Ok(date)
                    } else {
                        Err("Enter a year from 2000 to 2099.".to_owned())
                    }
                }),
        );
        let frequency = problems.take(
            "frequency",
            frequency
                .parse::<Frequency>()
                .map_err(|_| "Choose Daily, Weekly or Monthly.".to_owned()),
        );
        let time = problems.take(
            "time",
            NaiveTime::parse_from_str(time.trim(), "%H:%M")
                .map_err(|_| "Enter a time of day in UTC, such as 02:30.".to_owned()),
        );
        problems.or_ok()?;
        match (start, frequency, time) {
            (Some(start), Some(frequency), Some(time)) => Ok(Self {
                start,
                frequency,
                time,
            }),
            _ => Err(Error::invalid("start", "Enter the schedule.")),
        }
    }

    /// The first time of the schedule after a moment.
    pub fn next_after(&self, after: Moment) -> Option<Moment> {
        let at = |day: NaiveDate| Moment::of(day.and_time(self.time).and_utc());
        if at(self.start) > after {
            return Some(at(self.start));
        }
        let days = after.since(at(self.start)).num_days();
        match self.frequency {
            Frequency::Daily | Frequency::Weekly => {
                let step = if self.frequency == Frequency::Daily { 1 } else { 7 };
                let steps = days / step + 1;
                let next = self
                    .start
                    .checked_add_days(Days::new(u64::try_from(steps * step).ok()?))?;
                Some(at(next))
            }
            Frequency::Monthly => {
                // A month has 28 days at least, so this many months are not beyond the moment.
                let passed = u32::try_from(days / 31).ok()?;
                (passed..=passed + 2 + passed / 28)
                    .filter_map(|months| self.start.checked_add_months(Months::new(months)))
                    .map(at)
                    .find(|moment| *moment > after)
            }
        }
    }
}

/// The schedule of the server; none while it is off.
pub fn kept(read: &mut dyn Reads) -> Result<Option<Schedule>> {
    match settings::get(read, KEPT)? {
        Some(text) if !text.is_empty() => serde_json::from_str(&text).map(Some).map_err(Error::internal),
        _ => Ok(None),
    }
}

/// Sets the schedule of the server for all accounts, or turns it off.
pub fn apply(tx: &mut Tx<'_>, at: Moment, who: &Who, wanted: Option<&Schedule>) -> Result<Recorded<()>> {
    let before = kept(tx)?;
    let text = match wanted {
        Some(schedule) => serde_json::to_string(schedule).map_err(Error::internal)?,
        None => String::new(),
    };
    settings::set(tx, KEPT, &text)?;
    store::forget_turns(tx)?;
    let words = match wanted {
        Some(one) => format!(
            "Scheduled sync was set: {}, from {} at {} UTC.",
            one.frequency,
            one.start,
            one.time.format("%H:%M")
        ),
        None => "Scheduled sync was disabled.".to_owned(),
    };
    let event = Event::new(Kind::LocalSchedule, "schedule", words).changed(&before, &wanted);
    tx.record(at, who, &event, ())
}

/// Lets the schedule hold for one account, or not.
pub fn hold_for(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    id: SmartAccountId,
    holds: bool,
) -> Result<Recorded<String>> {
    let one = accounts::find(tx, id)?;
    one.cloud()?;
    if one.is_scheduled == holds {
        return Ok(tx.unchanged(one.name));
    }
    store::set_scheduled(tx, id, holds)?;
    let words = if holds { "enabled" } else { "disabled" };
    let event = Event::new(
        Kind::LocalSchedule,
        id,
        format!("Scheduled sync was {words} for {}.", one.name),
    )
    .within(id);
    tx.record(at, who, &event, one.name)
}

/// Synchronizes the accounts whose turn it is; one whose turn was missed while the server was off has one turn, not many.
/// Ends what a process that has stopped left In progress.
pub fn jobs(db: &Db, clock: &Clock, signing: &Arc<Signing>) -> Vec<Job> {
    let over = Job::by_clock(
        "end synchronizations that were cut off",
        Duration::from_secs(2),
        db,
        clock,
        |db, clock| async move {
            off_the_loop(move || {
                if claim::is_anybody_gone(&db, clock.wall())? {
                    db.write_now(|tx| claim::give_up(tx, clock.now(), clock.wall()))?;
                }
                Ok(())
            })
            .await
        },
    );
    let (db, clock, signing) = (db.clone(), clock.clone(), signing.clone());
    vec![
        over,
        Job::new("scheduled synchronization", Duration::from_secs(5), move || {
            let (db, clock, signing) = (db.clone(), clock.clone(), signing.clone());
            async move { off_the_loop(move || run(&db, &clock, &signing).map(drop)).await }
        })
        .aside(),
    ]
}

/// Gives each account whose turn it is its turn; says how many had one.
pub fn run(db: &Db, clock: &Clock, signing: &Signing) -> Result<usize> {
    let who = Who::portal("scheduled sync");
    let now = clock.now();
    let (schedule, without, due) = db.read_now(|r| {
        let Some(schedule) = kept(r)? else {
            return Ok((None, Vec::new(), Vec::new()));
        };
        Ok((
            Some(schedule),
            store::without_turn(r, 1_000)?,
            store::due(r, now, AT_ONCE)?,
        ))
    })?;
    let Some(schedule) = schedule else {
        return Ok(0);
    };
    let mut turns = 0;
    let next = schedule.next_after(now);
    if !without.is_empty() {
        db.housekeeping_now(|tx| {
            for id in &without {
                store::set_turn(tx, *id, None, next)?;
            }
            Ok(())
        })?;
    }
    for id in due {
        // The turn is taken before the work: two processes never do it twice. It comes again soon, and is set to its regular time
        // when the work is done: a process may end in between.
        let (one, key) =
            db.read_now(|r| Ok((accounts::find(r, id)?, super::super::key_of(r, signing, id)?)))?;
        let soon = |tries: u32| {
            let again = clock.now().plus(AGAIN_AFTER * 2_i32.pow(tries.min(10)));
            next.map_or(again, |next| next.min(again))
        };
        let meanwhile = Some(soon(0));
        if !db.housekeeping_now(|tx| store::set_turn(tx, id, one.next_run_at, meanwhile))? {
            continue;
        }
        turns += 1;
        let then = match exchange::network(db, clock, &who, id, &key, true) {
            Ok(_) => next,
            Err(error) => {
                tracing::info!(%error, account = one.number, "a scheduled synchronization failed");
                Some(soon(u32::try_from(one.failed_tries).unwrap_or(0)))
            }
        };
        db.housekeeping_now(|tx| store::set_turn(tx, id, meanwhile, then).map(drop))?;
    }
    Ok(turns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    #[test]
    fn a_time_is_on_the_grid_of_the_start() {
        for (start, frequency, after, then) in [
            (
                "2026-11-23",
                "daily",
                "2026-11-22T10:00:00Z",
                "2026-11-23T02:30:00Z",
            ),
            (
                "2026-11-23",
                "daily",
                "2026-11-23T02:30:00Z",
                "2026-11-24T02:30:00Z",
            ),
            (
                "2026-11-23",
                "weekly",
                "2026-11-29T23:59:00Z",
                "2026-11-30T02:30:00Z",
            ),
            (
                "2026-01-31",
                "monthly",
                "2026-02-01T00:00:00Z",
                "2026-02-28T02:30:00Z",
            ),
            (
                "2026-01-31",
                "monthly",
                "2026-02-28T02:30:00Z",
                "2026-03-31T02:30:00Z",
            ),
            (
                "2020-02-29",
                "monthly",
                "2026-11-28T00:00:00Z",
                "2026-11-29T02:30:00Z",
            ),
        ] {
            let schedule = Schedule::typed(start, frequency, "02:30").unwrap();
            assert_eq!(
                schedule.next_after(at(after)),
                Some(at(then)),
                "{start} {frequency} {after}"
            );
        }
    }

    #[test]
    fn what_is_no_schedule_is_told_by_field() {
        let Err(Error::Invalid(problems)) = Schedule::typed("yesterday", "hourly", "25:00") else {
            panic!("taken");
        };
        let fields: Vec<_> = problems.list().iter().map(|one| one.field.clone()).collect();
        assert_eq!(fields, ["start", "frequency", "time"]);
    }

    proptest! {
        #[test]
        fn the_next_time_is_later(days in 0_i64..20_000, frequency in 0_usize..3) {
            let schedule = Schedule { start: NaiveDate::from_ymd_opt(2001, 1, 31).unwrap(), frequency: Frequency::ALL[frequency], time: NaiveTime::from_hms_opt(4, 0, 0).unwrap() };
            let after = at("2001-01-01T12:00:00Z").plus(TimeDelta::days(days));
            let next = schedule.next_after(after).unwrap();
            prop_assert!(next > after);
            let most = [1, 7, 32][frequency].max(0);
            prop_assert!(days < 31 || next.since(after).num_days() <= most);
        }
    }
}
