//! Large usage files: a job takes them in, one portion after the other, and reads them as it goes on. A few portions are in
//! memory, however large the file is.

use super::plan::Plan;
use super::portion::{self, Portion, arrival, told};
use crate::devices::policy::store::{self, UsageFile};
use crate::devices::policy::take_in::Arrival;
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::UsageFileId;
use crate::kernel::{Moment, Who};
use crate::platform::db::{Db, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::platform::progress::Progress;
use std::io::{self, Cursor, Read};
use std::sync::mpsc::sync_channel;

/// So many portions ahead of the writes signatures are looked at.
const AHEAD: usize = 2;

/// A file as it was kept, read piece by piece.
struct Kept<'d> {
    db: &'d Db,
    file: UsageFileId,
    next: i32,
    piece: Cursor<Vec<u8>>,
}

impl<'d> Kept<'d> {
    fn of(db: &'d Db, file: UsageFileId) -> Self {
        Self {
            db,
            file,
            next: 0,
            piece: Cursor::default(),
        }
    }
}

impl Read for Kept<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let many = self.piece.read(into)?;
        if many > 0 {
            return Ok(many);
        }
        let (file, next) = (self.file, self.next);
        let piece = self.db.read_now(|r| store::piece(r, file, next));
        let Some(piece) = piece.map_err(io::Error::other)? else {
            return Ok(0);
        };
        self.next += 1;
        self.piece = Cursor::new(piece);
        self.piece.read(into)
    }
}

/// Takes the next large file in, for whoever uploaded it. What was taken in before the process was ended stays so, and the
/// rest follows. False when there is none.
pub fn take_in_waiting(
    db: &Db,
    occupants: &Occupants,
    any: bool,
    at: Moment,
    progress: &Progress,
) -> Result<bool> {
    let Some((account, mut file)) = db.read_now(|r| store::waiting_file(r))? else {
        return Ok(false);
    };
    let (id, who): (_, Who) = (
        file.id,
        serde_json::from_str(&file.waits_for).map_err(Error::internal)?,
    );
    let steps = progress.begin(id, file.reports.unsigned_abs());
    let done = db.read_now(|r| store::numbers_of(r, id))?;
    for _ in &done {
        steps.step();
    }
    let plan = Plan::of(&mut Kept::of(db, id), &done)?;
    drop(done);
    std::thread::scope(|scope| {
        // While one portion is written, the signatures of the next ones are looked at.
        let (sender, portions) = sync_channel(AHEAD);
        let plan = &plan;
        scope.spawn(move || {
            let read = plan.each(
                || Kept::of(db, id),
                |some| {
                    let read = some.into_iter().map(|(n, sent)| (n, sent.read(any)));
                    sender.send(Ok(Portion::of(read.collect()))).is_ok()
                },
            );
            if let Err(error) = read {
                // Whoever took them may be gone.
                let _ = sender.send(Err(error));
            }
        });
        for (n, portion) in portions.iter().enumerate() {
            let portion = portion?;
            let arrival = arrival(account, &file, who.clone(), at);
            let is_last = n + 1 == plan.len();
            file = db.write_locked_now(|tx| taken_in(tx, occupants, &arrival, (&file, is_last), &portion))?;
            for _ in &portion.reports {
                steps.step();
            }
            // As the tables double, PostgreSQL is told: it keeps to plans that were good for a few rows.
            if (n + 1).is_power_of_two() {
                db.much_was_written_now("ANALYZE devices, device_usage, usage_reports");
            }
        }
        Ok(true)
    })
}

/// Takes one portion of a large file in. The record has a line for each, and none for each product instance: what it
/// reported stands in the list of its reports.
fn taken_in(
    tx: &mut Tx<'_>,
    occupants: &Occupants,
    arrival: &Arrival,
    (file, is_last): (&UsageFile, bool),
    portion: &Portion,
) -> Result<Recorded<UsageFile>> {
    let (lines, taken) = portion::take_in(tx, occupants, arrival, portion)?;
    let mut after = file.clone();
    after.count(&lines);
    let says = if is_last {
        after.waits_for.clear();
        format!(
            "The usage data file {} was taken in: {} of {}.",
            after.name,
            after.taken,
            counted(after.reports.unsigned_abs(), "report", "reports")
        )
    } else {
        format!(
            "{} of {} of the usage data file {} were looked at: {} of this portion.",
            after.done(),
            counted(after.reports.unsigned_abs(), "report", "reports"),
            after.name,
            counted(taken.len() as u64, "product instance", "product instances"),
        )
    };
    let event = told(arrival.account, &after, says);
    if !store::went_on(tx, arrival.account, file, &after, &lines)? {
        return Err(Error::Stale);
    }
    tx.record(arrival.at, &arrival.who, &event, after)
}
