//! How an installation stands: what `licentral doctor` looks at from outside, seen from within, and what only the running
//! process knows.

use crate::error::Result;
use crate::events;
use crate::http::Portal;
use crate::http::widgets::{counted, number};
use crate::kernel::Moment;
use crate::platform::db::{Database, Schema, migrate, off_the_loop};
use crate::platform::findings::{self, Finding, Standing};
use crate::platform::jobs::{Report, uptime};
use crate::platform::{mail, settings, traces};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// So many failures in a row are no accident.
const MANY_FAILURES: u64 = 3;
/// A letter that waits for longer is held up.
const LONG_WAIT: chrono::TimeDelta = chrono::TimeDelta::minutes(30);
/// A backup is to be younger.
const OLD_BACKUP: chrono::TimeDelta = chrono::TimeDelta::days(8);
/// The record of the server is followed while the page is made, if it is no longer than that.
const SHORT_RECORD: u64 = 20_000;
/// A database that takes longer to answer is slow.
const SLOW: Duration = Duration::from_millis(200);

/// What a backup leaves behind when it is made.
#[derive(Deserialize)]
pub struct LastBackup {
    /// When it was begun, by wall time.
    pub at: Moment,
}

/// A job of this process.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobShape {
    /// Its name.
    pub name: &'static str,
    /// So many seconds lie between two of its turns.
    every_seconds: f64,
    /// How often it ran in this process.
    pub runs: u64,
    /// How often it failed.
    pub failures: u64,
    /// How often it failed since it last went well.
    pub in_a_row: u64,
    /// How long ago it last began, in seconds; none when it has not run yet.
    last_seconds_ago: Option<u64>,
}

impl JobShape {
    fn of(report: &Report) -> Self {
        Self {
            name: report.name,
            every_seconds: report.every.as_secs_f64(),
            runs: report.runs,
            failures: report.failures,
            in_a_row: report.in_a_row,
            last_seconds_ago: report.last.map(|ago| ago.as_secs()),
        }
    }

    /// When it last ran, in words.
    pub fn last(&self) -> String {
        self.last_seconds_ago.map_or_else(
            || "Not yet".to_owned(),
            |seconds| format!("{} ago", span(Duration::from_secs(seconds))),
        )
    }
}

/// How the installation stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Nothing is wrong.
    pub ok: bool,
    /// Of the program.
    version: &'static str,
    /// For how many seconds this process has run.
    uptime_seconds: u64,
    /// What was found, what is wrong first.
    pub findings: Vec<Finding>,
    /// The jobs of this process.
    pub jobs: Vec<JobShape>,
}

/// "3 days 4 hours": the two largest parts.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [
        (seconds / 86_400, "day", "days"),
        (seconds / 3_600 % 24, "hour", "hours"),
        (seconds / 60 % 60, "minute", "minutes"),
        (seconds % 60, "second", "seconds"),
    ];
    let some: Vec<String> = parts
        .iter()
        .skip_while(|(count, ..)| *count == 0)
        .take(2)
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| counted(*count, one, many))
        .collect();
    if some.is_empty() {
        "0 seconds".to_owned()
    } else {
        some.join(" ")
    }
}

/// What only the database says.
struct Told {
    size: u64,
    counts: mail::Counts,
    waits_since: Option<Moment>,
    backup: Option<LastBackup>,
    record: Option<crate::platform::db::chain::Chain>,
}

