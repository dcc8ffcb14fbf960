//! What an On-Prem server knows of itself, and its rules.

use crate::catalog::Billing;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceManagerId, OnPremAccountId};
use crate::sync::format::Policy;
use chrono::{Days, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

crate::words! {
    /// The state of a local account.
    pub enum LocalState {
        /// It was made, and no cloud knows it.
        Pending = "pending", "Pending";
        /// It is registered.
        Active = "active", "Active";
        /// It was deactivated.
        Inactive = "inactive", "Inactive";
    }
}

crate::words! {
    /// How the synchronization stands.
    pub enum SyncState {
        /// No file was ever made.
        Never = "never", "Never synchronized";
        /// A file is on its way over the network.
        InProgress = "in-progress", "In progress";
        /// A file was made, and no response to it was applied.
        Generated = "generated", "File generated - awaiting response";
        /// The last file was answered, and the answer applied.
        Successful = "successful", "Synchronization Successful";
        /// The last try failed.
        Failed = "failed", "Synchronization failed";
        /// The cloud has waited too long.
        Overdue = "overdue", "Synchronization overdue";
    }
}

crate::words! {
    /// How often it synchronizes by itself.
    pub enum Frequency {
        /// Each day.
        Daily = "daily", "Daily";
        /// Each week, on the weekday of the start.
        Weekly = "weekly", "Weekly";
    }
}

/// When it synchronizes by itself. All of it is UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The first day.
    pub start: NaiveDate,
    /// How often.
    pub frequency: Frequency,
    /// At what time of the day.
    pub time: NaiveTime,
    /// The next time.
    pub next_at: Moment,
}

/// The first time of a schedule after a moment.
pub fn next_run(start: NaiveDate, frequency: Frequency, time: NaiveTime, after: Moment) -> Option<Moment> {
    let step = match frequency {
        Frequency::Daily => 1,
        Frequency::Weekly => 7,
    };
    let first = Moment::of(start.and_time(time).and_utc());
    if first > after {
        return Some(first);
    }
    let steps = after.since(first).num_seconds() / (step * 86_400) + 1;
    let days = u64::try_from(steps * step).ok()?;
    Some(Moment::of(
        start.checked_add_days(Days::new(days))?.and_time(time).and_utc(),
    ))
}

/// The cloud, as the authorization told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cloud {
    /// Where it answers; none for a site without a network.
    pub url: Option<String>,
    /// By what it knows this server.
    pub manager: DeviceManagerId,
    /// Number of the Smart Account.
    pub smart_account: i64,
    /// Its name.
    pub smart_account_name: String,
    /// Its domain identifier.
    pub domain: String,
    /// The Virtual Account that DEFAULT is bound to.
    pub virtual_account: String,
    /// With what its answers are verified.
    pub public_key: String,
    /// Since when.
    pub registered_at: Moment,
}

/// What is kept of the account as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Its state.
    pub state: LocalState,
    /// Its public key, base64url.
    pub public_key: String,
    /// The key with which it asked to be registered again, until that is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_key: Option<String>,
    /// The cloud, once it is registered.
    pub cloud: Option<Cloud>,
    /// The sequence of the last file that was made.
    pub sequence: i64,
    /// The sequence of the last response that was applied.
    pub last_response: i64,
    /// How the synchronization stands, but for being overdue.
    pub sync: SyncState,
    /// Why the last try failed.
    pub failure: Option<String>,
    /// When a response was applied last.
    pub synced_at: Option<Moment>,
    /// By when the cloud wants to hear of it.
    pub due_at: Option<Moment>,
    /// By what rules the cloud goes.
    pub policy: Option<Policy>,
    /// When it synchronizes by itself.
    pub schedule: Option<Schedule>,
    /// Why it was deactivated.
    pub deactivated_for: Option<String>,
}

/// The local account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: OnPremAccountId,
    /// Its name.
    pub name: String,
    /// The rest.
    pub facts: Facts,
    /// Counts changes.
    pub version: i64,
}

impl Account {
    /// How the synchronization stands by now.
    pub fn sync_state(&self, now: Moment) -> SyncState {
        match self.facts.due_at {
            Some(due) if due < now && self.facts.sync != SyncState::InProgress => SyncState::Overdue,
            _ => self.facts.sync,
        }
    }
    /// What may be changed is not Inactive.
    pub fn must_not_be_inactive(&self) -> Result<()> {
        if self.facts.state == LocalState::Inactive {
            return Err(Error::refused(
                "onprem.inactive",
                format!(
                    "The local account {} is Inactive. Nothing in it can be changed; it can be deleted.",
                    self.name
                ),
            ));
        }
        Ok(())
    }
    /// The cloud that it is registered with.
    pub fn cloud(&self) -> Result<&Cloud> {
        self.must_not_be_inactive()?;
        self.facts.cloud.as_ref().ok_or_else(|| {
            Error::refused(
                "onprem.not-registered",
                format!(
                    "The local account {} is not registered with a cloud yet. Register it first.",
                    self.name
                ),
            )
        })
    }
    /// Whether its schedule says that it is time.
    pub fn is_due(&self, now: Moment) -> bool {
        self.facts.schedule.as_ref().is_some_and(|one| one.next_at <= now)
    }
}

