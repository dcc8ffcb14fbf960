//! Removing a device manager, also one that was lost.

use super::add::{announced, facts};
use super::read::theirs;
use crate::authz::Permit;
use crate::authz::action::{RemoveDeviceManager, ViewInventory};
use crate::device_managers::model::Manager;
use crate::device_managers::store;
use crate::devices::{self, Server};
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::DeviceManagerId;
use crate::kernel::{Kind, Moment, Who};
use crate::licenses;
use crate::platform::db::{Reads, Recorded, Tx};
use serde_json::json;

/// Removes it: its key opens nothing any more, and its Virtual Account stays, empty and unbound.
pub fn remove(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<RemoveDeviceManager>,
    at: Moment,
    id: DeviceManagerId,
    case: Option<&str>,
) -> Result<Recorded<String>> {
    let row = theirs(tx, view, permit, id)?;
    if let Some(refusal) = row.manager.against_removal() {
        return Err(Error::Refused(refusal));
    }
    store::remove(tx, id, at, &permit.who().label)?;
    let words = case.map_or_else(
        || "without a case number".to_owned(),
        |case| format!("under case {case}"),
    );
    let event = announced(
        Kind::ManagerRemoved,
        &row.manager,
        format!(
            "The device manager {} was removed {words}. {} is not bound any more.",
            row.manager.name, row.place
        ),
    )
    .with(json!({ "before": facts(&row.manager), "after": null, "case_number": case }));
    tx.record(at, permit.who(), &event, row.manager.name)
}

/// How many licenses the product instances of one use.
pub fn licenses_in_use(read: &mut dyn Reads, one: &Manager) -> Result<u64> {
    let Some(place) = one.place else {
        return Ok(0);
    };
    Ok(licenses::stocks_in(read, one.account, place)?
        .iter()
        .map(|stock| stock.in_use.max(0).unsigned_abs())
        .sum())
}

/// What went with one that was removed before it could be emptied.
#[derive(Debug, Clone)]
pub struct Lost {
    /// Its name.
    pub name: String,
    /// How many product instances.
    pub instances: u64,
    /// How many licenses they used.
    pub in_use: u64,
}

/// Its product instances go, and then it does.
pub(super) fn let_go(tx: &mut Tx<'_>, at: Moment, who: &Who, one: &Manager) -> Result<u64> {
    let gone = match one.place {
        Some(place) => {
            let server = Server {
                account: one.account,
                manager: one.id,
                place,
            };
            devices::reconcile(tx, at, who, server, &mut std::iter::empty())?.vanished
        }
        None => 0,
    };
    store::remove(tx, one.id, at, &who.label)?;
    Ok(gone)
}

/// Removes one whose On-Prem server is lost for good, so that it can tell of nothing any more: its product instances go
/// with it and what they used is free again, all at once and under a case.
pub fn remove_lost(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<RemoveDeviceManager>,
    at: Moment,
    id: DeviceManagerId,
    case: &str,
) -> Result<Recorded<Lost>> {
    let row = theirs(tx, view, permit, id)?;
    let one = store::lock(tx, id)?.ok_or(Error::NotFound)?;
    let in_use = licenses_in_use(tx, &one)?;
    let instances = let_go(tx, at, permit.who(), &one)?;
    tx.wake_jobs();
    let event = announced(
        Kind::ManagerLost,
        &one,
        format!(
            "The device manager {} was removed as lost under case {case}: {} went with it, and {} that they used are free again. {} is not bound any more.",
            one.name,
            counted(instances, "product instance", "product instances"),
            counted(in_use, "license", "licenses"),
            row.place
        ),
    )
    .with(json!({ "before": facts(&one), "after": null, "case_number": case, "product_instances": instances, "licenses_in_use": in_use }));
    let lost = Lost {
        name: one.name,
        instances,
        in_use,
    };
    tx.record(at, permit.who(), &event, lost)
}
