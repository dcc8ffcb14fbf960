//! Product instances keep the Virtual Account in which they are from being deleted.

use super::store;
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Moment};
use crate::platform::db::{Reads, Tx};
use crate::platform::occupants::{Holding, Occupant};
use std::collections::BTreeMap;

/// What this room keeps in Virtual Accounts.
pub struct Devices;

impl Occupant for Devices {
    fn holds(
        &self,
        read: &mut dyn Reads,
        account: SmartAccountId,
        ids: &[VirtualAccountId],
    ) -> Result<Vec<(VirtualAccountId, Holding)>> {
        let mut sums: BTreeMap<VirtualAccountId, i64> = BTreeMap::new();
        for some in ids.chunks(500) {
            for (place, _, devices) in store::tallied(read, account, Some(some))? {
                *sums.entry(place).or_default() += devices;
            }
        }
        Ok(sums
            .into_iter()
            .filter(|(_, sum)| *sum > 0)
            .map(|(place, sum)| {
                let words = if sum == 1 {
                    "product instance"
                } else {
                    "product instances"
                };
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
        store::forget_tallies(tx, account, id)?;
        Ok(Vec::new())
    }
}
