//! Some reports of a usage file, taken in with one write.

use super::whole;
use crate::devices::policy::model::Way;
use crate::devices::policy::payload::Report;
use crate::devices::policy::store::{FileLine, LineOutcome, UsageFile};
use crate::devices::policy::take_in::{self, Arrival, Bundle, Outcome, Taken};
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{DeviceId, SmartAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::Tx;
use crate::platform::occupants::Occupants;
use serde_json::json;
use std::collections::BTreeMap;

/// Some reports of a file: all of a product instance, or none.
#[derive(Debug, Clone)]
pub struct Portion {
    /// Each with its place in the file, from 0.
    pub reports: Vec<(usize, Result<Report, Refusal>)>,
    /// An id for each product instance that may be new, by the key of its UDI.
    ids: BTreeMap<String, DeviceId>,
}

impl Portion {
    /// Of reports at whose signatures somebody has looked.
    pub fn of(reports: Vec<(usize, Result<Report, Refusal>)>) -> Self {
        let ids = reports
            .iter()
            .filter_map(|(_, report)| Some((report.as_ref().ok()?.udi.key(), DeviceId::new())))
            .collect();
        Self { reports, ids }
    }
}

/// From where the reports of a file come.
pub fn arrival(account: SmartAccountId, file: &UsageFile, who: Who, at: Moment) -> Arrival {
    Arrival {
        account,
        place: file.virtual_account,
        who,
        at,
        way: Way::File,
    }
}

/// For the record.
pub fn told(account: SmartAccountId, file: &UsageFile, says: String) -> Event {
    Event::new(Kind::UsageFileUploaded, file.id, says)
        .within(account)
        .in_virtual_account(file.virtual_account)
        .with(json!({
            "sha256": file.sha256, "reports": file.reports, "taken": file.taken, "known": file.known, "refused": file.refused,
        }))
}

impl UsageFile {
    /// Adds what came of some of its reports.
    pub fn count(&mut self, lines: &[FileLine]) {
        let many = |outcome| whole(lines.iter().filter(|line| line.outcome == outcome).count());
        self.taken += many(LineOutcome::Taken);
        self.known += many(LineOutcome::Known);
        self.refused += many(LineOutcome::Refused);
    }
}

fn line(number: usize, report: &Result<Report, Refusal>, came: &Result<Outcome, Refusal>) -> FileLine {
    let (outcome, code, says) = match came {
        Ok(Outcome::Taken) => (LineOutcome::Taken, "", String::new()),
        Ok(Outcome::Known) => (LineOutcome::Known, "", String::new()),
        Err(refusal) => (
            LineOutcome::Refused,
            refusal.code,
            refusal.says.chars().take(1000).collect(),
        ),
    };
    let read = report.as_ref().ok();
    let text = |of: fn(&Report) -> &str| read.map(|one| of(one).to_owned()).unwrap_or_default();
    FileLine {
        number: whole(number + 1),
        pid: text(|one| &one.udi.pid),
        serial: text(|one| &one.udi.serial),
        report: text(|one| &one.id),
        entitlement: text(|one| &one.entitlement),
        quantity: read.map_or(0, |one| one.quantity),
        outcome,
        code: code.to_owned(),
        says,
    }
}

/// Takes some reports in, and tells what came of each.
pub fn take_in(
    tx: &mut Tx<'_>,
    occupants: &Occupants,
    arrival: &Arrival,
    portion: &Portion,
) -> Result<(Vec<FileLine>, Vec<Taken>)> {
    let mut of_device: BTreeMap<String, (Vec<usize>, Vec<&Report>)> = BTreeMap::new();
    let mut came: BTreeMap<usize, Result<Outcome, Refusal>> = BTreeMap::new();
    for (n, report) in &portion.reports {
        match report {
            Ok(report) => {
                let (numbers, reports) = of_device.entry(report.udi.key()).or_default();
                numbers.push(*n);
                reports.push(report);
            }
            Err(refusal) => {
                came.insert(*n, Err(refusal.clone()));
            }
        }
    }
    let mut bundles = Vec::with_capacity(of_device.len());
    let mut numbers = Vec::with_capacity(portion.reports.len());
    for (key, (of_it, reports)) in of_device {
        bundles.push(Bundle {
            id: portion.ids.get(&key).copied().ok_or(Error::NotFound)?,
            hostname: "",
            reports,
        });
        numbers.extend(of_it);
    }
    let taken = take_in::take_each(tx, occupants, arrival, &bundles)?;
    let outcomes = taken.iter().flat_map(|taken| taken.outcomes.iter().cloned());
    came.extend(numbers.into_iter().zip(outcomes));
    let lines = portion
        .reports
        .iter()
        .filter_map(|(n, report)| Some(line(*n, report, came.get(n)?)))
        .collect();
    Ok((lines, taken))
}
