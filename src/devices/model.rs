//! What a product instance is, what it uses, and what the clock makes of one that does not call.

use super::policy_state::PolicyState;
use crate::error::{Error, Problems, Refusal, Result};
use crate::kernel::ids::{DeviceId, DeviceManagerId, RegistrationTokenId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, search_key};
use chrono::TimeDelta;
use std::collections::BTreeMap;

/// A device reports so often, and has failed to connect when it did not.
pub const SILENT_AFTER: TimeDelta = TimeDelta::days(30);
/// What a silent device used is free again by then.
pub const RELEASED_AFTER: TimeDelta = TimeDelta::days(90);
/// When a device renews its certificate.
pub const RENEW_AFTER: TimeDelta = TimeDelta::days(180);
/// How long a certificate is good: without a new one a device is registered no more.
pub const EXPIRES_AFTER: TimeDelta = TimeDelta::days(365);
/// A device that is short of licenses asks again so soon.
pub const SHORT_ASKS_AFTER: TimeDelta = TimeDelta::hours(12);
/// How far the clock of a device may be ahead.
pub const CLOCK_MAY_BE_AHEAD: TimeDelta = TimeDelta::hours(1);
/// How many licenses one device reports.
pub const MOST_LICENSES: usize = 100;
/// How many of one license one device reports.
pub const MOST_QUANTITY: i64 = 1_000_000;
/// How many product instances can be chosen at once.
pub const MOST_SELECTED: usize = 1_000;

crate::words! {
    /// What the clock has made of a device.
    pub enum Standing {
        /// It calls as it should.
        Connected = "connected", "Connected";
        /// Nothing was heard of it for a month.
        Silent = "silent", "Failed to connect";
        /// Nothing was heard of it for so long that what it used is free again.
        Released = "released", "Authorization Expired";
    }
}

impl Standing {
    /// What a contact at that time makes of a device by now.
    pub fn of(contact_at: Moment, now: Moment) -> Self {
        let silence = now.since(contact_at);
        if silence >= RELEASED_AFTER {
            Self::Released
        } else if silence >= SILENT_AFTER {
            Self::Silent
        } else {
            Self::Connected
        }
    }
}

crate::words! {
    /// What a device may do with the licenses that it uses.
    pub enum Authorization {
        /// There is enough of all that it uses.
        Authorized = "authorized", "Authorized";
        /// There is not enough of something that it uses.
        OutOfCompliance = "out-of-compliance", "Out of Compliance";
        /// It has not called for 90 days.
        Expired = "authorization-expired", "Authorization Expired";
        /// Its licenses are reserved for it.
        Reservation = "authorized-reservation", "Authorized - Reservation";
        /// It uses none.
        NoLicenses = "no-licenses-in-use", "No Licenses in Use";
    }
}

impl Authorization {
    /// Of a device in this standing that uses something, or nothing, of which something may be short.
    pub fn of(standing: Standing, is_reserved: bool, uses_some: bool, is_short: bool) -> Self {
        match (standing, is_reserved, uses_some, is_short) {
            (_, true, _, _) => Self::Reservation,
            (Standing::Released, ..) => Self::Expired,
            (_, _, false, _) => Self::NoLicenses,
            (_, _, _, true) => Self::OutOfCompliance,
            _ => Self::Authorized,
        }
    }
}

crate::words! {
    /// How one license of a device stands.
    pub enum UseStatus {
        /// There is enough of it.
        InCompliance = "in-compliance", "In Compliance";
        /// There is not.
        OutOfCompliance = "out-of-compliance", "Out of Compliance";
        /// It is reserved for the device.
        Reserved = "reservation-in-compliance", "Reservation In Compliance";
    }
}

/// What a device is known by: its product id and its serial number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Udi {
    /// Product id.
    pub pid: String,
    /// Serial number.
    pub serial: String,
}

impl Udi {
    /// Checks what a device says of itself.
    pub fn parse(pid: &str, serial: &str, problems: &mut Problems) -> Option<Self> {
        let mut part = |text: &str, field: &str, what: &str| {
            let text = text.trim();
            let good = (1..=60).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
            if !good {
                problems.add(
                    field,
                    format!("{what} has 1 to 60 visible ASCII characters without spaces."),
                );
            }
            good.then(|| text.to_owned())
        };
        let (pid, serial) = (
            part(pid, "udi/pid", "The product id (pid)"),
            part(serial, "udi/serial", "The serial number (serial)"),
        );
        Some(Self {
            pid: pid?,
            serial: serial?,
        })
    }
    /// For comparing: one device is not two because of its letters' case.
    pub fn key(&self) -> String {
        search_key(&format!("{} {}", self.pid, self.serial))
    }
}

