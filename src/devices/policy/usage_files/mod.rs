//! Usage files that people upload: what came of each report, and the acknowledgement to take back. `portion` is how some
//! reports are taken in at once, `job` how those of a large file are, one portion after the other.

mod job;
mod plan;
mod portion;

pub use job::take_in_waiting;

use super::super::model::Udi;
use super::files;
use super::payload::Sent;
use super::store::{self, FileLine, UsageFile};
use super::take_in::Taken;
use super::{acknowledge, rules};
use crate::authz::Permit;
use crate::authz::action::{ReportUsage, ViewInventory};
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::{SmartAccountId, UsageFileId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::platform::parallel;
use crate::platform::signing::FileKey;
use crate::platform::token;
use portion::{Portion, arrival, take_in, told};
use std::collections::{BTreeMap, HashSet};

/// A usage file that was read.
#[derive(Debug, Clone)]
pub struct Uploaded {
    id: UsageFileId,
    name: String,
    bytes: usize,
    sha256: String,
    /// How many product instances its reports name.
    devices: usize,
    /// How many reports there are.
    reports: usize,
    /// All of them, with their signatures looked at; none of a large file, which a job reads.
    few: Option<Portion>,
}

impl Uploaded {
    /// Reads a file; `any` takes signatures that are not ours.
    pub fn read(bytes: &[u8], name: &str, any: bool) -> Result<Self> {
        let (mut few, mut reports): (Vec<Sent>, usize) = (Vec::new(), 0);
        let mut devices = HashSet::new();
        let mut rest = bytes;
        files::each(&mut rest, &mut |sent| {
            reports += 1;
            if let Some(udi) = sent.named() {
                devices.insert(plan::mark(&udi));
            }
            if reports <= AT_ONCE {
                few.push(sent);
            } else {
                few = Vec::new();
            }
            Ok(())
        })?;
        let few = (reports <= AT_ONCE).then(|| {
            let read = parallel::each(&few, |sent| sent.read(any));
            Portion::of(read.into_iter().enumerate().collect())
        });
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
            devices: devices.len(),
            reports,
            few,
        })
    }
}

/// Up to so many reports are taken in while whoever uploads them waits; more of them by a job.
pub const AT_ONCE: usize = 5_000;

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
    let mut kept = UsageFile {
        id: file.id,
        virtual_account: place,
        name: file.name.clone(),
        bytes: whole(file.bytes),
        sha256: file.sha256.clone(),
        devices: whole(file.devices),
        taken: 0,
        known: 0,
        refused: 0,
        uploaded_at: at,
        uploader: permit.who().label.clone(),
        acknowledged_at: None,
        reports: whole(file.reports),
        waits_for: String::new(),
    };
    let mut events = Vec::new();
    let lines = if let Some(few) = &file.few {
        let arrival = arrival(account, &kept, permit.who().clone(), at);
        let (lines, taken) = take_in(tx, occupants, &arrival, few)?;
        events.extend(taken.iter().flat_map(Taken::events));
        lines
    } else {
        kept.waits_for = serde_json::to_string(permit.who()).map_err(Error::internal)?;
        Vec::new()
    };
    kept.count(&lines);
    store::insert_file(tx, account, &kept, &lines)?;
    if kept.is_waiting() {
        store::keep_bytes(tx, account, kept.id, bytes)?;
    }
    let came = if kept.is_waiting() {
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

/// How many files there are within reach.
pub fn count_files(read: &mut dyn Reads, permit: &Permit<ViewInventory>) -> Result<u64> {
    store::count_files(read, permit.within())
}

/// A page of them, by when they were uploaded.
pub fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    newest_first: bool,
    (limit, offset): (u64, u64),
) -> Result<Vec<UsageFile>> {
    let size = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    store::page_of_files(read, permit.within(), newest_first, (size(limit), size(offset)))
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

/// The product instances of which something was counted in a file, now or before, with their own numbers of it.
fn counted_in(
    read: &mut dyn Reads,
    account: SmartAccountId,
    id: UsageFileId,
) -> Result<Vec<(Udi, Vec<String>)>> {
    let mut of_device: BTreeMap<String, (Udi, Vec<String>)> = BTreeMap::new();
    let mut beyond = 0;
    loop {
        let some = store::counted_lines(read, account, id, beyond)?;
        let Some((last, ..)) = some.last() else {
            return Ok(of_device.into_values().collect());
        };
        beyond = *last;
        for (_, pid, serial, report) in some {
            let udi = Udi { pid, serial };
            let (_, reports) = of_device.entry(udi.key()).or_insert_with(|| (udi, Vec::new()));
            reports.push(report);
        }
    }
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
    let file = store::file(tx, view.within(), id)?;
    rules::place(tx, view, permit, file.virtual_account)?;
    if file.is_waiting() {
        return Err(Error::refused(
            "usage.being-taken-in",
            "The file is still being taken in. Its page says how far that is.",
        ));
    }
    let all = counted_in(tx, account, id)?;
    if all.is_empty() {
        return Err(Error::refused(
            "usage.nothing-to-acknowledge",
            "No report of this file was taken in, so there is nothing to acknowledge. The list says why.",
        ));
    }
    let policy = rules::of_account(tx, account)?;
    let is_first = store::fetched(tx, account, id, at)?;
    let (mut text, mut events) = ("<smartLicense>".to_owned(), Vec::new());
    for some in all.chunks(acknowledge::AT_ONCE) {
        let next = acknowledge::next_reports(tx, account, some)?;
        for one in parallel::each(some, |(udi, ids)| {
            let next = next.get(&udi.key()).copied();
            acknowledge::acknowledgement_of(key, udi, ids, file.uploaded_at, next, &policy)
        }) {
            text.push_str(&one?);
        }
        let told = acknowledge::acknowledge_each(tx, at, account, some)?;
        // As a large one was taken in: the record has one line for the file.
        if file.reports <= whole(AT_ONCE) {
            events.extend(told);
        }
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
