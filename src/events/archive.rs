//! Events that are old go into an archive: JSON lines as an export has them, a file for each month in which that is done. They
//! are on the disk before they leave the database; where each strand was cut off is recorded there, and here.

use super::record::line;
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::kernel::{Clock, Event, Kind, Moment, Who};
use crate::platform::db::cuts::{self, Strand};
use crate::platform::db::{Db, off_the_loop};
use crate::platform::private;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

/// So many events go at a time.
const BATCH: i64 = 200;

/// A piece of a strand that went.
struct Gone {
    strand: Strand,
    last: i64,
    hash: String,
    count: u64,
}

/// Archives what happened before a time.
pub async fn archive(db: &Db, clock: &Clock, folder: PathBuf, before: Moment) -> Result<()> {
    for strand in db.read(|r| cuts::strands(r)).await? {
        let (db, clock, folder) = (db.clone(), clock.clone(), folder.clone());
        off_the_loop(move || of_strand(&db, &clock, &folder, strand, before)).await?;
    }
    Ok(())
}

/// Whether anything is old enough.
pub fn is_any_before(read: &mut dyn crate::platform::db::Reads, before: Moment) -> Result<bool> {
    super::store::is_any_before(read, before)
}

fn of_strand(db: &Db, clock: &Clock, folder: &Path, mut strand: Strand, before: Moment) -> Result<()> {
    let mut gone: Option<Gone> = None;
    loop {
        let found = db.read_now(|r| cuts::first(r, &strand, before, BATCH))?;
        let Some(last) = found.last() else { break };
        let mut text = String::new();
        for one in &found {
            text.push_str(&line(one));
            text.push('\n');
        }
        append(folder, clock.wall(), &text)?;
        let at = clock.now();
        if !db.housekeeping_now(|tx| cuts::cut(tx, at, &strand, last))? {
            break;
        }
        let count = u64::try_from(found.len()).unwrap_or_default();
        strand.cut = cuts::Cut {
            number: last.number,
            hash: last.hash.clone(),
        };
        gone = Some(Gone {
            strand: strand.clone(),
            last: last.number,
            hash: last.hash.clone(),
            count: count + gone.map_or(0, |before| before.count),
        });
    }
    let Some(gone) = gone else { return Ok(()) };
    let at = clock.now();
    let event = told(&gone);
    db.write_now(|tx| tx.record(at, &Who::portal("retention"), &event, ()))
}

fn told(gone: &Gone) -> Event {
    let event = Event::new(
        Kind::RecordArchived,
        "record",
        format!(
            "{} of strand {} went into the archive, the last with number {}.",
            counted(gone.count, "event", "events"),
            gone.strand.strand,
            gone.last
        ),
    )
    .with(
        json!({ "strand": gone.strand.strand, "number": gone.last, "hash": gone.hash, "events": gone.count }),
    );
    match gone.strand.account {
        Some(account) => event.within(account),
        None => event,
    }
}

/// Adds lines to the file of this month, which is on the disk when this comes back. Lines of a process that was killed
/// before it could cut stand there twice; they are the same.
fn append(folder: &Path, wall: Moment, text: &str) -> Result<()> {
    let file = folder.join(format!("events-{}.jsonl", wall.utc().format("%Y-%m")));
    let added = || -> std::io::Result<()> {
        let mut out = private::writing().create(true).append(true).open(&file)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        std::fs::File::open(folder)?.sync_all()
    };
    added().map_err(|e| Error::internal(format!("the archive {} cannot be written: {e}", file.display())))
}
