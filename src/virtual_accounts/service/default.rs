//! Which Virtual Account is the default one of its account.

use super::record::event;
use crate::error::{Error, Result};
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::platform::db::Tx;
use crate::virtual_accounts::store;
use serde_json::json;

pub(super) fn may_not_set_default() -> Error {
    Error::Forbidden {
        action: "choose the default Virtual Account",
    }
}

/// One stops being the default one and another begins: both sides are recorded, the old one's here.
pub(super) fn hand_default_on(
    tx: &mut Tx<'_>,
    who: &Who,
    at: Moment,
    account: SmartAccountId,
    id: VirtualAccountId,
) -> Result<Event> {
    let old = store::default_of(tx, account)?;
    store::set_default(tx, account, old.id, false)?;
    store::set_default(tx, account, id, true)?;
    let new = store::default_of(tx, account)?;
    let (was, is) = (json!({ "default": old.name }), json!({ "default": new.name }));
    let says = format!(
        "{} took over from {} as the default Virtual Account.",
        new.name, old.name
    );
    tx.note(
        at,
        who,
        &event(Kind::VirtualAccountDefault, &old, says.clone()).changed(&was, &is),
    )?;
    Ok(event(Kind::VirtualAccountDefault, &new, says).changed(&was, &is))
}
