//! Who holds which role, as far as a permit reaches.

use super::model::{Member, gather};
use crate::authn::people;
use crate::authz::action::ViewUsers;
use crate::authz::{Grant, Permit, grants};
use crate::error::Result;
use crate::kernel::ids::{PersonId, SmartAccountId};
use crate::platform::db::Reads;
use crate::virtual_accounts;
use std::collections::HashMap;

/// The grants that a permit reaches: who holds roles in some Virtual Accounts alone sees the members of those.
fn within_reach(read: &mut impl Reads, permit: &Permit<ViewUsers>) -> Result<(SmartAccountId, Vec<Grant>)> {
    let account = permit.within().account()?;
    let mut held = grants::in_account(read, account)?;
    if let Some(only) = permit.within().only() {
        held.retain(|grant| grant.virtual_account.is_some_and(|id| only.contains(&id)));
    }
    Ok((account, held))
}

/// The members, by name.
pub fn list(read: &mut impl Reads, permit: &Permit<ViewUsers>) -> Result<Vec<Member>> {
    let (account, held) = within_reach(read, permit)?;
    let names: HashMap<_, _> = virtual_accounts::names(read, &[account])?
        .into_iter()
        .map(|(_, id, name, _)| (id, name))
        .collect();
    let mut ids: Vec<PersonId> = held.iter().map(|grant| grant.person).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(gather(people::find_all(read, &ids)?, held, &names))
}

/// How many members there are.
pub fn count(read: &mut impl Reads, permit: &Permit<ViewUsers>) -> Result<u64> {
    let (_, held) = within_reach(read, permit)?;
    let mut ids: Vec<PersonId> = held.iter().map(|grant| grant.person).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids.len() as u64)
}
