//! What the cloud does with a synchronization file: judges it, keeps it until somebody submits it, applies it, answers.

use super::format::{
    self, Acknowledged, Checked, FileKind, License, Limits, Policy, Record, ResponseHeader, SyncHeader,
};
use super::model::{self, Came, Effect, Outcome, SyncFile, Way};
use super::store;
use crate::authz::Permit;
use crate::authz::action::{AuthorizeOnPrem, Synchronize, ViewInventory};
use crate::device_managers::{self, Again, DUE_AFTER, LocalPlace, Manager, REMOVED_AFTER};
use crate::devices::{self, Reported, Served, Server};
use crate::error::{Error, Refusal, Result};
use crate::http::widgets::counted;
use crate::kernel::event::Outcome as Ended;
use crate::kernel::ids::{DeviceManagerId, SyncFileId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Db, Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::progress::{Progress, Steps};
use crate::platform::signing::FileKey;
use crate::platform::token;
use crate::{catalog, licenses, smart_accounts, virtual_accounts};
use chrono::TimeDelta;
use serde_json::json;
use std::collections::HashMap;
use std::io::Cursor;

/// Up to so many product instances, before and after, a file is applied while whoever submits it waits; with more a job
/// does it, unless the file holds what is here already.
pub const AT_ONCE: i64 = 5_000;

/// A file that nobody submits is withdrawn after so long.
const PATIENCE: TimeDelta = TimeDelta::days(7);

/// A file whose header is genuine and whose content is unaltered.
type Genuine<'a> = Checked<SyncHeader, Cursor<&'a [u8]>>;

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

/// What came of a file that was brought.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The file.
    pub file: SyncFile,
    /// Whether it is new here; the same again changes nothing.
    pub is_new: bool,
}

// Judging -------------------------------------------------------------------------------------------------------

fn removed(name: &str) -> Error {
    Error::refused(
        "sync.removed-device-manager",
        format!(
            "The file comes from {name}, which was removed: its key is revoked. Generate a registration file with a new key on the On-Prem server, and add it as a device manager with that."
        ),
    )
}

fn wrong(expected: &str, found: &str) -> Error {
    Error::refused(
        "sync.wrong-device-manager",
        format!(
            "The file comes from {found}, and a file of {expected} is expected here. Choose the file that {expected} generated. If {expected} was set up anew, register it again: its menu, Re-register."
        ),
    )
}

/// The device manager from which a file says that it comes. What it says is verified next.
pub fn claimed(read: &mut dyn Reads, head: &[u8]) -> Result<Manager> {
    let header: SyncHeader = format::open(Cursor::new(head))?.claimed()?;
    match device_managers::whose(read, header.manager)? {
        None => Err(Error::refused(
            "sync.wrong-device-manager",
            "The file comes from an On-Prem server that is not registered here. Add it as a device manager first, with its registration file; if it took the place of a server that is a device manager here, re-register that one instead.",
        )),
        Some(one) if one.removed_at.is_some() => Err(removed(&one.name)),
        Some(one) => Ok(one),
    }
}

/// A key of an earlier registration, and when it ended.
type FormerKey = (String, Moment);

/// The keys that a device manager had before it was registered again.
pub fn former_keys(read: &mut dyn Reads, manager: &Manager) -> Result<Vec<FormerKey>> {
    device_managers::former_keys(read, manager.id)
}

/// A file whose header was signed with the key of this device manager; one by a key of before is told so.
fn verified<'a>(
    manager: &Manager,
    former: impl FnOnce() -> Result<Vec<FormerKey>>,
    bytes: &'a [u8],
) -> Result<format::Verified<SyncHeader, Cursor<&'a [u8]>>> {
    let by = |key: &str| format::open(Cursor::new(bytes))?.verify::<SyncHeader>(key);
    match by(&manager.public_key) {
        Err(Error::Refused(refusal)) if refusal.code == "sync.bad-signature" => {
            let before = former()?.into_iter().find(|(key, _)| by(key).is_ok());
            Err(match before {
                Some((_, ended)) => old_key(&manager.name, ended),
                None => Error::Refused(refusal),
            })
        }
        other => other,
    }
}

fn old_key(name: &str, ended: Moment) -> Error {
    Error::refused(
        "sync.old-key",
        format!(
            "The file was signed with a key that {name} had until {}: then it was registered again, with a new key, and files by the old one are refused. Generate the file on the server that has the new key. If that one is not the right one, register the right one again: menu of {name}, Re-register.",
            ended.words()
        ),
    )
}

