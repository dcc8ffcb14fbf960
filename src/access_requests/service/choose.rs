//! Which Smart Account somebody may ask for access, and which Virtual Accounts of it.

use super::UNKNOWN;
use crate::authz::action::RequestAccess;
use crate::authz::{Grant, Permit, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::platform::db::Reads;
use crate::smart_accounts::{self, SmartAccount, State};
use crate::virtual_accounts::{self, AccessLevel};

/// The account behind a whole domain identifier: who has all of it may know of a Restricted one.
pub fn target(read: &mut dyn Reads, _permit: &Permit<RequestAccess>, domain: &str) -> Result<SmartAccount> {
    let key = crate::kernel::DomainIdentifier::parse(domain).map_err(|_| unknown("account"))?;
    smart_accounts::by_domain(read, key.as_str())?
        .filter(|account| account.state != State::Pending)
        .ok_or_else(|| unknown("account"))
}

/// The accounts that have exactly this name or domain identifier.
pub fn exactly(
    read: &mut dyn Reads,
    permit: &Permit<RequestAccess>,
    typed: &str,
) -> Result<Vec<SmartAccount>> {
    if typed.trim().is_empty() {
        return Err(Error::invalid(
            "account",
            "Enter the entire domain identifier or the entire Smart Account name.",
        ));
    }
    match target(read, permit, typed) {
        Ok(account) => return Ok(vec![account]),
        Err(Error::Invalid(_)) => {}
        Err(other) => return Err(other),
    }
    let found = smart_accounts::by_exact_name(read, typed)?;
    if found.is_empty() {
        Err(unknown("account"))
    } else {
        Ok(found)
    }
}

fn unknown(field: &str) -> Error {
    Error::invalid(field, UNKNOWN)
}

/// The Virtual Accounts that somebody may choose from: a Restricted one is not shown to who does not reach it.
pub fn choices(
    read: &mut dyn Reads,
    account: SmartAccountId,
    person: PersonId,
) -> Result<Vec<(VirtualAccountId, String)>> {
    let held = grants::of_person_in(read, account, person)?;
    Ok(known_places(read, account, &held)?
        .into_iter()
        .filter(|(_, _, shown)| *shown)
        .map(|(id, name, _)| (id, name))
        .collect())
}

pub(super) fn known_places(
    read: &mut dyn Reads,
    account: SmartAccountId,
    held: &[Grant],
) -> Result<Vec<(VirtualAccountId, String, bool)>> {
    let sees_all = held.iter().any(|grant| grant.virtual_account.is_none());
    Ok(virtual_accounts::names(read, &[account])?
        .into_iter()
        .map(|(_, id, name, level)| {
            let shown = sees_all
                || level == AccessLevel::Unrestricted
                || held.iter().any(|grant| grant.virtual_account == Some(id));
            (id, name, shown)
        })
        .collect())
}