/// A local Virtual Account.
#[derive(Debug, Clone, PartialEq, Eq, diesel::Queryable)]
pub struct LocalPlace {
    /// For comparing.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it is for, or "".
    pub description: String,
    /// Whether it is the one that is bound to the cloud.
    pub is_default: bool,
}

/// A product instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDevice {
    /// For comparing: the key of its UDI.
    pub key: String,
    /// Product id.
    pub pid: String,
    /// Serial number.
    pub serial: String,
    /// Host name, or "".
    pub hostname: String,
    /// What kind of product it is.
    pub product: String,
    /// Which software it runs, or "".
    pub software: String,
    /// The key of the local Virtual Account.
    pub place: String,
    /// Since when.
    pub registered_at: Moment,
    /// When it called last.
    pub contact_at: Moment,
    /// What it uses, by the entitlement.
    pub usage: Vec<(String, i64)>,
}

/// What the cloud said that there is of one license under one term.
#[derive(Debug, Clone, PartialEq, Eq, diesel::Queryable)]
pub struct Held {
    /// What programs know it by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// How it is paid.
    pub billing: Billing,
    /// How many.
    pub purchased: i64,
    /// Until when; none for good.
    pub ends_at: Option<Moment>,
}

/// What one local Virtual Account has of one license.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The local Virtual Account.
    pub place: String,
    /// What programs know the license by.
    pub entitlement: String,
    /// What people know it by.
    pub name: String,
    /// How many there are.
    pub purchased: i64,
    /// How many are used.
    pub in_use: i64,
    /// Whether it is billed by what was used, and cannot run short.
    pub by_usage: bool,
}

impl Holding {
    /// What is left, or missing.
    pub fn balance(&self) -> i64 {
        self.purchased - self.in_use
    }
    /// In the words of the portal.
    pub fn status(&self) -> &'static str {
        if self.balance() < 0 && !self.by_usage {
            "Out of Compliance"
        } else {
            "In Compliance"
        }
    }
}

/// What came of a response file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It was applied.
    Applied {
        /// The sequence of the file that it answers.
        sequence: i64,
        /// How many kinds of licenses there are now, each term counted.
        licenses: usize,
        /// By when to synchronize again.
        due_at: Moment,
    },
    /// It was applied before: nothing changed.
    Before,
}

/// Reads what a device uses, as it is kept.
pub fn usage_of(kept: &str) -> Result<Vec<(String, i64)>> {
    serde_json::from_str(kept).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).unwrap()
    }

    #[test]
    fn a_week_is_counted_from_the_start() {
        let start = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        let time = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
        let next = |frequency, after| next_run(start, frequency, time, at(after)).unwrap();
        for (frequency, after, then) in [
            (Frequency::Weekly, "2026-11-22T10:00:00Z", "2026-11-23T02:30:00Z"),
            (Frequency::Weekly, "2026-11-23T02:30:00Z", "2026-11-30T02:30:00Z"),
            (Frequency::Weekly, "2026-11-29T23:59:00Z", "2026-11-30T02:30:00Z"),
            (Frequency::Daily, "2026-11-23T02:29:59Z", "2026-11-23T02:30:00Z"),
            (Frequency::Daily, "2026-11-23T02:30:00Z", "2026-11-24T02:30:00Z"),
            (Frequency::Daily, "2027-02-28T12:00:00Z", "2027-03-01T02:30:00Z"),
        ] {
            assert_eq!(next(frequency, after), at(then), "{frequency} after {after}");
        }
    }

    proptest! {
        #[test]
        fn the_next_time_is_later_on_the_grid_and_the_first_such(days in -2000_i64..2000, seconds in 0_i64..86_400, weekly: bool) {
            let start = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
            let time = NaiveTime::from_hms_opt(2, 30, 0).unwrap();
            let (frequency, step) = if weekly { (Frequency::Weekly, 7) } else { (Frequency::Daily, 1) };
            let after = at("2026-11-23T00:00:00Z").plus(TimeDelta::days(days)).plus(TimeDelta::seconds(seconds));
            let first = at("2026-11-23T02:30:00Z");
            let next = next_run(start, frequency, time, after).unwrap();
            prop_assert!(next > after && next >= first);
            prop_assert_eq!(next.since(first).num_seconds() % (step * 86_400), 0);
            prop_assert!(next == first || next.plus(TimeDelta::days(-step)) <= after);
        }
    }
}
