//! Files that nobody submits, and bytes that nobody needs any more.

use super::service;
use crate::error::Result;
use crate::kernel::Clock;
use crate::platform::db::Db;
use crate::platform::jobs::Job;
use std::time::Duration;

/// The jobs of this room.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    vec![Job::by_clock(
        "clear synchronization files away",
        Duration::from_mins(5),
        db,
        clock,
        clear_away,
    )]
}

async fn clear_away(db: Db, clock: Clock) -> Result<()> {
    let now = clock.now();
    // Asked of a snapshot: on most days there is nothing to write.
    if db.read(move |r| service::has_forgotten(r, now)).await? {
        db.write(move |tx| service::withdraw_forgotten(tx, now)).await?;
    }
    let unneeded = db.read(|r| service::unneeded(r)).await?;
    if !unneeded.is_empty() {
        db.housekeeping(move |tx| service::drop_unneeded(tx, &unneeded))
            .await?;
    }
    Ok(())
}
