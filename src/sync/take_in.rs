//! What comes of a file that was brought: it waits for Submit, or is refused; it is withdrawn, or forgotten.

use super::genuine::Genuine;
use super::judge::{Bad, Judged, Sender, judge};
use super::model::{Outcome, SyncFile, Way};
use super::store;
use crate::authz::Permit;
use crate::authz::action::{AuthorizeOnPrem, Synchronize, ViewInventory};
use crate::device_managers::{self, Again, Manager};
use crate::error::{Error, Refusal, Result};
use crate::kernel::event::Outcome as Ended;
use crate::kernel::ids::{DeviceManagerId, SyncFileId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::{Db, Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::token;
use chrono::TimeDelta;
use serde_json::json;

/// A file that nobody submits is withdrawn after so long.
const PATIENCE: TimeDelta = TimeDelta::days(7);

/// What came of a file that was brought.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The file.
    pub file: SyncFile,
    /// Whether it is new here; the same again changes nothing.
    pub is_new: bool,
}

/// What a look at a file says before anything is written.
#[expect(clippy::large_enum_variant, reason = "there is one of them at a time")]
pub enum Looked<'b> {
    /// The very same was taken in before.
    Known(SyncFile),
    /// It is new here.
    New(Result<Judged<'b>, Bad>),
}

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
            None => Looked::New(
                Genuine::read(r, &one, bytes, &sender.limits)
                    .map_err(|error| (error, None))
                    .and_then(|genuine| judge(r, (at, id), &one, sender, genuine)),
            ),
        })
    })?;
    let file = match looked {
        Looked::Known(file) => return Ok(Taken { file, is_new: false }),
        Looked::New(Ok(judged)) => judged.file,
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
pub fn known(read: &mut dyn Reads, manager: &Manager, bytes: &[u8]) -> Result<Option<SyncFile>> {
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
pub fn facts(file: &SyncFile) -> serde_json::Value {
    json!({
        "file": file.id, "sha256": file.sha256, "sequence": file.sequence, "last_response": file.last_response,
        "made_at": file.made_at, "devices": file.devices, "usages": file.usages, "appeared": file.appeared,
        "changed": file.changed, "vanished": file.vanished, "unchanged": file.unchanged,
    })
}

/// Writes a refusal down: in the record, beside the device manager and, when the file was genuine, in the history.
pub fn note(
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

/// The same in a write.
pub fn refused(
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
