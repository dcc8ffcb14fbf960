//! Who keeps things in Virtual Accounts. The room of Virtual Accounts stands below the rooms that fill them, so
//! it cannot ask them by name: each of those rooms is an [`Occupant`], `app` lists them all, and whoever is about
//! to delete a Virtual Account or to make it the default one asks the list.

use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Moment};
use crate::platform::db::{Reads, Tx};
use std::sync::Arc;

/// What one room keeps in one Virtual Account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holding {
    /// So many things, which have to go before the Virtual Account can: "12 licenses".
    Things(String),
    /// The Virtual Account is bound to this device manager: an On-Prem server serves it.
    DeviceManager(String),
}

/// As of which synchronization numbers are that the cloud and an On-Prem server may know differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf {
    /// Which Virtual Account, and which On-Prem server serves it; "" when it is the whole account that is open.
    pub whose: String,
    /// The last synchronization; none before the first.
    pub at: Option<Moment>,
    /// What the other portal has not heard of, such as "3 changes not yet in the cloud"; "" for nothing.
    pub pending: String,
}

/// A room that keeps things in Virtual Accounts.
pub trait Occupant: Send + Sync {
    /// What it keeps in these Virtual Accounts, in no particular order; nothing of one that is empty. Asked for
    /// all rows of a list at once, so it answers with a query and not with one for each.
    /// A room that keeps nothing, or only what goes along with the Virtual Account, leaves this out, and one that only binds
    /// it says so by [`Occupant::served`].
    fn holds(
        &self,
        read: &mut dyn Reads,
        account: SmartAccountId,
        ids: &[VirtualAccountId],
    ) -> Result<Vec<(VirtualAccountId, Holding)>> {
        let served = self.served(read, account, ids)?;
        Ok(served
            .into_iter()
            .map(|(place, name)| (place, Holding::DeviceManager(name)))
            .collect())
    }

    /// Which of these Virtual Accounts an On-Prem server serves, with the name of its device manager.
    fn served(
        &self,
        read: &mut dyn Reads,
        account: SmartAccountId,
        ids: &[VirtualAccountId],
    ) -> Result<Vec<(VirtualAccountId, String)>> {
        let _ = (read, account, ids);
        Ok(Vec::new())
    }

    /// As of which synchronization the numbers of an account are, or of these Virtual Accounts of it; nothing where only this
    /// portal changes them.
    fn as_of(
        &self,
        read: &mut dyn Reads,
        account: SmartAccountId,
        only: Option<&[VirtualAccountId]>,
    ) -> Result<Vec<AsOf>> {
        let _ = (read, account, only);
        Ok(Vec::new())
    }

    /// Forgets what goes along when a Virtual Account is deleted and stands in nobody's way: a choice, an invitation,
    /// a scope. Part of the write that deletes it; what is returned is recorded there.
    fn leave(
        &self,
        tx: &mut Tx<'_>,
        at: Moment,
        account: SmartAccountId,
        id: VirtualAccountId,
    ) -> Result<Vec<Event>> {
        let _ = (tx, at, account, id);
        Ok(Vec::new())
    }
}

/// All of them.
#[derive(Clone, Default)]
pub struct Occupants(Vec<Arc<dyn Occupant>>);

impl Occupants {
    /// One more.
    pub fn add(&mut self, occupant: impl Occupant + 'static) {
        self.0.push(Arc::new(occupant));
    }

    /// What all of them keep in these Virtual Accounts.
    pub fn holds(
        &self,
        read: &mut dyn Reads,
        account: SmartAccountId,
        ids: &[VirtualAccountId],
    ) -> Result<Vec<(VirtualAccountId, Holding)>> {
        self.gathered(|one| one.holds(read, account, ids))
    }

    /// Which of these Virtual Accounts an On-Prem server serves, with the name of its device manager: what is made there is
    /// made nowhere else.
    pub fn served(
        &self,
        read: &mut dyn Reads,
        account: SmartAccountId,
        ids: &[VirtualAccountId],
    ) -> Result<Vec<(VirtualAccountId, String)>> {
        self.gathered(|one| one.served(read, account, ids))
    }

    /// As of which synchronization the numbers of an account are, or of these Virtual Accounts of it, the oldest first.
    pub fn as_of(
        &self,
        read: &mut dyn Reads,
        account: SmartAccountId,
        only: Option<&[VirtualAccountId]>,
    ) -> Result<Vec<AsOf>> {
        let mut all = self.gathered(|one| one.as_of(read, account, only))?;
        all.sort_by_key(|one| one.at);
        Ok(all)
    }

    /// Lets all of them forget a Virtual Account.
    pub fn leave(
        &self,
        tx: &mut Tx<'_>,
        at: Moment,
        account: SmartAccountId,
        id: VirtualAccountId,
    ) -> Result<Vec<Event>> {
        self.gathered(|one| one.leave(tx, at, account, id))
    }

    fn gathered<T>(&self, mut of: impl FnMut(&dyn Occupant) -> Result<Vec<T>>) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for occupant in &self.0 {
            all.extend(of(occupant.as_ref())?);
        }
        Ok(all)
    }
}
