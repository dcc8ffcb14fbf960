//! What one can do with user groups. Whatever changes a group's people or access brings the grants after it
//! in the same write, so that a role through a group begins and ends at once.

use super::model::{Access, Asked, Group, Request, RequestState, group_may_hold, may_touch, scope_of};
use super::store;
use crate::authn::people::{self, Person, PersonState};
use crate::authz::action::{ManageGroups, ViewUsers};
use crate::authz::{Permit, Role, Within, grants};
use crate::error::{Error, Result};
use crate::kernel::ids::{GroupRequestId, ImportId, PersonId, SmartAccountId, UserGroupId, VirtualAccountId};
use crate::kernel::{DomainIdentifier, Event, Kind, Moment, Name, Who};
use crate::members::imports::{self, Done, Ids, Import, Report, Target, Verdict};
use crate::members::letters;
use crate::members::model::{Scope, fits, may_give};
use crate::members::service::{Place, place};
use crate::platform::db::{Once, OnceKey, Reads, Recorded, Tx};
use crate::platform::mail;
use crate::platform::occupants::{Holding, Occupant};
use crate::smart_accounts::{self, SmartAccount};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// A group in a list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The group.
    pub group: Group,
    /// How many people are in it.
    pub people: u64,
    /// What it holds in its own account.
    pub own: Vec<Access>,
    /// Whether it has, or has asked for, access to other accounts.
    pub reaches_outside: bool,
}

/// A group with all that its page shows.
#[derive(Debug, Clone)]
pub struct Details {
    /// The group, as in a list.
    pub row: Row,
    /// Who is in it, by name.
    pub people: Vec<Person>,
    /// Access to other accounts, newest first.
    pub requests: Vec<Asked>,
}

