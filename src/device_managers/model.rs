//! What a device manager is, and what the clock makes of one that does not synchronize.

use crate::error::Refusal;
use crate::kernel::ids::{DeviceManagerId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Lifecycle, Moment, Name};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// So long after the last synchronization the next one is due.
pub const DUE_AFTER: TimeDelta = TimeDelta::days(30);
/// So long after the last synchronization a device manager is removed.
pub const REMOVED_AFTER: TimeDelta = TimeDelta::days(90);

crate::words! {
    /// How a device manager stands with its synchronizations.
    pub enum SyncStatus {
        /// None yet.
        Never = "never-synchronized", "Never synchronized";
        /// A file waits for Submit.
        InProgress = "in-progress", "In progress";
        /// The last one was applied.
        Successful = "successful", "Synchronization Successful";
        /// The last one was refused.
        Failed = "failed", "Synchronization failed";
        /// It is late.
        Overdue = "overdue", "Synchronization overdue";
    }
}

/// It follows from what is kept of a device manager, and from the time. One that does not synchronize within 90 days is removed.
pub const LIFECYCLE: Lifecycle<SyncStatus> = {
    use SyncStatus::{Failed, InProgress, Never, Overdue, Successful};
    Lifecycle {
        of: "Device manager",
        states: SyncStatus::ALL,
        begins: &[Never],
        moves: &[
            (Never, "a file waits for Submit", InProgress),
            (Successful, "a file waits for Submit", InProgress),
            (Failed, "a file waits for Submit", InProgress),
            (Never, "a file is applied", Successful),
            (InProgress, "a file is applied", Successful),
            (Failed, "a file is applied", Successful),
            (Overdue, "a file is applied", Successful),
            (Never, "a file is refused", Failed),
            (InProgress, "a file is refused", Failed),
            (Successful, "a file is refused", Failed),
            (
                InProgress,
                "the file is withdrawn; none was applied before",
                Never,
            ),
            (InProgress, "the file is withdrawn", Successful),
            (
                InProgress,
                "the file is withdrawn; the one before was refused",
                Failed,
            ),
            (Never, "nothing is applied within 30 days", Overdue),
            (InProgress, "nothing is applied within 30 days", Overdue),
            (Successful, "nothing is applied within 30 days", Overdue),
            (Failed, "nothing is applied within 30 days", Overdue),
            (InProgress, "it is registered again, with a new key", Never),
            (Successful, "it is registered again, with a new key", Never),
            (Failed, "it is registered again, with a new key", Never),
            (Overdue, "it is registered again, with a new key", Never),
        ],
    }
};

impl SyncStatus {
    /// The badge.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Never => "",
            Self::InProgress => "info",
            Self::Successful => "ok",
            Self::Failed => "bad",
            Self::Overdue => "warn",
        }
    }
}

/// A Virtual Account of the On-Prem server itself, as its last file told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalPlace {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How many product instances are in it.
    pub devices: u64,
}

/// An On-Prem server.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Manager {
    /// Its id.
    pub id: DeviceManagerId,
    /// Whose.
    pub account: SmartAccountId,
    /// The Virtual Account to which it is bound; none once it is removed.
    pub place: Option<VirtualAccountId>,
    /// Device manager name.
    pub name: String,
    /// What its files are verified with; "" once it is revoked.
    pub public_key: String,
    /// The authorization file, as it was given out.
    pub answer: String,
    /// How many product instances its last applied file had.
    pub product_instances: i64,
    /// Its own Virtual Accounts, as JSON.
    pub places: String,
    /// Of its last applied file, and so of its latest response; 0 for none.
    pub sequence: i64,
    /// Since when.
    pub registered_at: Moment,
    /// By whom.
    pub registrar: String,
    /// When its last file was applied.
    pub synced_at: Option<Moment>,
    /// When the next one is due.
    pub due_at: Moment,
    /// Since when a file waits for Submit.
    pub waits_since: Option<Moment>,
    /// When a file was refused, if that was the last.
    pub failed_at: Option<Moment>,
    /// Why.
    pub failure: String,
    /// Since when it is known to be late.
    pub overdue_at: Option<Moment>,
    /// When it was removed.
    pub removed_at: Option<Moment>,
    /// Counts changes.
    pub version: i64,
    /// Which of its registrations holds: 1, and one more each time that it is registered again.
    pub registration: i64,
}