impl std::fmt::Display for Udi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PID:{} SN:{}", self.pid, self.serial)
    }
}

/// A product instance.
#[derive(Debug, Clone, PartialEq, Eq, diesel::Queryable)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose.
    pub account: SmartAccountId,
    /// Where.
    pub virtual_account: VirtualAccountId,
    /// The On-Prem server that answers for it.
    pub manager: Option<DeviceManagerId>,
    /// Product id.
    pub pid: String,
    /// Serial number.
    pub serial: String,
    /// Its host name, or "".
    pub hostname: String,
    /// What kind of product it is.
    pub product: String,
    /// Which software it runs, or "".
    pub software: String,
    /// What the clock has made of it.
    pub standing: Standing,
    /// Whether licenses are reserved for it.
    pub is_reserved: bool,
    /// Whether its token allowed export-controlled functionality.
    pub export_controlled: bool,
    /// The hash of what it proves itself with.
    pub secret_hash: String,
    /// With which token it came.
    pub token: Option<RegistrationTokenId>,
    /// How many kinds of licenses it uses.
    pub licenses: i32,
    /// Since when.
    pub registered_at: Moment,
    /// Since when its certificate is good.
    pub renewed_at: Moment,
    /// When it called last.
    pub contact_at: Moment,
    /// When it reported its usage last.
    pub reported_at: Option<Moment>,
    /// Counts changes.
    pub version: i64,
    /// In which Virtual Account of its On-Prem server it is; "" for one that reports here itself.
    pub local_place: String,
    /// How it stands when it reports by policy; none for one that is registered or holds a reservation.
    pub policy: Option<PolicyState>,
    /// When its next report by policy is due.
    pub report_by: Option<Moment>,
    /// With the other half of which key it signs its reports; "" while none of ours was seen.
    pub report_key: String,
}

impl Device {
    /// What it is called: its host name, or its UDI.
    pub fn name(&self) -> String {
        if self.hostname.is_empty() {
            self.udi().to_string()
        } else {
            self.hostname.clone()
        }
    }
    /// What it is known by.
    pub fn udi(&self) -> Udi {
        Udi {
            pid: self.pid.clone(),
            serial: self.serial.clone(),
        }
    }
    /// When it renews its certificate.
    pub fn renew_at(&self) -> Moment {
        self.renewed_at.plus(RENEW_AFTER)
    }
    /// When its registration ends, unless it renews.
    pub fn expires_at(&self) -> Moment {
        self.renewed_at.plus(EXPIRES_AFTER)
    }
    /// Until when it has to call, or what it uses is free for others.
    pub fn deadline(&self) -> Moment {
        self.contact_at.plus(RELEASED_AFTER)
    }
    /// When it calls next.
    pub fn next_contact_at(&self, is_short: bool) -> Moment {
        self.contact_at
            .plus(if is_short { SHORT_ASKS_AFTER } else { SILENT_AFTER })
    }
    /// How it works: "SL", registered; "SLP", by policy; "SLR", with a reservation.
    pub fn mode(&self) -> &'static str {
        match (self.is_reserved, self.policy) {
            (true, _) => "SLR",
            (false, Some(_)) => "SLP",
            (false, None) => "SL",
        }
    }
    /// Whether it missed its renewal: it calls, and its certificate grows old all the same.
    pub fn failed_to_renew(&self, now: Moment) -> bool {
        !self.is_reserved && self.policy.is_none() && now >= self.renew_at().plus(SILENT_AFTER)
    }
    /// Why nobody can change it here.
    pub fn against_change(&self) -> Option<Refusal> {
        self.manager.map(|_| Refusal {
            code: "devices.on-prem",
            says: format!(
                "{} is registered with an On-Prem server, which is the source of truth for it. Remove or transfer it there, then synchronize SSM On-Prem with Cisco License Central to see the change here.",
                self.name()
            )
            .into(),
        })
    }
    /// Why nobody can begin to remove it: a reservation does not keep it, but its return code is asked for.
    pub fn against_removing(&self) -> Option<Refusal> {
        if self.is_reserved {
            self.against_change()
        } else {
            self.against_removal()
        }
    }
    /// Why it cannot be removed.
    pub fn against_removal(&self) -> Option<Refusal> {
        self.against_change().or_else(|| {
            self.is_reserved.then(|| Refusal {
                code: "devices.reserved",
                says: format!(
                    "Licenses are reserved for {}. Return the reservation first, with the return code of the device; or remove it under a case, when the device can give none.",
                    self.name()
                )
                .into(),
            })
        })
    }
}

