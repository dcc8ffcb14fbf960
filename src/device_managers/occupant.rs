//! A Virtual Account that is bound to a device manager is neither deleted nor made the default, and nothing registers
//! there but through its On-Prem server.

use super::store;
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::platform::db::Reads;
use crate::platform::occupants::Occupant;

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
}
