//! Usage files that people upload: what came of each report, and the acknowledgement to take back.

use super::super::model::Udi;
use super::files;
use super::model::Way;
use super::payload::{Report, Sent};
use super::store::{self, FileLine, LineOutcome, UsageFile};
use super::take_in::{self, Arrival, Bundle, Outcome, Taken};
use super::{acknowledge, rules};
use crate::authz::Permit;
use crate::authz::action::{ReportUsage, ViewInventory};
use crate::error::{Error, Refusal, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::{DeviceId, SmartAccountId, UsageFileId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Db, Reads, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::platform::parallel;
use crate::platform::progress::Progress;
use crate::platform::signing::FileKey;
use crate::platform::token;
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use std::sync::mpsc::sync_channel;

/// A usage file that was read.
#[derive(Debug, Clone)]
pub struct Uploaded {
    id: UsageFileId,
    name: String,
    bytes: usize,
    sha256: String,
    /// What the reports say.
    reports: Vec<Result<Report, Refusal>>,
    /// The same as they were sent, as long as nobody has looked at their signatures.
    unchecked: Vec<Sent>,
    /// Whether signatures that are not ours are taken.
    any: bool,
    /// An id for each product instance that may be new, by the key of its UDI.
    ids: BTreeMap<String, DeviceId>,
}

impl Uploaded {
    /// Reads a file; `any` takes signatures that are not ours. The signatures of a large one are looked at by the job.
    pub fn read(bytes: &[u8], name: &str, any: bool) -> Result<Self> {
        let sent = files::reports(bytes)?;
        let is_large = sent.len() > AT_ONCE;
        let reports = parallel::each(
            &sent,
            |one: &Sent| {
                if is_large { one.claims() } else { one.read(any) }
            },
        );
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
            unchecked: if is_large { sent } else { Vec::new() },
            any,
            ids,
        })
    }

    /// Some of its reports by their places, with their signatures looked at.
    fn checked(&self, numbers: &[usize]) -> Vec<(usize, Result<Report, Refusal>)> {
        numbers
            .iter()
            .filter_map(|n| {
                let report = self.reports.get(*n)?;
                let checked = self.unchecked.get(*n).map_or(Ok(()), |sent| sent.check(self.any));
                Some((*n, checked.and_then(|()| report.clone())))
            })
            .collect()
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

/// Up to so many reports are taken in while whoever uploads them waits; more of them by a job.
pub const AT_ONCE: usize = 5_000;
/// So many reports the job takes in with one write.
const SOME: usize = 2_000;
/// So many portions ahead of the writes signatures are looked at.
const AHEAD: usize = 2;

/// Takes a file in: each report that can be counted is, and each that cannot is told with the reason. A large one is left to
/// the job.
pub fn upload(
    tx: &mut Tx<'_>,
    (view, permit): (&Permit<ViewInventory>, &Permit<ReportUsage>),
    occupants: &Occupants,
    at: Moment,
    place: VirtualAccountId,
    (file, bytes): (&Uploaded, &[u8]),
) -> Result<Recorded<UsageFile>> {
    let name = rules::place(tx, view, permit, place)?;
    let account = permit.within().account()?;
    let is_large = file.reports.len() > AT_ONCE;
    let mut kept = UsageFile {
        id: file.id,
        virtual_account: place,
        name: file.name.clone(),
        bytes: whole(file.bytes),
        sha256: file.sha256.clone(),
        devices: whole(file.ids.len()),
        taken: 0,
        known: 0,
        refused: 0,
        uploaded_at: at,
        uploader: permit.who().label.clone(),
        acknowledged_at: None,
        reports: whole(file.reports.len()),
        waits_for: String::new(),
    };
    let mut events = Vec::new();
    let lines = if is_large {
        kept.waits_for = serde_json::to_string(permit.who()).map_err(Error::internal)?;
        Vec::new()
    } else {
        let arrival = arrival(account, &kept, permit.who().clone(), at);
        let all: Vec<usize> = (0..file.reports.len()).collect();
        let (lines, taken) = some(tx, occupants, &arrival, &file.ids, &file.checked(&all))?;
        events.extend(taken.iter().flat_map(Taken::events));
        lines
    };
    count(&mut kept, &lines);
    store::insert_file(tx, account, &kept, &lines)?;
    if is_large {
        store::keep_bytes(tx, account, kept.id, bytes)?;
    }
    let came = if is_large {
        format!(
            "{} are being taken in",
            counted(kept.reports.unsigned_abs(), "report", "reports")
        )
    } else {
        format!(
            "{} taken in",
            counted(kept.taken.unsigned_abs(), "report", "reports")
        )
    };
    let says = format!(
        "The usage data file {} was uploaded for {name}: {}, {came}.",
        kept.name,
        counted(
            kept.devices.unsigned_abs(),
            "product instance",
            "product instances"
        ),
    );
    events.push(told(account, &kept, says));
    tx.record_all(at, permit.who(), &events, kept)
}

fn whole(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn arrival(account: SmartAccountId, file: &UsageFile, who: Who, at: Moment) -> Arrival {
    Arrival {
        account,
        place: file.virtual_account,
        who,
        at,
        way: Way::File,
    }
}

fn told(account: SmartAccountId, file: &UsageFile, says: String) -> Event {
    Event::new(Kind::UsageFileUploaded, file.id, says)
        .within(account)
        .in_virtual_account(file.virtual_account)
        .with(json!({
            "sha256": file.sha256, "reports": file.reports, "taken": file.taken, "known": file.known, "refused": file.refused,
        }))
}

fn count(file: &mut UsageFile, lines: &[FileLine]) {
    let many = |outcome| whole(lines.iter().filter(|line| line.outcome == outcome).count());
    file.taken += many(LineOutcome::Taken);
    file.known += many(LineOutcome::Known);
    file.refused += many(LineOutcome::Refused);
}

/// Takes some reports of a file in, each with its place in it: all of a product instance, or none.
fn some(
    tx: &mut Tx<'_>,
    occupants: &Occupants,
    arrival: &Arrival,
    ids: &BTreeMap<String, DeviceId>,
    reports: &[(usize, Result<Report, Refusal>)],
) -> Result<(Vec<FileLine>, Vec<Taken>)> {
    let mut of_device: BTreeMap<String, (Vec<usize>, Vec<&Report>)> = BTreeMap::new();
    let mut came: BTreeMap<usize, Result<Outcome, Refusal>> = BTreeMap::new();
    for (n, report) in reports {
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
    let mut numbers = Vec::with_capacity(reports.len());
    for (key, (of_it, reports)) in of_device {
        bundles.push(Bundle {
            id: ids.get(&key).copied().ok_or(Error::NotFound)?,
            hostname: "",
            reports,
        });
        numbers.extend(of_it);
    }
    let taken = take_in::take_each(tx, occupants, arrival, &bundles)?;
    let outcomes = taken.iter().flat_map(|taken| taken.outcomes.iter().cloned());
    came.extend(numbers.into_iter().zip(outcomes));
    let lines = reports
        .iter()
        .filter_map(|(n, report)| Some(line(*n, report, came.get(n)?)))
        .collect();
    Ok((lines, taken))
}

/// The reports of a file of which nothing was made yet, in portions that are taken in with one write each: what cannot be
/// read first, then product instance by product instance. The same file makes the same portions.
fn portions(file: &Uploaded, done: &HashSet<i64>) -> Vec<Vec<usize>> {
    let mut order: Vec<(String, usize)> = file
        .reports
        .iter()
        .enumerate()
        .filter(|(n, _)| !done.contains(&whole(n + 1)))
        .map(|(n, report)| (report.as_ref().map(|one| one.udi.key()).unwrap_or_default(), n))
        .collect();
    order.sort();
    let mut portions: Vec<Vec<usize>> = Vec::new();
    let mut last = String::new();
    for (key, n) in order {
        // All of one product instance go together; what cannot be read belongs to none.
        let may_end = key.is_empty() || key != last;
        match portions.last_mut() {
            Some(portion) if portion.len() < SOME || !may_end => portion.push(n),
            _ => portions.push(vec![n]),
        }
        last = key;
    }
    portions
}

/// Takes the next large file in, for whoever uploaded it. What was taken in before the process was ended stays so, and the
/// rest follows. False when there is none.
pub fn take_in_waiting(
    db: &Db,
    occupants: &Occupants,
    any: bool,
    at: Moment,
    progress: &Progress,
) -> Result<bool> {
    let Some((account, mut file)) = db.read_now(|r| store::waiting_file(r))? else {
        return Ok(false);
    };
    let who: Who = serde_json::from_str(&file.waits_for).map_err(Error::internal)?;
    let (bytes, done) = db.read_now(|r| Ok((store::bytes(r, file.id)?, store::numbers_of(r, file.id)?)))?;
    let steps = progress.begin(file.id, file.reports.unsigned_abs());
    let uploaded = Uploaded::read(&bytes, &file.name, any)?;
    drop(bytes);
    for _ in &done {
        steps.step();
    }
    let portions = portions(&uploaded, &done.into_iter().collect());
    let most = portions.len();
    std::thread::scope(|scope| {
        // While one portion is written, the signatures of the next ones are looked at.
        let (sender, checked) = sync_channel(AHEAD);
        let uploaded = &uploaded;
        scope.spawn(move || {
            for portion in portions {
                if sender.send(uploaded.checked(&portion)).is_err() {
                    return;
                }
            }
        });
        for (n, reports) in checked.iter().enumerate() {
            let arrival = arrival(account, &file, who.clone(), at);
            let is_last = n + 1 == most;
            file = db.write_now(|tx| {
                portion(tx, occupants, &arrival, (&file, is_last), &uploaded.ids, &reports)
            })?;
            for _ in &reports {
                steps.step();
            }
            // As the tables double, PostgreSQL is told: it keeps to plans that were good for a few rows.
            if (n + 1).is_power_of_two() {
                db.much_was_written_now("ANALYZE devices, device_usage, usage_reports");
            }
        }
        Ok(true)
    })
}

/// Takes one portion of a large file in. The record has a line for each, and none for each product instance: what it
/// reported stands in the list of its reports.
fn portion(
    tx: &mut Tx<'_>,
    occupants: &Occupants,
    arrival: &Arrival,
    (file, is_last): (&UsageFile, bool),
    ids: &BTreeMap<String, DeviceId>,
    reports: &[(usize, Result<Report, Refusal>)],
) -> Result<Recorded<UsageFile>> {
    let (lines, taken) = some(tx, occupants, arrival, ids, reports)?;
    let mut after = file.clone();
    count(&mut after, &lines);
    let says = if is_last {
        after.waits_for.clear();
        format!(
            "The usage data file {} was taken in: {} of {}.",
            after.name,
            after.taken,
            counted(after.reports.unsigned_abs(), "report", "reports")
        )
    } else {
        format!(
            "{} of {} of the usage data file {} were looked at: {} of this portion.",
            after.done(),
            counted(after.reports.unsigned_abs(), "report", "reports"),
            after.name,
            counted(taken.len() as u64, "product instance", "product instances"),
        )
    };
    let event = told(arrival.account, &after, says);
    if !store::went_on(tx, arrival.account, file, &after, &lines)? {
        return Err(Error::Stale);
    }
    tx.record(arrival.at, &arrival.who, &event, after)
}

/// How many files there are within reach.
pub fn count_files(read: &mut dyn Reads, permit: &Permit<ViewInventory>) -> Result<u64> {
    store::count_files(read, permit.within())
}

/// A page of them, the newest first.
pub fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    limit: u64,
    offset: u64,
) -> Result<Vec<UsageFile>> {
    let size = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    store::page_of_files(read, permit.within(), size(limit), size(offset))
}

/// One of them, and some of its lines.
pub fn one(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    id: UsageFileId,
    (limit, offset): (u64, u64),
) -> Result<(UsageFile, Vec<FileLine>)> {
    let size = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let file = store::file(read, permit.within(), id)?;
    let lines = store::lines_of(read, permit.within().account()?, id, size(limit), size(offset))?;
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
    rules::place(tx, view, permit, file.virtual_account)?;
    if file.is_waiting() {
        return Err(Error::refused(
            "usage.being-taken-in",
            "The file is still being taken in. Its page says how far that is.",
        ));
    }
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
    let policy = rules::of_account(tx, account)?;
    let is_first = store::fetched(tx, account, id, at)?;
    let all: Vec<(Udi, Vec<String>)> = of_device.into_values().collect();
    let next = acknowledge::next_reports(tx, account, &all)?;
    let mut text = "<smartLicense>".to_owned();
    for one in parallel::each(&all, |(udi, ids)| {
        let next = next.get(&udi.key()).copied();
        acknowledge::acknowledgement_of(key, udi, ids, file.uploaded_at, next, &policy)
    }) {
        text.push_str(&one?);
    }
    let mut events = acknowledge::acknowledge_each(tx, at, account, &all)?;
    if file.reports > whole(AT_ONCE) {
        // As it was taken in: the record has one line for the file.
        events.clear();
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
