//! The numbers of a local account are those of its last synchronization, and of what was done here since.

use super::{store, sync};
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::platform::db::Reads;
use crate::platform::occupants::{AsOf, Occupant};

/// What this room says of local Virtual Accounts; it keeps nothing in them.
pub struct LocalAccounts;

impl Occupant for LocalAccounts {
    fn as_of(
        &self,
        read: &mut dyn Reads,
        account: SmartAccountId,
        _: Option<&[VirtualAccountId]>,
    ) -> Result<Vec<AsOf>> {
        let one = store::find(read, account)?;
        let changes = sync::changes(read, &one)?;
        Ok(vec![AsOf {
            whose: String::new(),
            at: one.synced_at,
            pending: sync::not_yet(changes),
        }])
    }
}