/// How many bytes a file has whose beginning is genuine.
pub fn length(manager: &Manager, former: Vec<FormerKey>, head: &[u8]) -> Result<usize> {
    let lines: usize = head
        .split_inclusive(|byte| *byte == b'\n')
        .take(2)
        .map(<[u8]>::len)
        .sum();
    let header = verified(manager, || Ok(former), head)?.header;
    let most = Limits::default().body_bytes;
    if header.body_bytes > most {
        return Err(Error::refused(
            "sync.too-large",
            format!(
                "The content of the file has {} bytes, and {most} are taken at most.",
                header.body_bytes
            ),
        ));
    }
    Ok(usize::try_from(header.body_bytes)
        .unwrap_or(usize::MAX)
        .saturating_add(lines))
}

/// What was taken in already is not measured again: the setting may have changed since.
const ANY: Limits = Limits {
    body_bytes: u64::MAX,
    unpacked_bytes: u64::MAX,
    records: u64::MAX,
};

/// Reads a file as one of this device manager: whose it is, then its signature, then its content to the last bit.
fn genuine<'a>(
    read: &mut dyn Reads,
    manager: &Manager,
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<Genuine<'a>> {
    if manager.removed_at.is_some() {
        return Err(removed(&manager.name));
    }
    let opened = format::open(Cursor::new(bytes))?;
    let claimed: SyncHeader = opened.claimed()?;
    if claimed.manager != manager.id {
        let other =
            device_managers::whose(read, claimed.manager)?.filter(|one| one.account == manager.account);
        return Err(match other {
            Some(one) if one.removed_at.is_some() => removed(&one.name),
            Some(one) => wrong(&manager.name, &one.name),
            None => wrong(
                &manager.name,
                &format!(
                    "an On-Prem server that is not registered in this Smart Account ({})",
                    claimed.manager
                ),
            ),
        });
    }
    let number = smart_accounts::find(read, manager.account)?.number;
    let checked = verified(manager, || former_keys(read, manager), bytes)?.check(limits)?;
    if checked.header.smart_account != number {
        return Err(wrong(
            &format!("the Smart Account {number}"),
            &format!("the Smart Account {}", checked.header.smart_account),
        ));
    }
    Ok(checked)
}

/// The product instances of a file as they are read, and its local Virtual Accounts on the way.
struct Feed<'f, 'b> {
    records: format::Records<'f, SyncHeader, Cursor<&'b [u8]>>,
    steps: Option<&'f Steps>,
    places: Vec<LocalPlace>,
    at: HashMap<String, usize>,
}

impl<'f, 'b> Feed<'f, 'b> {
    fn of(file: &'f mut Genuine<'b>) -> Result<Self> {
        Ok(Self {
            records: file.records()?,
            steps: None,
            places: Vec::new(),
            at: HashMap::new(),
        })
    }
}

impl Iterator for Feed<'_, '_> {
    type Item = Result<Served>;
    fn next(&mut self) -> Option<Self::Item> {
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
                // A synchronization file has no others: the format sees to it.
                Ok(_) => {}
            }
        }
    }
}

