//! Taking usage reports in: each is counted once, whichever way it comes and however often.

use super::super::calls::{Changes, about, facts};
use super::super::model::{self, Device, MOST_LICENSES, Reported, Standing, Udi, Usage};
use super::super::store as devices;
use super::model::{Days, LicenseClass, Policy, PolicyState, TOO_OLD, Way};
use super::payload::{self, Report};
use super::store::{self, Counted, Poll};
use crate::authz::action::{EditReportingPolicy, ReportUsage, ViewInventory};
use crate::authz::{Does, Permit};
use crate::catalog;
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{DeviceId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::licenses;
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::occupants::Occupants;
use crate::platform::signing::FileKey;
use crate::virtual_accounts;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The policy of an account.
pub fn of_account(read: &mut dyn Reads, account: SmartAccountId) -> Result<Policy> {
    Ok(Policy::of(&store::policy(read, account)?))
}

/// Changes the policy of an account. What is due already stays due; each next report goes by the new policy.
pub fn change_policy(
    tx: &mut Tx<'_>,
    permit: &Permit<EditReportingPolicy>,
    at: Moment,
    wanted: &[(LicenseClass, Days)],
) -> Result<Recorded<()>> {
    let account = permit.within().account()?;
    let before = of_account(tx, account)?;
    let after = Policy::of(wanted);
    if before == after {
        return Ok(tx.unchanged(()));
    }
    store::set_policy(tx, account, after.rows())?;
    let event = Event::new(
        Kind::ReportingPolicyChanged,
        account,
        "The reporting policy was changed.",
    )
    .within(account)
    .changed(&before.facts(), &after.facts());
    tx.record(at, permit.who(), &event, ())
}

/// A Virtual Account that is seen and for which one may report.
pub fn place(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReportUsage>,
    id: VirtualAccountId,
) -> Result<String> {
    let found = virtual_accounts::these(read, permit.within().account()?, &[id])?
        .pop()
        .filter(|_| view.within().covers(id))
        .ok_or(Error::NotFound)?;
    if permit.within().covers(id) {
        Ok(found.name)
    } else {
        Err(Error::Forbidden {
            action: ReportUsage::ACTION.words(),
        })
    }
}

/// From where reports come, and for which Virtual Account.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Whose.
    pub account: SmartAccountId,
    /// Where the product instance is, or will be.
    pub place: VirtualAccountId,
    /// For the record.
    pub who: Who,
    /// When.
    pub at: Moment,
    /// How.
    pub way: Way,
    /// The host name that came with them, or "".
    pub hostname: String,
}

/// What came of a report that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is counted now.
    Taken,
    /// It was counted before.
    Known,
}

/// What came of the reports of one product instance.
#[derive(Debug, Clone)]
pub struct Taken {
    /// As it is now; none when nothing of it was taken in.
    pub device: Option<Device>,
    /// Of each report, in the order in which they were given.
    pub outcomes: Vec<Result<Outcome, Refusal>>,
    /// For the record of the caller.
    pub events: Vec<Event>,
}

impl Taken {
    fn nothing(device: Option<Device>, outcomes: Vec<Result<Outcome, Refusal>>) -> Self {
        Self {
            device,
            outcomes,
            events: Vec::new(),
        }
    }
}

pub(super) fn no(code: &'static str, says: String) -> Refusal {
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
    let Some(device) = known else {
        return Ok(store::is_elsewhere(read, account, udi)?.then(|| {
            no(
                "usage.other-account",
                format!("{udi} reports in another Smart Account. Remove it there first, or report it there."),
            )
        }));
    };
    if device.policy.is_none() {
        return Ok(Some(no(
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
        )));
    }
    if device.virtual_account != place {
        return Ok(Some(no(
            "usage.elsewhere",
            format!(
                "{udi} is in another Virtual Account of this Smart Account. Name that one, or transfer the product instance first."
            ),
        )));
    }
    Ok(None)
}

