//! Whether a report is counted, and why not.

use super::super::model::TOO_OLD;
use super::super::payload::Report;
use super::super::store;
use super::here::{Here, Latest};
use super::{Arrival, Outcome};
use crate::devices::model::{self, Device, Udi};
use crate::error::{Error, Refusal, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::platform::db::Reads;
use std::collections::BTreeMap;

pub fn no(code: &'static str, says: String) -> Refusal {
    Refusal {
        code,
        says: says.into(),
    }
}

/// Why a product instance cannot report, or hold an authorization code, in this Virtual Account.
pub fn against_device(
    read: &mut dyn Reads,
    account: SmartAccountId,
    place: VirtualAccountId,
    udi: &Udi,
    known: Option<&Device>,
) -> Result<Option<Refusal>> {
    let is_elsewhere = known.is_none() && !store::elsewhere(read, account, &[udi.key()])?.is_empty();
    Ok(against(place, udi, known, is_elsewhere))
}

/// The same, when it is known whether it reports by policy in another Smart Account.
fn against(
    place: VirtualAccountId,
    udi: &Udi,
    known: Option<&Device>,
    is_elsewhere: bool,
) -> Option<Refusal> {
    let Some(device) = known else {
        return is_elsewhere.then(|| {
            no(
                "usage.other-account",
                format!("{udi} reports in another Smart Account. Remove it there first, or report it there."),
            )
        });
    };
    if device.policy.is_none() {
        return Some(no(
            "usage.not-by-policy",
            format!(
                "{} {}, so it does not report by policy. Deregister or remove it first.",
                device.name(),
                if device.manager.is_some() {
                    "is registered with an On-Prem server"
                } else if device.is_reserved {
                    "holds a reservation"
                } else {
                    "is registered"
                }
            ),
        ));
    }
    if device.virtual_account != place {
        return Some(no(
            "usage.elsewhere",
            format!(
                "{udi} is in another Virtual Account of this Smart Account. Name that one, or transfer the product instance first."
            ),
        ));
    }
    None
}

/// Judges the reports of one product instance one by one.
pub(super) fn judge(
    arrival: &Arrival,
    (here, latest): (&Here, &Latest),
    known: Option<&Device>,
    reports: &[&Report],
) -> Vec<Result<Outcome, Refusal>> {
    let Some(first) = reports.first() else {
        return Vec::new();
    };
    let udi = &first.udi;
    let key = udi.key();
    if let Some(refusal) = against(arrival.place, udi, known, here.elsewhere.contains(&key)) {
        return vec![Err(refusal); reports.len()];
    }
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for report in reports {
        if let Some(sha256) = here.counted.get(&(key.clone(), report.id.clone())) {
            seen.insert(&report.id, sha256);
        }
    }
    let mut latest: BTreeMap<&str, Moment> = latest
        .get(&key)
        .into_iter()
        .flatten()
        .map(|(entitlement, at)| (entitlement.as_str(), *at))
        .collect();
    let mut pinned = known.map_or("", |device| device.report_key.as_str());
    // Within one arrival the order of the lines means nothing; against what was counted before, time does.
    let mut order: Vec<usize> = (0..reports.len()).collect();
    order.sort_by_key(|n| reports.get(*n).map(|report| report.ended_at));
    let mut judged: Vec<Result<Outcome, Refusal>> = vec![Ok(Outcome::Taken); reports.len()];
    for n in order {
        let (Some(report), Some(verdict)) = (reports.get(n), judged.get_mut(n)) else {
            continue;
        };
        *verdict = verdict_of(
            arrival,
            report,
            pinned,
            seen.get(report.id.as_str()).copied(),
            &latest,
        );
        if verdict.is_ok() && here.unknown.contains(&report.entitlement) {
            *verdict = Err(unknown_license(report));
        }
        if *verdict == Ok(Outcome::Taken) {
            seen.insert(&report.id, &report.sha256);
            latest.insert(&report.entitlement, report.ended_at);
            if pinned.is_empty() {
                pinned = &report.key;
            }
        }
    }
    judged
}

/// Why a report is not counted that another key has signed than those before it.
pub fn against_key(report: &Report, pinned: &str) -> Option<Refusal> {
    (!pinned.is_empty() && report.key != pinned).then(|| {
        no(
            "usage.other-key",
            format!(
                "{} signed its earlier reports with another key. Was it reset? Remove the product instance, and report again.",
                report.udi
            ),
        )
    })
}

/// Why a report is not counted whose number was counted with other content.
pub fn other_content(report: &Report) -> Refusal {
    no(
        "usage.other-content",
        format!(
            "The report {} was taken in before, with other content.",
            report.id
        ),
    )
}

/// Why a report is not counted of a license that nobody knows.
pub fn unknown_license(report: &Report) -> Refusal {
    no(
        "licenses.unknown",
        format!(
            "No license is known as \u{201c}{}\u{201d}, neither in the catalog nor in this Virtual Account.",
            report.entitlement
        ),
    )
}

fn verdict_of(
    arrival: &Arrival,
    report: &Report,
    pinned: &str,
    counted: Option<&str>,
    latest: &BTreeMap<&str, Moment>,
) -> Result<Outcome, Refusal> {
    if let Some(refusal) = against_key(report, pinned) {
        return Err(refusal);
    }
    match counted {
        Some(sha256) if sha256 == report.sha256 => return Ok(Outcome::Known),
        Some(_) => return Err(other_content(report)),
        None => {}
    }
    if let Err(Error::Refused(refusal)) = model::check_clock(Some(report.ended_at), arrival.at) {
        return Err(refusal);
    }
    if arrival.at.since(report.ended_at) > TOO_OLD {
        return Err(no(
            "usage.too-old",
            format!(
                "The report {} ended on {}, more than a year ago.",
                report.id,
                report.ended_at.words()
            ),
        ));
    }
    if latest
        .get(report.entitlement.as_str())
        .is_some_and(|end| report.ended_at < *end)
    {
        return Err(no(
            "usage.out-of-order",
            format!(
                "A later report of {} by {} was taken in already. It counts, and this one does not.",
                report.entitlement, report.udi
            ),
        ));
    }
    Ok(Outcome::Taken)
}
