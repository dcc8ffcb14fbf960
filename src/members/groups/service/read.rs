//! Groups as they are shown.

use crate::authn::people::{self, Person};
use crate::authz::action::{ManageGroups, ViewUsers};
use crate::authz::{Permit, Within};
use crate::error::{Error, Result};
use crate::kernel::ids::{GroupRequestId, SmartAccountId, UserGroupId};
use crate::members::groups::model::{Access, Asked, Group, Request, RequestState, may_touch};
use crate::members::groups::store;
use crate::platform::db::Reads;
use crate::smart_accounts;
use std::collections::HashMap;

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

pub(super) fn sees(within: &Within, own: &[Access]) -> bool {
    within.only().is_none_or(|only| {
        own.iter()
            .any(|one| one.virtual_account.is_some_and(|id| only.contains(&id)))
    })
}

pub(super) fn row(read: &mut dyn Reads, account: SmartAccountId, id: UserGroupId) -> Result<Row> {
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
pub(super) fn mine(read: &mut dyn Reads, permit: &Permit<ManageGroups>, id: UserGroupId) -> Result<Row> {
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

/// A request with all that is shown of it.
pub(super) fn whole(read: &mut dyn Reads, request: Request) -> Result<Asked> {
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
