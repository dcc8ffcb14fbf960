//! Product instances by policy of an On-Prem server. Their reports are kept byte for byte: those of which the cloud has not
//! said anything, and of each license the latest, which says what is in use. A synchronization carries them to the cloud and
//! brings its acknowledgements, which the product instances fetch with their next call, or which travel in files.

mod store;

pub use store::{Kept, Reporting, Standing, forget, reporting, standings};

use super::super::model::{Device, Udi};
use super::super::store as devices;
use super::lifecycle::LIFECYCLE;
use super::model::PolicyState;
use super::payload::{self, Report, Sent};
use super::store as counted;
use super::take_in::no;
use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{DeviceId, SmartAccountId};
use crate::platform::db::{Reads, Tx};
use chrono::TimeDelta;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// So long a product instance can fetch the acknowledgement of a report behind which a later one stands.
const KEPT: TimeDelta = TimeDelta::days(30);
/// So many reports of one product instance travel in a file beside the latest ones; the rest travels with the next.
const AT_ONCE: usize = 500;
/// A report with its signature travels in one line of a file.
const MOST_BYTES: usize = 60_000;

/// Keeps reports of a product instance that were taken in: a part of the same write. Answers with how many were not kept
/// before.
pub fn keep(tx: &mut Tx<'_>, device: &Device, at: Moment, reports: &[(Report, Sent)]) -> Result<usize> {
    let ids: Vec<String> = reports.iter().map(|(report, _)| report.id.clone()).collect();
    let there: BTreeSet<String> = store::these(tx, device.id, &ids)?
        .into_iter()
        .map(|kept| kept.report)
        .collect();
    let mut new: BTreeMap<&str, Kept> = BTreeMap::new();
    for (report, sent) in reports {
        if there.contains(&report.id) {
            continue;
        }
        let shape = sent.shape().to_string();
        if shape.len() > MOST_BYTES {
            return Err(Error::Refused(no(
                "usage.too-much",
                format!("The report {} is longer than {MOST_BYTES} bytes.", report.id),
            )));
        }
        new.insert(
            &report.id,
            Kept {
                device: device.id,
                report: report.id.clone(),
                entitlement: report.entitlement.clone(),
                ended_at: report.ended_at,
                sha256: report.sha256.clone(),
                sent: shape,
                received_at: at,
                acknowledgement: String::new(),
                acknowledged_at: None,
                code: String::new(),
                says: String::new(),
            },
        );
    }
    let new: Vec<Kept> = new.into_values().collect();
    store::insert(tx, device.account, &new)?;
    Ok(new.len())
}

/// What the cloud has said of these reports, as the product instance imports it: each acknowledgement once, one after the
/// other; "" when it has said nothing yet.
pub fn acknowledgements(read: &mut dyn Reads, device: DeviceId, ids: &[String]) -> Result<String> {
    let mut texts: Vec<String> = store::these(read, device, ids)?
        .into_iter()
        .filter(|kept| kept.acknowledged_at.is_some())
        .map(|kept| kept.acknowledgement)
        .collect();
    texts.sort();
    texts.dedup();
    Ok(texts.concat())
}

fn sent_of(kept: &Kept) -> Result<Sent> {
    let shape: Value = serde_json::from_str(&kept.sent).map_err(Error::internal)?;
    Sent::of(&shape).map_err(|_| Error::internal("a kept report without a payload"))
}

/// What the cloud hears of these product instances, in the order in which they are named: their reports in the order of
/// time, and of each whether the cloud has acknowledged it.
pub fn to_send(read: &mut dyn Reads, some: &[DeviceId]) -> Result<Vec<(Sent, bool)>> {
    let mut of: BTreeMap<DeviceId, Vec<Kept>> = BTreeMap::new();
    for kept in store::of_devices(read, some)? {
        of.entry(kept.device).or_default().push(kept);
    }
    let mut found = Vec::new();
    for id in some {
        let all = of.remove(id).unwrap_or_default();
        let all: Vec<Kept> = all.into_iter().filter(|kept| kept.code.is_empty()).collect();
        let latest: BTreeMap<&str, &str> = all
            .iter()
            .map(|kept| (kept.entitlement.as_str(), kept.report.as_str()))
            .collect();
        let mut open = 0;
        for kept in &all {
            let is_latest = latest.get(kept.entitlement.as_str()) == Some(&kept.report.as_str());
            let waits = kept.acknowledged_at.is_none() && open < AT_ONCE;
            if waits {
                open += 1;
            }
            if waits || is_latest {
                found.push((sent_of(kept)?, kept.acknowledged_at.is_some()));
            }
        }
    }
    Ok(found)
}

/// The reports within reach of which the cloud has said nothing, with their product instances in the order of their UDIs:
/// what a usage file carries.
pub fn waiting(read: &mut dyn Reads, within: &Within, most: i64) -> Result<Vec<(Udi, Sent)>> {
    store::waiting(read, within, most)?
        .iter()
        .map(|(udi, kept)| Ok((udi.clone(), sent_of(kept)?)))
        .collect()
}

/// What the cloud acknowledges, by the key that is known as the cloud's: one acknowledgement or several in a text. A part of
/// a write; answers with how many reports had none, and with nothing when the text has no acknowledgement by that key.
pub fn acknowledged(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    cloud_key: &str,
    text: &str,
) -> Result<Option<usize>> {
    let (mut done, mut is_any) = (0, false);
    for (said, key, text) in payload::acknowledgements_in(text) {
        if key != cloud_key {
            continue;
        }
        is_any = true;
        let word = |pointer: &str| said.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let udi = Udi {
            pid: word("/sudi/udi_pid").to_owned(),
            serial: word("/sudi/udi_serial_number").to_owned(),
        };
        let ids: Vec<String> = said
            .get("report_ids")
            .and_then(|ids| serde_json::from_value(ids.clone()).ok())
            .unwrap_or_default();
        // It may have been removed meanwhile.
        let Some(was) = devices::lock_udi(tx, account, &udi)? else {
            continue;
        };
        done += store::acknowledged(tx, was.id, &ids, &text, at)?;
        let pairs: Vec<(String, String)> = ids.iter().map(|id| (udi.key(), id.clone())).collect();
        counted::acknowledge(tx, account, &pairs, at)?;
        if was.policy.is_none() {
            continue;
        }
        let may_be = was
            .policy
            .is_some_and(|state| LIFECYCLE.must(state, PolicyState::Acknowledged).is_ok());
        let is_over = may_be && !store::has_waiting(tx, was.id)?;
        let next: Option<Moment> = said
            .get("next_report_by")
            .and_then(|at| serde_json::from_value(at.clone()).ok());
        let is = Device {
            policy: if is_over {
                Some(PolicyState::Acknowledged)
            } else {
                was.policy
            },
            report_by: next,
            ..was.clone()
        };
        if is != was {
            devices::touch(tx, &is)?;
        }
    }
    Ok(is_any.then_some(done))
}

/// The cloud does not count a report, by the SHA-256 of its payload: a part of a write.
pub fn refused(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    sha256: &str,
    (code, says): (&str, &str),
) -> Result<()> {
    store::refused(tx, account, sha256, code, says)
}

/// Forgets what nobody asks for any more: reports behind which a later one stands, and that were acknowledged long ago.
pub fn forget_old(tx: &mut Tx<'_>, at: Moment, account: SmartAccountId) -> Result<()> {
    store::forget_old(tx, account, at.plus(-KEPT))
}