/// What a device uses of one license.
#[derive(Debug, Clone, PartialEq, Eq, diesel::Queryable)]
pub struct Usage {
    /// What programs know the license by.
    pub entitlement: String,
    /// How many.
    pub quantity: i64,
    /// How many of it are set aside for the device.
    pub reserved: i64,
    /// Since when.
    pub since: Moment,
}

impl Usage {
    /// What it takes from the Virtual Account's stock: what is reserved for it was taken already.
    pub fn beyond(&self) -> i64 {
        self.quantity.saturating_sub(self.reserved).max(0)
    }
}

/// What a device says that it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// What programs know the license by.
    pub entitlement: String,
    /// How many.
    pub quantity: i64,
}

/// Checks a report: each license once, and none of which nothing is used.
pub fn reported(lines: impl IntoIterator<Item = (String, i64)>) -> Result<Vec<Reported>> {
    let mut problems = Problems::default();
    let mut seen: BTreeMap<String, i64> = BTreeMap::new();
    let mut count = 0;
    for (n, (entitlement, quantity)) in lines.into_iter().enumerate() {
        count += 1;
        let entitlement = entitlement.trim().to_owned();
        let good =
            (1..=100).contains(&entitlement.len()) && entitlement.chars().all(|c| c.is_ascii_graphic());
        if !good {
            problems.add(
                format!("licenses/{n}/entitlement"),
                "An entitlement has 1 to 100 visible ASCII characters without spaces.",
            );
        }
        if !(0..=MOST_QUANTITY).contains(&quantity) {
            problems.add(
                format!("licenses/{n}/quantity"),
                "Report 0 to 1,000,000 of a license.",
            );
        }
        if seen.insert(entitlement, quantity).is_some() {
            problems.add(
                format!("licenses/{n}/entitlement"),
                "The license is reported twice. Report the sum of it once.",
            );
        }
    }
    if count > MOST_LICENSES {
        problems.add("licenses", "Report at most 100 licenses.");
    }
    problems.or_ok()?;
    Ok(seen
        .into_iter()
        .filter(|(_, quantity)| *quantity > 0)
        .map(|(entitlement, quantity)| Reported {
            entitlement,
            quantity,
        })
        .collect())
}

/// What a device uses after a report. What is set aside for it stays so, used or not.
pub fn after(before: &[Usage], report: &[Reported], now: Moment) -> Vec<Usage> {
    let mut after: BTreeMap<String, Usage> = before
        .iter()
        .filter(|one| one.reserved > 0)
        .map(|one| {
            let mut one = one.clone();
            one.quantity = 0;
            (one.entitlement.clone(), one)
        })
        .collect();
    for line in report {
        let was = before.iter().find(|one| one.entitlement == line.entitlement);
        after.insert(
            line.entitlement.clone(),
            Usage {
                entitlement: line.entitlement.clone(),
                quantity: line.quantity,
                reserved: was.map_or(0, |was| was.reserved),
                since: was.filter(|was| was.quantity > 0).map_or(now, |was| was.since),
            },
        );
    }
    after.into_values().collect()
}

/// What is used more, or less, of each license: nothing of those of which it is the same.
pub fn difference(before: &[Usage], after: &[Usage]) -> Vec<(String, i64)> {
    let mut by: BTreeMap<&str, i64> = BTreeMap::new();
    for one in before {
        *by.entry(&one.entitlement).or_default() -= one.beyond();
    }
    for one in after {
        *by.entry(&one.entitlement).or_default() += one.beyond();
    }
    by.into_iter()
        .filter(|(_, by)| *by != 0)
        .map(|(entitlement, by)| (entitlement.to_owned(), by))
        .collect()
}

