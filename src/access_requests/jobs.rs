//! What happens to requests for access by the clock: a reminder, the end, and the end of those whose senders
//! were given access otherwise.

use super::{service, store};
use crate::error::Result;
use crate::kernel::Clock;
use crate::platform::db::Db;
use crate::platform::deadlines::each_due;
use crate::platform::jobs::Job;
use std::time::Duration;

/// So many in one go; the rest is found the next time.
const AT_ONCE: i64 = 100;
/// So many are looked at in one read.
const LOOKED_AT: i64 = 500;

/// The jobs of this room.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    vec![Job::by_clock(
        "remind of access requests and end overdue and needless ones",
        Duration::from_secs(5),
        db,
        clock,
        by_the_clock,
    )]
}

async fn by_the_clock(db: Db, clock: Clock) -> Result<()> {
    let now = clock.now();
    // Needless and overdue ones first: nobody is reminded of what has ended.
    let mut after = None;
    loop {
        let (some, needless) = db
            .read(move |r| {
                let some = store::pending_after(r, after, LOOKED_AT)?;
                let needless = service::perhaps_superseded(r, &some)?;
                Ok((some, needless))
            })
            .await?;
        for id in needless {
            db.write(move |tx| service::supersede(tx, id, now)).await?;
        }
        match some.last() {
            Some(last) if some.len() >= usize::try_from(LOOKED_AT).unwrap_or(usize::MAX) => {
                after = Some(last.id);
            }
            _ => break,
        }
    }
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
