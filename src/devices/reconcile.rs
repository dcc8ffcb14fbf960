//! What an On-Prem server says that it serves, against what is here: both in the order of their UDIs, so that one walk
//! along the two finds what appears, changes and vanishes, however many they are.

use super::changes::Changes;
use super::model::{self, Device, Reported, Standing, Udi, Usage};
use super::policy_state::PolicyState;
use super::reservation;
use super::store;
use crate::error::{Error, Result};
use crate::kernel::ids::{DeviceId, DeviceManagerId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, Who};
use crate::platform::db::{Db, Reads, Tx};
use std::collections::{BTreeMap, VecDeque};

/// So many are read, and written, at once.
const AT_ONCE: usize = 1_000;

/// A product instance as its On-Prem server reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// What it is known by.
    pub udi: Udi,
    /// Its host name, or "".
    pub hostname: String,
    /// What kind of product it is.
    pub product: String,
    /// Which software it runs, or "".
    pub software: String,
    /// In which of the server's own Virtual Accounts it is.
    pub local_place: String,
    /// Since when it is registered there.
    pub registered_at: Moment,
    /// When it called there last.
    pub contact_at: Moment,
    /// Whether it reports by policy. What it uses is then in its reports, and stays as it was here.
    pub by_policy: bool,
    /// What it uses.
    pub usage: Vec<Reported>,
}

/// What a walk found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Outcome {
    /// Not here before.
    pub appeared: u64,
    /// Here, and something of it is other than it was.
    pub changed: u64,
    /// Here, and not there any more.
    pub vanished: u64,
    /// As it was.
    pub unchanged: u64,
}

impl Outcome {
    /// How many there are afterwards.
    pub fn total(&self) -> u64 {
        self.appeared + self.changed + self.unchanged
    }
}

/// Whose devices these are, and where.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    /// Whose.
    pub account: SmartAccountId,
    /// The On-Prem server.
    pub manager: DeviceManagerId,
    /// The Virtual Account to which it is bound.
    pub place: VirtualAccountId,
}

/// One step of the walk.
enum Step {
    Appears(Served),
    Stays(Device, Vec<Usage>, Served),
    Vanishes(Device, Vec<Usage>),
}

/// What is here, page by page.
struct Here {
    by: Server,
    rows: VecDeque<(String, Device, Vec<Usage>)>,
    last: String,
    is_over: bool,
}

impl Here {
    fn new(by: Server) -> Self {
        Self {
            by,
            rows: VecDeque::new(),
            last: String::new(),
            is_over: false,
        }
    }
    /// Reads on as soon as nothing is left of the last page: whatever the walk itself writes lies before the first
    /// of the rows that are held, so that it is never read back.
    fn fill(&mut self, read: &mut dyn Reads) -> Result<()> {
        if self.is_over || !self.rows.is_empty() {
            return Ok(());
        }
        let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
        let page = store::of_manager(read, self.by.account, self.by.manager, &self.last, limit)?;
        self.is_over = page.len() < AT_ONCE;
        let ids: Vec<DeviceId> = page.iter().map(|device| device.id).collect();
        let mut usages = store::usages_of_all(read, self.by.account, &ids)?;
        for device in page {
            let key = device.udi().key();
            self.last.clone_from(&key);
            let used = usages.remove(&device.id).unwrap_or_default();
            self.rows.push_back((key, device, used));
        }
        Ok(())
    }
}

/// The walk.
struct Walk<'r> {
    here: Here,
    there: &'r mut dyn Iterator<Item = Result<Served>>,
    next: Option<(String, Served)>,
    /// The key of the one before, for the order.
    last: String,
    is_begun: bool,
}

impl<'r> Walk<'r> {
    fn new(by: Server, there: &'r mut dyn Iterator<Item = Result<Served>>) -> Self {
        Self {
            here: Here::new(by),
            there,
            next: None,
            last: String::new(),
            is_begun: false,
        }
    }
    /// Gives what came next, and reads on.
    fn advance(&mut self) -> Result<Option<Served>> {
        let current = self.next.take().map(|(key, served)| {
            self.last = key;
            served
        });
        if let Some(served) = self.there.next() {
            let served = served?;
            let key = served.udi.key();
            if key <= self.last {
                return Err(Error::internal("devices of a synchronization out of order"));
            }
            self.next = Some((key, served));
        }
        Ok(current)
    }
    fn step(&mut self, read: &mut dyn Reads) -> Result<Option<Step>> {
        if !self.is_begun {
            self.is_begun = true;
            self.advance()?;
        }
        self.here.fill(read)?;
        let order = match (&self.next, self.here.rows.front()) {
            (None, None) => return Ok(None),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((there, _)), Some((here, ..))) => there.cmp(here),
        };
        let served = if order.is_gt() { None } else { self.advance()? };
        let known = if order.is_lt() {
            None
        } else {
            self.here.rows.pop_front()
        };
        Ok(match (served, known) {
            (Some(served), Some((_, device, usages))) => Some(Step::Stays(device, usages, served)),
            (Some(served), None) => Some(Step::Appears(served)),
            (None, Some((_, device, usages))) => Some(Step::Vanishes(device, usages)),
            (None, None) => None,
        })
    }
}