/// Looks at everything.
pub async fn look(portal: &Portal) -> Result<Health> {
    let begun = Instant::now();
    let answers = portal.db.answers().await;
    let took = begun.elapsed();
    let told = portal
        .db
        .read(|r| {
            Ok(Told {
                size: r.size()?,
                counts: mail::counts(r)?,
                waits_since: mail::waits_since(r)?,
                backup: settings::get(r, settings::LAST_BACKUP)?
                    .and_then(|text| serde_json::from_str(&text).ok()),
                record: events::follow_own(r, SHORT_RECORD)?,
            })
        })
        .await?;
    let url = portal.config.database_url.clone();
    let schema = off_the_loop(move || migrate::compare(&url).map_err(crate::error::Error::internal)).await?;
    let reports = portal.jobs.report();
    let mut all = vec![
        program(portal),
        database(portal, &told, answers, took),
        steps(&schema),
        letters(portal, &told),
        jobs(&reports),
        key(portal),
        certificate(portal),
        backup(portal, told.backup.as_ref()),
        record(told.record.as_ref()),
        connections(portal),
    ];
    all.extend(standbys(portal));
    all.extend(folders(portal).iter().map(|folder| findings::disk(folder)));
    all.push(findings::open_files());
    all.extend(traces::standing().map(|(to, failing)| findings::traces(&to, failing)));
    let ok = all.iter().all(|one| one.standing != Standing::Wrong);
    all.sort_by_key(|one| std::cmp::Reverse(one.standing));
    Ok(Health {
        ok,
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: uptime().as_secs(),
        findings: all,
        jobs: reports.iter().map(JobShape::of).collect(),
    })
}

fn program(portal: &Portal) -> Finding {
    let mode = if portal.config.is_lab() {
        "a lab"
    } else {
        "production"
    };
    Finding::ok(
        "program",
        format!(
            "{} {}, {mode}. This process has run for {}",
            portal.config.edition,
            env!("CARGO_PKG_VERSION"),
            span(uptime())
        ),
    )
}

