//! What an alert is. None is kept: each is what is so, looked at again.

use crate::device_managers::Manager;
use crate::devices::policy::PolicyState;
use crate::devices::{Device, Standing};
use crate::kernel::Moment;
use crate::kernel::ids::{LicenseStockId, VirtualAccountId};
use crate::licenses::{Pool, Stock};
use chrono::TimeDelta;

crate::words! {
    /// How bad it is.
    pub enum Severity {
        /// Something is short, ended or lost.
        Major = "major", "Major";
        /// Something will be, unless somebody acts.
        Minor = "minor", "Minor";
        /// Good to know in time.
        Informational = "informational", "Informational";
    }
}

crate::words! {
    /// What is wrong, in the documented words.
    pub enum Type {
        /// More is used than there is.
        Insufficient = "insufficient-licenses", "Insufficient Licenses";
        /// A term ended.
        Expired = "licenses-expired", "Licenses Expired";
        /// A device does not call.
        FailedToConnect = "failed-to-connect", "Product Instance Failed to Connect";
        /// A device did not renew its certificate.
        FailedToRenew = "failed-to-renew", "Product Instance Failed to Renew";
        /// An On-Prem server is late.
        SyncOverdue = "synchronization-overdue", "Synchronization Overdue";
        /// A term ends.
        Expiring = "licenses-expiring", "Licenses Expiring";
        /// The day of a usage report by policy has come.
        ReportDue = "usage-report-due", "Usage Report Due";
        /// That day has long passed.
        ReportOverdue = "usage-report-overdue", "Usage Report Overdue";
        /// A usage report was counted, and its acknowledgement is not with the product instance.
        AcknowledgementWaiting = "acknowledgement-waiting", "Usage Acknowledgement Waiting";
    }
}

/// How many days before its end a term is spoken of, the last one first.
pub const WINDOWS: [i64; 3] = [30, 60, 90];
/// For how many days a term that ended is still spoken of.
pub const SPOKEN_OF: i64 = 30;

/// Something that needs somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What it is about and since when: if it goes and comes back, it is another one.
    pub key: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub kind: Type,
    /// The same, said of this one.
    pub message: String,
    /// Where.
    pub place: VirtualAccountId,
    /// Until when somebody has to act; none for at once.
    pub due: Option<Moment>,
    /// For terms that end: in which of the windows they are.
    pub window: Option<i64>,
    /// Where it can be put right, below the account's address.
    pub page: String,
}

impl Alert {
    /// What comes first in a list: the worst, then what is due first. What is due at once is due before the rest.
    pub fn rank(&self) -> (Severity, Option<Moment>, &str) {
        (self.severity, self.due, &self.key)
    }

