//! Large files that were submitted, files that nobody submits, and bytes that nobody needs any more.

use super::{apply, take_in};
use crate::error::Result;
use crate::kernel::Clock;
use crate::platform::db::{Db, off_the_loop};
use crate::platform::jobs::Job;
use crate::platform::progress::Progress;
use crate::platform::signing::Signing;
use std::sync::Arc;
use std::time::Duration;

/// The jobs of this room.
pub fn jobs(db: &Db, clock: &Clock, signing: &Arc<Signing>, progress: &Progress) -> Vec<Job> {
    let (signing, progress) = (signing.clone(), progress.clone());
    vec![
        Job::by_clock(
            "apply synchronization files",
            Duration::from_secs(1),
            db,
            clock,
            move |db, clock| apply(db, clock, signing.clone(), progress.clone()),
        )
        .aside(),
        Job::by_clock(
            "clear synchronization files away",
            Duration::from_mins(5),
            db,
            clock,
            clear_away,
        ),
    ]
}

async fn apply(db: Db, clock: Clock, signing: Arc<Signing>, progress: Progress) -> Result<()> {
    while let Some(file) = db.read(|r| apply::submitted(r)).await? {
        let (db, signing, progress, at) = (db.clone(), signing.clone(), progress.clone(), clock.now());
        off_the_loop(move || apply::apply_submitted_now(&db, signing.files(), at, &file, &progress)).await?;
    }
    Ok(())
}

async fn clear_away(db: Db, clock: Clock) -> Result<()> {
    let now = clock.now();
    // Asked of a snapshot: on most days there is nothing to write.
    if db.read(move |r| take_in::has_forgotten(r, now)).await? {
        db.write(move |tx| take_in::withdraw_forgotten(tx, now)).await?;
    }
    let unneeded = db.read(|r| take_in::unneeded(r)).await?;
    if !unneeded.is_empty() {
        db.housekeeping(move |tx| take_in::drop_unneeded(tx, &unneeded))
            .await?;
    }
    Ok(())
}