/// Judges reports one by one, without writing anything.
fn judge(
    read: &mut dyn Reads,
    arrival: &Arrival,
    known: Option<&Device>,
    reports: &[&Report],
) -> Result<Vec<Result<Outcome, Refusal>>> {
    let Some(first) = reports.first() else {
        return Ok(Vec::new());
    };
    let udi = &first.udi;
    if let Some(refusal) = against_device(read, arrival.account, arrival.place, udi, known)? {
        return Ok(vec![Err(refusal); reports.len()]);
    }
    let ids: Vec<String> = reports.iter().map(|report| report.id.clone()).collect();
    let counted = store::counted(read, arrival.account, udi, &ids)?;
    let mut seen: BTreeMap<&str, &str> = counted
        .iter()
        .map(|one| (one.report.as_str(), one.sha256.as_str()))
        .collect();
    let mut latest = store::latest(read, arrival.account, udi)?;
    let keys: BTreeSet<String> = reports.iter().map(|one| one.entitlement.clone()).collect();
    let keys: Vec<String> = keys.into_iter().collect();
    let stocks = licenses::stocks_of(read, arrival.account, arrival.place, &keys)?;
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
        let is_known = catalog::entitlement(&report.entitlement).is_some()
            || stocks.iter().any(|stock| stock.entitlement == report.entitlement);
        if verdict.is_ok() && !is_known {
            *verdict = Err(unknown_license(report));
        }
        if *verdict == Ok(Outcome::Taken) {
            seen.insert(&report.id, &report.sha256);
            latest.insert(report.entitlement.clone(), report.ended_at);
            if pinned.is_empty() {
                pinned = &report.key;
            }
        }
    }
    Ok(judged)
}

