//! Reports that an On-Prem server brings: each is checked byte for byte and counted once by its number. What a product
//! instance of the server uses is what the reports of its file say, as the file says all else of it: a lost file, one that
//! comes again and a server that was restored end in agreement.

use super::super::changes::Changes;
use super::super::model::{self, Device, MOST_LICENSES, Reported, Udi, Usage};
use super::super::reconcile::Server;
use super::super::store as devices;
use super::model::{PolicyState, Way};
use super::payload::{Report, Sent};
use super::take_in::{self, Arrival, Here, Writing, no};
use super::{acknowledge, store};
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::DeviceId;
use crate::kernel::{Moment, Who};
use crate::platform::db::Tx;
use crate::platform::signing::FileKey;
use crate::platform::token;
use std::collections::{BTreeMap, HashSet};

/// So many reports are looked up, and written, at once, if no product instance has more.
const AT_ONCE: usize = 1_000;

/// Who brings reports, when, and with what they are acknowledged.
pub struct Bringer<'a> {
    /// Whose product instances they are, and where.
    pub server: Server,
    /// For the record.
    pub who: &'a Who,
    /// When.
    pub at: Moment,
    /// How.
    pub way: Way,
    /// Signs acknowledgements.
    pub key: &'a FileKey,
}

/// What came of the reports of a file.
#[derive(Debug, Default)]
pub struct Brought {
    /// How many are counted now.
    pub taken: u64,
    /// How many were counted before.
    pub known: u64,
    /// SHA-256 of the payload of each that is not counted, in hexadecimal, with the reason.
    pub refused: Vec<(String, Refusal)>,
    /// One for each product instance with reports that its server has no acknowledgement of.
    pub acknowledgements: Vec<String>,
}

/// A report, and whether its server has an acknowledgement of it.
struct One {
    report: Report,
    is_acknowledged: bool,
}

/// The reports of one product instance.
type Ones = (Udi, Vec<One>);

/// What is gathered while reports are read.
struct Taking<'a> {
    by: &'a Bringer<'a>,
    arrival: Arrival,
    brought: Brought,
    changes: Changes,
    /// Product instances of which there are reports.
    seen: HashSet<DeviceId>,
}

/// Takes the reports of a file in, a part of the write that applies it. They come by product instance, in the order of their
/// UDIs; `next` says of each whether the server has an acknowledgement of it.
pub fn bring(
    tx: &mut Tx<'_>,
    by: &Bringer<'_>,
    next: &mut dyn FnMut() -> Option<Result<(Sent, bool)>>,
) -> Result<Brought> {
    let mut taking = Taking {
        by,
        arrival: Arrival {
            account: by.server.account,
            place: by.server.place,
            who: by.who.clone(),
            at: by.at,
            way: by.way,
        },
        brought: Brought::default(),
        changes: Changes::default(),
        seen: HashSet::new(),
    };
    let (mut some, mut many): (Vec<Ones>, usize) = (Vec::new(), 0);
    let mut last = String::new();
    while let Some(came) = next() {
        let (sent, is_acknowledged) = came?;
        let report = match sent.read(false) {
            Ok(report) => report,
            Err(refusal) => {
                let sha256 = token::fingerprint(sent.payload.as_bytes());
                taking.brought.refused.push((sha256, refusal));
                continue;
            }
        };
        let key = report.udi.key();
        if key < last {
            return Err(Error::refused(
                "sync.bad-record",
                format!(
                    "The usage reports of {} are not in the order of the UDIs.",
                    report.udi
                ),
            ));
        }
        if key != last {
            if many >= AT_ONCE {
                taking.take(tx, &std::mem::take(&mut some))?;
                many = 0;
            }
            some.push((report.udi.clone(), Vec::new()));
            last = key;
        }
        many += 1;
        if let Some((_, ones)) = some.last_mut() {
            ones.push(One {
                report,
                is_acknowledged,
            });
        }
    }
    taking.take(tx, &some)?;
    taking.forget_others(tx)?;
    taking.changes.write(tx, by.at, by.who, by.server.account)?;
    Ok(taking.brought)
}

