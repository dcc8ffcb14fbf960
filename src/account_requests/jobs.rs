//! What happens to requests by the clock: a reminder after a week, the end after two.

use super::{service, store};
use crate::error::Result;
use crate::kernel::Clock;
use crate::platform::db::Db;
use crate::platform::deadlines::each_due;
use crate::platform::jobs::Job;
use std::time::Duration;

/// So many in one go; the rest is found the next time.
const AT_ONCE: i64 = 100;

/// The jobs of this room.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    vec![Job::by_clock(
        "remind of requests and end overdue ones",
        Duration::from_secs(5),
        db,
        clock,
        by_the_clock,
    )]
}

async fn by_the_clock(db: Db, clock: Clock) -> Result<()> {
    let now = clock.now();
    // Overdue ones first: nobody is reminded of what has ended.
    each_due(
        &db,
        move |r| store::to_expire(r, now, AT_ONCE),
        move |tx, id| service::expire(tx, *id, now),
    )
    .await?;
    each_due(
        &db,
        move |r| store::to_remind(r, now, AT_ONCE),
        move |tx, id| service::remind(tx, *id, now),
    )
    .await
}
