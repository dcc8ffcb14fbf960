//! Disabling and enabling user accounts.

use super::model;
use crate::authn::passkeys;
use crate::authn::people::{self, Account};
use crate::authn::{PersonState, PlatformRole};
use crate::authz::Permit;
use crate::authz::action::ManagePeople;
use crate::error::Result;
use crate::identity;
use crate::kernel::ids::PersonId;
use crate::kernel::{Moment, Name};
use crate::platform::db::{Reads, Recorded, Tx};

/// How many operators can sign in.
pub fn operators(read: &mut dyn Reads) -> Result<usize> {
    Ok(people::with_platform_role(read, PlatformRole::Operator)?.len())
}

/// Disables a user account: nobody signs in by it, in any way, and all that it has open ends.
pub fn disable(
    tx: &mut Tx<'_>,
    permit: &Permit<ManagePeople>,
    at: Moment,
    id: PersonId,
    reason: &Name,
) -> Result<Recorded<()>> {
    let account = people::account(tx, id)?;
    let operators = operators(tx)?;
    model::may_disable(&account, permit.who().person, operators)?;
    let why = reason.as_str();
    identity::set_state(tx, at, permit.who(), id, PersonState::Disabled, why)
}

/// Enables it again: whoever has a way in can use it, and whoever was only invited still is.
pub fn enable(
    tx: &mut Tx<'_>,
    permit: &Permit<ManagePeople>,
    at: Moment,
    id: PersonId,
) -> Result<Recorded<()>> {
    let account = people::account(tx, id)?;
    if account.state != PersonState::Disabled {
        return Ok(tx.unchanged(()));
    }
    let state = state_of(tx, &account)?;
    identity::set_state(tx, at, permit.who(), id, state, "")
}

fn state_of(read: &mut dyn Reads, account: &Account) -> Result<PersonState> {
    let has_way_in = account.is_linked
        || people::password_hash(read, account.id)?.is_some()
        || !passkeys::of(read, account.id)?.is_empty();
    Ok(if has_way_in {
        PersonState::Active
    } else {
        PersonState::Invited
    })
}
