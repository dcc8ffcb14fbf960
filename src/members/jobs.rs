//! What happens here by the clock: lists that nobody came back to are forgotten after a day.

use super::imports;
use crate::error::Result;
use crate::kernel::Clock;
use crate::platform::db::Db;
use crate::platform::jobs::Job;
use chrono::TimeDelta;
use std::time::Duration;

/// How long a list waits for its author.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// The jobs of this room.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    vec![Job::by_clock(
        "forget lists of people that nobody added",
        Duration::from_mins(5),
        db,
        clock,
        forget,
    )]
}

async fn forget(db: Db, clock: Clock) -> Result<()> {
    let before = clock.now().plus(-KEPT);
    db.housekeeping(move |tx| imports::forget_before(tx, before))
        .await
        .map(drop)
}