/// Checks the clock of a device.
pub fn check_clock(said: Option<Moment>, now: Moment) -> Result<()> {
    match said {
        Some(said) if said > now.plus(CLOCK_MAY_BE_AHEAD) => Err(Error::refused(
            "devices.clock",
            format!(
                "The clock of the device says {}, and it is {} here. Set the clock of the device, then report again.",
                said.words(),
                now.words()
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usage(entitlement: &str, quantity: i64, reserved: i64) -> Usage {
        Usage {
            entitlement: entitlement.to_owned(),
            quantity,
            reserved,
            since: Moment::parse("2026-01-01T00:00:00Z").unwrap(),
        }
    }

    #[test]
    fn silence_has_three_stages() {
        let at = Moment::parse("2026-01-01T00:00:00Z").unwrap();
        for (days, standing) in [
            (0, Standing::Connected),
            (29, Standing::Connected),
            (30, Standing::Silent),
            (89, Standing::Silent),
            (90, Standing::Released),
            (400, Standing::Released),
        ] {
            assert_eq!(
                Standing::of(at, at.plus(TimeDelta::days(days))),
                standing,
                "{days} days"
            );
        }
    }

    #[test]
    fn an_authorization_is_the_worst_that_is_true() {
        use Authorization as A;
        assert_eq!(A::of(Standing::Connected, false, false, false), A::NoLicenses);
        assert_eq!(A::of(Standing::Connected, false, true, false), A::Authorized);
        assert_eq!(A::of(Standing::Silent, false, true, true), A::OutOfCompliance);
        assert_eq!(A::of(Standing::Released, false, false, false), A::Expired);
        assert_eq!(A::of(Standing::Connected, true, true, true), A::Reservation);
    }

    #[test]
    fn a_udi_is_one_whatever_its_case() {
        let mut problems = Problems::default();
        let a = Udi::parse(" C9200-48P-E ", "JAE24010001", &mut problems).unwrap();
        let b = Udi::parse("c9200-48p-e", "jae24010001", &mut problems).unwrap();
        assert_eq!(a.key(), b.key());
        assert!(problems.is_empty());
        assert!(Udi::parse("", "a b", &mut problems).is_none());
        assert_eq!(problems.list().len(), 2);
    }

    #[test]
    fn a_license_that_is_reported_twice_is_refused() {
        let wrong = reported([("a".to_owned(), 1), ("a".to_owned(), 2), (" ".to_owned(), -1)]);
        let Err(Error::Invalid(problems)) = wrong else {
            panic!("{wrong:?}")
        };
        assert_eq!(problems.list().len(), 3);
    }

    #[test]
    fn a_clock_may_be_late_and_not_far_ahead() {
        let now = Moment::parse("2026-01-01T00:00:00Z").unwrap();
        assert!(check_clock(None, now).is_ok());
        assert!(check_clock(Some(now.plus(TimeDelta::days(-400))), now).is_ok());
        assert!(check_clock(Some(now.plus(TimeDelta::minutes(60))), now).is_ok());
        assert!(check_clock(Some(now.plus(TimeDelta::minutes(61))), now).is_err());
    }

    proptest! {
        #[test]
        fn what_is_used_after_any_reports_is_what_was_said_last(reports in proptest::collection::vec(proptest::collection::btree_map("[a-d]", 0..50_i64, 0..4), 1..8), reserved in 0..20_i64) {
            let now = Moment::parse("2026-01-01T00:00:00Z").unwrap();
            let mut usages = if reserved > 0 { vec![usage("a", 0, reserved)] } else { Vec::new() };
            let mut sums: BTreeMap<String, i64> = BTreeMap::new();
            for report in &reports {
                let lines = reported(report.clone()).unwrap();
                let next = after(&usages, &lines, now);
                for (entitlement, by) in difference(&usages, &next) {
                    *sums.entry(entitlement).or_default() += by;
                }
                usages = next;
            }
            let last = reports.last().unwrap();
            for entitlement in ["a", "b", "c", "d"] {
                let said = last.get(entitlement).copied().unwrap_or_default();
                let aside = if entitlement == "a" { reserved } else { 0 };
                prop_assert_eq!(sums.get(entitlement).copied().unwrap_or_default(), (said - aside).max(0));
            }
            prop_assert!(usages.iter().all(|one| one.quantity > 0 || one.reserved > 0));
        }
    }
}
