//! Grants follow the group: who is in it holds what it holds, here and in other accounts.

use crate::authz::{Role, Within, grants};
use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, SmartAccountId, UserGroupId, VirtualAccountId};
use crate::members::groups::model::{Access, Group, group_may_hold, scope_of};
use crate::members::groups::store;
use crate::members::model::{Scope, fits, may_give};
use crate::members::service::{Place, place};
use crate::platform::db::{Reads, Tx};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// Brings the grants in one account after what a group holds there and who is in it.
pub(super) fn follow(tx: &mut Tx<'_>, at: Moment, group: UserGroupId, account: SmartAccountId) -> Result<()> {
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
pub(super) fn follow_everywhere(tx: &mut Tx<'_>, at: Moment, group: &Group) -> Result<()> {
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
pub(super) fn checked(read: &mut dyn Reads, within: &Within, scope: &Scope, role: Role) -> Result<Place> {
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

pub(super) fn put(
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
pub(super) fn facts(access: &[Access], names: &HashMap<VirtualAccountId, String>) -> serde_json::Value {
    match scope_of(access) {
        None => json!(null),
        Some((scope, role)) => facts_of(&scope, role, names),
    }
}

pub(super) fn facts_of(
    scope: &Scope,
    role: Role,
    names: &HashMap<VirtualAccountId, String>,
) -> serde_json::Value {
    let places: Vec<&str> = scope
        .places()
        .iter()
        .flatten()
        .filter_map(|id| names.get(id))
        .map(String::as_str)
        .collect();
    json!({ "role": role, "scope": scope.label(), "virtual_accounts": places })
}
