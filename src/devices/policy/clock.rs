//! What the clock makes of product instances by policy: the day of a report comes, and passes.

use super::super::changes::about;
use super::super::model::Device;
use super::super::store as devices;
use super::lifecycle::LIFECYCLE;
use super::model::{GRACE, PolicyState};
use super::store;
use crate::authz::Within;
use crate::error::Result;
use crate::kernel::ids::{DeviceId, SmartAccountId};
use crate::kernel::{Clock, Kind, Moment, Who};
use crate::platform::calendar::{Due, each};
use crate::platform::db::{Db, Reads, Recorded, Tx};
use crate::platform::jobs::Job;
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::time::Duration;

/// So long nobody is told that an acknowledgement was not fetched.
const PATIENCE: TimeDelta = TimeDelta::days(1);
/// So many product instances in one write; the rest is found the next time.
const AT_ONCE: i64 = 200;

/// Into which states time brings a product instance, one after the other.
const STEPS: [PolicyState; 2] = [PolicyState::ReportDue, PolicyState::Overdue];

/// By when a report had to be due for a product instance to come into a state.
fn deadline(into: PolicyState, now: Moment) -> Moment {
    if into == PolicyState::Overdue {
        now.plus(-GRACE)
    } else {
        now
    }
}

/// The jobs of product instances by policy.
pub fn jobs(db: &Db, clock: &Clock) -> Vec<Job> {
    vec![Job::by_clock(
        "look after usage reports",
        Duration::from_secs(30),
        db,
        clock,
        look_after,
    )]
}

async fn look_after(db: Db, clock: Clock) -> Result<()> {
    due_reports(&db, clock.now()).await
}

/// Brings every product instance whose report is due into the state that goes with it.
pub async fn due_reports(db: &Db, now: Moment) -> Result<()> {
    for into in STEPS {
        loop {
            let by = deadline(into, now);
            let found = db
                .read(move |r| store::due(r, &LIFECYCLE.before(into), by, AT_ONCE))
                .await?;
            let mut of: BTreeMap<SmartAccountId, Vec<DeviceId>> = BTreeMap::new();
            for (account, id) in found {
                of.entry(account).or_default().push(id);
            }
            let mut done = 0;
            for (account, ids) in of {
                done += db
                    .write_locked(move |tx| carry_out(tx, now, account, &ids, into))
                    .await?;
            }
            if done == 0 {
                break;
            }
        }
    }
    Ok(())
}

/// Those for which it is still time: one may have reported meanwhile.
fn carry_out(
    tx: &mut Tx<'_>,
    now: Moment,
    account: SmartAccountId,
    ids: &[DeviceId],
    into: PolicyState,
) -> Result<Recorded<usize>> {
    let from = LIFECYCLE.before(into);
    let who = Who::portal("reporting policy");
    let by = deadline(into, now);
    let mut events = Vec::new();
    for was in devices::lock_all(tx, account, ids)? {
        let (Some(state), Some(due)) = (was.policy, was.report_by) else {
            continue;
        };
        if !from.contains(&state) || due > by {
            continue;
        }
        let is = Device {
            policy: Some(into),
            ..was.clone()
        };
        devices::touch(tx, &is)?;
        let (kind, says) = if into == PolicyState::Overdue {
            (Kind::ReportOverdue, "is overdue: it was due on")
        } else {
            (Kind::ReportDue, "is due since")
        };
        let says = format!("A usage report of {} {says} {}.", is.name(), due.words());
        events.push(about(kind, &is, says).changed(&state, &into));
    }
    let done = events.len();
    tx.record_all(now, &who, &events, done)
}

/// Product instances within reach that need somebody, at most so many: those whose report is overdue or due, and
/// those that reported a day ago and have no acknowledgement yet.
pub fn troubled(read: &mut dyn Reads, within: &Within, now: Moment, most: i64) -> Result<Vec<Device>> {
    let mut found = devices::troubled_by_policy(read, within, most)?;
    let patience = now.plus(-PATIENCE);
    found.retain(|device| {
        device.policy != Some(PolicyState::Reported) || device.reported_at.is_some_and(|at| at <= patience)
    });
    Ok(found)
}

/// The next reports that become due, or overdue.
pub fn upcoming(read: &mut dyn Reads, after: Moment, most: i64) -> Result<Vec<Due>> {
    let mut found = Vec::new();
    for into in STEPS {
        let later = into == PolicyState::Overdue;
        let after = if later { after.plus(-GRACE) } else { after };
        let rows = store::upcoming(read, &LIFECYCLE.before(into), after, most)?
            .into_iter()
            .map(|(at, name)| (if later { at.plus(GRACE) } else { at }, name))
            .collect();
        let (what, why) = if later {
            ("Usage report is overdue", "It was due 30 days ago.")
        } else {
            ("Usage report is due", "The reporting policy asks for one.")
        };
        found.extend(each(rows, what, why));
    }
    Ok(found)
}