/// A device as its server reports it, on what is known of it.
fn brought_up(was: &Device, served: &Served, licenses: usize, at: Moment) -> Device {
    Device {
        hostname: served.hostname.clone(),
        product: served.product.clone(),
        software: served.software.clone(),
        local_place: served.local_place.clone(),
        registered_at: served.registered_at,
        renewed_at: served.registered_at,
        contact_at: served.contact_at,
        licenses: i32::try_from(licenses).unwrap_or(i32::MAX),
        reported_at: if served.by_policy {
            was.reported_at
        } else {
            Some(at)
        },
        policy: if served.by_policy {
            was.policy.or(Some(PolicyState::NotReported))
        } else {
            None
        },
        report_by: was.report_by.filter(|_| served.by_policy),
        // One that was set up anew signs with another key.
        report_key: if served.by_policy && served.registered_at == was.registered_at {
            was.report_key.clone()
        } else {
            String::new()
        },
        ..was.clone()
    }
}

/// Whether a device says something else of itself than before; that it called since is no change.
fn is_other(was: &Device, is: &Device) -> bool {
    (
        &was.hostname,
        &was.product,
        &was.software,
        &was.local_place,
        was.registered_at,
        was.licenses,
        was.policy.is_some(),
    ) != (
        &is.hostname,
        &is.product,
        &is.software,
        &is.local_place,
        is.registered_at,
        is.licenses,
        is.policy.is_some(),
    )
}

fn uses(usages: &[Usage]) -> impl Iterator<Item = (&str, i64)> {
    usages.iter().map(|one| (one.entitlement.as_str(), one.quantity))
}

/// What a device uses after a file: what that says of it, and of one by policy what it was.
fn used(before: &[Usage], served: &Served, at: Moment) -> Vec<Usage> {
    if served.by_policy {
        before.to_vec()
    } else {
        model::after(before, &served.usage, at)
    }
}

fn new_device(by: Server, served: &Served, at: Moment) -> Device {
    Device {
        id: DeviceId::new(),
        account: by.account,
        virtual_account: by.place,
        manager: Some(by.manager),
        pid: served.udi.pid.clone(),
        serial: served.udi.serial.clone(),
        hostname: served.hostname.clone(),
        product: served.product.clone(),
        software: served.software.clone(),
        // Whether it calls is its server's business.
        standing: Standing::Connected,
        is_reserved: false,
        export_controlled: true,
        secret_hash: String::new(),
        token: None,
        licenses: i32::try_from(served.usage.len()).unwrap_or(i32::MAX),
        registered_at: served.registered_at,
        renewed_at: served.registered_at,
        contact_at: served.contact_at,
        reported_at: (!served.by_policy).then_some(at),
        version: 1,
        local_place: served.local_place.clone(),
        policy: served.by_policy.then_some(PolicyState::NotReported),
        report_by: None,
        report_key: String::new(),
    }
}

/// A device cannot be served by two.
fn taken(device: &Device) -> Error {
    let place = match device.manager {
        Some(_) => "reported by another device manager",
        None => "registered with Cisco License Central directly",
    };
    Error::refused(
        "sync.registered-elsewhere",
        format!(
            "{} ({}) is in the file, and {place} in this Smart Account. Deregister or remove it there first, then upload the file again.",
            device.udi(),
            device.name()
        ),
    )
}

/// What a report would change of what is used here, by entitlement: more when above zero.
pub type Uses = BTreeMap<String, i64>;

