//! A Virtual Account that is bound to a device manager is neither deleted nor made the default, and nothing registers
//! there but through its On-Prem server.

use super::store;
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::platform::db::Reads;
use crate::platform::occupants::{AsOf, Occupant};
use crate::virtual_accounts;
use std::collections::HashMap;

/// What this room keeps in Virtual Accounts.
pub struct DeviceManagers;

impl Occupant for DeviceManagers {
    fn served(
        &self,
        read: &mut dyn Reads,
        account: SmartAccountId,
        ids: &[VirtualAccountId],
    ) -> Result<Vec<(VirtualAccountId, String)>> {
        store::bound_to(read, account, ids)
    }

    fn as_of(
        &self,
        read: &mut dyn Reads,
        account: SmartAccountId,
        only: Option<&[VirtualAccountId]>,
    ) -> Result<Vec<AsOf>> {
        let served = store::synced(read, account, only)?;
        let places: Vec<VirtualAccountId> = served.iter().map(|(place, ..)| *place).collect();
        let names: HashMap<VirtualAccountId, String> = if places.is_empty() {
            HashMap::new()
        } else {
            virtual_accounts::these(read, account, &places)?
                .into_iter()
                .map(|place| (place.id, place.name))
                .collect()
        };
        Ok(served
            .into_iter()
            .map(|(place, server, at)| AsOf {
                whose: format!(
                    "{} (On-Prem server {server})",
                    names.get(&place).map_or("", String::as_str)
                ),
                at,
                pending: String::new(),
            })
            .collect())
    }
}