    /// The badge of its severity.
    pub const fn severity_kind(&self) -> &'static str {
        match self.severity {
            Severity::Major => "bad",
            Severity::Minor => "warn",
            Severity::Informational => "info",
        }
    }

    /// The key of a shortage.
    pub fn key_of_shortage(stock: LicenseStockId, since: Option<Moment>) -> String {
        let since = since.map(Moment::rfc3339).unwrap_or_default();
        format!("{} {stock} {since}", Type::Insufficient.word())
    }

    /// More of a license is used than there is.
    pub fn of_shortage(stock: &Stock) -> Self {
        let shortage = crate::http::widgets::number(&stock.shortage().unsigned_abs());
        Self {
            key: Self::key_of_shortage(stock.id, stock.short_since),
            severity: Severity::Major,
            kind: Type::Insufficient,
            message: format!(
                "{} is short by {shortage}: more is in use than was purchased.",
                stock.name
            ),
            place: stock.virtual_account,
            due: None,
            window: None,
            page: format!("licensing/licenses/{}", stock.id),
        }
    }

    /// A term that ended a short while ago, or ends before long; nothing for one that ends later.
    pub fn of_term(pool: &Pool, now: Moment) -> Option<Self> {
        // The last day counts.
        let end = pool.ends_at?.plus(TimeDelta::days(1));
        let quantity = crate::http::widgets::number(&pool.purchased.unsigned_abs());
        let day = pool.ends_at?.utc().format("%-d %b %Y").to_string();
        let page = format!("licensing/inventory/{}/licenses", pool.virtual_account);
        if end <= now {
            return (now.since(end) < TimeDelta::days(SPOKEN_OF)).then(|| Self {
                key: format!("{} {}", Type::Expired.word(), pool.id),
                severity: Severity::Major,
                kind: Type::Expired,
                message: format!("{quantity} {} ended on {day} and count no more.", pool.name),
                place: pool.virtual_account,
                due: None,
                window: None,
                page,
            });
        }
        let left = end.since(now).num_days();
        let window = WINDOWS.into_iter().find(|window| left < *window)?;
        Some(Self {
            key: format!("{} {} {window}", Type::Expiring.word(), pool.id),
            severity: if window == 30 {
                Severity::Minor
            } else {
                Severity::Informational
            },
            kind: Type::Expiring,
            message: format!("{quantity} {} end on {day}.", pool.name),
            place: pool.virtual_account,
            due: Some(end),
            window: Some(window),
            page,
        })
    }

    /// A device manager whose synchronization is late; nothing for one that is bound to nothing any more.
    pub fn of_manager(one: &Manager) -> Option<Self> {
        Some(Self {
            key: format!("{} {} {}", Type::SyncOverdue.word(), one.id, one.due_at.rfc3339()),
            severity: Severity::Major,
            kind: Type::SyncOverdue,
            message: format!(
                "{} was to synchronize by {}. Without a synchronization the device manager is removed.",
                one.name,
                one.due_at.utc().format("%-d %b %Y")
            ),
            place: one.place?,
            due: Some(one.ends_at()),
            window: None,
            page: format!("devices/device-managers/{}", one.id),
        })
    }

    /// A device by policy that is to report, or whose acknowledgement nobody fetches; nothing for one that is well.
    pub fn of_reporting(device: &Device) -> Option<Self> {
        let name = device.name();
        let by = device
            .report_by
            .map(|at| at.utc().format("%-d %b %Y").to_string());
        let by = by.unwrap_or_default();
        let (severity, kind, message, since) = match device.policy? {
            PolicyState::Overdue => (
                Severity::Major,
                Type::ReportOverdue,
                format!("{name} was to report its usage by {by}."),
                device.report_by,
            ),
            PolicyState::ReportDue => (
                Severity::Minor,
                Type::ReportDue,
                format!("{name} is to report its usage: the report is due since {by}."),
                device.report_by,
            ),
            PolicyState::Reported => (
                Severity::Informational,
                Type::AcknowledgementWaiting,
                format!("{name} reported its usage, and has no acknowledgement of it yet."),
                device.reported_at,
            ),
            PolicyState::NotReported | PolicyState::Acknowledged => return None,
        };
        let since = since.map(Moment::rfc3339).unwrap_or_default();
        Some(Self {
            key: format!("{} {} {since}", kind.word(), device.id),
            severity,
            kind,
            message,
            place: device.virtual_account,
            due: None,
            window: None,
            page: format!("devices/device-inventory/{}", device.id),
        })
    }

    /// A device of which nothing is heard, or that does not renew its certificate; nothing for one that is well.
    pub fn of_device(device: &Device, now: Moment) -> Option<Self> {
        let name = device.name();
        let page = format!("devices/device-inventory/{}", device.id);
        let since = device.contact_at.words();
        let contact = device.contact_at.rfc3339();
        let silent = Type::FailedToConnect;
        match device.standing {
            Standing::Released => Some(Self {
                key: format!("{} released {} {contact}", silent.word(), device.id),
                severity: Severity::Major,
                kind: silent,
                message: format!(
                    "Nothing was heard of {name} since {since}. Its authorization expired, and what it used is free again."
                ),
                place: device.virtual_account,
                due: Some(device.expires_at()),
                window: None,
                page,
            }),
            Standing::Silent => Some(Self {
                key: format!("{} {} {contact}", silent.word(), device.id),
                severity: Severity::Minor,
                kind: silent,
                message: format!("Nothing was heard of {name} since {since}."),
                place: device.virtual_account,
                due: Some(device.deadline()),
                window: None,
                page,
            }),
            Standing::Connected if device.failed_to_renew(now) => Some(Self {
                key: format!(
                    "{} {} {}",
                    Type::FailedToRenew.word(),
                    device.id,
                    device.renewed_at.rfc3339()
                ),
                severity: Severity::Minor,
                kind: Type::FailedToRenew,
                message: format!(
                    "{name} was to renew its certificate on {}.",
                    device.renew_at().utc().format("%-d %b %Y")
                ),
                place: device.virtual_account,
                due: Some(device.expires_at()),
                window: None,
                page,
            }),
            Standing::Connected => None,
        }
    }
}