/// The walk without writing anything: what a review shows.
pub fn compare(
    read: &mut dyn Reads,
    at: Moment,
    by: Server,
    there: &mut dyn Iterator<Item = Result<Served>>,
) -> Result<(Outcome, Uses)> {
    let (mut outcome, mut sums) = (Outcome::default(), Uses::new());
    let mut add = |lines: Vec<(String, i64)>| {
        for (entitlement, by) in lines {
            *sums.entry(entitlement).or_default() += by;
        }
    };
    let mut walk = Walk::new(by, there);
    let mut new = Vec::new();
    while let Some(step) = walk.step(read)? {
        match step {
            Step::Appears(served) => {
                outcome.appeared += 1;
                add(model::difference(&[], &model::after(&[], &served.usage, at)));
                new.push(served.udi.key());
                if new.len() >= AT_ONCE {
                    none_elsewhere(read, by, &mut new)?;
                }
            }
            Step::Stays(was, before, served) => {
                let after = used(&before, &served, at);
                let is = brought_up(&was, &served, after.len(), at);
                if is_other(&was, &is) || uses(&before).ne(uses(&after)) {
                    outcome.changed += 1;
                    add(model::difference(&before, &after));
                } else {
                    outcome.unchanged += 1;
                }
            }
            Step::Vanishes(_, before) => {
                outcome.vanished += 1;
                add(model::difference(&before, &[]));
            }
        }
    }
    none_elsewhere(read, by, &mut new)?;
    sums.retain(|_, by| *by != 0);
    Ok((outcome, sums))
}

fn none_elsewhere(read: &mut dyn Reads, by: Server, keys: &mut Vec<String>) -> Result<()> {
    match store::elsewhere(read, by.account, by.manager, keys)? {
        Some(device) => Err(taken(&device)),
        None => {
            keys.clear();
            Ok(())
        }
    }
}

/// Makes what is here equal to what the server reports: a part of the write that takes its file in. With no devices
/// at all, those that are here go and what they used is free again.
pub fn reconcile(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    by: Server,
    there: &mut dyn Iterator<Item = Result<Served>>,
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut changes = Changes::default();
    let mut walk = Walk::new(by, there);
    let mut new: Vec<(Device, Vec<Usage>)> = Vec::new();
    let mut gone: Vec<DeviceId> = Vec::new();
    let mut heard: Vec<(DeviceId, Moment)> = Vec::new();
    while let Some(step) = walk.step(tx)? {
        match step {
            Step::Appears(served) => {
                outcome.appeared += 1;
                let usages = model::after(&[], &served.usage, at);
                changes.comes(by.place, Standing::Connected);
                changes.uses(by.place, model::difference(&[], &usages));
                new.push((new_device(by, &served, at), usages));
            }
            Step::Stays(was, before, served) => {
                let after = used(&before, &served, at);
                let is = brought_up(&was, &served, after.len(), at);
                let uses_other = uses(&before).ne(uses(&after));
                if is_other(&was, &is) || uses_other {
                    outcome.changed += 1;
                    store::update(tx, &is)?;
                    if uses_other {
                        store::replace_usages(tx, &is, &before, &after)?;
                        changes.uses(by.place, model::difference(&before, &after));
                    }
                } else {
                    outcome.unchanged += 1;
                    if was.contact_at != is.contact_at {
                        heard.push((is.id, is.contact_at));
                    }
                }
            }
            Step::Vanishes(was, before) => {
                outcome.vanished += 1;
                changes.goes(was.virtual_account, was.standing);
                changes.frees(was.virtual_account, &before);
                gone.push(was.id);
            }
        }
        if new.len() >= AT_ONCE {
            put(tx, by, &mut new)?;
        }
        if heard.len() >= AT_ONCE {
            store::heard_of(tx, &std::mem::take(&mut heard))?;
        }
        if gone.len() >= AT_ONCE {
            reservation::let_go(tx, at, who, by.account, &gone)?;
            store::delete(tx, &std::mem::take(&mut gone))?;
        }
    }
    put(tx, by, &mut new)?;
    store::heard_of(tx, &heard)?;
    reservation::let_go(tx, at, who, by.account, &gone)?;
    store::delete(tx, &gone)?;
    changes.write(tx, at, who, by.account)?;
    Ok(outcome)
}

/// Much was written by a walk, and the next one is soon to come.
pub fn much_was_written_now(db: &Db) {
    db.much_was_written_now("ANALYZE devices, device_usage");
}

fn put(tx: &mut Tx<'_>, by: Server, new: &mut Vec<(Device, Vec<Usage>)>) -> Result<()> {
    let mut keys = new.iter().map(|(device, _)| device.udi().key()).collect();
    none_elsewhere(tx, by, &mut keys)?;
    store::insert_many(tx, new)?;
    new.clear();
    Ok(())
}
