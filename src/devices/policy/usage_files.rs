//! Usage files that people upload: what came of each report, and the acknowledgement to take back.

use super::super::model::Udi;
use super::files;
use super::model::Way;
use super::payload::{Report, Sent};
use super::store::{self, FileLine, LineOutcome, UsageFile};
use super::take_in::{self, Arrival, Outcome};
use crate::authz::Permit;
use crate::authz::action::{ReportUsage, ViewInventory};
use crate::error::{Error, Refusal, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::{DeviceId, UsageFileId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::platform::signing::FileKey;
use crate::platform::token;
use serde_json::json;
use std::collections::BTreeMap;

/// A usage file that was read, with its signatures looked at.
#[derive(Debug, Clone)]
pub struct Uploaded {
    id: UsageFileId,
    name: String,
    bytes: usize,
    sha256: String,
    reports: Vec<Result<Report, Refusal>>,
    /// An id for each product instance that may be new, by the key of its UDI.
    ids: BTreeMap<String, DeviceId>,
}

impl Uploaded {
    /// Reads a file; `any` takes signatures that are not ours.
    pub fn read(bytes: &[u8], name: &str, any: bool) -> Result<Self> {
        let reports: Vec<Result<Report, Refusal>> = files::reports(bytes)?
            .iter()
            .map(|sent: &Sent| sent.read(any))
            .collect();
        let ids = reports
            .iter()
            .flatten()
            .map(|report| (report.udi.key(), DeviceId::new()))
            .collect();
        let name: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
        Ok(Self {
            id: UsageFileId::new(),
            name: if name.trim().is_empty() {
                "usage data".to_owned()
            } else {
                name.trim().to_owned()
            },
            bytes: bytes.len(),
            sha256: token::fingerprint(bytes),
            reports,
            ids,
        })
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
        number: i64::try_from(number + 1).unwrap_or(i64::MAX),
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

/// Takes a file in: each report that can be counted is, and each that cannot is told with the reason.
pub fn upload(
    tx: &mut Tx<'_>,
    (view, permit): (&Permit<ViewInventory>, &Permit<ReportUsage>),
    occupants: &Occupants,
    at: Moment,
    place: VirtualAccountId,
    file: &Uploaded,
) -> Result<Recorded<UsageFile>> {
    let name = take_in::place(tx, view, permit, place)?;
    let arrival = Arrival {
        account: permit.within().account()?,
        place,
        who: permit.who().clone(),
        at,
        way: Way::File,
        hostname: String::new(),
    };
    let mut of_device: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (n, report) in file.reports.iter().enumerate() {
        if let Ok(report) = report {
            of_device.entry(report.udi.key()).or_default().push(n);
        }
    }
    let mut came: Vec<Result<Outcome, Refusal>> = file
        .reports
        .iter()
        .map(|report| report.as_ref().map(|_| Outcome::Taken).map_err(Clone::clone))
        .collect();
    let mut events = Vec::new();
    for (key, numbers) in &of_device {
        let reports: Vec<&Report> = numbers
            .iter()
            .filter_map(|n| file.reports.get(*n)?.as_ref().ok())
            .collect();
        let id = file.ids.get(key).copied().ok_or(Error::NotFound)?;
        let taken = take_in::take(tx, occupants, &arrival, id, &reports)?;
        events.extend(taken.events);
        for (n, outcome) in numbers.iter().zip(taken.outcomes) {
            if let Some(slot) = came.get_mut(*n) {
                *slot = outcome;
            }
        }
    }
    let lines: Vec<FileLine> = file
        .reports
        .iter()
        .zip(&came)
        .enumerate()
        .map(|(n, (report, came))| line(n, report, came))
        .collect();
    let many = |outcome| lines.iter().filter(|line| line.outcome == outcome).count();
    let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let kept = UsageFile {
        id: file.id,
        virtual_account: place,
        name: file.name.clone(),
        bytes: whole(file.bytes),
        sha256: file.sha256.clone(),
        devices: whole(of_device.len()),
        taken: whole(many(LineOutcome::Taken)),
        known: whole(many(LineOutcome::Known)),
        refused: whole(many(LineOutcome::Refused)),
        uploaded_at: at,
        uploader: permit.who().label.clone(),
        acknowledged_at: None,
    };
    store::insert_file(tx, arrival.account, &kept, &lines)?;
    let event = Event::new(
        Kind::UsageFileUploaded,
        kept.id,
        format!(
            "The usage data file {} was uploaded for {name}: {}, {} taken in.",
            kept.name,
            counted(
                kept.devices.unsigned_abs(),
                "product instance",
                "product instances"
            ),
            counted(kept.taken.unsigned_abs(), "report", "reports"),
        ),
    )
    .within(arrival.account)
    .in_virtual_account(place)
    .with(
        json!({ "sha256": kept.sha256, "taken": kept.taken, "known": kept.known, "refused": kept.refused }),
    );
    events.push(event);
    tx.record_all(at, permit.who(), &events, kept)
}

/// How many files there are within reach.
pub fn count(read: &mut dyn Reads, permit: &Permit<ViewInventory>) -> Result<u64> {
    store::count_files(read, permit.within())
}

/// A page of them, the newest first.
pub fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    limit: u64,
    offset: u64,
) -> Result<Vec<UsageFile>> {
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    store::page_of_files(read, permit.within(), whole(limit), whole(offset))
}

/// One of them, and some of its lines.
pub fn one(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    id: UsageFileId,
    (limit, offset): (u64, u64),
) -> Result<(UsageFile, Vec<FileLine>)> {
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let file = store::file(read, permit.within(), id)?;
    let lines = store::lines_of(read, permit.within().account()?, id, whole(limit), whole(offset))?;
    Ok((file, lines))
}

/// The acknowledgement of a file: one document for each product instance of which something was counted, now or before.
pub fn acknowledgement(
    tx: &mut Tx<'_>,
    (view, permit): (&Permit<ViewInventory>, &Permit<ReportUsage>),
    key: &FileKey,
    at: Moment,
    id: UsageFileId,
) -> Result<Recorded<(UsageFile, String)>> {
    let account = permit.within().account()?;
    let most = i64::try_from(files::MOST_REPORTS).unwrap_or(i64::MAX);
    let file = store::file(tx, view.within(), id)?;
    take_in::place(tx, view, permit, file.virtual_account)?;
    let mut of_device: BTreeMap<String, (Udi, Vec<String>)> = BTreeMap::new();
    for line in store::lines_of(tx, account, id, most, 0)? {
        if line.outcome == LineOutcome::Refused {
            continue;
        }
        let udi = Udi {
            pid: line.pid,
            serial: line.serial,
        };
        let reports = of_device.entry(udi.key()).or_insert_with(|| (udi, Vec::new()));
        reports.1.push(line.report);
    }
    if of_device.is_empty() {
        return Err(Error::refused(
            "usage.nothing-to-acknowledge",
            "No report of this file was taken in, so there is nothing to acknowledge. The list says why.",
        ));
    }
    let policy = take_in::of_account(tx, account)?;
    let mut text = "<smartLicense>".to_owned();
    let mut events = Vec::new();
    let is_first = store::fetched(tx, account, id, at)?;
    for (udi, ids) in of_device.values() {
        let next = take_in::next_report(tx, account, udi)?;
        text.push_str(&take_in::acknowledgement_of(
            key,
            udi,
            ids,
            file.uploaded_at,
            next,
            &policy,
        )?);
        events.extend(take_in::acknowledge(tx, at, account, udi, ids)?);
    }
    text.push_str("</smartLicense>\n");
    if is_first {
        let says = format!(
            "The acknowledgement of the usage data file {} was downloaded.",
            file.name
        );
        let event = Event::new(Kind::UsageAcknowledged, id, says)
            .within(account)
            .in_virtual_account(file.virtual_account);
        events.push(event);
    }
    tx.record_all(at, permit.who(), &events, (file, text))
}
