//! What a policy asks of product instances that report without being registered, and how one of them stands.

use super::super::model::Usage;
use crate::catalog::{self, Term};
use crate::error::{Problems, Result};
use crate::kernel::Moment;
use chrono::TimeDelta;

/// A report is due on its day, and overdue so long after.
pub const GRACE: TimeDelta = TimeDelta::days(30);
/// How many days a policy speaks of at most.
pub const MOST_DAYS: i32 = 365;
/// A report that ended longer ago says nothing any more.
pub const TOO_OLD: TimeDelta = TimeDelta::days(365);

pub use crate::devices::policy_state::PolicyState;

crate::words! {
    /// How a report came.
    pub enum Way {
        /// From the product instance itself, over the network.
        Network = "network", "Network";
        /// In a usage file that somebody uploaded.
        File = "file", "File";
        /// From a script, over the vendor's API.
        Api = "api", "API";
    }
}

crate::words! {
    /// For which licenses a policy says how often their use is reported.
    pub enum LicenseClass {
        /// They last for good.
        Perpetual = "perpetual", "Perpetual licenses";
        /// They end.
        Subscription = "subscription", "Subscription licenses";
        /// A product instance has to be allowed them.
        ExportControlled = "export-controlled", "Export-controlled licenses";
    }
}

impl LicenseClass {
    /// Of a license; one that the catalog does not know counts as one that ends.
    pub fn of(entitlement: &str) -> Self {
        match catalog::entitlement(entitlement) {
            Some(known) if known.export_controlled => Self::ExportControlled,
            Some(known) if known.term == Term::Perpetual => Self::Perpetual,
            _ => Self::Subscription,
        }
    }
    /// What holds while nobody has said otherwise.
    const fn usual(self) -> Days {
        match self {
            Self::Perpetual => Days {
                first: 365,
                every: 0,
                change: 90,
            },
            Self::Subscription => Days {
                first: 90,
                every: 90,
                change: 90,
            },
            Self::ExportControlled => Days {
                first: 0,
                every: 0,
                change: 0,
            },
        }
    }
}

/// How often the use of one class of licenses is reported, in days; 0 for not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Days {
    /// After the first use.
    pub first: i32,
    /// After a report.
    pub every: i32,
    /// After a change of what is used.
    pub change: i32,
}

/// The policy of a Smart Account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy(Vec<(LicenseClass, Days)>);

impl Policy {
    /// With what was changed; the rest is usual.
    pub fn of(changed: &[(LicenseClass, Days)]) -> Self {
        let days = |class: LicenseClass| {
            changed
                .iter()
                .find(|(known, _)| *known == class)
                .map_or_else(|| class.usual(), |(_, days)| *days)
        };
        Self(
            LicenseClass::ALL
                .iter()
                .map(|class| (*class, days(*class)))
                .collect(),
        )
    }
    /// Each class with its days.
    pub fn rows(&self) -> &[(LicenseClass, Days)] {
        &self.0
    }
    /// When a product instance with this use has to report next, after it reported last, or, when it has not, after it
    /// became known; nothing when no report is asked for.
    pub fn report_by(&self, uses: &[Usage], last: Option<Moment>, known_at: Moment) -> Option<Moment> {
        let asked = self
            .0
            .iter()
            .filter(|(class, _)| {
                uses.is_empty()
                    || uses
                        .iter()
                        .any(|one| LicenseClass::of(&one.entitlement) == *class)
            })
            .map(|(_, days)| if last.is_some() { days.every } else { days.first })
            .filter(|days| *days > 0)
            .min()?;
        Some(last.unwrap_or(known_at).plus(TimeDelta::days(i64::from(asked))))
    }
    /// As the record, answers and acknowledgements have it.
    pub fn facts(&self) -> serde_json::Value {
        self.0
            .iter()
            .map(|(class, days)| {
                serde_json::json!({ "license_class": class, "first_report_days": days.first,
                    "report_every_days": days.every, "report_on_change_days": days.change })
            })
            .collect()
    }
}

impl Days {
    /// Checks what somebody wants; `field` begins the names of the fields.
    pub fn parse(field: &str, typed: [&str; 3], problems: &mut Problems) -> Option<Self> {
        let mut read = |name: &str, text: &str| {
            let days = text
                .trim()
                .parse::<i32>()
                .ok()
                .filter(|days| (0..=MOST_DAYS).contains(days));
            if days.is_none() {
                problems.add(
                    format!("{field}_{name}"),
                    "Enter a whole number of days from 0 to 365; 0 asks for no report.",
                );
            }
            days
        };
        let [first, every, change] = typed;
        let (first, every, change) = (read("first", first), read("every", every), read("change", change));
        Some(Self {
            first: first?,
            every: every?,
            change: change?,
        })
    }
}

/// What somebody wants of every class, checked.
pub fn wanted(typed: &[(LicenseClass, [&str; 3])]) -> Result<Vec<(LicenseClass, Days)>> {
    let mut problems = Problems::default();
    let wanted = typed
        .iter()
        .filter_map(|(class, typed)| Some((*class, Days::parse(class.word(), *typed, &mut problems)?)))
        .collect();
    problems.or_ok()?;
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(entitlement: &str) -> Usage {
        Usage {
            entitlement: entitlement.to_owned(),
            quantity: 1,
            reserved: 0,
            since: Moment::parse("2026-01-01T00:00:00Z").unwrap(),
        }
    }

    #[test]
    fn the_strictest_class_that_is_in_use_says_when_the_next_report_is_due() {
        let at = Moment::parse("2026-01-01T00:00:00Z").unwrap();
        let day = |days| Some(at.plus(TimeDelta::days(days)));
        let usual = Policy::of(&[]);
        let (perpetual, subscription, export) = ("c9200-ne-48", "c9200-dna-e-48", "hsec-k9");
        assert_eq!(LicenseClass::of(perpetual), LicenseClass::Perpetual);
        assert_eq!(LicenseClass::of(subscription), LicenseClass::Subscription);
        assert_eq!(LicenseClass::of(export), LicenseClass::ExportControlled);
        assert_eq!(usual.report_by(&[used(perpetual)], None, at), day(365));
        assert_eq!(usual.report_by(&[used(perpetual)], Some(at), at), None);
        let both = [used(perpetual), used(subscription)];
        assert_eq!(usual.report_by(&both, None, at), day(90));
        assert_eq!(usual.report_by(&both, Some(at), at), day(90));
        assert_eq!(usual.report_by(&[used(export)], None, at), None);
        assert_eq!(
            usual.report_by(&[], None, at),
            day(90),
            "nothing is known of its use"
        );
        let weekly = Days {
            first: 7,
            every: 7,
            change: 1,
        };
        let strict = Policy::of(&[(LicenseClass::Perpetual, weekly)]);
        assert_eq!(strict.report_by(&both, Some(at), at), day(7));
    }

    #[test]
    fn who_needs_somebody_stands_behind_the_others_in_the_order_of_words() {
        let mut words: Vec<&str> = PolicyState::ALL.iter().map(|state| state.word()).collect();
        words.sort_unstable();
        assert_eq!(
            words,
            [
                "acknowledged",
                "not-reported",
                "overdue",
                "report-due",
                "reported"
            ]
        );
    }

    #[test]
    fn days_are_whole_and_not_many() {
        let of = |typed| wanted(&[(LicenseClass::Perpetual, typed)]);
        assert_eq!(of(["0", " 365 ", "7"]).unwrap()[0].1.every, 365);
        for bad in ["", "-1", "366", "1.5", "x"] {
            assert!(of([bad, "1", "1"]).is_err(), "{bad}");
        }
    }
}
