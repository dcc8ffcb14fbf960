//! How assignments complete: at once or after a while, all of them or with failures among them. A lab sets it.

use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::error::{Error, Problems, Result};
use crate::http::widgets::counted;
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::settings;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

const NAME: &str = "orders.completion";
/// The longest delay, in seconds: a day.
pub const LONGEST_DELAY: i64 = 86_400;

/// How assignments complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// Seconds of portal time between the request and its completion.
    pub delay_seconds: i64,
    /// How many of a hundred lines fail.
    pub failing_percent: i64,
}

impl Default for Completion {
    fn default() -> Self {
        Self {
            delay_seconds: 5,
            failing_percent: 0,
        }
    }
}

impl Completion {
    /// Checks what was typed; names all that is wrong.
    pub fn parse(delay: &str, failing: &str) -> Result<Self> {
        let mut problems = Problems::default();
        let whole = |typed: &str, most: i64, says: &str| {
            typed
                .trim()
                .parse::<i64>()
                .ok()
                .filter(|n| (0..=most).contains(n))
                .ok_or_else(|| says.to_owned())
        };
        let delay = problems.take(
            "delay",
            whole(delay, LONGEST_DELAY, "Enter a number of seconds from 0 to 86400."),
        );
        let failing = problems.take(
            "failing",
            whole(failing, 100, "Enter a share from 0 to 100 percent."),
        );
        match (delay, failing) {
            (Some(delay_seconds), Some(failing_percent)) => Ok(Self {
                delay_seconds,
                failing_percent,
            }),
            _ => Err(Error::Invalid(problems)),
        }
    }
}

/// How they complete now.
pub fn read(read: &mut dyn Reads) -> Result<Completion> {
    let kept = settings::get(read, NAME)?;
    Ok(kept
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default())
}

/// When something that is asked for now is to be completed.
pub fn due(read: &mut dyn Reads, at: Moment) -> Result<Moment> {
    Ok(at.plus(TimeDelta::seconds(self::read(read)?.delay_seconds)))
}

/// Sets how they complete from now on.
pub fn set(tx: &mut Tx<'_>, permit: &Permit<Operate>, at: Moment, to: Completion) -> Result<Recorded<()>> {
    let before = read(tx)?;
    if before == to {
        return Ok(tx.unchanged(()));
    }
    settings::set(tx, NAME, &serde_json::to_string(&to).map_err(Error::internal)?)?;
    let event = Event::new(
        Kind::LabOrders,
        NAME,
        format!(
            "Assignments of orders complete after {}. Lines that fail: {} percent.",
            counted(to.delay_seconds.unsigned_abs(), "second", "seconds"),
            to.failing_percent
        ),
    )
    .changed(&before, &to);
    tx.record(at, permit.who(), &event, ())
}