fn counted(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// The groups that a permit reaches: all, or those that hold something in one's own Virtual Accounts.
pub fn list(read: &mut dyn Reads, permit: &Permit<ViewUsers>) -> Result<Vec<Row>> {
    let account = permit.within().account()?;
    let counts: HashMap<UserGroupId, i64> = store::counts(read, account)?.into_iter().collect();
    let mut own: HashMap<UserGroupId, Vec<Access>> = HashMap::new();
    for access in store::access_in(read, account)? {
        own.entry(access.group).or_default().push(access);
    }
    let mut rows = Vec::new();
    for group in store::groups(read, account)? {
        let own = own.remove(&group.id).unwrap_or_default();
        if !sees(permit.within(), &own) {
            continue;
        }
        rows.push(Row {
            people: counted(counts.get(&group.id).copied().unwrap_or_default()),
            reaches_outside: false,
            own,
            group,
        });
    }
    Ok(rows)
}

fn sees(within: &Within, own: &[Access]) -> bool {
    within.only().is_none_or(|only| {
        own.iter()
            .any(|one| one.virtual_account.is_some_and(|id| only.contains(&id)))
    })
}

fn row(read: &mut dyn Reads, account: SmartAccountId, id: UserGroupId) -> Result<Row> {
    let group = store::group(read, account, id)?;
    let access = store::access_of(read, id)?;
    let live = store::requests_of(read, id)?
        .iter()
        .any(|request| request.state.is_live());
    Ok(Row {
        people: counted(store::count(read, id)?),
        reaches_outside: live || access.iter().any(|one| one.account != account),
        own: access.into_iter().filter(|one| one.account == account).collect(),
        group,
    })
}

/// One group.
pub fn details(read: &mut dyn Reads, permit: &Permit<ViewUsers>, id: UserGroupId) -> Result<Details> {
    let account = permit.within().account()?;
    let row = row(read, account, id)?;
    if !sees(permit.within(), &row.own) {
        return Err(Error::NotFound);
    }
    let ids = store::people(read, id)?;
    let mut people = people::find_all(read, &ids)?;
    people.sort_by_cached_key(|person| (crate::kernel::search_key(&person.name), person.id));
    // What the group does elsewhere is the business of those who reach the whole account.
    let requests = if permit.within().only().is_none() {
        let mut found = Vec::new();
        for request in store::requests_of(read, id)? {
            found.push(whole(read, request)?);
        }
        found
    } else {
        Vec::new()
    };
    Ok(Details {
        row,
        people,
        requests,
    })
}

/// A group that may be changed by this permit.
fn mine(read: &mut dyn Reads, permit: &Permit<ManageGroups>, id: UserGroupId) -> Result<Row> {
    let row = row(read, permit.within().account()?, id)?;
    if !sees(permit.within(), &row.own) {
        return Err(Error::NotFound);
    }
    may_touch(permit.within(), &row.own, row.reaches_outside)?;
    Ok(row)
}

/// A group that may be changed by this permit, as a list shows it.
pub fn one_of_mine(read: &mut dyn Reads, permit: &Permit<ManageGroups>, id: UserGroupId) -> Result<Row> {
    mine(read, permit, id)
}

/// The names of groups, of whatever account, for saying through which a role is held.
pub fn names(
    read: &mut dyn Reads,
    ids: &[String],
) -> Result<HashMap<String, (UserGroupId, SmartAccountId, String)>> {
    Ok(store::names(read, ids)?
        .into_iter()
        .map(|(id, account, name)| (id.to_string(), (id, account, name)))
        .collect())
}

/// The ids of the groups with these words in their name that give roles in an account: its own, and those
/// that were let in.
pub fn named_like(read: &mut dyn Reads, account: SmartAccountId, part: &str) -> Result<Vec<String>> {
    let part = crate::kernel::search_key(part);
    let mut ids: Vec<String> = store::access_in(read, account)?
        .iter()
        .map(|one| one.group.to_string())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(store::names(read, &ids)?
        .into_iter()
        .filter(|(_, _, name)| crate::kernel::search_key(name).contains(&part))
        .map(|(id, _, _)| id.to_string())
        .collect())
}

/// Brings the grants in one account after what a group holds there and who is in it.
fn follow(tx: &mut Tx<'_>, at: Moment, group: UserGroupId, account: SmartAccountId) -> Result<()> {
    let access: Vec<Access> = store::access_of(tx, group)?
        .into_iter()
        .filter(|one| one.account == account)
        .collect();
    let people: HashSet<PersonId> = store::people(tx, group)?.into_iter().collect();
    let wanted: HashMap<Option<VirtualAccountId>, Role> =
        access.iter().map(|one| (one.virtual_account, one.role)).collect();
    let mut there: HashSet<(PersonId, Option<VirtualAccountId>)> = HashSet::new();
    for grant in grants::through(tx, account, group.as_str())? {
        let keeps = people.contains(&grant.person) && wanted.get(&grant.virtual_account) == Some(&grant.role);
        if keeps {
            there.insert((grant.person, grant.virtual_account));
        } else {
            grants::take(tx, account, grant.id)?;
        }
    }
    let mut people: Vec<PersonId> = people.into_iter().collect();
    people.sort_unstable();
    for person in people {
        for one in &access {
            if !there.contains(&(person, one.virtual_account)) {
                grants::give_through(
                    tx,
                    at,
                    account,
                    one.virtual_account,
                    person,
                    one.role,
                    group.as_str(),
                )?;
            }
        }
    }
    Ok(())
}

/// The same in every account that the group reaches.
fn follow_everywhere(tx: &mut Tx<'_>, at: Moment, group: &Group) -> Result<()> {
    let mut accounts: Vec<SmartAccountId> = store::access_of(tx, group.id)?
        .iter()
        .map(|one| one.account)
        .collect();
    accounts.push(group.account);
    accounts.sort_unstable();
    accounts.dedup();
    for account in accounts {
        follow(tx, at, group.id, account)?;
    }
    Ok(())
}

/// What a group is to hold in the account of a permit, checked.
fn checked(read: &mut dyn Reads, within: &Within, scope: &Scope, role: Role) -> Result<Place> {
    fits(role, scope)?;
    group_may_hold(role)?;
    may_give(within, scope)?;
    let place = place(read, within.account()?)?;
    let known = scope
        .places()
        .iter()
        .flatten()
        .all(|id| place.names.contains_key(id));
    if known { Ok(place) } else { Err(Error::NotFound) }
}

fn put(
    tx: &mut Tx<'_>,
    at: Moment,
    group: UserGroupId,
    account: SmartAccountId,
    access: Option<&(Scope, Role)>,
) -> Result<()> {
    store::clear_access(tx, group, account)?;
    if let Some((scope, role)) = access {
        for virtual_account in scope.places() {
            store::put_access(tx, at, group, account, virtual_account, *role)?;
        }
    }
    follow(tx, at, group, account)
}

/// What a group holds, as the record keeps it.
fn facts(access: &[Access], names: &HashMap<VirtualAccountId, String>) -> serde_json::Value {
    match scope_of(access) {
        None => json!(null),
        Some((scope, role)) => facts_of(&scope, role, names),
    }
}

fn facts_of(scope: &Scope, role: Role, names: &HashMap<VirtualAccountId, String>) -> serde_json::Value {
    let places: Vec<&str> = scope
        .places()
        .iter()
        .flatten()
        .filter_map(|id| names.get(id))
        .map(String::as_str)
        .collect();
    json!({ "role": role, "scope": scope.label(), "virtual_accounts": places })
}

/// A group that is to be.
#[derive(Debug, Clone)]
pub struct NewGroup {
    /// Its id.
    pub id: UserGroupId,
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub description: String,
    /// What its people are given.
    pub access: Option<(Scope, Role)>,
}

/// Makes a group.
pub fn create(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    new: &NewGroup,
    once: Option<&OnceKey>,
) -> Result<Recorded<UserGroupId>> {
    if let Once::Again(made) = tx.once(once)? {
        return Ok(tx.unchanged(made.parse().map_err(Error::internal)?));
    }
    let account = permit.within().account()?;
    let after = match &new.access {
        Some((scope, role)) => {
            let place = checked(tx, permit.within(), scope, *role)?;
            facts_of(scope, *role, &place.names)
        }
        // Without a role a group is no reason to see it from within a Virtual Account.
        None => {
            may_touch(permit.within(), &[], false)?;
            json!(null)
        }
    };
    store::insert(tx, at, account, new.id, new.name.as_str(), &new.description)?;
    put(tx, at, new.id, account, new.access.as_ref())?;
    tx.made(at, once, new.id.as_str())?;
    let event = Event::new(
        Kind::GroupCreated,
        new.id,
        format!("The user group {} was created.", new.name),
    )
    .within(account)
    .changed(
        &json!(null),
        &json!({ "name": new.name.as_str(), "description": new.description, "access": after }),
    );
    tx.record(at, permit.who(), &event, new.id)
}

/// Changes name and description.
pub fn edit(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
    version: i64,
    name: &Name,
    description: &str,
) -> Result<Recorded<()>> {
    let row = mine(tx, permit, id)?;
    if row.group.version != version {
        return Err(Error::Stale);
    }
    if row.group.name == name.as_str() && row.group.description == description {
        return Ok(tx.unchanged(()));
    }
    if !store::edit(tx, row.group.account, id, version, name.as_str(), description)? {
        return Err(Error::Stale);
    }
    let event = Event::new(
        Kind::GroupChanged,
        id,
        format!("The user group {name} was changed."),
    )
    .within(row.group.account)
    .changed(
        &json!({ "name": row.group.name, "description": row.group.description }),
        &json!({ "name": name.as_str(), "description": description }),
    );
    tx.record(at, permit.who(), &event, ())
}

/// Changes what a group holds in its own account; none takes it all.
pub fn set_access(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
    access: Option<&(Scope, Role)>,
) -> Result<Recorded<()>> {
    let row = mine(tx, permit, id)?;
    let place = match access {
        Some((scope, role)) => checked(tx, permit.within(), scope, *role)?,
        None => {
            may_touch(permit.within(), &[], false)?;
            place(tx, row.group.account)?
        }
    };
    let before = facts(&row.own, &place.names);
    put(tx, at, id, row.group.account, access)?;
    let after = access.map_or(json!(null), |(scope, role)| facts_of(scope, *role, &place.names));
    if before == after {
        return Ok(tx.unchanged(()));
    }
    let event = Event::new(
        Kind::GroupChanged,
        id,
        format!(
            "Role and Virtual Accounts of the user group {} were changed.",
            row.group.name
        ),
    )
    .within(row.group.account)
    .changed(&before, &after);
    tx.record(at, permit.who(), &event, ())
}

/// Deletes a group: what its people held through it ends everywhere.
pub fn delete(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
) -> Result<Recorded<()>> {
    let row = mine(tx, permit, id)?;
    let place = place(tx, row.group.account)?;
    for request in store::requests_of(tx, id)? {
        if request.state == RequestState::Granted {
            let target = smart_accounts::find(tx, request.target)?;
            note_put_out(
                tx,
                at,
                permit.who(),
                &request,
                &row.group.name,
                &place.name,
                &target,
            )?;
        }
    }
    let everywhere: Vec<Access> = store::access_of(tx, id)?;
    let mut accounts: Vec<SmartAccountId> = everywhere.iter().map(|one| one.account).collect();
    accounts.push(row.group.account);
    accounts.sort_unstable();
    accounts.dedup();
    for account in accounts {
        put(tx, at, id, account, None)?;
    }
    store::delete(tx, id)?;
    let event = Event::new(
        Kind::GroupDeleted,
        id,
        format!("The user group {} was deleted.", row.group.name),
    )
    .within(row.group.account)
    .changed(
        &json!({ "name": row.group.name, "description": row.group.description, "people": row.people, "access": facts(&row.own, &place.names) }),
        &json!(null),
    );
    tx.record(at, permit.who(), &event, ())
}

// --- people

fn joined(group: &Group, person: &Person) -> Event {
    Event::new(
        Kind::GroupJoined,
        person.id,
        format!("{} was added to the user group {}.", person.label(), group.name),
    )
    .within(group.account)
    .with(json!({ "group": group.name }))
}

fn left(group: &Group, person: &Person) -> Event {
    Event::new(
        Kind::GroupLeft,
        person.id,
        format!(
            "{} was removed from the user group {}.",
            person.label(),
            group.name
        ),
    )
    .within(group.account)
    .with(json!({ "group": group.name }))
}

/// The report on a list of people who are to come into a group.
pub fn report(
    read: &mut dyn Reads,
    permit: &Permit<ManageGroups>,
    id: UserGroupId,
    lines: &[imports::Entry],
) -> Result<(Group, Report)> {
    let row = mine(read, permit, id)?;
    let (known, _) = imports::known(read, row.group.account, lines)?;
    let people = store::people(read, id)?;
    let report = imports::judge(lines, &known, &Target::Group(&people));
    Ok((row.group, report))
}

/// Adds the people of a kept list to its group, if it has not been done.
pub fn add_kept(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    import: ImportId,
    new: &Ids,
    leave_out: bool,
) -> Result<Recorded<Option<Done>>> {
    let Import {
        id,
        group,
        content,
        done_at,
        ..
    } = imports::find(tx, permit.within(), permit.person()?, import)?;
    let group = group.ok_or(Error::NotFound)?;
    content.is_ready()?;
    if done_at.is_some() || !imports::close(tx, id, at)? {
        return Ok(tx.unchanged(None));
    }
    add(tx, permit, at, group, &content.lines, new, leave_out).map(|done| done.map(Some))
}

/// Adds people to a group: the whole list or, when something stands in the way, nobody.
pub fn add(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
    lines: &[imports::Entry],
    new: &Ids,
    leave_out: bool,
) -> Result<Recorded<Done>> {
    let (group, report) = report(tx, permit, id, lines)?;
    imports::all_good(&report, leave_out)?;
    let mut done = Done::default();
    for (line, ids) in report.lines.iter().zip(new) {
        match line.verdict {
            Verdict::Invited => done.invited += 1,
            Verdict::Added | Verdict::Changed(_) => done.added += 1,
            Verdict::Has | Verdict::Repeated(_) => done.unchanged += 1,
            Verdict::Wrong(_) => done.left_out += 1,
        }
        let (true, Some(email)) = (line.verdict.acts(), &line.email) else {
            continue;
        };
        let person = imports::person_of(tx, at, permit.who(), line.person.as_ref(), email, *ids)?;
        store::join(tx, at, group.account, id, person.id)?;
        tx.note(at, permit.who(), &joined(&group, &person))?;
    }
    follow_everywhere(tx, at, &group)?;
    let event = Event::new(
        Kind::GroupChanged,
        id,
        format!(
            "{} came into the user group {}, {} of them invited.",
            crate::http::widgets::counted(
                u64::try_from(report.acting()).unwrap_or_default(),
                "person",
                "people"
            ),
            group.name,
            done.invited
        ),
    )
    .within(group.account)
    .with(json!({ "added": done.added, "invited": done.invited, "left_out": done.left_out }));
    tx.record(at, permit.who(), &event, done)
}

/// Takes a person out of a group.
pub fn remove_person(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
    person: PersonId,
) -> Result<Recorded<()>> {
    let row = mine(tx, permit, id)?;
    if !store::leave(tx, id, person)? {
        return Err(Error::NotFound);
    }
    let person = people::find(tx, person)?;
    follow_everywhere(tx, at, &row.group)?;
    tx.record(at, permit.who(), &left(&row.group, &person), ())
}

/// Takes a person out of every group of an account that this reach may change; says which stay. Part of
/// removing them from the account.
pub fn remove_from_all(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    within: &Within,
    person: &Person,
) -> Result<Vec<String>> {
    let mut ended = Vec::new();
    for row in left_by(tx, within, person.id)? {
        store::leave(tx, row.group.id, person.id)?;
        follow_everywhere(tx, at, &row.group)?;
        tx.note(at, who, &left(&row.group, person))?;
        ended.push(row.group.name);
    }
    Ok(ended)
}

/// The groups out of which [`remove_from_all`] takes a person.
pub fn left_by(read: &mut dyn Reads, within: &Within, person: PersonId) -> Result<Vec<Row>> {
    let account = within.account()?;
    let mut rows = Vec::new();
    for id in store::groups_of(read, account, person)? {
        let row = row(read, account, id)?;
        if may_touch(within, &row.own, row.reaches_outside).is_ok() {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Writes to everybody in a group.
pub fn message(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    id: UserGroupId,
    subject: &str,
    text: &str,
    once: Option<&OnceKey>,
) -> Result<Recorded<usize>> {
    if let Once::Again(_) = tx.once(once)? {
        return Ok(tx.unchanged(0));
    }
    let row = mine(tx, permit, id)?;
    let ids = store::people(tx, id)?;
    let people: Vec<Person> = people::find_all(tx, &ids)?
        .into_iter()
        .filter(|person| person.state == PersonState::Active)
        .collect();
    if people.is_empty() {
        return Err(Error::refused(
            "members.group-empty",
            "Nobody in this user group has a user account yet.",
        ));
    }
    let extra =
        json!({ "subject": subject, "text": text, "group": row.group.name, "by": permit.who().label });
    for person in &people {
        mail::post(
            tx,
            at,
            letters::GROUP_MESSAGE,
            row.group.account.as_str(),
            &extra,
            &person.name,
            &person.email,
        )?;
    }
    tx.made(at, once, id.as_str())?;
    let event = Event::new(
        Kind::GroupWritten,
        id,
        format!(
            "A message was sent to {} of the user group {}.",
            crate::http::widgets::counted(
                u64::try_from(people.len()).unwrap_or_default(),
                "member",
                "members"
            ),
            row.group.name
        ),
    )
    .within(row.group.account)
    .with(json!({ "subject": subject }));
    tx.record(at, permit.who(), &event, people.len())
}

// --- other accounts

/// Why a second request is not sent.
pub fn asked_already() -> Error {
    Error::refused(
        "members.group-asked-already",
        "This user group has access to that Smart Account, or its request is pending there.",
    )
}

/// Why a request, as it stands now, is not answered or ended.
fn answered_already<T>(read: &mut dyn Reads, lookup_id: &str) -> Result<T> {
    let request = store::by_lookup(read, lookup_id)?.ok_or(Error::NotFound)?;
    Err(Error::refused("members.group-answered", stands(request.state)))
}

/// How a request stands, for whoever wanted it to stand otherwise.
pub fn stands(state: RequestState) -> &'static str {
    match state {
        RequestState::Waiting => "Nobody has answered this request yet.",
        RequestState::Granted => "This request was granted already.",
        RequestState::Declined => "This request was declined already.",
        RequestState::Withdrawn => "This request was withdrawn already.",
        RequestState::Ended => "The access of this user group has ended already.",
    }
}

fn whole(read: &mut dyn Reads, request: Request) -> Result<Asked> {
    let owner = smart_accounts::find(read, request.owner)?;
    let target = smart_accounts::find(read, request.target)?;
    let group = store::group(read, request.owner, request.group)?.name;
    Ok(Asked {
        people: counted(store::count(read, request.group)?),
        asker: people::find(read, request.asked_by)?,
        access: store::access_of(read, request.group)?
            .into_iter()
            .filter(|one| one.account == request.target)
            .collect(),
        owner,
        target,
        group,
        request,
    })
}

/// A request, for a letter.
pub fn whole_request(read: &mut dyn Reads, id: GroupRequestId) -> Result<Asked> {
    let request = store::request(read, id)?;
    whole(read, request)
}

/// A request for the letter that asks, as long as it waits.
pub fn asked_in_a_letter(read: &mut dyn Reads, id: GroupRequestId) -> Result<Option<Asked>> {
    match store::request(read, id) {
        Ok(request) if request.state == RequestState::Waiting => whole(read, request).map(Some),
        Ok(_) | Err(Error::NotFound) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Asks for access of a group to another account, which is named by its whole domain identifier.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The request's id.
    pub id: GroupRequestId,
    /// How people will call it.
    pub lookup_id: String,
    /// Of which account.
    pub domain: DomainIdentifier,
    /// A note.
    pub note: String,
}

/// Sends it: to the other account's administrators (M9).
pub fn ask(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    group: UserGroupId,
    asking: &Asking,
) -> Result<Recorded<Request>> {
    let row = mine(tx, permit, group)?;
    // Whom a group takes along into another account is a matter of the whole account.
    may_touch(permit.within(), &[], false)?;
    let target = smart_accounts::by_domain(tx, asking.domain.as_str())?
        .filter(|account| account.state == smart_accounts::State::Active)
        .ok_or_else(|| {
            Error::invalid(
                "domain",
                "No active Smart Account has this Account Domain Identifier. Enter the whole identifier.",
            )
        })?;
    if target.id == row.group.account {
        return Err(Error::invalid(
            "domain",
            "This is the user group's own Smart Account. Change its role and Virtual Accounts instead.",
        ));
    }
    let taken = store::requests_of(tx, group)?
        .iter()
        .any(|request| request.state.is_live() && request.target == target.id);
    if taken {
        return Err(asked_already());
    }
    let request = Request {
        id: asking.id,
        lookup_id: asking.lookup_id.clone(),
        group,
        owner: row.group.account,
        target: target.id,
        state: RequestState::Waiting,
        note: asking.note.clone(),
        asked_by: permit.person()?,
        asked_at: at,
        answered_by: None,
        answered_at: None,
        ended_at: None,
    };
    store::insert_request(tx, &request)?;
    let administrators = grants::administrators(tx, &[target.id])?;
    for person in administrators.iter().flat_map(|(_, people)| people) {
        mail::post(
            tx,
            at,
            letters::GROUP_ASKED,
            request.id.as_str(),
            &json!({}),
            &person.name,
            &person.email,
        )?;
    }
    let event = Event::new(
        Kind::GroupAsked,
        &request.lookup_id,
        format!(
            "Access to the Smart Account {} was requested for the user group {} ({}).",
            target.name, row.group.name, request.lookup_id
        ),
    )
    .within(row.group.account)
    .with(json!({ "target": target.name, "domain": target.domain, "note": request.note }));
    tx.record(at, permit.who(), &event, request)
}

/// The request of this lookup id that was sent to the account of a permit. Anything else is not there.
pub fn look_up(read: &mut dyn Reads, permit: &Permit<ManageGroups>, lookup_id: &str) -> Result<Asked> {
    let request = store::by_lookup(read, lookup_id)?.ok_or(Error::NotFound)?;
    if request.target != permit.within().account()? {
        return Err(Error::NotFound);
    }
    whole(read, request)
}

/// The groups of other accounts that were let into the account of a permit.
pub fn external(read: &mut dyn Reads, permit: &Permit<ViewUsers>) -> Result<Vec<Asked>> {
    let account = permit.within().account()?;
    let mut found = Vec::new();
    for request in store::granted_in(read, account)? {
        let asked = whole(read, request)?;
        if sees(permit.within(), &asked.access) {
            found.push(asked);
        }
    }
    Ok(found)
}

fn tell_asker(tx: &mut Tx<'_>, at: Moment, asked: &Asked, what: &str, who: &Who) -> Result<()> {
    mail::post(
        tx,
        at,
        letters::GROUP_ANSWERED,
        asked.request.id.as_str(),
        &json!({ "what": what, "by": who.label }),
        &asked.asker.name,
        &asked.asker.email,
    )
    .map(drop)
}

/// Lets a group of another account in, with a role. Whoever reaches some Virtual Accounts alone lets it into
/// those.
pub fn let_in(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    lookup_id: &str,
    scope: &Scope,
    role: Role,
) -> Result<Recorded<Asked>> {
    let asked = look_up(tx, permit, lookup_id)?;
    if !matches!(asked.request.state, RequestState::Waiting) {
        return answered_already(tx, lookup_id);
    }
    let place = checked(tx, permit.within(), scope, role)?;
    let (from, to) = (RequestState::Waiting, RequestState::Granted);
    if !store::answer(tx, asked.request.id, from, to, permit.who().person, at)? {
        return answered_already(tx, lookup_id);
    }
    put(
        tx,
        at,
        asked.request.group,
        asked.target.id,
        Some(&(scope.clone(), role)),
    )?;
    tell_asker(tx, at, &asked, "granted", permit.who())?;
    let after = facts_of(scope, role, &place.names);
    let says = format!(
        "The user group {} of {} was given the role {role} ({lookup_id}).",
        asked.group, asked.owner.name
    );
    note_for_owner(tx, at, permit.who(), Kind::GroupLetIn, &asked, "was granted")?;
    let event = Event::new(Kind::GroupLetIn, lookup_id, says)
        .within(asked.target.id)
        .changed(&json!(null), &after);
    tx.record(at, permit.who(), &event, asked)
}

/// Both accounts keep a record of what happened between them.
fn note_for_owner(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    kind: Kind,
    asked: &Asked,
    what: &str,
) -> Result<()> {
    let event = Event::new(
        kind,
        &asked.request.lookup_id,
        format!(
            "Access of the user group {} to the Smart Account {} {what} ({}).",
            asked.group, asked.target.name, asked.request.lookup_id
        ),
    )
    .within(asked.request.owner);
    tx.note(at, who, &event)
}

/// Declines a request.
pub fn decline(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    lookup_id: &str,
) -> Result<Recorded<Asked>> {
    let asked = look_up(tx, permit, lookup_id)?;
    // It asks the whole account; who reaches some Virtual Accounts alone lets it into those, or leaves it.
    may_touch(permit.within(), &[], false)?;
    let (from, to) = (RequestState::Waiting, RequestState::Declined);
    if !store::answer(tx, asked.request.id, from, to, permit.who().person, at)? {
        return answered_already(tx, lookup_id);
    }
    tell_asker(tx, at, &asked, "declined", permit.who())?;
    note_for_owner(tx, at, permit.who(), Kind::GroupNotLetIn, &asked, "was declined")?;
    let event = Event::new(
        Kind::GroupNotLetIn,
        lookup_id,
        format!(
            "Access of the user group {} of {} was declined ({lookup_id}).",
            asked.group, asked.owner.name
        ),
    )
    .within(asked.target.id);
    tx.record(at, permit.who(), &event, asked)
}

fn note_put_out(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    request: &Request,
    group: &str,
    owner: &str,
    target: &SmartAccount,
) -> Result<()> {
    let event = Event::new(
        Kind::GroupPutOut,
        &request.lookup_id,
        format!(
            "Access of the user group {group} of {owner} to {} ended ({}).",
            target.name, request.lookup_id
        ),
    )
    .within(target.id);
    tx.note(at, who, &event)
}

/// Ends the access of a group to another account, or takes its request back: by the group's owner.
pub fn end_as_owner(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    group: UserGroupId,
    lookup_id: &str,
) -> Result<Recorded<()>> {
    let row = mine(tx, permit, group)?;
    let request = store::by_lookup(tx, lookup_id)?
        .filter(|request| request.group == row.group.id)
        .ok_or(Error::NotFound)?;
    let asked = whole(tx, request)?;
    end(tx, permit.who(), at, &asked, RequestState::Withdrawn)
}

/// Ends the access of a group of another account: by the account that let it in.
pub fn end_as_target(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageGroups>,
    at: Moment,
    lookup_id: &str,
) -> Result<Recorded<()>> {
    let asked = look_up(tx, permit, lookup_id)?;
    may_touch(permit.within(), &asked.access, false)?;
    if asked.request.state != RequestState::Granted {
        return answered_already(tx, lookup_id);
    }
    end(tx, permit.who(), at, &asked, RequestState::Ended)
}

fn end(
    tx: &mut Tx<'_>,
    who: &Who,
    at: Moment,
    asked: &Asked,
    waiting_becomes: RequestState,
) -> Result<Recorded<()>> {
    let (to, kind, what) = match asked.request.state {
        RequestState::Waiting => (waiting_becomes, Kind::GroupNotLetIn, "was withdrawn"),
        RequestState::Granted => (RequestState::Ended, Kind::GroupPutOut, "ended"),
        _ => return answered_already(tx, &asked.request.lookup_id),
    };
    if !store::answer(tx, asked.request.id, asked.request.state, to, who.person, at)? {
        return answered_already(tx, &asked.request.lookup_id);
    }
    put(tx, at, asked.request.group, asked.target.id, None)?;
    if to == RequestState::Ended {
        note_put_out(
            tx,
            at,
            who,
            &asked.request,
            &asked.group,
            &asked.owner.name,
            &asked.target,
        )?;
        tell_asker(tx, at, asked, "ended", who)?;
    }
    let event = Event::new(
        kind,
        &asked.request.lookup_id,
        format!(
            "Access of the user group {} to the Smart Account {} {what} ({}).",
            asked.group, asked.target.name, asked.request.lookup_id
        ),
    )
    .within(asked.request.owner);
    tx.record(at, who, &event, ())
}

/// What user groups hold on a Virtual Account stands in the way of nobody: it goes along when that is deleted.
pub struct Groups;

impl Occupant for Groups {
    fn holds(
        &self,
        _: &mut dyn Reads,
        _: SmartAccountId,
        _: &[VirtualAccountId],
    ) -> Result<Vec<(VirtualAccountId, Holding)>> {
        Ok(Vec::new())
    }

    fn leave(
        &self,
        tx: &mut Tx<'_>,
        at: Moment,
        account: SmartAccountId,
        id: VirtualAccountId,
    ) -> Result<Vec<Event>> {
        let held = store::groups_on(tx, account, id)?;
        store::clear_access_on(tx, account, id)?;
        let ids: Vec<String> = held.iter().map(|(group, _)| group.to_string()).collect();
        let names = names(tx, &ids)?;
        let mut events = Vec::new();
        for (group, role) in held {
            follow(tx, at, group, account)?;
            let name = names.get(group.as_str()).map_or("", |(_, _, name)| name.as_str());
            events.push(
                Event::new(
                    Kind::GroupChanged,
                    group,
                    format!("The user group {name} lost its role in a Virtual Account that was deleted."),
                )
                .within(account)
                .changed(&json!({ "role": role, "virtual_account": id }), &json!(null)),
            );
        }
        Ok(events)
    }
}
