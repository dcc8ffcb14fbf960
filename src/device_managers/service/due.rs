//! What falls due: reminders and expiry by the clock.

use super::add::{announced, facts};
use super::remove::let_go;
use crate::device_managers::model::{DUE_AFTER, Manager, REMOVED_AFTER};
use crate::device_managers::store;
use crate::error::Result;
use crate::http::widgets::counted;
use crate::kernel::event::Outcome;
use crate::kernel::ids::DeviceManagerId;
use crate::kernel::{Kind, Moment, Who};
use crate::platform::db::{Reads, Recorded, Tx};
use chrono::TimeDelta;
use serde_json::json;

/// What the clock does to one that does not synchronize.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It is late.
    Overdue,
    /// It is removed.
    Removal,
}

impl Due {
    /// In the order in which they come.
    pub const ALL: [Self; 2] = [Self::Overdue, Self::Removal];
    fn is_for(self, one: &Manager, now: Moment) -> bool {
        one.removed_at.is_none()
            && match self {
                Self::Overdue => one.overdue_at.is_none() && one.due_at <= now,
                Self::Removal => one.ends_at() <= now,
            }
    }
}

/// Those for which it is time.
pub fn due(read: &mut dyn Reads, due: Due, now: Moment, most: i64) -> Result<Vec<DeviceManagerId>> {
    let before = match due {
        Due::Overdue => now,
        Due::Removal => now.plus(-(REMOVED_AFTER - DUE_AFTER)),
    };
    // Those that are known to be late stay among them: there are few, and they are asked for with the others.
    let found = store::due_before(read, before, most.saturating_mul(50))?;
    Ok(found
        .into_iter()
        .filter(|one| due.is_for(one, now))
        .take(usize::try_from(most).unwrap_or_default())
        .map(|one| one.id)
        .collect())
}

/// Does it, if it is still time.
pub fn carry_out(tx: &mut Tx<'_>, due: Due, now: Moment, id: DeviceManagerId) -> Result<Recorded<usize>> {
    let who = Who::portal("synchronization rules");
    let Some(one) = store::lock(tx, id)?.filter(|one| due.is_for(one, now)) else {
        return Ok(tx.unchanged(0));
    };
    let since = one.synced_at.unwrap_or(one.registered_at);
    let event = match due {
        Due::Overdue => {
            let late = Manager {
                overdue_at: Some(now),
                ..one.clone()
            };
            store::update(tx, &late)?;
            announced(
                Kind::ManagerOverdue,
                &one,
                format!(
                    "The synchronization of {} is overdue: it was due on {}.",
                    one.name,
                    one.due_at.words()
                ),
            )
        }
        Due::Removal => {
            let gone = let_go(tx, now, &who, &one)?;
            announced(
                Kind::ManagerExpired,
                &one,
                format!(
                    "The device manager {} failed to sync and was removed: it last synchronized on {}. {} went with it, and what they used is free again.",
                    one.name,
                    since.words(),
                    counted(gone, "product instance", "product instances")
                ),
            )
            .ended(Outcome::Failed)
            .with(json!({ "before": facts(&one), "after": null, "product_instances": gone }))
        }
    };
    tx.record(now, &who, &event, 1)
}

/// How many days are left until it is removed.
pub fn days_left(one: &Manager, now: Moment) -> i64 {
    (one.ends_at().since(now) + TimeDelta::hours(23))
        .num_days()
        .max(0)
}
