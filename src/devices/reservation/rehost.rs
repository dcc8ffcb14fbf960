//! "Rehost Licenses from a Failed Product".

use super::super::changes::{Changes, about};
use super::super::store as devices;
use super::codes::RequestCode;
use super::service::{Wish, against, facts, hand_over, held, in_words};
use super::store::{self, Ended};
use crate::authz::Permit;
use crate::authz::action::{ReserveLicenses, ViewInventory};
use crate::error::{Error, Result};
use crate::kernel::ids::{DeviceId, ReservationId};
use crate::kernel::{Kind, Moment};
use crate::platform::db::{Once, OnceKey, Recorded, Tx};
use serde_json::json;

/// "Rehost Licenses from a Failed Product": the replacement has what was set aside for the failed device, and that is
/// known no more. The replacement may be the same device after a reset, with a new request code.
pub fn rehost(
    tx: &mut Tx<'_>,
    view: &Permit<ViewInventory>,
    permit: &Permit<ReserveLicenses>,
    at: Moment,
    id: ReservationId,
    to: &Replacement,
    once: Option<&OnceKey>,
) -> Result<Recorded<ReservationId>> {
    if let Once::Again(made) = tx.once(once)? {
        return Ok(tx.unchanged(made.parse().map_err(|_| Error::NotFound)?));
    }
    let (failed, whole) = held(tx, view, permit, id)?;
    if let Some(refusal) = against(tx, permit, &to.request, Some(failed.id))? {
        return Err(refusal);
    }
    if !store::ended(tx, &whole.one, at, Ended::Rehosted, &to.note)? {
        return Err(Error::Stale);
    }
    let who = permit.who();
    devices::delete(tx, &[failed.id])?;
    let mut changes = Changes::default();
    changes.goes(failed.virtual_account, failed.standing);
    let wish = Wish {
        id: to.id,
        device: to.device,
        place: failed.virtual_account,
        request: to.request.clone(),
        wanted: Vec::new(),
    };
    let device = hand_over(tx, at, who, &wish, failed.account, &whole.lines, &mut changes)?;
    changes.write(tx, at, who, failed.account)?;
    tx.made(at, once, to.id.as_str())?;
    let note = if to.note.is_empty() {
        String::new()
    } else {
        format!(" {}.", to.note.trim_end_matches('.'))
    };
    let says = format!(
        "The licenses that were reserved for {} were rehosted to {}: {}.{note}",
        failed.udi(),
        device.udi(),
        in_words(&whole.lines)
    );
    let detail = json!({ "from": failed.udi().to_string(), "to": device.udi().to_string(), "note": to.note,
        "licenses": facts(&whole.lines) });
    // It stands in the history of both.
    let events = [&failed, &device]
        .map(|one| about(Kind::ReservationRehosted, one, says.clone()).with(detail.clone()));
    tx.record_all(at, who, &events, to.id)
}

/// The device that takes the place of a failed one.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// Of its reservation.
    pub id: ReservationId,
    /// Of the product instance.
    pub device: DeviceId,
    /// What it asks with.
    pub request: RequestCode,
    /// For the record, or "".
    pub note: String,
}
