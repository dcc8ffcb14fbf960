//! What changes with product instances, whoever brings it about: what they use, how many there are of each standing, and
//! what the record says.

use super::model::{self, Device, Standing, Usage};
use super::store;
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::licenses::{self, Use};
use crate::platform::db::Tx;
use serde_json::json;
use std::collections::BTreeMap;

/// What a write changes beside the devices themselves: it is added up and written at the end, in one order.
#[derive(Debug, Default)]
pub struct Changes {
    uses: BTreeMap<(VirtualAccountId, String), i64>,
    tallies: BTreeMap<(VirtualAccountId, Standing), i64>,
}

impl Changes {
    /// A device of this standing is here from now on.
    pub fn comes(&mut self, place: VirtualAccountId, standing: Standing) {
        *self.tallies.entry((place, standing)).or_default() += 1;
    }
    /// A device of this standing is not here any more.
    pub fn goes(&mut self, place: VirtualAccountId, standing: Standing) {
        *self.tallies.entry((place, standing)).or_default() -= 1;
    }
    /// The use of licenses changes here.
    pub fn uses(&mut self, place: VirtualAccountId, by: impl IntoIterator<Item = (String, i64)>) {
        for (entitlement, by) in by {
            *self.uses.entry((place, entitlement)).or_default() += by;
        }
    }
    /// What was used here is free again.
    pub fn frees(&mut self, place: VirtualAccountId, usages: &[Usage]) {
        self.uses(place, model::difference(usages, &[]));
    }
    /// Writes all of it. What every device of a Virtual Account adds to comes last: it is locked for the shortest time.
    pub fn write(self, tx: &mut Tx<'_>, at: Moment, who: &Who, account: SmartAccountId) -> Result<()> {
        let uses: Vec<Use> = self
            .uses
            .into_iter()
            .filter(|(_, by)| *by != 0)
            .map(|((virtual_account, entitlement), by)| Use {
                virtual_account,
                entitlement,
                by,
            })
            .collect();
        if !uses.is_empty() {
            licenses::change_use(tx, at, who, account, &uses)?;
        }
        for ((place, standing), by) in self.tallies {
            store::tally(tx, account, place, standing, by)?;
        }
        Ok(())
    }
}

/// An event about a device.
pub fn about(kind: Kind, device: &Device, says: String) -> Event {
    Event::new(kind, device.id, says)
        .within(device.account)
        .in_virtual_account(device.virtual_account)
}

pub fn in_words(usage: &Usage) -> (&str, i64) {
    (&usage.entitlement, usage.quantity)
}

/// Usage as the record keeps it.
pub fn facts(usages: &[Usage]) -> serde_json::Value {
    let map: BTreeMap<&str, i64> = usages.iter().map(in_words).collect();
    json!(map)
}
