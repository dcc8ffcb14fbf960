//! What is asked of groups when a Virtual Account ends.

use super::follow::follow;
use super::read::names;
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::members::groups::store;
use crate::platform::db::Tx;
use crate::platform::occupants::Occupant;
use serde_json::json;

/// What user groups hold on a Virtual Account stands in the way of nobody: it goes along when that is deleted.
pub struct Groups;

impl Occupant for Groups {
    fn leave(
        &self,
        tx: &mut Tx<'_>,
        at: Moment,
        account: SmartAccountId,
        id: VirtualAccountId,
    ) -> Result<Vec<Event>> {
        let held = store::groups_on(tx, account, id)?;
        store::clear_access_on(tx, account, id)?;
        let ids: Vec<String> = held.iter().map(|(group, _)| group.to_string()).collect();
        let names = names(tx, &ids)?;
        let mut events = Vec::new();
        for (group, role) in held {
            follow(tx, at, group, account)?;
            let name = names.get(group.as_str()).map_or("", |(_, _, name)| name.as_str());
            events.push(
                Event::new(
                    Kind::GroupChanged,
                    group,
                    format!("The user group {name} lost its role in a Virtual Account that was deleted."),
                )
                .within(account)
                .changed(&json!({ "role": role, "virtual_account": id }), &json!(null)),
            );
        }
        Ok(events)
    }
}
