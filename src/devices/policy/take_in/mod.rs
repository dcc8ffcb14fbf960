//! Taking usage reports in: each is counted once, whichever way it comes and however often.

mod here;
mod judge;
mod writing;

pub use here::Here;
pub use writing::Writing;

pub use judge::{against_device, against_key, no, other_content, unknown_license};

use super::super::changes::{Changes, about, facts};
use super::super::model::{self, Device, MOST_LICENSES, Reported, Standing, Udi, Usage};
use super::lifecycle::LIFECYCLE;
use super::model::{Policy, PolicyState, Way};
use super::payload::Report;
use super::store;
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{DeviceId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::Tx;
use crate::platform::occupants::Occupants;
use crate::platform::signing::FileKey;
use crate::virtual_accounts;
use here::Latest;
use judge::judge;
use serde_json::json;
use std::collections::{BTreeMap, HashSet};

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
}

/// The reports of one product instance.
#[derive(Debug, Clone)]
pub struct Bundle<'a> {
    /// Its id, if it is new.
    pub id: DeviceId,
    /// The host name that came with them, or "".
    pub hostname: &'a str,
    /// All of them are of the same product instance.
    pub reports: Vec<&'a Report>,
}

impl Bundle<'_> {
    /// The key of its UDI; none without reports.
    fn key(&self) -> Option<String> {
        self.reports.first().map(|report| report.udi.key())
    }
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
    /// As it is now; none when nothing of it was taken in and it is not known.
    pub device: Option<Device>,
    /// Of each report, in the order in which they were given.
    pub outcomes: Vec<Result<Outcome, Refusal>>,
    change: Option<Change>,
}

/// What the reports changed.
#[derive(Debug, Clone)]
struct Change {
    is_new: bool,
    way: Way,
    before: Vec<Usage>,
    after: Vec<Usage>,
    reports: Vec<String>,
}

impl Taken {
    fn nothing(device: Option<Device>, outcomes: Vec<Result<Outcome, Refusal>>) -> Self {
        Self {
            device,
            outcomes,
            change: None,
        }
    }

    /// For the record of the caller.
    pub fn events(&self) -> Vec<Event> {
        let (Some(device), Some(change)) = (&self.device, &self.change) else {
            return Vec::new();
        };
        let mut events = Vec::new();
        if change.is_new {
            let says = format!("{} reported for the first time, by policy.", device.name());
            events.push(
                about(Kind::DeviceAdded, device, says).with(json!({ "udi": device.udi().to_string() })),
            );
        }
        let says = format!("{} reported its usage by policy.", device.name());
        events.push(about(Kind::DeviceReported, device, says).with(json!({
            "before": facts(&change.before), "after": facts(&change.after), "way": change.way,
            "reports": change.reports,
        })));
        events
    }
}

