//! How long is kept what is only of use for a while.

use crate::kernel::Moment;
use chrono::TimeDelta;
use clap::Args;
use std::path::PathBuf;

/// So long settled deliveries of webhooks are kept, unless it is set.
const DELIVERY_DAYS: u32 = 30;

/// Events are kept for as many days at least: deliveries of webhooks, summaries and exercises read them.
const LEAST_EVENT_DAYS: i64 = 90;

/// After how many days what is old goes.
#[derive(Debug, Clone, Args)]
pub struct RetentionSettings {
    /// Events go into the archive after so many days, 90 at least; for example 730. With LICENTRAL_ARCHIVE_FOLDER. Without it
    /// they are kept.
    #[arg(long, env = "LICENTRAL_RETAIN_EVENT_DAYS", value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(LEAST_EVENT_DAYS..=36_500))]
    pub retain_event_days: Option<u32>,
    /// The folder of the archive: JSON lines, a file for each month.
    #[arg(long, env = "LICENTRAL_ARCHIVE_FOLDER", value_name = "FOLDER")]
    pub archive_folder: Option<PathBuf>,
    /// Letters that went out or were given up are removed after so many days, those of a lab's mailbox too; for example 365.
    /// Without it they are kept.
    #[arg(long, env = "LICENTRAL_RETAIN_MAIL_DAYS", value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retain_mail_days: Option<u32>,
    /// Synchronization files and their responses are removed after so many days, but for the last one of each On-Prem server;
    /// for example 365. Without it they are kept.
    #[arg(long, env = "LICENTRAL_RETAIN_SYNC_DAYS", value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retain_sync_days: Option<u32>,
    /// Deliveries of webhooks that were taken or given up are removed after so many days.
    #[arg(long, env = "LICENTRAL_RETAIN_DELIVERY_DAYS", value_name = "DAYS", default_value_t = DELIVERY_DAYS,
        value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retain_delivery_days: u32,
}

/// Whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(pub u32);

impl Days {
    /// What is from before this time is older.
    pub fn before(self, now: Moment) -> Moment {
        now.plus(-TimeDelta::days(i64::from(self.0)))
    }
}

impl std::fmt::Display for Days {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            1 => f.write_str("1 day"),
            days => write!(f, "{days} days"),
        }
    }
}

/// How long things are kept; without end where nothing is said.
#[derive(Debug, Clone)]
pub struct Retention {
    /// Events, and into which folder they go.
    pub events: Option<(Days, PathBuf)>,
    /// Letters that went out or were given up.
    pub mail: Option<Days>,
    /// Synchronization files, but for the last ones.
    pub sync: Option<Days>,
    /// Deliveries of webhooks that were taken or given up.
    pub deliveries: Days,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            events: None,
            mail: None,
            sync: None,
            deliveries: Days(DELIVERY_DAYS),
        }
    }
}

impl RetentionSettings {
    /// Checks them.
    pub(super) fn check(&self, wrong: &mut Vec<String>) -> Retention {
        let events = match (self.retain_event_days, &self.archive_folder) {
            (Some(days), Some(folder)) => {
                if !folder.is_dir() {
                    wrong.push(format!(
                        "LICENTRAL_ARCHIVE_FOLDER is {}. Use a folder that is there, for example /var/lib/licentral/archive.",
                        folder.display()
                    ));
                }
                Some((Days(days), folder.clone()))
            }
            (Some(_), None) => {
                wrong.push(
                    "LICENTRAL_ARCHIVE_FOLDER is missing: LICENTRAL_RETAIN_EVENT_DAYS needs it. For example /var/lib/licentral/archive."
                        .to_owned(),
                );
                None
            }
            (None, _) => None,
        };
        Retention {
            events,
            mail: self.retain_mail_days.map(Days),
            sync: self.retain_sync_days.map(Days),
            deliveries: Days(self.retain_delivery_days),
        }
    }
}
