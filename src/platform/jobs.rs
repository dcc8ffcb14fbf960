//! What the portal does by itself, again and again. Every process runs every job; a job claims what it
//! does by a conditional update, so that two processes never do it twice.

use super::db::Db;
use super::traces::Turn;
use crate::error::Result;
use crate::kernel::Clock;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OwnedRwLockWriteGuard, RwLock};

type Run = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send + Sync>;

/// One thing to be done again and again.
#[derive(Clone)]
pub struct Job {
    /// For logs and counters.
    pub name: &'static str,
    every: Duration,
    run: Run,
    is_aside: bool,
    tally: Arc<Tally>,
}

/// What became of a job's runs in this process.
#[derive(Debug, Default)]
struct Tally {
    runs: AtomicU64,
    failures: AtomicU64,
    /// Failures since it last went well.
    in_a_row: AtomicU64,
    /// It runs beside the others now.
    runs_aside: AtomicBool,
    /// When it last began, in seconds since this process did, and one more; 0 when it never has.
    began: AtomicU64,
}

impl Tally {
    /// Counts a failure. Answers with how many in a row that makes, when it is to be said: a job that looks each second
    /// would fill the log of a disk that is full already, so the first is told, the second, the fourth, the eighth and so on.
    fn failed(&self) -> Option<u64> {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let in_a_row = self.in_a_row.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        in_a_row.is_power_of_two().then_some(in_a_row)
    }

    /// Counts that it went well. Answers with how many failures that ended, if any.
    fn went_well(&self) -> Option<u64> {
        Some(self.in_a_row.swap(0, Ordering::Relaxed)).filter(|failures| *failures > 0)
    }
}

/// A job as the operator sees it.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its name.
    pub name: &'static str,
    /// How often it runs.
    pub every: Duration,
    /// How often it has run in this process.
    pub runs: u64,
    /// How often it failed.
    pub failures: u64,
    /// How often it failed since it last went well.
    pub in_a_row: u64,
    /// How long ago it last began.
    pub last: Option<Duration>,
}

/// When this process began, or as good as that.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// How long this process has run.
pub fn uptime() -> Duration {
    BEGAN.elapsed()
}

impl Job {
    /// Declares a job.
    pub fn new<F>(name: &'static str, every: Duration, run: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Self {
            name,
            every,
            run: Arc::new(move || Box::pin(run())),
            is_aside: false,
            tally: Arc::default(),
        }
    }

    /// It may take so long that the others go on meanwhile.
    #[must_use]
    pub fn aside(mut self) -> Self {
        self.is_aside = true;
        self
    }

    /// Declares a job that looks at the database and the clock.
    pub fn by_clock<F>(
        name: &'static str,
        every: Duration,
        db: &Db,
        clock: &Clock,
        run: impl Fn(Db, Clock) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let (db, clock) = (db.clone(), clock.clone());
        Self::new(name, every, move || run(db.clone(), clock.clone()))
    }
}

/// All jobs of a portal.
#[derive(Clone)]
pub struct Jobs {
    list: Arc<Vec<Job>>,
    nudge: Arc<Notify>,
    /// Held while a job runs; whoever holds it alone has no jobs beside it.
    gate: Arc<RwLock<()>>,
}

impl Jobs {
    /// Collects the jobs, which look at once whenever `nudge` is told.
    pub fn new(list: Vec<Job>, nudge: Arc<Notify>) -> Self {
        // Counts from here at the latest.
        let _ = uptime();
        Self {
            list: Arc::new(list),
            nudge,
            gate: Arc::default(),
        }
    }

    /// Something happened that a job may be waiting for.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Waits until no job runs, and lets none begin until what is returned is dropped.
    pub async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        self.gate.clone().write_owned().await
    }

    /// How the jobs have fared in this process.
    pub fn report(&self) -> Vec<Report> {
        self.list
            .iter()
            .map(|job| Report {
                name: job.name,
                every: job.every,
                runs: job.tally.runs.load(Ordering::Relaxed),
                failures: job.tally.failures.load(Ordering::Relaxed),
                in_a_row: job.tally.in_a_row.load(Ordering::Relaxed),
                last: match job.tally.began.load(Ordering::Relaxed) {
                    0 => None,
                    began => Some(uptime().saturating_sub(Duration::from_secs(began - 1))),
                },
            })
            .collect()
    }

    /// Runs every job once, now, in order. After the lab's clock was moved, and in tests.
    pub async fn run_all(&self) {
        for job in self.list.iter() {
            run(job, &self.gate).await;
        }
    }

    /// Runs until `stop` is told.
    pub async fn keep_running(self, stop: Arc<Notify>) {
        let mut waited: Vec<Duration> = self.list.iter().map(|job| job.every).collect();
        let beat = Duration::from_millis(500);
        loop {
            let nudged = tokio::select! {
                () = stop.notified() => return,
                () = self.nudge.notified() => true,
                () = tokio::time::sleep(beat) => false,
            };
            for (job, waited) in self.list.iter().zip(waited.iter_mut()) {
                *waited += beat;
                if !nudged && *waited < job.every {
                    continue;
                }
                *waited = Duration::ZERO;
                if job.is_aside {
                    run_aside(job, &self.gate);
                } else {
                    run(job, &self.gate).await;
                }
            }
        }
    }
}

/// Until it is dropped, a job runs beside the others.
struct Aside(Arc<Tally>);

impl Drop for Aside {
    fn drop(&mut self) {
        self.0.runs_aside.store(false, Ordering::Release);
    }
}

/// Begins it, unless it runs still: it looks again when it is its turn the next time.
fn run_aside(job: &Job, gate: &Arc<RwLock<()>>) {
    if job.tally.runs_aside.swap(true, Ordering::AcqRel) {
        return;
    }
    let (job, aside, gate) = (job.clone(), Aside(job.tally.clone()), gate.clone());
    tokio::spawn(async move {
        run(&job, &gate).await;
        drop(aside);
    });
}

async fn run(job: &Job, gate: &RwLock<()>) {
    let _held = gate.read().await;
    job.tally.runs.fetch_add(1, Ordering::Relaxed);
    let began = uptime().as_secs().saturating_add(1);
    job.tally.began.store(began, Ordering::Relaxed);
    let turn = Turn::of(job.name);
    let done = turn.around((job.run)()).await;
    let _attached = turn.end(done.is_err());
    match done {
        Ok(()) => {
            if let Some(failures) = job.tally.went_well() {
                tracing::info!(job = job.name, failures, "a job went well again");
            }
        }
        Err(error) => {
            if let Some(in_a_row) = job.tally.failed() {
                tracing::warn!(job = job.name, in_a_row, %error, cause = ?error, "a job failed and will be tried again");
            }
            metrics::counter!("licentral_job_failures_total", "job_name" => job.name).increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_failures_few_are_said_and_the_first_after_each_good_run() {
        let tally = Tally::default();
        let said: Vec<u64> = (0..100).filter_map(|_| tally.failed()).collect();
        assert_eq!(said, [1, 2, 4, 8, 16, 32, 64]);
        assert_eq!(tally.failures.load(Ordering::Relaxed), 100);
        assert_eq!((tally.went_well(), tally.went_well()), (Some(100), None));
        assert_eq!(tally.failed(), Some(1));
    }
}
