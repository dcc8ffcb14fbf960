//! What becomes of devices by the clock: silent, released, gone.

use super::service::{self, Due};
use crate::error::Result;
use crate::kernel::Clock;
use crate::platform::db::Db;
use crate::platform::jobs::Job;
use std::time::Duration;

/// So many devices in one write; the rest is found the next time.
const AT_ONCE: i64 = 200;

/// The jobs of this room.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    vec![Job::by_clock(
        "look after silent product instances",
        Duration::from_secs(30),
        db,
        clock,
        look_after,
    )]
}

async fn look_after(db: Db, clock: Clock) -> Result<()> {
    let now = clock.now();
    for due in Due::ALL {
        loop {
            // Asked of a snapshot: on most days there is nothing to write.
            let found = db.read(move |r| service::due(r, due, now, AT_ONCE)).await?;
            let mut done = 0;
            for (account, ids) in found {
                done += db
                    .write_locked(move |tx| service::carry_out(tx, due, now, account, &ids))
                    .await?;
            }
            if done == 0 {
                break;
            }
        }
    }
    Ok(())
}
