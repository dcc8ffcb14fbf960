//! What happens to orders by the clock: assignments complete, holds end, customers turn out to have an account.

use super::{completion, lab, service, store};
use crate::error::Result;
use crate::kernel::Clock;
use crate::kernel::ids::OrderLineId;
use crate::platform::db::Db;
use crate::platform::jobs::Job;
use crate::platform::token::random_bytes;
use crate::smart_accounts;
use chrono::TimeDelta;
use std::collections::HashSet;
use std::time::Duration;

/// So many lines in one write; the rest is found the next time.
const AT_ONCE: i64 = 200;

/// The jobs of this room.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    vec![
        Job::by_clock(
            "release Smart Account Holds",
            Duration::from_secs(2),
            db,
            clock,
            release,
        ),
        Job::by_clock(
            "complete order assignments",
            Duration::from_millis(500),
            db,
            clock,
            complete,
        ),
        Job::by_clock(
            "find the Smart Accounts of customers with orders",
            Duration::from_secs(15),
            db,
            clock,
            link,
        ),
        Job::by_clock(
            "forget assignments that were not finished",
            Duration::from_mins(10),
            db,
            clock,
            forget,
        ),
    ]
}

async fn release(db: Db, clock: Clock) -> Result<()> {
    let now = clock.now();
    // Asked of a snapshot: an account that stays Pending for weeks must not cost a write every two seconds.
    for account in db.read(|r| completion::accounts_to_release(r)).await? {
        loop {
            let released = db
                .write(move |tx| completion::release(tx, now, account, AT_ONCE))
                .await?;
            if released == 0 {
                break;
            }
        }
    }
    Ok(())
}

async fn complete(db: Db, clock: Clock) -> Result<()> {
    loop {
        let now = clock.now();
        let (due, completion) = db
            .read(move |r| Ok((store::due(r, now, AT_ONCE)?, lab::read(r)?)))
            .await?;
        if due.is_empty() {
            return Ok(());
        }
        let ids: Vec<OrderLineId> = due.iter().map(|line| line.id).collect();
        let failing: HashSet<OrderLineId> = ids
            .iter()
            .filter(|_| {
                let [a, b] = random_bytes::<2>();
                i64::from(u16::from_le_bytes([a, b])) * 100 < completion.failing_percent * 65_536
            })
            .copied()
            .collect();
        db.write(move |tx| completion::complete(tx, now, &ids, &failing))
            .await?;
    }
}

async fn link(db: Db, clock: Clock) -> Result<()> {
    let now = clock.now();
    let mut after = String::new();
    loop {
        let from = after.clone();
        let (domains, found) = db
            .read(move |r| {
                let domains = store::unlinked_domains(r, &from, AT_ONCE)?;
                let found = smart_accounts::by_domains(r, &domains)?;
                Ok((domains, found))
            })
            .await?;
        for account in found {
            loop {
                let domain = account.domain.clone();
                let ids = db.read(move |r| store::unlinked_of(r, &domain, AT_ONCE)).await?;
                if ids.is_empty() {
                    break;
                }
                let account = account.id;
                db.write(move |tx| service::link_customers(tx, now, account, &ids))
                    .await?;
            }
        }
        match domains.last() {
            Some(last) => after.clone_from(last),
            None => return Ok(()),
        }
    }
}

async fn forget(db: Db, clock: Clock) -> Result<()> {
    let before = clock.now().plus(TimeDelta::days(-1));
    db.housekeeping(move |tx| store::forget_before(tx, before))
        .await
        .map(drop)
}
