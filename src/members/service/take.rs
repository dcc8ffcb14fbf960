//! Changing and taking roles; leaving.

use super::give::{Wanted, give_in, keep_an_administrator, reached, through_group_only};
use super::read::{Place, place};
use crate::authn::people::{self, Person};
use crate::authz::action::{ManageUsers, ViewAccount};
use crate::authz::{Grant, Permit, Role, Within, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::PersonId;
use crate::kernel::{Event, Kind, Moment};
use crate::members::model::{Scope, may_give};
use crate::members::{groups, letters};
use crate::platform::db::{Recorded, Tx};
use crate::smart_accounts;

/// Changes or takes several of a member's roles at once.
pub fn change(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageUsers>,
    at: Moment,
    person: PersonId,
    wanted: &Wanted,
) -> Result<Recorded<()>> {
    let within = permit.within();
    let (person, held) = reached(tx, within, person)?;
    let place = place(tx, within.account()?)?;
    let mut events = Vec::new();
    for (virtual_account, role) in wanted {
        let scope = virtual_account.map_or(Scope::Account, |id| Scope::These(vec![id]));
        may_give(within, &scope)?;
        match role {
            Some(role) => events.extend(give_in(tx, at, &place, &person, &scope, *role)?),
            None => {
                let grant = held
                    .iter()
                    .find(|grant| grant.is_direct() && grant.virtual_account == *virtual_account)
                    .ok_or(Error::NotFound)?;
                grants::take(tx, place.account, grant.id)?;
                events.push(taken(&place, &person, grant));
                if grant.role == Role::AccountAdmin {
                    keep_an_administrator(tx, place.account, &person)?;
                }
            }
        }
    }
    tx.record_all(at, permit.who(), &events, ())
}

fn taken(place: &Place, person: &Person, grant: &Grant) -> Event {
    let mut event = Event::new(
        Kind::RoleRemoved,
        person.id,
        match grant.virtual_account.and_then(|id| place.names.get(&id)) {
            Some(name) => format!(
                "The role {} in {name} was taken from {}.",
                grant.role.label_in(place.edition),
                person.label()
            ),
            None => format!(
                "The role {} was taken from {}.",
                grant.role.label_in(place.edition),
                person.label()
            ),
        },
    )
    .within(place.account)
    .changed(&Some(grant.role), &None::<Role>);
    event.virtual_account = grant.virtual_account;
    event
}

/// What is left of a member who was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Their name.
    pub name: String,
    /// How many roles remain, through user groups that this reach does not change.
    pub remain: usize,
}

/// Removes a member: every role within reach and the user groups of this account with them. `tell` sends them
/// a letter (M8).
pub fn remove(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageUsers>,
    at: Moment,
    person: PersonId,
    tell: bool,
) -> Result<Recorded<Removed>> {
    let (person, held) = reached(tx, permit.within(), person)?;
    let who = permit.who();
    let (removed, event) = take_all(tx, at, who, permit.within(), &person, &held, Kind::UserRemoved)?;
    if tell {
        let account = smart_accounts::find(tx, permit.within().account()?)?;
        letters::tell_removed(tx, at, &account, &person, who)?;
    }
    tx.record(at, who, &event, removed)
}

/// Leaves the account: one's own roles and the user groups of this account end.
pub fn leave(tx: &mut Tx<'_>, permit: &Permit<ViewAccount>, at: Moment) -> Result<Recorded<Removed>> {
    let account = permit.within().account()?;
    let person = people::find(tx, permit.person()?)?;
    // All that is held, however far the permit to view it reaches: everybody may end their own roles.
    let held = grants::of_person_in(tx, account, person.id)?;
    if held.is_empty() {
        return Err(Error::NotFound);
    }
    let whole = Within::for_oneself(permit);
    let (removed, event) = take_all(tx, at, permit.who(), &whole, &person, &held, Kind::UserLeft)?;
    tx.record(at, permit.who(), &event, removed)
}

fn take_all(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &crate::kernel::Who,
    within: &Within,
    person: &Person,
    held: &[Grant],
    kind: Kind,
) -> Result<(Removed, Event)> {
    let place = place(tx, within.account()?)?;
    let mut ended = Vec::new();
    let mut loses_admin = false;
    for grant in held.iter().filter(|grant| grant.is_direct()) {
        grants::take(tx, place.account, grant.id)?;
        tx.note(at, who, &taken(&place, person, grant))?;
        loses_admin |= grant.role == Role::AccountAdmin;
        let name = grant.virtual_account.and_then(|id| place.names.get(&id));
        ended.push(serde_json::json!({ "role": grant.role, "virtual_account": name }));
    }
    if loses_admin {
        keep_an_administrator(tx, place.account, person)?;
    }
    let groups = groups::remove_from_all(tx, at, who, within, person)?;
    let remain = grants::of_person_in(tx, place.account, person.id)?
        .iter()
        .filter(|grant| held.iter().any(|had| had.id == grant.id))
        .count();
    if ended.is_empty() && groups.is_empty() {
        return Err(Error::refused(
            "members.held-through-group",
            through_group_only(&person.name),
        ));
    }
    let says = match kind {
        Kind::UserLeft => format!(
            "{} left the {} {}.",
            person.label(),
            place.edition.tenant(),
            place.name
        ),
        _ => format!(
            "{} was removed from the {} {}.",
            person.label(),
            place.edition.tenant(),
            place.name
        ),
    };
    let event = Event::new(kind, person.id, says).within(place.account).changed(
        &serde_json::json!({ "roles": ended, "groups": groups }),
        &serde_json::json!(null),
    );
    let removed = Removed {
        name: person.name.clone(),
        remain,
    };
    Ok((removed, event))
}
