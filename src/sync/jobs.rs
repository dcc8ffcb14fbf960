//! Files that nobody submits, and bytes that nobody needs any more.

use super::service;
use crate::kernel::Clock;
use crate::platform::db::Db;
use crate::platform::jobs::Job;
use std::time::Duration;

/// The jobs of this room.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    let (db, clock) = (db.clone(), clock.clone());
    vec![Job::new(
        "clear synchronization files away",
        Duration::from_mins(5),
        move || {
            let (db, now) = (db.clone(), clock.now());
            async move {
                db.write(move |tx| service::withdraw_forgotten(tx, now)).await?;
                db.housekeeping(service::drop_unneeded).await.map(drop)
            }
        },
    )]
}