/// Why a report is not counted that another key has signed than those before it.
pub(super) fn against_key(report: &Report, pinned: &str) -> Option<Refusal> {
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
pub(super) fn other_content(report: &Report) -> Refusal {
    no(
        "usage.other-content",
        format!(
            "The report {} was taken in before, with other content.",
            report.id
        ),
    )
}

/// Why a report is not counted of a license that nobody knows.
pub(super) fn unknown_license(report: &Report) -> Refusal {
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
    latest: &BTreeMap<String, Moment>,
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
        .get(&report.entitlement)
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

fn new_device(arrival: &Arrival, id: DeviceId, udi: &Udi) -> Device {
    Device {
        id,
        account: arrival.account,
        virtual_account: arrival.place,
        manager: None,
        pid: udi.pid.clone(),
        serial: udi.serial.clone(),
        hostname: arrival.hostname.clone(),
        product: udi.pid.clone(),
        software: String::new(),
        standing: Standing::Connected,
        is_reserved: false,
        export_controlled: false,
        secret_hash: String::new(),
        token: None,
        licenses: 0,
        registered_at: arrival.at,
        renewed_at: arrival.at,
        contact_at: arrival.at,
        reported_at: None,
        version: 1,
        local_place: String::new(),
        policy: Some(PolicyState::NotReported),
        report_by: None,
        report_key: String::new(),
    }
}

/// What a product instance uses once these reports are counted: of each license that they name what the latest says, of
/// all others what it was.
fn uses(before: &[Usage], taken: &[&Report], at: Moment) -> Result<Vec<Usage>, Refusal> {
    let mut sums: BTreeMap<&str, i64> = before
        .iter()
        .map(|one| (one.entitlement.as_str(), one.quantity))
        .collect();
    for report in taken {
        sums.insert(&report.entitlement, report.quantity);
    }
    let said: Vec<Reported> = sums
        .into_iter()
        .filter(|(_, quantity)| *quantity > 0)
        .map(|(entitlement, quantity)| Reported {
            entitlement: entitlement.to_owned(),
            quantity,
        })
        .collect();
    if said.len() > MOST_LICENSES {
        return Err(no(
            "usage.too-much",
            format!("A product instance uses at most {MOST_LICENSES} licenses."),
        ));
    }
    Ok(model::after(before, &said, at))
}

/// Counts the reports of one product instance that are to be counted, and tells of each what came of it: a part of the
/// caller's write. `id` is the product instance's, if it is new. Refusals write nothing.
pub fn take(
    tx: &mut Tx<'_>,
    occupants: &Occupants,
    arrival: &Arrival,
    id: DeviceId,
    reports: &[&Report],
) -> Result<Taken> {
    let Some(udi) = reports.first().map(|report| report.udi.clone()) else {
        return Ok(Taken::nothing(None, Vec::new()));
    };
    let known = devices::lock_udi(tx, arrival.account, &udi)?;
    let mut outcomes = judge(tx, arrival, known.as_ref(), reports)?;
    let mut counted: Vec<&Report> = reports
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| **outcome == Ok(Outcome::Taken))
        .map(|(report, _)| *report)
        .collect();
    counted.sort_by_key(|report| report.ended_at);
    if counted.is_empty() {
        return Ok(Taken::nothing(known, outcomes));
    }
    let mut changes = Changes::default();
    let is_new = known.is_none();
    let was = match known {
        Some(known) => known,
        None => {
            let places = [arrival.place];
            if let Some(refusal) =
                virtual_accounts::against_registering(tx, occupants, arrival.account, &places)?
            {
                outcomes.fill(Err(refusal));
                return Ok(Taken::nothing(None, outcomes));
            }
            new_device(arrival, id, &udi)
        }
    };
    let before = devices::usages_of(tx, was.id)?;
    let after = match uses(&before, &counted, arrival.at) {
        Ok(after) => after,
        Err(refusal) => {
            outcomes.fill(Err(refusal));
            return Ok(Taken::nothing(None, outcomes));
        }
    };
    let device = reported(tx, arrival, &was, &counted, &after)?;
    let mut events = Vec::new();
    if is_new {
        devices::insert(tx, &device)?;
        changes.comes(device.virtual_account, device.standing);
        let says = format!("{} reported for the first time, by policy.", device.name());
        events.push(about(Kind::DeviceAdded, &device, says).with(json!({ "udi": udi.to_string() })));
    } else {
        devices::update(tx, &device)?;
    }
    devices::replace_usages(tx, &device, &before, &after)?;
    store::insert(tx, arrival.account, arrival.way, arrival.at, &counted, None)?;
    changes.uses(device.virtual_account, model::difference(&before, &after));
    changes.write(tx, arrival.at, &arrival.who, arrival.account)?;
    let event = about(
        Kind::DeviceReported,
        &device,
        format!("{} reported its usage by policy.", device.name()),
    )
    .with(json!({
        "before": facts(&before), "after": facts(&after), "way": arrival.way,
        "reports": counted.iter().map(|report| report.id.as_str()).collect::<Vec<_>>(),
    }));
    events.push(event);
    Ok(Taken {
        device: Some(device),
        outcomes,
        events,
    })
}

/// A product instance once these were counted.
fn reported(
    read: &mut dyn Reads,
    arrival: &Arrival,
    was: &Device,
    counted: &[&Report],
    after: &[Usage],
) -> Result<Device> {
    let policy = of_account(read, arrival.account)?;
    let mut device = Device {
        licenses: i32::try_from(after.len()).unwrap_or(i32::MAX),
        contact_at: arrival.at,
        reported_at: Some(arrival.at),
        policy: Some(PolicyState::Reported),
        report_by: policy.report_by(after, Some(arrival.at), was.registered_at),
        ..was.clone()
    };
    if let Some(last) = counted.last() {
        if !last.software.is_empty() {
            device.software.clone_from(&last.software);
        }
        if device.report_key.is_empty() {
            device.report_key.clone_from(&last.key);
        }
    }
    if !arrival.hostname.is_empty() {
        device.hostname.clone_from(&arrival.hostname);
    }
    Ok(device)
}

/// What becomes of a report that was counted before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replays {
    /// It is refused, as scripts know it.
    Refused,
    /// It is acknowledged again: the product instance may not have heard.
    Acknowledged,
}

/// Counts all of them, or none: the first refusal ends it.
pub fn take_all(
    tx: &mut Tx<'_>,
    occupants: &Occupants,
    arrival: &Arrival,
    id: DeviceId,
    reports: &[&Report],
    replays: Replays,
) -> Result<Taken> {
    let taken = take(tx, occupants, arrival, id, reports)?;
    for (report, outcome) in reports.iter().zip(&taken.outcomes) {
        match outcome {
            Err(refusal) => return Err(Error::Refused(refusal.clone())),
            Ok(Outcome::Known) if replays == Replays::Refused => {
                return Err(Error::refused(
                    "usage.taken-before",
                    format!(
                        "The report {} of {} was taken in before. It was counted then.",
                        report.id, report.udi
                    ),
                ));
            }
            Ok(_) => {}
        }
    }
    Ok(taken)
}