/// What somebody wants to be told by mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Settings {
    /// "Daily Event Summary".
    pub daily_summary: bool,
    /// "Status Notification": a letter when there is a new alert.
    pub status: bool,
    /// Terms that end within 90 days.
    pub expiring_90: bool,
    /// Within 60.
    pub expiring_60: bool,
    /// Within 30.
    pub expiring_30: bool,
}

impl Settings {
    /// Whether anything at all is told.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }
    /// Whether somebody with these settings is told of an alert that is new.
    pub fn wants(&self, alert: &Alert) -> bool {
        match alert.window {
            Some(90) => self.expiring_90,
            Some(60) => self.expiring_60,
            Some(_) => self.expiring_30,
            None => self.status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Billing, Term};
    use crate::kernel::ids::{LicensePoolId, SmartAccountId};
    use proptest::prelude::*;

    fn pool(ends: Moment) -> Pool {
        Pool {
            id: LicensePoolId::new(),
            account: SmartAccountId::new(),
            virtual_account: VirtualAccountId::new(),
            entitlement: "a".to_owned(),
            name: "A license".to_owned(),
            billing: Billing::Prepaid,
            term: Term::Term,
            starts_at: None,
            ends_at: Some(ends),
            purchased: 3,
            reserved: 0,
            ended_at: None,
            version: 1,
        }
    }

    proptest! {
        /// Whatever the day: a term is spoken of in the narrowest window that holds its end, and again a month after.
        #[test]
        fn a_term_is_in_one_window(hours in -24 * 60_i64..24 * 120) {
            let now = Moment::parse("2026-06-01T12:00:00Z").unwrap();
            let end = now.plus(TimeDelta::hours(hours));
            let alert = Alert::of_term(&pool(end.plus(TimeDelta::days(-1))), now);
            match hours {
                h if h <= 0 => {
                    let spoken = h > -24 * SPOKEN_OF;
                    prop_assert_eq!(alert.map(|a| (a.kind, a.due)), spoken.then_some((Type::Expired, None)));
                }
                h => {
                    let window = WINDOWS.into_iter().find(|w| h < w * 24);
                    prop_assert_eq!(alert.as_ref().and_then(|a| a.window), window);
                    prop_assert_eq!(alert.and_then(|a| a.due), window.map(|_| end));
                }
            }
        }
    }

    #[test]
    fn who_asked_for_a_window_is_told_of_it_alone() {
        let now = Moment::parse("2026-06-01T12:00:00Z").unwrap();
        let at = |days| Alert::of_term(&pool(now.plus(TimeDelta::days(days))), now).unwrap();
        let only = Settings {
            expiring_60: true,
            ..Settings::default()
        };
        assert!(only.wants(&at(45)) && !only.wants(&at(75)) && !only.wants(&at(5)));
        assert!(!only.wants(&at(-3)), "one that ended is a matter of the status");
        assert!(
            Settings {
                status: true,
                ..Settings::default()
            }
            .wants(&at(-3))
        );
    }
}