fn database(portal: &Portal, told: &Told, answers: bool, took: Duration) -> Finding {
    const DATABASE: &str = "database";
    let kind = match portal.db.database() {
        Database::Sqlite => "SQLite",
        Database::Postgres => "PostgreSQL",
    };
    let found = format!(
        "{kind}, {} MB. It answered in {} ms",
        number(&told.size.div_ceil(1_000_000)),
        number(&u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
    );
    if answers && took < SLOW {
        Finding::ok(DATABASE, found)
    } else {
        Finding::note(
            DATABASE,
            found,
            "Look at the load of the database's computer, its disk, and the network in between.",
        )
    }
}

fn standbys(portal: &Portal) -> Option<Finding> {
    const STANDBYS: &str = "standbys";
    let served = portal.db.served()?;
    let found = format!(
        "Of {} of this process they served {}",
        counted(served.by_standby + served.by_primary, "read", "reads"),
        number(&served.by_standby)
    );
    Some(match served.rest {
        None => Finding::ok(STANDBYS, found),
        Some((why, since)) => Finding::note(
            STANDBYS,
            format!("{found}. For {} the primary has served all: {why}", span(since)),
            "Nobody is shown anything old, and the primary has more to do. Look at the standbys of LICENTRAL_READ_DATABASE_URL and at how far they are: pg_stat_replication of the primary.",
        ),
    })
}

fn steps(schema: &Schema) -> Finding {
    const SCHEMA: &str = "schema";
    match schema {
        Schema::Current => Finding::ok(SCHEMA, format!("This program's: {}", migrate::newest())),
        Schema::Behind(steps) => Finding::wrong(
            SCHEMA,
            format!(
                "{} of this program's are missing",
                counted(count(steps), "step", "steps")
            ),
            "Make a backup, then run: licentral migrate",
        ),
        Schema::Ahead(steps) => Finding::note(
            SCHEMA,
            format!(
                "{} were made by a newer program",
                counted(count(steps), "step", "steps")
            ),
            "Have every process run the newer program.",
        ),
    }
}

fn count(steps: &[String]) -> u64 {
    u64::try_from(steps.len()).unwrap_or(u64::MAX)
}

fn letters(portal: &Portal, told: &Told) -> Finding {
    const LETTERS: &str = "letters";
    let whole = |n: i64| u64::try_from(n).unwrap_or_default();
    let (waiting, given_up) = (whole(told.counts.waiting), whole(told.counts.given_up));
    let since = told
        .waits_since
        .map(|at| format!(", the first since {}", at.words()))
        .unwrap_or_default();
    let found = format!(
        "{} in the queue{since}; {} given up",
        counted(waiting, "letter", "letters"),
        number(&given_up)
    );
    let is_late = told
        .waits_since
        .is_some_and(|at| portal.clock.now().since(at) > LONG_WAIT);
    if is_late || given_up > 0 {
        Finding::note(
            LETTERS,
            found,
            "The list of outbound e-mail says why, and queues again what was given up.",
        )
    } else {
        Finding::ok(LETTERS, found)
    }
}

fn jobs(reports: &[Report]) -> Finding {
    const JOBS: &str = "jobs";
    let failing: Vec<&str> = reports
        .iter()
        .filter(|job| job.in_a_row >= MANY_FAILURES)
        .map(|job| job.name)
        .collect();
    if failing.is_empty() {
        let failures: u64 = reports.iter().map(|job| job.failures).sum();
        Finding::ok(
            JOBS,
            format!(
                "None fails; {} since the process began",
                counted(failures, "failure", "failures")
            ),
        )
    } else {
        Finding::wrong(
            JOBS,
            format!("Failing again and again: {}", failing.join(", ")),
            "The log has the causes: look for \u{201c}a job failed\u{201d}.",
        )
    }
}

fn key(portal: &Portal) -> Finding {
    Finding::ok(
        "key file",
        format!(
            "{}, fingerprint {}",
            portal.config.key_file.display(),
            portal.signing.file_id()
        ),
    )
}

fn certificate(portal: &Portal) -> Finding {
    match portal.config.tls.as_ref().and_then(|front| front.files()) {
        Some(files) => findings::certificate(files),
        None if portal.config.base_url.starts_with("https://") => Finding::ok(
            "TLS",
            "None of the portal's own: a proxy in front of it speaks TLS",
        ),
        None => Finding::ok("TLS", "None: the portal speaks plain HTTP"),
    }
}

fn backup(portal: &Portal, last: Option<&LastBackup>) -> Finding {
    const BACKUP: &str = "backup";
    let make =
        "Make one: licentral backup FOLDER --with-key. One that another program made is not known here.";
    match last {
        Some(last) => {
            let found = format!("The last one was made on {}", last.at.words());
            if portal.clock.wall().since(last.at) > OLD_BACKUP {
                Finding::note(BACKUP, found, make)
            } else {
                Finding::ok(BACKUP, found)
            }
        }
        None if portal.config.is_lab() => Finding::ok(BACKUP, "None was made of this lab"),
        None => Finding::note(BACKUP, "None was made by licentral backup", make),
    }
}

fn record(chain: Option<&crate::platform::db::chain::Chain>) -> Finding {
    const RECORD: &str = "record";
    match chain {
        None => Finding::ok(
            RECORD,
            "That of the server is too long to be followed here. All of it is followed by: licentral check",
        ),
        Some(chain) => match chain.broken.first() {
            None => Finding::ok(
                RECORD,
                format!(
                    "{} of the server hang together. All of the record is followed by: licentral check",
                    counted(chain.linked, "event", "events")
                ),
            ),
            Some(broken) => Finding::wrong(
                RECORD,
                format!("Does not hang together: {}", events::sentence(broken)),
                "Somebody has changed the database from outside. Compare it with a backup, and look who may write to it.",
            ),
        },
    }
}

fn connections(portal: &Portal) -> Finding {
    let (open, most) = (portal.connections.count(), portal.connections.most());
    let found = format!("{open} of {most} are open");
    if open.saturating_mul(10) > most.saturating_mul(9) {
        Finding::note(
            "connections",
            found,
            "Give the process more files (LimitNOFILE), or start another process.",
        )
    } else {
        Finding::ok("connections", found)
    }
}

/// Where the portal writes.
pub fn folders(portal: &Portal) -> Vec<PathBuf> {
    let config = &portal.config;
    let database = config.database_url.strip_prefix("sqlite://").map(PathBuf::from);
    let mut folders: Vec<PathBuf> = Vec::new();
    for file in database.into_iter().chain([config.key_file.clone()]) {
        let folder = match file.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_its_two_largest_parts() {
        let of = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(of(0), "0 seconds");
        assert_eq!(of(61), "1 minute 1 second");
        assert_eq!(of(3_600), "1 hour");
        assert_eq!(of(3 * 86_400 + 4 * 3_600 + 59), "3 days 4 hours");
    }
}