/// What a product instance is told of its reports: the same document whenever it is asked for.
pub fn acknowledgement_of(
    key: &FileKey,
    udi: &Udi,
    ids: &[String],
    at: Moment,
    next: Option<Moment>,
    policy: &Policy,
) -> Result<String> {
    payload::acknowledgement(
        key,
        udi,
        &json!({ "report_ids": ids, "acknowledged_at": at, "next_report_by": next, "policy": policy.facts() }),
    )
}

/// The acknowledgement of these reports is handed out: a part of the caller's write, and what its record says. None when it
/// had been before.
pub fn acknowledge(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    udi: &Udi,
    ids: &[String],
) -> Result<Option<Event>> {
    if store::acknowledge(tx, account, udi, ids, at)? == 0 {
        return Ok(None);
    }
    let says = |name: &str| format!("The usage that {name} reported was acknowledged.");
    let event = match devices::lock_udi(tx, account, udi)? {
        Some(was) => {
            if was.policy == Some(PolicyState::Reported) {
                let device = Device {
                    policy: Some(PolicyState::Acknowledged),
                    ..was.clone()
                };
                devices::touch(tx, &device)?;
            }
            about(Kind::UsageAcknowledged, &was, says(&was.name()))
        }
        // It was removed since.
        None => Event::new(Kind::UsageAcknowledged, udi, says(&udi.to_string())).within(account),
    };
    Ok(Some(event.with(json!({ "reports": ids }))))
}

/// When the next report of a product instance is due; nothing for one that is not there, or of which none is asked for.
pub fn next_report(read: &mut dyn Reads, account: SmartAccountId, udi: &Udi) -> Result<Option<Moment>> {
    Ok(devices::by_udi(read, account, udi)?.and_then(|device| device.report_by))
}

/// The newest reports of a product instance, none for one that does not report by policy.
pub fn reports_of(read: &mut dyn Reads, device: &Device) -> Result<Vec<Counted>> {
    /// So many are shown.
    const MOST: i64 = 50;
    if device.policy.is_none() {
        return Ok(Vec::new());
    }
    store::newest(read, device.account, &device.udi(), MOST)
}

/// What a product instance of a scenario has reported before anybody looked: a report for each license that it uses.
pub fn reported_before(tx: &mut Tx<'_>, device: &Device, usages: &[Usage]) -> Result<()> {
    let (key, _) = FileKey::make()?;
    let at = device.contact_at;
    let mut reports = Vec::new();
    for (n, usage) in usages.iter().enumerate() {
        let report = Report {
            udi: device.udi(),
            id: format!("{}{n}", at.utc().timestamp()),
            entitlement: usage.entitlement.clone(),
            quantity: usage.quantity,
            began_at: device.registered_at,
            ended_at: at,
            software: device.software.clone(),
            sha256: String::new(),
            key: String::new(),
        };
        reports.push(report.sign(&key)?.read(false).map_err(Error::Refused)?);
    }
    let some: Vec<&Report> = reports.iter().collect();
    store::insert(tx, device.account, Way::Network, at, &some, Some(at))
}

/// Keeps what a script may fetch under a number: a part of the caller's write.
pub fn keep(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    number: i64,
    at: Moment,
    place: VirtualAccountId,
    (action, answer): (&str, &Value),
) -> Result<()> {
    /// So long it can be fetched.
    const KEPT: chrono::TimeDelta = chrono::TimeDelta::days(30);
    store::forget_polls(tx, at.plus(-KEPT))?;
    let poll = Poll {
        virtual_account: place,
        action: action.to_owned(),
        answer: answer.to_string(),
    };
    store::keep(tx, account, number, at, &poll)
}

/// What was kept under a number.
pub fn kept(read: &mut dyn Reads, account: SmartAccountId, number: i64) -> Result<Option<Poll>> {
    store::kept(read, account, number)
}
