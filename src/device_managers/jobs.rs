//! What becomes of device managers that do not synchronize: overdue, then removed.

use super::service;
use crate::error::Result;
use crate::kernel::Clock;
use crate::platform::db::Db;
use crate::platform::jobs::Job;
use std::time::Duration;

/// So many in one round; the rest is found the next time.
const AT_ONCE: i64 = 200;

/// The jobs of this room.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    vec![Job::by_clock(
        "look after overdue device managers",
        Duration::from_secs(30),
        db,
        clock,
        look_after,
    )]
}

async fn look_after(db: Db, clock: Clock) -> Result<()> {
    let now = clock.now();
    for due in service::Due::ALL {
        loop {
            let found = db.read(move |r| service::due(r, due, now, AT_ONCE)).await?;
            let mut done = 0;
            for id in found {
                done += db.write(move |tx| service::carry_out(tx, due, now, id)).await?;
            }
            if done == 0 {
                break;
            }
        }
    }
    Ok(())
}
