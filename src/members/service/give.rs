//! Giving roles.

use super::read::{Place, place};
use crate::authn::PersonState;
use crate::authn::people::{self, Person};
use crate::authz::action::ManageUsers;
use crate::authz::{Grant, Permit, Role, Within, grants};
use crate::error::{Error, Result};
use crate::identity;
use crate::kernel::ids::{LinkId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Event, Kind, Moment};
use crate::members::letters;
use crate::members::model::{Scope, fits, may_give, may_hold};
use crate::platform::db::{Reads, Recorded, Tx};

/// Gives a person a role, directly, on each place of a scope, and takes the place of what they held there
/// directly. What they hold elsewhere or through user groups stays. The events are the caller's to record:
/// none when the person holds all of it already.
///
/// Within the caller's write; that the caller may give it was asked with [`crate::members::may_give`].
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

/// As [`give_roles`], where the place is known.
pub fn give_in(
    tx: &mut Tx<'_>,
    at: Moment,
    place: &Place,
    person: &Person,
    scope: &Scope,
    role: Role,
) -> Result<Vec<Event>> {
    let held = grants::of_person_in(tx, place.account, person.id)?;
    give_beside(tx, at, place, &[(person, held)], scope, role)
}

/// The same for many people, each with what they hold in the account already.
pub fn give_beside(
    tx: &mut Tx<'_>,
    at: Moment,
    place: &Place,
    people: &[(&Person, Vec<Grant>)],
    scope: &Scope,
    role: Role,
) -> Result<Vec<Event>> {
    fits(role, scope)?;
    if !role.is_given_in(place.edition) {
        return Err(Error::refused(
            "members.role-scope",
            format!("The role {role} is not given on an On-Prem server."),
        ));
    }
    let called = role.label_in(place.edition);
    let (mut events, mut new, mut demoted) = (Vec::new(), Vec::new(), None);
    for (person, held) in people {
        may_hold(role, &person.email, &place.domain)?;
        for virtual_account in scope.places() {
            let name = match virtual_account {
                Some(id) => Some(place.names.get(&id).ok_or(Error::NotFound)?),
                None => None,
            };
            let before = held
                .iter()
                .find(|grant| grant.is_direct() && grant.virtual_account == virtual_account)
                .map(|grant| grant.role);
            match before {
                Some(same) if same == role => continue,
                Some(_) => grants::give(tx, at, place.account, virtual_account, person.id, role)?,
                None => new.push((virtual_account, person.id, role)),
            }
            if before == Some(Role::AccountAdmin) {
                demoted = Some(*person);
            }
            let mut event = Event::new(
                Kind::RoleGranted,
                person.id,
                match name {
                    Some(name) => format!("{} was given the role {called} in {name}.", person.label()),
                    None => format!("{} was given the role {called}.", person.label()),
                },
            )
            .within(place.account)
            .changed(&before, &Some(role));
            event.virtual_account = virtual_account;
            events.push(event);
        }
    }
    grants::give_first(tx, at, place.account, &new)?;
    if let Some(person) = demoted {
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

/// Whether nobody but this person is administrator directly and can sign in.
pub fn is_last_administrator(
    read: &mut dyn Reads,
    account: SmartAccountId,
    person: PersonId,
) -> Result<bool> {
    let held: Vec<PersonId> = grants::holders_in(read, &[account], Role::AccountAdmin)?
        .into_iter()
        .filter(Grant::is_direct)
        .map(|grant| grant.person)
        .collect();
    Ok(held.contains(&person)
        && !people::find_all(read, &held)?
            .iter()
            .any(|other| other.id != person && other.state == PersonState::Active))
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

/// Why somebody stays whose access is held by a group that one may not change.
pub fn through_group_only(name: &str) -> String {
    format!("{name} has access through a user group only. Change the group, or end its access.")
}

/// A member within the reach of a permit: what they hold there directly.
pub(super) fn reached(tx: &mut Tx<'_>, within: &Within, person: PersonId) -> Result<(Person, Vec<Grant>)> {
    let account = within.account()?;
    let held: Vec<Grant> = grants::of_person_in(tx, account, person)?
        .into_iter()
        .filter(|grant| {
            within
                .only()
                .is_none_or(|only| grant.virtual_account.is_some_and(|id| only.contains(&id)))
        })
        .collect();
    if held.is_empty() {
        return Err(Error::NotFound);
    }
    Ok((people::find(tx, person)?, held))
}

/// Gives a member a role on a scope: "Change role" and "Grant Virtual Account access".
pub fn give(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageUsers>,
    at: Moment,
    person: PersonId,
    scope: &Scope,
    role: Role,
) -> Result<Recorded<()>> {
    let within = permit.within();
    may_give(within, scope)?;
    let (person, _) = reached(tx, within, person)?;
    let place = place(tx, within.account()?)?;
    let events = give_in(tx, at, &place, &person, scope, role)?;
    if !events.is_empty() && person.state == PersonState::Active {
        letters::tell_given(tx, at, &place, &person, scope, role, permit.who())?;
    }
    tx.record_all(at, permit.who(), &events, ())
}

/// A wanted role for each place that a member holds one on directly; none takes it.
pub type Wanted = Vec<(Option<VirtualAccountId>, Option<Role>)>;

/// Sends an invitation once more; the link of the one before ends.
pub fn invite_again(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageUsers>,
    at: Moment,
    link: LinkId,
    person: PersonId,
) -> Result<Recorded<()>> {
    let (person, _) = reached(tx, permit.within(), person)?;
    if person.state != PersonState::Invited {
        return Err(Error::refused(
            "members.not-invited",
            format!("{} has set up the user account already.", person.name),
        ));
    }
    let account = permit.within().account()?;
    identity::invite(tx, at, permit.who(), link, &person, &permit.who().label)?;
    let event = Event::new(
        Kind::Invited,
        person.id,
        format!("The invitation of {} was sent again.", person.email),
    )
    .within(account);
    tx.record(at, permit.who(), &event, ())
}