impl Taking<'_> {
    fn take(&mut self, tx: &mut Tx<'_>, some: &[Ones]) -> Result<()> {
        let Server {
            account,
            manager,
            place,
        } = self.by.server;
        let reports: Vec<&Report> = some
            .iter()
            .flat_map(|(_, ones)| ones.iter().map(|one| &one.report))
            .collect();
        let mut here = Here::of(tx, account, place, &reports)?;
        let mut writing = Writing::on(std::mem::take(&mut self.changes));
        let mut open: Vec<(String, String)> = Vec::new();
        for (udi, ones) in some {
            let device = here
                .devices
                .remove(&udi.key())
                .filter(|device| device.policy.is_some() && device.manager == Some(manager));
            let Some(device) = device else {
                let says = format!("{udi} is not among the product instances by policy of the file.");
                self.refuse(ones.iter(), &no("usage.not-by-policy", says));
                continue;
            };
            let before = here.usages.remove(&device.id).unwrap_or_default();
            open.extend(self.one(&here, &mut writing, (&device, before), ones)?);
        }
        // Some may have been counted from a usage file, whose acknowledgement nobody has fetched.
        store::acknowledge(tx, account, &open, self.by.at)?;
        self.changes = writing.write(tx, &self.arrival, Some(self.by.at))?;
        Ok(())
    }

    fn refuse<'o>(&mut self, ones: impl Iterator<Item = &'o One>, refusal: &Refusal) {
        for one in ones {
            self.brought
                .refused
                .push((one.report.sha256.clone(), refusal.clone()));
        }
    }

    /// The reports of one product instance. Answers with those of them of which its server has no acknowledgement.
    fn one<'o>(
        &mut self,
        here: &Here,
        writing: &mut Writing<'o>,
        (was, before): (&Device, Vec<Usage>),
        ones: &'o [One],
    ) -> Result<Vec<(String, String)>> {
        let by = self.by;
        self.seen.insert(was.id);
        let (udi, mut pinned) = (was.udi(), was.report_key.clone());
        let mut good: Vec<&One> = Vec::new();
        let mut fresh: Vec<&'o Report> = Vec::new();
        for one in ones {
            let counted = here.counted.get(&(udi.key(), one.report.id.clone()));
            let counted = counted.or_else(|| {
                let other = fresh.iter().find(|other| other.id == one.report.id)?;
                Some(&other.sha256)
            });
            if let Some(refusal) = against(here, &one.report, &pinned, counted) {
                self.refuse(std::iter::once(one), &refusal);
                continue;
            }
            if pinned.is_empty() {
                pinned.clone_from(&one.report.key);
            }
            good.push(one);
            if counted.is_none() {
                fresh.push(&one.report);
            }
        }
        good.sort_by_key(|one| one.report.ended_at);
        let latest: BTreeMap<&str, i64> = good
            .iter()
            .map(|one| (one.report.entitlement.as_str(), one.report.quantity))
            .collect();
        if latest.len() > MOST_LICENSES {
            let says = format!("A product instance uses at most {MOST_LICENSES} licenses.");
            self.refuse(good.into_iter(), &no("usage.too-much", says));
            return Ok(Vec::new());
        }
        let said: Vec<Reported> = latest
            .into_iter()
            .filter(|(_, quantity)| *quantity > 0)
            .map(|(entitlement, quantity)| Reported {
                entitlement: entitlement.to_owned(),
                quantity,
            })
            .collect();
        let after = model::after(&before, &said, by.at);
        let has_reported = !fresh.is_empty() || was.policy == Some(PolicyState::NotReported);
        let mut is = was.clone();
        is.licenses = i32::try_from(after.len()).unwrap_or(i32::MAX);
        is.report_key = pinned;
        if has_reported && !good.is_empty() {
            is.reported_at = Some(by.at);
            is.policy = Some(PolicyState::Acknowledged);
            is.report_by = here.policy.report_by(&after, Some(by.at), was.registered_at);
        }
        self.brought.taken += fresh.len() as u64;
        self.brought.known += (good.len() - fresh.len()) as u64;
        let open: Vec<String> = good
            .iter()
            .filter(|one| !one.is_acknowledged)
            .map(|one| one.report.id.clone())
            .collect();
        if !open.is_empty() {
            let text =
                acknowledge::acknowledgement_of(by.key, &udi, &open, by.at, is.report_by, &here.policy)?;
            self.brought.acknowledgements.push(text);
        }
        writing.changes(was, is, before, after);
        writing.counts(fresh);
        Ok(open.into_iter().map(|id| (udi.key(), id)).collect())
    }

    /// Product instances by policy of which the file has no report use nothing: they were reset, or their server was.
    fn forget_others(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let Server { account, manager, .. } = self.by.server;
        let mut beyond = String::new();
        loop {
            let page = devices::using_by_policy(tx, account, manager, &beyond)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            beyond = last.udi().key();
            let mut writing = Writing::on(std::mem::take(&mut self.changes));
            let others: Vec<&Device> = page
                .iter()
                .filter(|device| !self.seen.contains(&device.id))
                .collect();
            let ids: Vec<DeviceId> = others.iter().map(|device| device.id).collect();
            let mut usages = devices::usages_of_all(tx, account, &ids)?;
            for was in others {
                let before = usages.remove(&was.id).unwrap_or_default();
                let after = model::after(&before, &[], self.by.at);
                let licenses = i32::try_from(after.len()).unwrap_or(i32::MAX);
                let is = Device {
                    licenses,
                    ..was.clone()
                };
                writing.changes(was, is, before, after);
            }
            self.changes = writing.write(tx, &self.arrival, None)?;
        }
    }
}

/// Why a report cannot be counted.
fn against(here: &Here, report: &Report, pinned: &str, counted: Option<&String>) -> Option<Refusal> {
    if let Some(refusal) = take_in::against_key(report, pinned) {
        return Some(refusal);
    }
    if counted.is_some_and(|sha256| *sha256 != report.sha256) {
        return Some(take_in::other_content(report));
    }
    here.unknown
        .contains(&report.entitlement)
        .then(|| take_in::unknown_license(report))
}