fn new_device(arrival: &Arrival, bundle: &Bundle<'_>, udi: &Udi) -> Device {
    Device {
        id: bundle.id,
        account: arrival.account,
        virtual_account: arrival.place,
        manager: None,
        pid: udi.pid.clone(),
        serial: udi.serial.clone(),
        hostname: bundle.hostname.to_owned(),
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

/// Counts the reports of product instances that are to be counted, and tells of each what came of it: a part of the
/// caller's write. Refusals write nothing.
pub fn take_each(
    tx: &mut Tx<'_>,
    occupants: &Occupants,
    arrival: &Arrival,
    bundles: &[Bundle<'_>],
) -> Result<Vec<Taken>> {
    let mut taken = Vec::with_capacity(bundles.len());
    while let Some(rest) = bundles.get(taken.len()..).filter(|rest| !rest.is_empty()) {
        // One that comes twice is looked up again, with what it has reported by then.
        let mut seen = HashSet::new();
        let many = rest.iter().take_while(|bundle| seen.insert(bundle.key())).count();
        taken.append(&mut take_some(
            tx,
            occupants,
            arrival,
            rest.get(..many).unwrap_or_default(),
        )?);
    }
    Ok(taken)
}

/// The same for product instances none of which comes twice.
fn take_some(
    tx: &mut Tx<'_>,
    occupants: &Occupants,
    arrival: &Arrival,
    bundles: &[Bundle<'_>],
) -> Result<Vec<Taken>> {
    let reports: Vec<&Report> = bundles
        .iter()
        .flat_map(|bundle| bundle.reports.iter().copied())
        .collect();
    let mut taking = Taking {
        here: Here::of(tx, arrival.account, arrival.place, &reports)?,
        latest: here::latest(tx, arrival.account, &reports)?,
        against_new: None,
        writing: Writing::on(Changes::default()),
    };
    let mut taken = Vec::with_capacity(bundles.len());
    for bundle in bundles {
        taken.push(taking.one(tx, occupants, arrival, bundle)?);
    }
    let changes = taking.writing.write(tx, arrival, None)?;
    changes.write(tx, arrival.at, &arrival.who, arrival.account)?;
    Ok(taken)
}

/// What is here, and what is gathered until all of it is written.
struct Taking<'a> {
    here: Here,
    latest: Latest,
    /// Why no product instance may come into the Virtual Account, once somebody has asked.
    against_new: Option<Option<Refusal>>,
    writing: Writing<'a>,
}

impl<'a> Taking<'a> {
    /// The reports of one product instance.
    fn one(
        &mut self,
        tx: &mut Tx<'_>,
        occupants: &Occupants,
        arrival: &Arrival,
        bundle: &Bundle<'a>,
    ) -> Result<Taken> {
        let Some(udi) = bundle.reports.first().map(|report| &report.udi) else {
            return Ok(Taken::nothing(None, Vec::new()));
        };
        let known = self.here.devices.remove(&udi.key());
        let mut outcomes = judge(
            arrival,
            (&self.here, &self.latest),
            known.as_ref(),
            &bundle.reports,
        );
        let mut counted: Vec<&'a Report> = bundle
            .reports
            .iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| **outcome == Ok(Outcome::Taken))
            .map(|(report, _)| *report)
            .collect();
        counted.sort_by_key(|report| report.ended_at);
        if counted.is_empty() {
            return Ok(Taken::nothing(known, outcomes));
        }
        let is_new = known.is_none();
        let was = match known {
            Some(known) => known,
            None => {
                if let Some(refusal) = self.against_new(tx, occupants, arrival)? {
                    outcomes.fill(Err(refusal));
                    return Ok(Taken::nothing(None, outcomes));
                }
                new_device(arrival, bundle, udi)
            }
        };
        let before = self.here.usages.remove(&was.id).unwrap_or_default();
        let after = match uses(&before, &counted, arrival.at) {
            Ok(after) => after,
            Err(refusal) => {
                outcomes.fill(Err(refusal));
                return Ok(Taken::nothing((!is_new).then_some(was), outcomes));
            }
        };
        if let Some(state) = was.policy {
            LIFECYCLE.must(state, PolicyState::Reported)?;
        }
        let device = reported(
            &self.here.policy,
            arrival,
            bundle.hostname,
            &was,
            (&counted, &after),
        );
        if is_new {
            self.writing.comes(device.clone(), after.clone());
        } else {
            self.writing
                .changes(&was, device.clone(), before.clone(), after.clone());
        }
        let change = Change {
            is_new,
            way: arrival.way,
            before,
            after,
            reports: counted.iter().map(|report| report.id.clone()).collect(),
        };
        self.writing.counts(counted);
        Ok(Taken {
            device: Some(device),
            outcomes,
            change: Some(change),
        })
    }

    fn against_new(
        &mut self,
        tx: &mut Tx<'_>,
        occupants: &Occupants,
        arrival: &Arrival,
    ) -> Result<Option<Refusal>> {
        if self.against_new.is_none() {
            let places = [arrival.place];
            let refusal = virtual_accounts::against_registering(tx, occupants, arrival.account, &places)?;
            self.against_new = Some(refusal);
        }
        Ok(self.against_new.clone().flatten())
    }
}

/// A product instance once these were counted.
fn reported(
    policy: &Policy,
    arrival: &Arrival,
    hostname: &str,
    was: &Device,
    (counted, after): (&[&Report], &[Usage]),
) -> Device {
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
    if !hostname.is_empty() {
        hostname.clone_into(&mut device.hostname);
    }
    device
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
    bundles: &[Bundle<'_>],
    replays: Replays,
) -> Result<Vec<Taken>> {
    let taken = take_each(tx, occupants, arrival, bundles)?;
    for (bundle, taken) in bundles.iter().zip(&taken) {
        for (report, outcome) in bundle.reports.iter().zip(&taken.outcomes) {
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
    }
    Ok(taken)
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
