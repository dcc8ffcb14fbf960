//! Licenses keep the Virtual Account in which they lie from being deleted.

use super::{stock, store};
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Moment};
use crate::platform::db::{Reads, Tx};
use crate::platform::occupants::{Holding, Occupant};
use crate::virtual_accounts;
use std::collections::BTreeMap;

/// What this room keeps in Virtual Accounts.
pub struct Licenses;

impl Occupant for Licenses {
    fn holds(
        &self,
        read: &mut dyn Reads,
        account: SmartAccountId,
        ids: &[VirtualAccountId],
    ) -> Result<Vec<(VirtualAccountId, Holding)>> {
        let mut sums: BTreeMap<VirtualAccountId, i64> = BTreeMap::new();
        for (place, purchased) in stock::held_in(read, account, ids)? {
            let sum = sums.entry(place).or_default();
            *sum = sum.saturating_add(purchased);
        }
        Ok(sums
            .into_iter()
            .filter(|(_, sum)| *sum > 0)
            .map(|(place, sum)| {
                let words = if sum == 1 { "license" } else { "licenses" };
                (place, Holding::Things(format!("{sum} {words}")))
            })
            .collect())
    }

    fn leave(
        &self,
        tx: &mut Tx<'_>,
        at: Moment,
        account: SmartAccountId,
        id: VirtualAccountId,
    ) -> Result<Vec<Event>> {
        let _ = at;
        let name = virtual_accounts::these(tx, account, &[id])?
            .pop()
            .map(|one| one.name)
            .unwrap_or_default();
        let under = virtual_accounts::default_of(tx, account)?.id;
        store::close(tx, account, id, &name, under)?;
        stock::forget(tx, account, id)?;
        Ok(Vec::new())
    }
}
