//! Who holds which role, as far as a permit reaches.

use super::model::{Member, Scope, fits, gather, may_give, may_hold};
use super::{groups, letters, store};
use crate::authn::PersonState;
use crate::authn::people::{self, Person};
use crate::authz::action::{ManageUsers, ViewAccount, ViewUsers};
use crate::authz::{Grant, Permit, Role, Within, grants};
use crate::error::{Error, Result};
use crate::identity;
use crate::kernel::ids::{LinkId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Edition, Event, Kind, Moment};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::settings;
use crate::{smart_accounts, virtual_accounts};
use std::collections::HashMap;

/// What a list of users asks for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A part of name or address.
    pub q: String,
    /// Who holds one of these roles.
    pub roles: Vec<Role>,
    /// Whose user account stands so.
    pub states: Vec<PersonState>,
    /// Who holds a role on one of these Virtual Accounts; none for wherever.
    pub places: Option<Vec<VirtualAccountId>>,
    /// What reaches into this Virtual Account.
    pub touching: Option<VirtualAccountId>,
    /// What was given directly.
    pub direct: bool,
    /// What is held through a user group.
    pub through: bool,
    /// What is held through one of these user groups.
    pub groups: Option<Vec<String>>,
    /// One person.
    pub person: Option<PersonId>,
}

/// Which part of a list, in which order.
#[derive(Debug, Clone)]
pub struct Slice {
    /// By name, email, status or since.
    pub sort: String,
    /// The other way round.
    pub descending: bool,
    /// Rows to skip.
    pub offset: u64,
    /// How many; none for all.
    pub limit: Option<u64>,
}

impl Slice {
    /// All, by name.
    pub fn all() -> Self {
        Self {
            sort: "name".to_owned(),
            descending: false,
            offset: 0,
            limit: None,
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// How many members there are that a filter asks for.
pub fn total(read: &mut dyn Reads, permit: &Permit<ViewUsers>, filter: &Filter) -> Result<u64> {
    let found = store::count(read, permit.within(), filter)?;
    Ok(u64::try_from(found).unwrap_or_default())
}

/// How many members there are.
pub fn count(read: &mut dyn Reads, permit: &Permit<ViewUsers>) -> Result<u64> {
    total(read, permit, &Filter::default())
}

/// The members that a filter asks for, in order, with what they hold within reach. Who reaches some Virtual
/// Accounts alone sees the members of those, and what they hold there.
pub fn slice(
    read: &mut dyn Reads,
    permit: &Permit<ViewUsers>,
    filter: &Filter,
    slice: &Slice,
) -> Result<Vec<Member>> {
    let within = permit.within();
    let rows = if slice.sort == "since" {
        let mut ids = store::by_since(read, within, filter)?;
        if slice.descending {
            ids.reverse();
        }
        let skip = usize::try_from(slice.offset).unwrap_or(usize::MAX);
        let take = slice
            .limit
            .map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let ids: Vec<PersonId> = ids.into_iter().skip(skip).take(take).collect();
        let mut rows: HashMap<PersonId, _> = store::people(read, &ids)?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        ids.iter().filter_map(|id| rows.remove(id)).collect()
    } else {
        store::page(
            read,
            within,
            filter,
            (&slice.sort, slice.descending),
            signed(slice.offset),
            slice.limit.map(signed),
        )?
    };
    let ids: Vec<PersonId> = rows.iter().map(|row| row.id).collect();
    let held = store::held(read, within, filter.touching, &ids)?;
    let names = if held.iter().any(|one| one.virtual_account.is_some()) {
        virtual_accounts::names(read, &[within.account()?])?
            .into_iter()
            .map(|(_, id, name, _)| (id, name))
            .collect()
    } else {
        HashMap::new()
    };
    let mut sources: Vec<String> = held.iter().map(|one| one.source.clone()).collect();
    sources.retain(|source| !source.is_empty());
    sources.sort_unstable();
    sources.dedup();
    let groups = groups::names(read, &sources)?;
    Ok(gather(rows, held, &names, &groups))
}

/// The members, by name.
pub fn list(read: &mut dyn Reads, permit: &Permit<ViewUsers>) -> Result<Vec<Member>> {
    slice(read, permit, &Filter::default(), &Slice::all())
}

/// One member; not found when they hold nothing within reach.
pub fn find(read: &mut dyn Reads, permit: &Permit<ViewUsers>, person: PersonId) -> Result<Member> {
    let filter = Filter {
        person: Some(person),
        ..Filter::default()
    };
    slice(read, permit, &filter, &Slice::all())?
        .into_iter()
        .next()
        .ok_or(Error::NotFound)
}

/// What a Smart Account says of itself where roles are given: read once, whatever the number of people.
#[derive(Debug, Clone)]
pub struct Place {
    /// Which.
    pub account: SmartAccountId,
    /// Its name.
    pub name: String,
    /// Of which edition it is: roles are called, and can be given, by it.
    pub edition: Edition,
    /// Its domain: the Approver rule goes by it.
    pub domain: String,
    /// The names of its Virtual Accounts.
    pub names: HashMap<VirtualAccountId, String>,
}

/// Reads it.
pub fn place(read: &mut dyn Reads, account: SmartAccountId) -> Result<Place> {
    let found = smart_accounts::find(read, account)?;
    Ok(Place {
        account,
        name: found.name,
        edition: settings::edition(read)?,
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
    give_beside(tx, at, place, person, &held, scope, role)
}

/// The same for many people: beside what each of them holds in the account already.
pub fn give_beside(
    tx: &mut Tx<'_>,
    at: Moment,
    place: &Place,
    person: &Person,
    held: &[Grant],
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
    may_hold(role, &person.email, &place.domain)?;
    let called = role.label_in(place.edition);
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
        if before.is_some() {
            grants::give(tx, at, place.account, virtual_account, person.id, role)?;
        } else {
            grants::give_first(tx, at, place.account, virtual_account, person.id, role)?;
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
fn reached(tx: &mut Tx<'_>, within: &Within, person: PersonId) -> Result<(Person, Vec<Grant>)> {
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
