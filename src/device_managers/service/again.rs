//! A device manager that registers again, with a key of its own; its name.

use super::add::{against_key, announced, facts, name_taken};
use super::read::theirs;
use crate::authz::Permit;
use crate::authz::action::{AuthorizeOnPrem, Synchronize, ViewInventory};
use crate::device_managers::model::{DUE_AFTER, Manager};
use crate::device_managers::store;
use crate::error::{Error, Result};
use crate::kernel::ids::DeviceManagerId;
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use serde_json::json;

/// A device manager that is to be registered again: its server was restored from a backup, or set up anew.
#[derive(Clone)]
pub struct Again {
    /// Which.
    pub id: DeviceManagerId,
    /// What its files are verified with from now on.
    pub public_key: String,
    /// The authorization file.
    pub answer: String,
    /// The number of a case, or why.
    pub reason: String,
}

/// The keys of its earlier registrations, and when each ended.
pub fn former_keys(read: &mut dyn Reads, id: DeviceManagerId) -> Result<Vec<(String, Moment)>> {
    store::former_keys(read, id)
}

/// Registers one again, with a new key: it stays what it is, its sequences begin at 1, and its product instances are as
/// they were told last. A part of the caller's write, which settles its files and records the event. Answers with it as
/// it was before.
pub fn register_again(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<AuthorizeOnPrem>,
    at: Moment,
    again: &Again,
) -> Result<(Manager, Event)> {
    theirs(tx, view, permit, again.id)?;
    let before = store::lock(tx, again.id)?.ok_or(Error::NotFound)?;
    if let Some(refusal) = against_key(tx, before.account, &again.public_key)? {
        return Err(Error::Refused(refusal));
    }
    let now = Manager {
        public_key: again.public_key.clone(),
        answer: again.answer.clone(),
        sequence: 0,
        registered_at: at,
        registrar: permit.who().label.clone(),
        due_at: at.plus(DUE_AFTER),
        waits_since: None,
        failed_at: None,
        failure: String::new(),
        overdue_at: None,
        registration: before.registration + 1,
        ..before.clone()
    };
    store::register_again(tx, at, &before, &now)?;
    let event = announced(
        Kind::ManagerAgain,
        &now,
        format!(
            "The device manager {} was registered again, with a new key: {}. Its next file has the sequence 1.",
            now.name, again.reason
        ),
    )
    .with(json!({ "before": facts(&before), "after": facts(&now), "reason": again.reason, "sequence": before.sequence }));
    Ok((before, event))
}

/// Gives it another name.
pub fn rename(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<Synchronize>,
    at: Moment,
    id: DeviceManagerId,
    name: &str,
) -> Result<Recorded<()>> {
    let one = theirs(tx, view, permit, id)?.manager;
    if one.name == name {
        return Ok(tx.unchanged(()));
    }
    if store::has_name(tx, one.account, name, Some(id))? {
        return Err(name_taken(name));
    }
    store::rename(tx, id, name)?;
    let event = announced(
        Kind::ManagerRenamed,
        &one,
        format!("The device manager {} is called {name} now.", one.name),
    )
    .changed(&one.name, &name);
    tx.record(at, permit.who(), &event, ())
}
