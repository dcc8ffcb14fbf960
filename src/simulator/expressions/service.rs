//! Looks whether an expression holds, now or before long.

use super::grammar::{Expression, Value};
use super::store::{self, Scope};
use crate::authz::Permit;
use crate::authz::action::ControlClock;
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::platform::db::Reads;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// The longest that one waits in one request, in seconds.
pub const LONGEST_WAIT: u64 = 300;
/// What another process has written, and what time alone changes, is seen after so long.
const BEAT: Duration = Duration::from_millis(500);
/// Many commits in a row are looked at once in so long.
const PAUSE: Duration = Duration::from_millis(10);
/// So many may wait at once in this process.
const MOST_WAITING: usize = 64;

static SEATS: Semaphore = Semaphore::const_new(MOST_WAITING);

/// What was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Whether the expression holds.
    pub holds: bool,
    /// Its facts with their values, in order.
    pub facts: Vec<(String, Value)>,
}

/// Looks now. Over all tenants: for who may move the clock of the lab.
pub async fn look(portal: &Portal, _permit: &Permit<ControlClock>, expression: &Expression) -> Result<Seen> {
    let wanted = expression.clone();
    portal.db.read(move |r| look_up(r, &wanted, None)).await
}

/// Whether it holds now, among the things of one account or among all.
pub fn holds(read: &mut dyn Reads, expression: &Expression, scope: Option<&Scope>) -> Result<bool> {
    Ok(look_up(read, expression, scope)?.holds)
}

fn look_up(read: &mut dyn Reads, expression: &Expression, scope: Option<&Scope>) -> Result<Seen> {
    let facts = expression
        .facts()
        .into_iter()
        .map(|fact| Ok((fact.clone(), store::value(read, fact, scope)?)))
        .collect::<Result<Vec<_>>>()?;
    let holds = expression.holds(&|fact| {
        facts
            .iter()
            .find(|(known, _)| known == fact)
            .map_or(Value::Nothing, |(_, value)| value.clone())
    });
    Ok(Seen {
        holds,
        facts: facts
            .into_iter()
            .map(|(fact, value)| (fact.to_string(), value))
            .collect(),
    })
}

/// Looks until it holds, or so long. Each commit of this process wakes it.
pub async fn wait(
    portal: &Portal,
    permit: &Permit<ControlClock>,
    expression: &Expression,
    most: Duration,
) -> Result<Seen> {
    let _seat = SEATS.try_acquire().map_err(|_| Error::TooMany {
        retry_after: Duration::from_secs(1),
    })?;
    let until = Instant::now() + most;
    let mut commits = portal.db.commits();
    loop {
        commits.borrow_and_update();
        let seen = look(portal, permit, expression).await?;
        if seen.holds || Instant::now() >= until {
            return Ok(seen);
        }
        let next = until.min(Instant::now() + BEAT);
        if timeout_at(next, commits.changed()).await.is_ok() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
