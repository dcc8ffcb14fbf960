//! What happens to licenses by the clock: terms end.

use super::service;
use crate::error::Result;
use crate::kernel::Clock;
use crate::platform::db::Db;
use crate::platform::deadlines::each_due;
use crate::platform::jobs::Job;
use std::time::Duration;

/// So many are looked for at a time.
const AT_ONCE: i64 = 200;

/// The jobs of this room.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    vec![Job::by_clock(
        "end license terms",
        Duration::from_secs(30),
        db,
        clock,
        end,
    )]
}

async fn end(db: Db, clock: Clock) -> Result<()> {
    let now = clock.now();
    each_due(
        &db,
        move |r| service::over(r, now, AT_ONCE),
        move |tx, pool| service::end(tx, now, pool),
    )
    .await
}
