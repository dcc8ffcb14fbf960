//! Who holds which role, as far as a permit reaches.

use super::model::{Member, Scope, fits, gather, may_hold};
use crate::authn::PersonState;
use crate::authn::people::{self, Person};
use crate::authz::action::ViewUsers;
use crate::authz::{Grant, Permit, Role, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Reads, Tx};
use crate::{smart_accounts, virtual_accounts};
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

/// What a Smart Account says of itself where roles are given: read once, whatever the number of people.
#[derive(Debug, Clone)]
pub struct Place {
    /// Which.
    pub account: SmartAccountId,
    /// Its name.
    pub name: String,
    /// Its domain: the Approver rule goes by it.
    pub domain: String,
    /// The names of its Virtual Accounts.
    pub names: HashMap<VirtualAccountId, String>,
}

/// Reads it.
pub fn place(read: &mut impl Reads, account: SmartAccountId) -> Result<Place> {
    let found = smart_accounts::find(read, account)?;
    Ok(Place {
        account,
        name: found.name,
        domain: found.domain,
        names: virtual_accounts::names(read, &[account])?
            .into_iter()
            .map(|(_, id, name, _)| (id, name))
            .collect(),
    })
}

/// Gives a person a role, directly, on each place of a scope, and takes the place of what they held there
/// directly. What they hold elsewhere or through user groups stays. The events are the caller's to record:
/// none when the person holds all of it already.
///
/// Within the caller's write; that the caller may give it was asked with [`super::may_give`].
pub fn give_roles(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    person: PersonId,
    scope: &Scope,
    role: Role,
) -> Result<Vec<Event>> {
    let place = place(tx, account)?;
    let person = people::find(tx, person)?;
    give_in(tx, at, &place, &person, scope, role)
}

/// As [`give_roles`], for many people in one place.
pub fn give_in(
    tx: &mut Tx<'_>,
    at: Moment,
    place: &Place,
    person: &Person,
    scope: &Scope,
    role: Role,
) -> Result<Vec<Event>> {
    fits(role, scope)?;
    may_hold(role, &person.email, &place.domain)?;
    let held = grants::of_person_in(tx, place.account, person.id)?;
    let mut events = Vec::new();
    let mut loses_admin = false;
    for virtual_account in scope.places() {
        let name = match virtual_account {
            Some(id) => Some(place.names.get(&id).ok_or(Error::NotFound)?),
            None => None,
        };
        let before = held
            .iter()
            .find(|grant| grant.is_direct() && grant.virtual_account == virtual_account)
            .map(|grant| grant.role);
        if before == Some(role) {
            continue;
        }
        loses_admin |= before == Some(Role::AccountAdmin);
        grants::give(tx, at, place.account, virtual_account, person.id, role)?;
        let mut event = Event::new(
            Kind::RoleGranted,
            person.id,
            match name {
                Some(name) => format!("{} was given the role {role} in {name}.", person.label()),
                None => format!("{} was given the role {role}.", person.label()),
            },
        )
        .within(place.account)
        .changed(&before, &Some(role));
        event.virtual_account = virtual_account;
        events.push(event);
    }
    if loses_admin {
        keep_an_administrator(tx, place.account, person)?;
    }
    Ok(events)
}

/// After `person` has lost the role of administrator: somebody must be left who holds it directly and can
/// sign in. What is refused here rolls the whole write back.
pub fn keep_an_administrator(tx: &mut Tx<'_>, account: SmartAccountId, person: &Person) -> Result<()> {
    let left: Vec<PersonId> = grants::holders_in(tx, &[account], Role::AccountAdmin)?
        .into_iter()
        .filter(Grant::is_direct)
        .map(|grant| grant.person)
        .collect();
    let somebody = people::find_all(tx, &left)?
        .iter()
        .any(|person| person.state == PersonState::Active);
    if somebody {
        Ok(())
    } else {
        Err(last_administrator(person))
    }
}

/// Why the last administrator stays.
pub fn last_administrator(person: &Person) -> Error {
    Error::refused(
        "members.last-administrator",
        format!(
            "{} is the last Smart Account Administrator. Give this role to somebody else first.",
            person.name
        ),
    )
}
