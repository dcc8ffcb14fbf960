//! What would become of a file: what it changes of product instances and licenses, or why it is not taken.

use super::format::{self, Authorization, Limits, Record, Records, Report, SyncHeader};
use super::genuine::{ANY, Genuine, Head, removed};
use super::model::{self, Came, Effect, SyncFile, Way};
use super::store;
use crate::authz::Permit;
use crate::authz::action::Synchronize;
use crate::device_managers::{LocalPlace, Manager};
use crate::devices::{self, Reported, Served, Server};
use crate::error::{Error, Result};
use crate::kernel::ids::SyncFileId;
use crate::kernel::{Moment, Who};
use crate::platform::db::{Db, Reads};
use crate::platform::progress::Steps;
use crate::{catalog, licenses};
use std::collections::HashMap;
use std::io::Cursor;

/// Up to so many product instances, before and after, a file is applied while whoever submits it waits; with more a job
/// does it, unless the file holds what is here already.
pub const AT_ONCE: i64 = 5_000;

/// Who brings a file, and over which way.
#[derive(Debug, Clone)]
pub struct Sender {
    /// For the record.
    pub who: Who,
    /// Over which way.
    pub way: Way,
    /// How much is taken of them.
    pub limits: Limits,
}

impl Sender {
    /// Whoever brings a file by a page or a script.
    pub fn of(permit: &Permit<Synchronize>, limits: Limits) -> Self {
        Self {
            who: permit.who().clone(),
            way: Way::File,
            limits,
        }
    }
}

/// The product instances of a file as they are read, and its local Virtual Accounts on the way.
pub struct Feed<'f, 'b> {
    records: Records<'f, SyncHeader, Cursor<&'b [u8]>>,
    /// For whoever watches.
    pub steps: Option<&'f Steps>,
    /// Those that were read.
    pub places: Vec<LocalPlace>,
    at: HashMap<String, usize>,
    /// What was read one too far: the first record of another kind.
    held: Option<Record>,
}

impl<'f, 'b> Feed<'f, 'b> {
    /// From the first record of a file.
    pub fn of(file: &'f mut Genuine<'b>) -> Result<Self> {
        Ok(Self {
            records: file.records()?,
            steps: None,
            places: Vec::new(),
            at: HashMap::new(),
            held: None,
        })
    }

    /// The next record behind the product instances, which were read to their end.
    fn behind(&mut self) -> Option<Result<Record>> {
        match self.held.take() {
            Some(held) => Some(Ok(held)),
            None => self.records.next(),
        }
    }

