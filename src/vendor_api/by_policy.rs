//! What every request about product instances that report by policy says, and when there are none.

use super::body::{Call, MISSING, Object};
use super::face::{NO_DEVICE, millis};
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::VirtualAccountId;
use crate::virtual_accounts;

/// What every request of theirs has to say.
pub fn well_formed(call: &Call) -> Result<()> {
    let data = call.data();
    if data.text("nonce").is_empty() || data.number("timestamp")?.is_none() {
        return Err(Error::BadRequest(MISSING.into()));
    }
    Ok(())
}

/// The Virtual Account that the header names by its number, within reach.
pub async fn place(
    permit: &Permit<ViewInventory>,
    visit: &crate::http::Visit,
    call: &Call,
) -> Result<VirtualAccountId> {
    call.needs_system()?;
    let number: i64 = call
        .place_number()
        .ok_or_else(|| Error::BadRequest(MISSING.into()))?
        .trim()
        .parse()
        .map_err(|_| Error::NotFound)?;
    let permit = permit.clone();
    visit
        .portal
        .db
        .read(move |r| virtual_accounts::numbered(r, permit.within(), number))
        .await
        .map(|one| one.id)
}

/// The time that stands in the request, as a number whatever it was there; now, if there is none.
pub fn stamp(data: Object<'_>, now: Moment) -> i64 {
    data.number("timestamp")
        .ok()
        .flatten()
        .unwrap_or_else(|| millis(now))
}

/// There is no such product instance by policy.
pub fn no_device() -> Error {
    Error::refused(
        NO_DEVICE,
        "No product instance of this Virtual Account reports by policy.",
    )
}
