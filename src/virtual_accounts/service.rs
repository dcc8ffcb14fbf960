//! What can be done with Virtual Accounts. A function that takes a `Tx` is a part of the caller's write.

use super::model::{AccessLevel, DEFAULT, VirtualAccount};
use super::store;
use crate::authz::Permit;
use crate::authz::action::{CreateTopVirtualAccount, ViewVirtualAccounts};
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};

/// A Virtual Account that is to be.
#[derive(Debug, Clone)]
pub struct NewVirtualAccount {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who finds it.
    pub access_level: AccessLevel,
    /// The one above it.
    pub parent: Option<VirtualAccountId>,
    /// The default renewal date.
    pub preferred_end_date: Option<Moment>,
    /// Its tags.
    pub tags: Vec<String>,
}

impl NewVirtualAccount {
    /// One with a name and a description, at the top level.
    pub fn named(name: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            access_level: AccessLevel::Unrestricted,
            parent: None,
            preferred_end_date: None,
            tags: Vec::new(),
        }
    }
}

/// Makes the DEFAULT Virtual Account of an account that has just become Active.
pub fn create_default(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    id: VirtualAccountId,
) -> Result<()> {
    store::insert(
        tx,
        at,
        account,
        id,
        &NewVirtualAccount::named(DEFAULT, "Licenses are stored here when they are first purchased."),
        true,
    )
}

/// Makes a Virtual Account.
pub fn create(
    tx: &mut Tx<'_>,
    permit: &Permit<CreateTopVirtualAccount>,
    at: Moment,
    id: VirtualAccountId,
    new: &NewVirtualAccount,
) -> Result<Recorded<()>> {
    let account = permit.within().account()?;
    store::insert(tx, at, account, id, new, false)?;
    let event = Event::new(
        Kind::VirtualAccountCreated,
        id,
        format!("The Virtual Account {} was created.", new.name),
    )
    .within(account)
    .in_virtual_account(id);
    tx.record(at, permit.who(), &event, ())
}

/// Those that the permit reaches, the default one first, then by name.
pub fn list(read: &mut impl Reads, permit: &Permit<ViewVirtualAccounts>) -> Result<Vec<VirtualAccount>> {
    store::list(read, permit.within())
}

/// One of them.
pub fn find(
    read: &mut impl Reads,
    permit: &Permit<ViewVirtualAccounts>,
    id: VirtualAccountId,
) -> Result<VirtualAccount> {
    store::find(read, permit.within(), id)
}

/// The default one of an account.
pub fn default_of(read: &mut impl Reads, account: SmartAccountId) -> Result<VirtualAccount> {
    store::default_of(read, account)
}

/// Names, ids and access levels of all Virtual Accounts of several accounts: what a page of another room shows beside its own rows.
pub fn names(
    read: &mut impl Reads,
    accounts: &[SmartAccountId],
) -> Result<Vec<(SmartAccountId, VirtualAccountId, String, AccessLevel)>> {
    store::names(read, accounts)
}