    /// The next usage report.
    pub fn report(&mut self) -> Option<Result<Report>> {
        match self.behind()? {
            Ok(Record::Report(report)) => {
                if let Some(steps) = self.steps {
                    steps.step();
                }
                Some(Ok(report))
            }
            Ok(other) => {
                self.held = Some(other);
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// The next request for an authorization code, once the usage reports were read to their end.
    pub fn authorization(&mut self) -> Option<Result<Authorization>> {
        match self.behind()? {
            Ok(Record::Authorization(asked)) => Some(Ok(asked)),
            Ok(_) => Some(Err(Error::internal(
                "a request for an authorization code out of order",
            ))),
            Err(error) => Some(Err(error)),
        }
    }
}

impl Iterator for Feed<'_, '_> {
    type Item = Result<Served>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.held.is_some() {
            return None;
        }
        loop {
            match self.records.next()? {
                Err(error) => return Some(Err(error)),
                Ok(Record::Place(place)) => {
                    self.at.insert(place.name.clone(), self.places.len());
                    self.places.push(LocalPlace {
                        name: place.name,
                        description: place.description,
                        devices: 0,
                    });
                }
                Ok(Record::Device(device)) => {
                    if let Some(steps) = self.steps {
                        steps.step();
                    }
                    let known = self.at.get(&device.place).and_then(|at| self.places.get_mut(*at));
                    if let Some(place) = known {
                        place.devices += 1;
                    }
                    return Some(Ok(Served {
                        udi: device.udi(),
                        hostname: device.hostname,
                        product: device.product,
                        software: device.software,
                        local_place: device.place,
                        registered_at: device.registered_at,
                        contact_at: device.contact_at,
                        by_policy: device.by_policy,
                        usage: device
                            .usage
                            .into_iter()
                            .map(|(entitlement, quantity)| Reported {
                                entitlement,
                                quantity,
                            })
                            .collect(),
                    }));
                }
                Ok(other @ (Record::Report(_) | Record::Authorization(_))) => {
                    self.held = Some(other);
                    return None;
                }
                // A synchronization file has no others: the format sees to it.
                Ok(_) => {}
            }
        }
    }
}

/// Where the product instances of a device manager are.
pub fn server(manager: &Manager) -> Result<Server> {
    Ok(Server {
        account: manager.account,
        manager: manager.id,
        place: manager.place.ok_or_else(|| removed(&manager.name))?,
    })
}

/// What a file does to licenses.
fn effects(read: &mut dyn Reads, server: Server, uses: &devices::Uses) -> Result<Vec<Effect>> {
    let keys: Vec<String> = uses.keys().cloned().collect();
    let stocks = licenses::stocks_of(read, server.account, server.place, &keys)?;
    let mut found = Vec::new();
    for (entitlement, by) in uses {
        let stock = stocks.iter().find(|stock| stock.entitlement == *entitlement);
        let (name, before, is_metered) = match (stock, catalog::entitlement(entitlement)) {
            (Some(stock), _) => (stock.name.clone(), stock.balance, stock.is_metered()),
            (None, Some(known)) => (known.name.to_owned(), 0, known.billing == catalog::Billing::Usage),
            (None, None) => {
                return Err(Error::refused(
                    "licenses.unknown",
                    format!(
                        "The file reports \u{201c}{entitlement}\u{201d}, which neither the catalog nor this Virtual Account knows."
                    ),
                ));
            }
        };
        found.push(Effect {
            entitlement: entitlement.clone(),
            name,
            before,
            after: before.saturating_sub(*by),
            is_metered,
        });
    }
    // What runs short comes first.
    found.sort_by(|a, b| (!a.is_short(), &a.name).cmp(&(!b.is_short(), &b.name)));
    Ok(found)
}

/// Whether a file holds, to the last bit, what the last applied one held. The product instances are then as it says:
/// nobody but a file changes those of an On-Prem server, which `licentral check` proves by reading the file again.
pub fn holds_the_same(
    read: &mut dyn Reads,
    manager: &Manager,
    last: Option<&SyncFile>,
    header: &SyncHeader,
) -> Result<bool> {
    let Some(last) = last else {
        return Ok(false);
    };
    let before = kept_header(read, last.id)?;
    Ok(last.devices == manager.product_instances
        && before.is_some_and(|before| header.has_content_of(&before)))
}

/// The header of a file whose bytes are kept: it was verified before they were.
fn kept_header(read: &mut dyn Reads, id: SyncFileId) -> Result<Option<SyncHeader>> {
    store::head(read, id)?
        .map(|head| format::open(Cursor::new(head))?.claimed())
        .transpose()
}

/// Whether applying a file takes longer than somebody should be kept waiting.
pub fn takes_long(read: &mut dyn Reads, manager: &Manager, file: &SyncFile) -> Result<bool> {
    let devices = file.devices.saturating_add(manager.product_instances);
    if devices.max(file.reports) <= AT_ONCE {
        return Ok(false);
    }
    let last = store::applied(read, manager)?;
    Ok(match kept_header(read, file.id)? {
        Some(header) => !holds_the_same(read, manager, last.as_ref(), &header)?,
        None => true,
    })
}

/// What a walk would find then.
pub fn all_as_before(header: &SyncHeader) -> devices::Outcome {
    devices::Outcome {
        unchanged: header.devices,
        ..devices::Outcome::default()
    }
}

/// Why a file is not taken, and what is known of it when it is genuine.
pub type Bad = (Error, Option<Box<SyncFile>>);

/// A genuine file with what it does, which a rule has found good.
#[derive(Debug, Clone)]
pub struct Judged<'b> {
    /// What is known of it.
    pub file: SyncFile,
    /// The file itself.
    pub genuine: Genuine<'b>,
}

/// What would become of a file of a device manager.
pub fn judge<'b>(
    read: &mut dyn Reads,
    (at, id): (Moment, SyncFileId),
    manager: &Manager,
    sender: &Sender,
    mut genuine: Genuine<'b>,
) -> Result<Judged<'b>, Bad> {
    let came = Came {
        sha256: genuine.sha256(),
        bytes: genuine.bytes.len(),
        way: sender.way,
        at,
        by: &sender.who.label,
    };
    let mut file = SyncFile::new(id, manager, genuine.header(), &came);
    let with = |error: Error, file: &SyncFile| (error, Some(Box::new(file.clone())));
    if let Some(refusal) = model::against(file.sequence, file.last_response, manager.sequence, &manager.name)
    {
        return Err(with(Error::Refused(refusal), &file));
    }
    let looked = (|| {
        let server = server(manager)?;
        let last = store::applied(read, manager)?;
        if holds_the_same(read, manager, last.as_ref(), genuine.header())? {
            return Ok((all_as_before(genuine.header()), Vec::new()));
        }
        let mut feed = Feed::of(&mut genuine)?;
        let (found, uses) = devices::compare(read, at, server, &mut feed)?;
        // Each record is looked at before anything is promised.
        while let Some(report) = feed.report() {
            report?;
        }
        while let Some(asked) = feed.authorization() {
            asked?;
        }
        Ok((found, effects(read, server, &uses)?))
    })();
    let (found, effects) = looked.map_err(|error| with(error, &file))?;
    file.does(found);
    file.licenses = serde_json::to_string(&effects).unwrap_or_else(|_| "[]".to_owned());
    Ok(Judged { file, genuine })
}

/// What a file would change, without taking it in, with the name of its device manager.
pub fn look_now(db: &Db, at: Moment, bytes: &[u8]) -> Result<(String, SyncFile)> {
    let sender = Sender {
        who: Who::portal("a look at a file"),
        way: Way::File,
        limits: ANY,
    };
    db.read_now(|r| {
        let head = Head::read(r, bytes)?;
        let one = head.manager.clone();
        let genuine = head.whole(r, bytes, &sender.limits)?;
        let judged = judge(r, (at, SyncFileId::new()), &one, &sender, genuine).map_err(|(error, _)| error)?;
        Ok((one.name, judged.file))
    })
}