fn server(manager: &Manager) -> Result<Server> {
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
fn holds_the_same(
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
fn takes_long(read: &mut dyn Reads, manager: &Manager, file: &SyncFile) -> Result<bool> {
    if file.devices.saturating_add(manager.product_instances) <= AT_ONCE {
        return Ok(false);
    }
    let last = store::applied(read, manager)?;
    Ok(match kept_header(read, file.id)? {
        Some(header) => !holds_the_same(read, manager, last.as_ref(), &header)?,
        None => true,
    })
}

/// What a walk would find then.
fn all_as_before(header: &SyncHeader) -> devices::Outcome {
    devices::Outcome {
        unchanged: header.devices,
        ..devices::Outcome::default()
    }
}

/// Why a file is not taken, and what is known of it when it is genuine.
type Bad = (Error, Option<Box<SyncFile>>);

/// What a look at a file says before anything is written.
enum Looked {
    /// The very same was taken in before.
    Known(SyncFile),
    /// It is new here.
    New(Result<SyncFile, Bad>),
}

/// What would become of a file.
fn judge(
    read: &mut dyn Reads,
    at: Moment,
    id: SyncFileId,
    manager: &Manager,
    sender: &Sender,
    bytes: &[u8],
) -> Result<SyncFile, Bad> {
    let mut checked = genuine(read, manager, bytes, &sender.limits).map_err(|error| (error, None))?;
    let came = Came {
        sha256: &checked.sha256,
        bytes: bytes.len(),
        way: sender.way,
        at,
        by: &sender.who.label,
    };
    let mut file = SyncFile::new(id, manager, &checked.header, &came);
    let with = |error: Error, file: &SyncFile| (error, Some(Box::new(file.clone())));
    if let Some(refusal) = model::against(file.sequence, file.last_response, manager.sequence, &manager.name)
    {
        return Err(with(Error::Refused(refusal), &file));
    }
    let looked = (|| {
        let server = server(manager)?;
        let last = store::applied(read, manager)?;
        if holds_the_same(read, manager, last.as_ref(), &checked.header)? {
            return Ok((all_as_before(&checked.header), Vec::new()));
        }
        let mut feed = Feed::of(&mut checked)?;
        let (found, uses) = devices::compare(read, at, server, &mut feed)?;
        Ok((found, effects(read, server, &uses)?))
    })();
    let (found, effects) = looked.map_err(|error| with(error, &file))?;
    file.does(found);
    file.licenses = serde_json::to_string(&effects).unwrap_or_else(|_| "[]".to_owned());
    Ok(file)
}

/// What a file would change, without taking it in, with the name of its device manager.
pub fn look_now(db: &Db, at: Moment, bytes: &[u8]) -> Result<(String, SyncFile)> {
    let sender = Sender {
        who: Who::portal("a look at a file"),
        way: Way::File,
        limits: ANY,
    };
    db.read_now(|r| {
        let one = claimed(r, bytes)?;
        let file = judge(r, at, SyncFileId::new(), &one, &sender, bytes).map_err(|(error, _)| error)?;
        Ok((one.name, file))
    })
}

// Taking in -----------------------------------------------------------------------------------------------------

/// Takes a file in, to be submitted after a review. What is refused leaves a line in the history and nothing else.
pub fn take_in_now(
    db: &Db,
    at: Moment,
    id: SyncFileId,
    manager: DeviceManagerId,
    sender: &Sender,
    bytes: &[u8],
) -> Result<Taken> {
    let looked = db.read_now(|r| {
        let one = device_managers::whose(r, manager)?.ok_or(Error::NotFound)?;
        Ok(match known(r, &one, bytes)? {
            Some(file) => Looked::Known(file),
            None => Looked::New(judge(r, at, id, &one, sender, bytes)),
        })
    })?;
    let file = match looked {
        Looked::Known(file) => return Ok(Taken { file, is_new: false }),
        Looked::New(Ok(file)) => file,
        Looked::New(Err((error, file))) => return Err(note(db, at, manager, sender, file, error)),
    };
    db.write_now(|tx| {
        let one = device_managers::lock(tx, manager)?.ok_or(Error::NotFound)?;
        if let Some(known) = known(tx, &one, bytes)? {
            return Ok(tx.unchanged(Taken {
                file: known,
                is_new: false,
            }));
        }
        let mut file = file.clone();
        let before = store::by_content(tx, manager, &file.sha256)?;
        if let Some(before) = &before {
            file.id = before.id;
            file.version = before.version + 1;
        }
        store::put(tx, &file, before.is_none())?;
        store::keep_bytes(tx, file.account, file.id, bytes)?;
        device_managers::waits(tx, &one, Some(at))?;
        let event = device_managers::announced(
            Kind::SyncUploaded,
            &one,
            format!(
                "The synchronization file {} of {} was uploaded and waits for Submit.",
                file.sequence, one.name
            ),
        )
        .with(facts(&file));
        tx.record(at, &sender.who, &event, Taken { file, is_new: true })
    })
}

/// The very same file, when it waits or was applied.
fn known(read: &mut dyn Reads, manager: &Manager, bytes: &[u8]) -> Result<Option<SyncFile>> {
    if manager.removed_at.is_some() {
        return Ok(None);
    }
    let found = store::by_content(read, manager.id, &token::fingerprint(bytes))?;
    Ok(found.filter(|file| {
        file.registration == manager.registration
            && matches!(file.outcome, Outcome::Waiting | Outcome::Applied)
    }))
}

/// What the record keeps of a file.
fn facts(file: &SyncFile) -> serde_json::Value {
    json!({
        "file": file.id, "sha256": file.sha256, "sequence": file.sequence, "last_response": file.last_response,
        "made_at": file.made_at, "devices": file.devices, "usages": file.usages, "appeared": file.appeared,
        "changed": file.changed, "vanished": file.vanished, "unchanged": file.unchanged,
    })
}

/// Writes a refusal down: in the record, beside the device manager and, when the file was genuine, in the history.
fn note(
    db: &Db,
    at: Moment,
    manager: DeviceManagerId,
    sender: &Sender,
    file: Option<Box<SyncFile>>,
    error: Error,
) -> Error {
    let Error::Refused(refusal) = &error else {
        return error;
    };
    // Over the network a file without a good signature may come from anybody: it leaves no trace.
    if file.is_none() && sender.way == Way::Network {
        return error;
    }
    let noted = db.write_now(|tx| refused(tx, at, manager, sender, file.as_deref().cloned(), refusal));
    if let Err(why) = noted {
        tracing::warn!(%why, "a refused synchronization file could not be recorded");
    }
    error
}

fn refused(
    tx: &mut Tx<'_>,
    at: Moment,
    manager: DeviceManagerId,
    sender: &Sender,
    file: Option<SyncFile>,
    refusal: &Refusal,
) -> Result<Recorded<()>> {
    let one = device_managers::lock(tx, manager)?.ok_or(Error::NotFound)?;
    let mut detail = json!({ "code": refusal.code });
    if let Some(mut file) = file {
        let before = store::by_content(tx, manager, &file.sha256)?;
        if let Some(before) = &before {
            if before.is_waiting() || before.outcome == Outcome::Applied {
                return Ok(tx.unchanged(()));
            }
            if before.is_applying() {
                store::drop_bytes(tx, before.id)?;
                let others = store::waiting(tx, manager)?;
                let other = others.iter().find(|other| other.id != before.id);
                device_managers::waits(tx, &one, other.map(|other| other.uploaded_at))?;
            }
            file.id = before.id;
            file.version = before.version + 1;
        }
        file.outcome = Outcome::Refused;
        refusal.code.clone_into(&mut file.code);
        file.reason = refusal.says.to_string();
        file.settled_at = Some(at);
        file.settler.clone_from(&sender.who.label);
        store::put(tx, &file, before.is_none())?;
        detail = facts(&file);
        if let Some(map) = detail.as_object_mut() {
            map.insert("code".to_owned(), refusal.code.into());
        }
    }
    if one.removed_at.is_none() {
        device_managers::failed(tx, at, &one, &refusal.says)?;
    }
    let event = device_managers::announced(
        Kind::SyncRefused,
        &one,
        format!(
            "A synchronization file of {} was refused: {}",
            one.name, refusal.says
        ),
    )
    .ended(Ended::Refused)
    .with(detail);
    tx.record(at, &sender.who, &event, ())
}

// Applying ------------------------------------------------------------------------------------------------------

/// Applies a file that waits: all of it or nothing. One that was applied already is answered as it was, and a large one
/// is left to the job.
pub fn submit(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<Synchronize>,
    key: &FileKey,
    at: Moment,
    manager: DeviceManagerId,
    id: SyncFileId,
) -> Result<Recorded<SyncFile>> {
    device_managers::theirs(tx, view, permit, manager)?;
    let one = device_managers::lock(tx, manager)?.ok_or(Error::NotFound)?;
    let file = store::find(tx, one.account, manager, id)?;
    match file.outcome {
        Outcome::Applied => Ok(tx.unchanged(file)),
        Outcome::Waiting if file.is_applying() => Ok(tx.unchanged(file)),
        Outcome::Waiting if takes_long(tx, &one, &file)? => leave_to_job(tx, permit.who(), at, &one, file),
        Outcome::Waiting => {
            let bytes =
                store::bytes(tx, id)?.ok_or_else(|| Error::internal("a waiting file without its bytes"))?;
            apply(
                tx,
                &Turn::of(key, at, &Sender::of(permit, ANY)),
                &one,
                file,
                &bytes,
            )
        }
        Outcome::Refused | Outcome::Withdrawn | Outcome::Replaced => Err(Error::refused(
            "sync.not-waiting",
            format!(
                "This file is not waiting any more: it is {}. Upload the newest file of the On-Prem server.",
                file.outcome.label().to_lowercase()
            ),
        )),
    }
}

fn leave_to_job(
    tx: &mut Tx<'_>,
    who: &Who,
    at: Moment,
    one: &Manager,
    mut file: SyncFile,
) -> Result<Recorded<SyncFile>> {
    if let Some(refusal) = model::against(file.sequence, file.last_response, one.sequence, &one.name) {
        return Err(Error::Refused(refusal));
    }
    file.submitted_at = Some(at);
    file.submitted_by = serde_json::to_string(who).map_err(Error::internal)?;
    file.version += 1;
    store::put(tx, &file, false)?;
    let event = device_managers::announced(
        Kind::SyncSubmitted,
        one,
        format!(
            "The synchronization file {} of {} was submitted and is being applied.",
            file.sequence, one.name
        ),
    )
    .with(facts(&file));
    tx.record(at, who, &event, file)
}

/// The file that the job is to apply next.
pub fn submitted(read: &mut dyn Reads) -> Result<Option<SyncFile>> {
    store::submitted(read)
}

/// Applies a file that was submitted, for whoever submitted it. When a rule says no by now, it is refused.
pub fn apply_submitted_now(
    db: &Db,
    key: &FileKey,
    at: Moment,
    file: &SyncFile,
    progress: &Progress,
) -> Result<()> {
    let who: Who = serde_json::from_str(&file.submitted_by).map_err(Error::internal)?;
    let sender = Sender {
        who,
        way: file.way,
        limits: ANY,
    };
    let bytes = db.read_now(|r| store::bytes(r, file.id))?.unwrap_or_default();
    let steps = progress.begin(file.id, file.devices.unsigned_abs());
    let done = db.write_now(|tx| {
        steps.restart();
        let one = device_managers::lock(tx, file.manager)?.ok_or(Error::NotFound)?;
        let now = store::find(tx, file.account, file.manager, file.id)?;
        // Somebody else was first: another process, or the same file over the network.
        if !now.is_applying() {
            return Ok(tx.unchanged(now));
        }
        let mut turn = Turn::of(key, at, &sender);
        turn.steps = Some(&steps);
        apply(tx, &turn, &one, now, &bytes)
    });
    match done {
        Err(Error::Refused(refusal)) => {
            db.write_now(|tx| refused(tx, at, file.manager, &sender, Some(file.clone()), &refusal))
        }
        other => other.map(|file| was_applied(db, &file)),
    }
}

/// What follows once a file has been applied, outside of its write.
fn was_applied(db: &Db, file: &SyncFile) {
    if file.appeared.saturating_add(file.vanished) > AT_ONCE {
        devices::much_was_written_now(db);
    }
}

/// Takes a file in and applies it in one go: what an On-Prem server does over the network. Gives the response.
pub fn exchange_now(
    db: &Db,
    key: &FileKey,
    at: Moment,
    id: SyncFileId,
    manager: DeviceManagerId,
    sender: &Sender,
    bytes: &[u8],
) -> Result<Vec<u8>> {
    let looked = db.read_now(|r| {
        let one = device_managers::whose(r, manager)?.ok_or(Error::NotFound)?;
        if let Some(file) = known(r, &one, bytes)?.filter(|file| file.outcome == Outcome::Applied) {
            return Ok(Looked::Known(file));
        }
        let number = smart_accounts::find(r, one.account)?;
        if number.state != smart_accounts::State::Active {
            return Err(Error::refused(
                "smart-account.inactive",
                "The Smart Account of this device manager is not Active, so nothing can be synchronized there.",
            ));
        }
        Ok(Looked::New(judge(r, at, id, &one, sender, bytes)))
    })?;
    let done = match looked {
        Looked::Known(file) => Ok(file),
        Looked::New(Ok(file)) => db
            .write_now(|tx| at_once(tx, key, at, manager, sender, file.clone(), bytes))
            .inspect(|file| was_applied(db, file))
            .map_err(|error| (error, Some(Box::new(file)))),
        Looked::New(Err(bad)) => Err(bad),
    };
    let file = match done {
        Ok(file) => file,
        Err((error, file)) => return Err(note(db, at, manager, sender, file, error)),
    };
    db.read_now(|r| store::response(r, file.id))?
        .ok_or_else(|| Error::internal("an applied file without a response"))
}

/// Keeps a file that was judged, and applies it.
fn at_once(
    tx: &mut Tx<'_>,
    key: &FileKey,
    at: Moment,
    manager: DeviceManagerId,
    sender: &Sender,
    mut file: SyncFile,
    bytes: &[u8],
) -> Result<Recorded<SyncFile>> {
    let one = device_managers::lock(tx, manager)?.ok_or(Error::NotFound)?;
    match store::by_content(tx, manager, &file.sha256)? {
        Some(before) if before.outcome == Outcome::Applied => return Ok(tx.unchanged(before)),
        Some(before) => {
            file.id = before.id;
            file.version = before.version;
            if before.outcome != Outcome::Waiting {
                store::keep_bytes(tx, file.account, file.id, bytes)?;
            }
        }
        None => {
            store::put(tx, &file, true)?;
            store::keep_bytes(tx, file.account, file.id, bytes)?;
        }
    }
    apply(tx, &Turn::of(key, at, sender), &one, file, bytes)
}

/// Judges a file and applies it as a part of the caller's write: what scenarios are made of.
pub fn exchange(
    tx: &mut Tx<'_>,
    key: &FileKey,
    at: Moment,
    id: SyncFileId,
    manager: DeviceManagerId,
    sender: &Sender,
    bytes: &[u8],
) -> Result<Recorded<SyncFile>> {
    let one = device_managers::lock(tx, manager)?.ok_or(Error::NotFound)?;
    let file = judge(tx, at, id, &one, sender, bytes).map_err(|(error, _)| error)?;
    at_once(tx, key, at, manager, sender, file, bytes)
}

/// Who applies a file, when, and what the response is signed with.
struct Turn<'a> {
    key: &'a FileKey,
    at: Moment,
    sender: &'a Sender,
    /// For whoever watches.
    steps: Option<&'a Steps>,
}

impl<'a> Turn<'a> {
    fn of(key: &'a FileKey, at: Moment, sender: &'a Sender) -> Self {
        Self {
            key,
            at,
            sender,
            steps: None,
        }
    }
}

/// The whole of it: product instances, licenses, the device manager, the response, the record. A part of one write.
fn apply(
    tx: &mut Tx<'_>,
    turn: &Turn<'_>,
    manager: &Manager,
    mut file: SyncFile,
    bytes: &[u8],
) -> Result<Recorded<SyncFile>> {
    let Turn {
        key,
        at,
        sender,
        steps,
    } = *turn;
    let mut checked = genuine(tx, manager, bytes, &ANY)?;
    if let Some(refusal) = model::against(file.sequence, file.last_response, manager.sequence, &manager.name)
    {
        return Err(Error::Refused(refusal));
    }
    let gap = model::gap(checked.header.sequence, manager.sequence);
    let server = server(manager)?;
    let before = store::applied(tx, manager)?;
    let (found, places) = if holds_the_same(tx, manager, before.as_ref(), &checked.header)? {
        (all_as_before(&checked.header), manager.local_places())
    } else {
        let mut feed = Feed::of(&mut checked)?;
        feed.steps = steps;
        let found = devices::reconcile(tx, at, &sender.who, server, &mut feed)?;
        (found, feed.places)
    };
    file.does(found);
    file.outcome = Outcome::Applied;
    file.way = sender.way;
    file.code.clear();
    file.reason = gap.clone().unwrap_or_default();
    file.settled_at = Some(at);
    file.settler.clone_from(&sender.who.label);
    file.version += 1;
    store::put(tx, &file, false)?;
    let answer = response(tx, key, at, manager, &checked)?;
    store::keep_response(tx, at, &file, &answer)?;
    // Only the last applied file can be replayed; those that waited are older than it, or were made before its response.
    if let Some(before) = before {
        store::drop_bytes(tx, before.id)?;
    }
    for mut other in store::waiting(tx, manager.id)? {
        store::drop_bytes(tx, other.id)?;
        other.outcome = Outcome::Replaced;
        other.settled_at = Some(at);
        other.settler.clone_from(&sender.who.label);
        other.version += 1;
        store::put(tx, &other, false)?;
    }
    device_managers::synced(tx, at, manager, file.sequence, found.total(), &places)?;
    let kind = match sender.way {
        Way::File => Kind::SyncApplied,
        Way::Network => Kind::SyncAppliedByNetwork,
    };
    let mut says = format!(
        "{} synchronized with its file {}: {} appeared, {} changed, {} vanished, {} as before.",
        manager.name,
        file.sequence,
        counted(found.appeared, "product instance", "product instances"),
        found.changed,
        found.vanished,
        found.unchanged
    );
    if let Some(gap) = gap {
        says.push(' ');
        says.push_str(&gap);
    }
    let event = device_managers::announced(kind, manager, says).with(json!({
        "before": { "sequence": manager.sequence, "product_instances": manager.product_instances },
        "after": { "sequence": file.sequence, "product_instances": found.total() },
        "sync": facts(&file),
    }));
    tx.record(at, &sender.who, &event, file)
}

/// The response to a file: what the bound Virtual Account holds, what was taken in, by what rules the cloud goes.
fn response(
    read: &mut dyn Reads,
    key: &FileKey,
    at: Moment,
    manager: &Manager,
    file: &Genuine<'_>,
) -> Result<Vec<u8>> {
    let server = server(manager)?;
    let place = virtual_accounts::these(read, server.account, &[server.place])?
        .pop()
        .ok_or(Error::NotFound)?;
    let mut writer = format::Writer::new(FileKind::Response, Vec::new());
    for pool in licenses::pools_in(read, server.account, server.place)? {
        writer.record(&Record::License(License {
            entitlement: pool.entitlement,
            name: pool.name,
            billing: pool.billing,
            purchased: pool.purchased,
            ends_at: pool.ends_at,
        }))?;
    }
    writer.record(&Record::Acknowledged(Acknowledged {
        devices: file.header.devices,
        usages: file.header.usages,
    }))?;
    writer.record(&Record::Policy(Policy {
        due_days: DUE_AFTER.num_days(),
        overdue_removal_days: REMOVED_AFTER.num_days(),
    }))?;
    let (body, counts) = writer.finish()?;
    let header = ResponseHeader {
        manager: manager.id,
        smart_account: file.header.smart_account,
        virtual_account: place.name,
        sequence: file.header.sequence,
        request_sha256: file.sha256.clone(),
        created_at: at,
        due_at: at.plus(DUE_AFTER),
        records: counts.packed.records,
        body_bytes: counts.packed.body_bytes,
        unpacked_bytes: counts.packed.unpacked_bytes,
        body_sha256: counts.packed.body_sha256,
    };
    let mut out = Vec::new();
    format::write_file(&mut out, &header, key, &mut body.as_slice())?;
    Ok(out)
}

/// Takes a file back that waits: its bytes are forgotten.
pub fn withdraw(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<Synchronize>,
    at: Moment,
    manager: DeviceManagerId,
    id: SyncFileId,
) -> Result<Recorded<()>> {
    device_managers::theirs(tx, view, permit, manager)?;
    let who = permit.who();
    let one = device_managers::lock(tx, manager)?.ok_or(Error::NotFound)?;
    let file = store::find(tx, one.account, manager, id)?;
    if file.is_applying() {
        return Err(Error::refused(
            "sync.being-applied",
            "This file was submitted and is being applied, so it cannot be withdrawn any more.",
        ));
    }
    if file.outcome != Outcome::Waiting {
        return Ok(tx.unchanged(()));
    }
    let event = end_waiting(tx, at, who, &one, file)?;
    tx.record(at, who, &event, ())
}

fn end_waiting(tx: &mut Tx<'_>, at: Moment, who: &Who, one: &Manager, mut file: SyncFile) -> Result<Event> {
    store::drop_bytes(tx, file.id)?;
    file.outcome = Outcome::Withdrawn;
    file.settled_at = Some(at);
    file.settler.clone_from(&who.label);
    file.version += 1;
    store::put(tx, &file, false)?;
    let others = store::waiting(tx, one.id)?;
    device_managers::waits(tx, one, others.first().map(|other| other.uploaded_at))?;
    Ok(device_managers::announced(
        Kind::SyncWithdrawn,
        one,
        format!(
            "The synchronization file {} of {} was withdrawn.",
            file.sequence, one.name
        ),
    )
    .with(facts(&file)))
}

/// Registers a device manager again, with a new key. What came by the old key is over: files that wait are withdrawn, and
/// nothing is compared with what was applied before.
pub fn register_again(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<AuthorizeOnPrem>,
    at: Moment,
    again: &Again,
    once: Option<&OnceKey>,
) -> Result<Recorded<()>> {
    if let Once::Again(_) = tx.once(once)? {
        return Ok(tx.unchanged(()));
    }
    let (before, event) = device_managers::register_again(tx, view, permit, at, again)?;
    if let Some(last) = store::applied(tx, &before)? {
        store::drop_bytes(tx, last.id)?;
    }
    for mut file in store::waiting(tx, before.id)? {
        store::drop_bytes(tx, file.id)?;
        file.outcome = Outcome::Withdrawn;
        "The On-Prem server was registered again, with a new key.".clone_into(&mut file.reason);
        file.settled_at = Some(at);
        file.settler.clone_from(&permit.who().label);
        file.version += 1;
        store::put(tx, &file, false)?;
    }
    tx.made(at, once, before.id.as_str())?;
    tx.record(at, permit.who(), &event, ())
}

/// Whether there is something that nobody has submitted for a week.
pub fn has_forgotten(read: &mut dyn Reads, now: Moment) -> Result<bool> {
    Ok(!store::forgotten(read, now.plus(-PATIENCE), 1)?.is_empty())
}

/// Withdraws what nobody has submitted for a week.
pub fn withdraw_forgotten(tx: &mut Tx<'_>, now: Moment) -> Result<Recorded<()>> {
    let who = Who::portal("synchronization rules");
    let mut events = Vec::new();
    for file in store::forgotten(tx, now.plus(-PATIENCE), 100)? {
        if let Some(one) = device_managers::lock(tx, file.manager)? {
            events.push(end_waiting(tx, now, &who, &one, file)?);
        }
    }
    tx.record_all(now, &who, &events, ())
}

/// Files whose bytes are kept though their device manager was removed: it never comes back.
pub fn unneeded(read: &mut dyn Reads) -> Result<Vec<SyncFileId>> {
    let mut found = Vec::new();
    for (file, manager) in store::kept(read)? {
        let is_there = device_managers::whose(read, manager)?.is_some_and(|one| one.removed_at.is_none());
        if !is_there {
            found.push(file);
        }
    }
    Ok(found)
}

/// Forgets the bytes of these.
pub fn drop_unneeded(tx: &mut Tx<'_>, files: &[SyncFileId]) -> Result<()> {
    for file in files {
        store::drop_bytes(tx, *file)?;
    }
    Ok(())
}

// Looking -------------------------------------------------------------------------------------------------------

/// A file of a device manager within reach.
pub fn find(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    manager: DeviceManagerId,
    id: SyncFileId,
) -> Result<(device_managers::Row, SyncFile)> {
    let row = device_managers::find(read, permit, manager)?;
    let file = store::find(read, row.manager.account, manager, id)?;
    Ok((row, file))
}

/// The files of a device manager, the newest first, and how many there are.
pub fn count(read: &mut dyn Reads, one: &Manager) -> Result<u64> {
    store::count(read, one.account, one.id)
}

/// A page of them.
pub fn page(read: &mut dyn Reads, one: &Manager, cut: (u64, u64)) -> Result<Vec<SyncFile>> {
    store::page(read, one.account, one.id, cut)
}

/// The file that waits for Submit, the newest first.
pub fn waiting(read: &mut dyn Reads, one: &Manager) -> Result<Option<SyncFile>> {
    Ok(store::waiting(read, one.id)?.pop())
}

fn no_response(name: &str) -> Error {
    Error::refused(
        "sync.no-response",
        format!("There is no response file for {name} yet. Upload a sync file and submit it first."),
    )
}

/// The latest response of the device manager from which the beginning of a file comes, as its signature proves.
pub fn latest_response(read: &mut dyn Reads, head: &[u8]) -> Result<Vec<u8>> {
    let one = claimed(read, head)?;
    verified(&one, || former_keys(read, &one), head)?;
    let file = store::applied(read, &one)?.ok_or_else(|| no_response(&one.name))?;
    store::response(read, file.id)?.ok_or_else(|| no_response(&one.name))
}

/// The response to a file, or the latest one, with the sequence that it answers.
pub fn response_of(
    read: &mut dyn Reads,
    view: &Permit<ViewInventory>,
    permit: &Permit<Synchronize>,
    manager: DeviceManagerId,
    file: Option<SyncFileId>,
) -> Result<(String, i64, Vec<u8>)> {
    let one = device_managers::theirs(read, view, permit, manager)?.manager;
    let file = match file {
        Some(id) => Some(store::find(read, one.account, manager, id)?),
        None => store::applied(read, &one)?,
    };
    let file = file.ok_or_else(|| no_response(&one.name))?;
    let bytes = store::response(read, file.id)?.ok_or_else(|| no_response(&one.name))?;
    Ok((one.name, file.sequence, bytes))
}

// Checking ------------------------------------------------------------------------------------------------------

/// Device managers whose product instances are not those of their last applied file, found by replaying it: for
/// `licentral check`.
pub fn unlike_their_files(db: &Db) -> Result<Vec<String>> {
    let kept = db.read_now(|r| store::kept(r))?;
    let mut said = Vec::new();
    for (id, manager) in kept {
        let found = db.read_now(|r| {
            let Some(one) = device_managers::whose(r, manager)?.filter(|one| one.removed_at.is_none()) else {
                return Ok(None);
            };
            let file = store::find(r, one.account, manager, id)?;
            if file.outcome != Outcome::Applied {
                return Ok(None);
            }
            let bytes = store::bytes(r, id)?.unwrap_or_default();
            let mut checked = genuine(r, &one, &bytes, &ANY)?;
            let server = server(&one)?;
            let mut feed = Feed::of(&mut checked)?;
            let (found, _) = devices::compare(r, one.registered_at, server, &mut feed)?;
            drop(feed);
            Ok(Some((one, file, found)))
        });
        match found {
            Ok(None) => {}
            Ok(Some((one, file, found))) => {
                let other = found.appeared + found.changed + found.vanished;
                let instances = i64::try_from(found.total()).unwrap_or(i64::MAX);
                if other > 0 || file.sequence != one.sequence || instances != one.product_instances {
                    said.push(format!("{} ({})", one.name, one.id));
                }
            }
            Err(error) => said.push(format!("{manager}: {error}")),
        }
    }
    Ok(said)
}
