//! What the record keeps of a Virtual Account.

use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind};
use crate::platform::db::Reads;
use crate::virtual_accounts::model::VirtualAccount;
use crate::virtual_accounts::store;
use serde_json::json;

/// What the record keeps of a Virtual Account.
pub(super) fn facts(one: &VirtualAccount, parent: Option<&str>) -> serde_json::Value {
    json!({
        "name": one.name,
        "description": one.description,
        "access_level": one.access_level,
        "default": one.is_default,
        "parent": parent,
        "preferred_end_date": one.preferred_end_date,
        "tags": one.tag_list(),
    })
}

pub(super) fn event(kind: Kind, one: &VirtualAccount, says: impl Into<String>) -> Event {
    Event::new(kind, one.id, says)
        .within(one.account)
        .in_virtual_account(one.id)
}

/// The name of the one above, if there is one.
pub(super) fn name_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    id: Option<VirtualAccountId>,
) -> Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    Ok(store::find_many(read, account, &[id])?.pop().map(|one| one.name))
}
