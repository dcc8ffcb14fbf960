//! What synchronizations change in a device manager.

use crate::device_managers::model::{DUE_AFTER, LocalPlace, Manager};
use crate::device_managers::store;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::platform::db::Tx;

/// A file of a locked one was applied.
pub fn synced(
    tx: &mut Tx<'_>,
    at: Moment,
    one: &Manager,
    sequence: i64,
    instances: u64,
    places: &[LocalPlace],
) -> Result<()> {
    let one = Manager {
        product_instances: i64::try_from(instances).unwrap_or(i64::MAX),
        places: serde_json::to_string(places).map_err(Error::internal)?,
        sequence,
        synced_at: Some(at),
        due_at: at.plus(DUE_AFTER),
        waits_since: None,
        failed_at: None,
        failure: String::new(),
        overdue_at: None,
        ..one.clone()
    };
    store::update(tx, &one)
}

/// A file of a locked one waits for Submit from now on, or waits no more.
pub fn waits(tx: &mut Tx<'_>, one: &Manager, since: Option<Moment>) -> Result<()> {
    let one = Manager {
        waits_since: since,
        ..one.clone()
    };
    store::update(tx, &one)
}

/// A file of a locked one was refused.
pub fn failed(tx: &mut Tx<'_>, at: Moment, one: &Manager, why: &str) -> Result<()> {
    let one = Manager {
        failed_at: Some(at),
        failure: why.to_owned(),
        ..one.clone()
    };
    store::update(tx, &one)
}