impl Manager {
    /// How it stands now.
    pub fn status(&self, now: Moment) -> SyncStatus {
        if self.due_at <= now {
            SyncStatus::Overdue
        } else if self.waits_since.is_some() {
            SyncStatus::InProgress
        } else if self.failed_at.is_some() {
            SyncStatus::Failed
        } else if self.synced_at.is_some() && !self.waits_for_first() {
            SyncStatus::Successful
        } else {
            SyncStatus::Never
        }
    }
    /// When it is removed unless it synchronizes.
    pub fn ends_at(&self) -> Moment {
        self.synced_at
            .map_or(self.registered_at, |at| at.max(self.registered_at))
            .plus(REMOVED_AFTER)
    }
    /// Whether it was registered again and has not synchronized since: its product instances are as they were told
    /// before.
    pub fn waits_for_first(&self) -> bool {
        self.registration > 1 && self.sequence == 0
    }
    /// Its own Virtual Accounts.
    pub fn local_places(&self) -> Vec<LocalPlace> {
        serde_json::from_str(&self.places).unwrap_or_default()
    }
    /// Its product instances, for showing.
    pub fn instances(&self) -> u64 {
        self.product_instances.unsigned_abs()
    }
    /// Why it cannot be removed.
    pub fn against_removal(&self) -> Option<Refusal> {
        (self.product_instances > 0).then(|| Refusal {
            code: "device-managers.product-instances",
            says: format!(
                "{} still has {} in its last synchronization. Remove them on the On-Prem server, then synchronize it with Cisco License Central, and remove the device manager after that. If the On-Prem server is lost, remove it as lost: an active case number is needed, and its product instances go with it.",
                self.name,
                crate::http::widgets::counted(self.instances(), "product instance", "product instances")
            )
            .into(),
        })
    }
}

/// Checks a device manager name.
pub fn name(typed: &str) -> Result<Name, String> {
    Name::parse(typed, "Device manager name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn manager(at: Moment) -> Manager {
        Manager {
            id: DeviceManagerId::new(),
            account: SmartAccountId::new(),
            place: Some(VirtualAccountId::new()),
            name: "Smart-On-Prem-Account".to_owned(),
            public_key: "key".to_owned(),
            answer: String::new(),
            product_instances: 0,
            places: "[]".to_owned(),
            sequence: 0,
            registered_at: at,
            registrar: "Ada".to_owned(),
            synced_at: None,
            due_at: at.plus(DUE_AFTER),
            waits_since: None,
            failed_at: None,
            failure: String::new(),
            overdue_at: None,
            removed_at: None,
            version: 1,
            registration: 1,
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_to_a_device_manager_stands_in_the_table(steps in proptest::collection::vec(0..6_u8, 1..16)) {
            let mut now = Moment::parse("2026-11-01T08:00:00Z").unwrap();
            let mut one = manager(now);
            for step in steps {
                let was = one.status(now);
                match step {
                    0 => now = now.plus(TimeDelta::days(20)),
                    1 => one.waits_since = Some(now),
                    2 => one.waits_since = None,
                    3 => {
                        one.sequence += 1;
                        one.synced_at = Some(now);
                        one.due_at = now.plus(DUE_AFTER);
                        (one.waits_since, one.failed_at) = (None, None);
                    }
                    4 => (one.waits_since, one.failed_at) = (None, Some(now)),
                    _ => {
                        one.registration += 1;
                        one.sequence = 0;
                        one.due_at = now.plus(DUE_AFTER);
                        (one.waits_since, one.failed_at) = (None, None);
                    }
                }
                let is = one.status(now);
                prop_assert!(was == is || LIFECYCLE.must(was, is).is_ok(), "{was} to {is}");
            }
        }
    }

    #[test]
    fn one_that_was_registered_again_has_all_its_days_before_it() {
        let at = Moment::parse("2026-11-01T08:00:00Z").unwrap();
        let mut one = manager(at);
        one.synced_at = Some(at);
        one.sequence = 7;
        let later = at.plus(TimeDelta::days(80));
        one.registered_at = later;
        one.due_at = later.plus(DUE_AFTER);
        one.sequence = 0;
        one.registration = 2;
        assert_eq!(one.status(later), SyncStatus::Never);
        assert_eq!(one.ends_at(), later.plus(REMOVED_AFTER));
    }

    #[test]
    fn the_status_is_what_matters_most() {
        let at = Moment::parse("2026-11-01T08:00:00Z").unwrap();
        let mut one = manager(at);
        assert_eq!(one.status(at), SyncStatus::Never);
        one.failed_at = Some(at);
        assert_eq!(one.status(at), SyncStatus::Failed);
        one.waits_since = Some(at);
        assert_eq!(one.status(at), SyncStatus::InProgress);
        let late = at.plus(TimeDelta::days(30));
        assert_eq!(
            one.status(late.plus(TimeDelta::seconds(-1))),
            SyncStatus::InProgress
        );
        assert_eq!(one.status(late), SyncStatus::Overdue);
        one = manager(at);
        one.synced_at = Some(at);
        assert_eq!(one.status(at), SyncStatus::Successful);
        assert_eq!(one.ends_at(), at.plus(TimeDelta::days(90)));
    }

    #[test]
    fn one_that_serves_product_instances_is_not_removed() {
        let mut one = manager(Moment::parse("2026-11-01T08:00:00Z").unwrap());
        assert!(one.against_removal().is_none());
        one.product_instances = 1;
        assert!(
            one.against_removal()
                .unwrap()
                .says
                .contains("1 product instance in")
        );
    }
}
