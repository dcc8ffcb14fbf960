//! The tables of user groups.

use super::model::{Access, Group, REQUEST_LIFECYCLE, Request, RequestState};
use crate::authz::Role;
use crate::error::{Error, Result};
use crate::kernel::ids::{GrantId, GroupRequestId, PersonId, SmartAccountId, UserGroupId, VirtualAccountId};
use crate::kernel::looks::Look;
use crate::kernel::{Moment, search_key};
use crate::platform::db::schema::{user_group_access, user_group_people, user_group_requests, user_groups};
use crate::platform::db::{OnTaken, Reads, Tx};
use diesel::prelude::*;

macro_rules! group_columns {
    () => {
        (
            user_groups::id,
            user_groups::smart_account_id,
            user_groups::name,
            user_groups::description,
            user_groups::created_at,
            user_groups::version,
        )
    };
}

pub fn groups(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Group>> {
    Ok(user_groups::table
        .filter(user_groups::smart_account_id.eq(account))
        .order((user_groups::name_key.asc(), user_groups::id.asc()))
        .select(group_columns!())
        .load(read.conn())?)
}

pub fn group(read: &mut dyn Reads, account: SmartAccountId, id: UserGroupId) -> Result<Group> {
    Ok(user_groups::table
        .filter(
            user_groups::smart_account_id
                .eq(account)
                .and(user_groups::id.eq(id)),
        )
        .select(group_columns!())
        .first(read.conn())?)
}

/// Groups by their ids, of whatever account: for naming the source of a role.
pub fn names(read: &mut dyn Reads, ids: &[String]) -> Result<Vec<(UserGroupId, SmartAccountId, String)>> {
    let mut found = Vec::new();
    for some in ids.chunks(500) {
        let rows: Vec<(UserGroupId, SmartAccountId, String)> = user_groups::table
            .filter(user_groups::id.eq_any(some.to_vec()))
            .select((user_groups::id, user_groups::smart_account_id, user_groups::name))
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}

fn name_taken(name: &str) -> Error {
    Error::invalid(
        "name",
        format!(
            "A user group with the name {name}, or with one that looks the same, is there already. Choose another name."
        ),
    )
}

/// Two names that nobody can tell apart are one name.
fn must_look_different(
    read: &mut dyn Reads,
    account: SmartAccountId,
    name: &str,
    except: Option<UserGroupId>,
) -> Result<()> {
    let all = groups(read, account)?;
    let others = all.iter().filter(|one| Some(one.id) != except);
    match Look::of(name).among(others.map(|one| one.name.as_str())) {
        Some(_) => Err(name_taken(name)),
        None => Ok(()),
    }
}

pub fn insert(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    id: UserGroupId,
    name: &str,
    description: &str,
) -> Result<()> {
    must_look_different(tx, account, name, None)?;
    diesel::insert_into(user_groups::table)
        .values((
            user_groups::id.eq(id),
            user_groups::smart_account_id.eq(account),
            user_groups::name.eq(name),
            user_groups::name_key.eq(search_key(name)),
            user_groups::description.eq(description),
            user_groups::created_at.eq(at),
            user_groups::version.eq(1),
        ))
        .execute(tx.conn())
        .on_taken(|| name_taken(name))?;
    Ok(())
}

pub fn edit(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    id: UserGroupId,
    version: i64,
    name: &str,
    description: &str,
) -> Result<bool> {
    must_look_different(tx, account, name, Some(id))?;
    let same = user_groups::table.filter(
        user_groups::smart_account_id
            .eq(account)
            .and(user_groups::id.eq(id))
            .and(user_groups::version.eq(version)),
    );
    Ok(diesel::update(same)
        .set((
            user_groups::name.eq(name),
            user_groups::name_key.eq(search_key(name)),
            user_groups::description.eq(description),
            user_groups::version.eq(version + 1),
        ))
        .execute(tx.conn())
        .on_taken(|| name_taken(name))?
        == 1)
}

pub fn delete(tx: &mut Tx<'_>, id: UserGroupId) -> Result<()> {
    diesel::delete(user_group_requests::table.filter(user_group_requests::group_id.eq(id)))
        .execute(tx.conn())?;
    diesel::delete(user_group_access::table.filter(user_group_access::group_id.eq(id))).execute(tx.conn())?;
    diesel::delete(user_group_people::table.filter(user_group_people::group_id.eq(id))).execute(tx.conn())?;
    diesel::delete(user_groups::table.find(id)).execute(tx.conn())?;
    Ok(())
}

// --- people

pub fn people(read: &mut dyn Reads, group: UserGroupId) -> Result<Vec<PersonId>> {
    Ok(user_group_people::table
        .filter(user_group_people::group_id.eq(group))
        .order(user_group_people::person_id.asc())
        .select(user_group_people::person_id)
        .load(read.conn())?)
}

/// How many people each group of an account has.
pub fn counts(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<(UserGroupId, i64)>> {
    Ok(user_group_people::table
        .filter(user_group_people::smart_account_id.eq(account))
        .group_by(user_group_people::group_id)
        .select((user_group_people::group_id, diesel::dsl::count_star()))
        .load(read.conn())?)
}

pub fn count(read: &mut dyn Reads, group: UserGroupId) -> Result<i64> {
    Ok(user_group_people::table
        .filter(user_group_people::group_id.eq(group))
        .count()
        .get_result(read.conn())?)
}

/// The groups of an account in which a person is.
pub fn groups_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    person: PersonId,
) -> Result<Vec<UserGroupId>> {
    Ok(user_group_people::table
        .filter(
            user_group_people::person_id
                .eq(person)
                .and(user_group_people::smart_account_id.eq(account)),
        )
        .select(user_group_people::group_id)
        .load(read.conn())?)
}

pub fn join(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    group: UserGroupId,
    person: PersonId,
) -> Result<()> {
    diesel::insert_into(user_group_people::table)
        .values((
            user_group_people::group_id.eq(group),
            user_group_people::person_id.eq(person),
            user_group_people::smart_account_id.eq(account),
            user_group_people::since.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub fn leave(tx: &mut Tx<'_>, group: UserGroupId, person: PersonId) -> Result<bool> {
    Ok(diesel::delete(user_group_people::table.find((group, person))).execute(tx.conn())? == 1)
}

// --- access

macro_rules! access_columns {
    () => {
        (
            user_group_access::group_id,
            user_group_access::smart_account_id,
            user_group_access::virtual_account_id,
            user_group_access::role,
        )
    };
}

/// What groups hold in an account, its own and those of others.
pub fn access_in(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Access>> {
    Ok(user_group_access::table
        .filter(user_group_access::smart_account_id.eq(account))
        .select(access_columns!())
        .load(read.conn())?)
}

/// What a group holds, wherever.
pub fn access_of(read: &mut dyn Reads, group: UserGroupId) -> Result<Vec<Access>> {
    Ok(user_group_access::table
        .filter(user_group_access::group_id.eq(group))
        .select(access_columns!())
        .load(read.conn())?)
}

pub fn put_access(
    tx: &mut Tx<'_>,
    at: Moment,
    group: UserGroupId,
    account: SmartAccountId,
    virtual_account: Option<VirtualAccountId>,
    role: Role,
) -> Result<()> {
    diesel::insert_into(user_group_access::table)
        .values((
            user_group_access::id.eq(GrantId::new()),
            user_group_access::group_id.eq(group),
            user_group_access::smart_account_id.eq(account),
            user_group_access::virtual_account_id.eq(virtual_account),
            user_group_access::scope.eq(virtual_account.map_or_else(String::new, |id| id.to_string())),
            user_group_access::role.eq(role),
            user_group_access::created_at.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The groups that hold something on a Virtual Account.
pub fn groups_on(
    read: &mut dyn Reads,
    account: SmartAccountId,
    id: VirtualAccountId,
) -> Result<Vec<(UserGroupId, Role)>> {
    Ok(user_group_access::table
        .filter(
            user_group_access::smart_account_id
                .eq(account)
                .and(user_group_access::virtual_account_id.eq(id)),
        )
        .order(user_group_access::id.asc())
        .select((user_group_access::group_id, user_group_access::role))
        .load(read.conn())?)
}

/// Nothing is held on a Virtual Account by groups any more.
pub fn clear_access_on(tx: &mut Tx<'_>, account: SmartAccountId, id: VirtualAccountId) -> Result<()> {
    diesel::delete(
        user_group_access::table.filter(
            user_group_access::smart_account_id
                .eq(account)
                .and(user_group_access::virtual_account_id.eq(id)),
        ),
    )
    .execute(tx.conn())?;
    Ok(())
}

pub fn clear_access(tx: &mut Tx<'_>, group: UserGroupId, account: SmartAccountId) -> Result<()> {
    diesel::delete(
        user_group_access::table.filter(
            user_group_access::group_id
                .eq(group)
                .and(user_group_access::smart_account_id.eq(account)),
        ),
    )
    .execute(tx.conn())?;
    Ok(())
}

// --- requests

macro_rules! request_columns {
    () => {
        (
            user_group_requests::id,
            user_group_requests::lookup_id,
            user_group_requests::group_id,
            user_group_requests::smart_account_id,
            user_group_requests::target_account_id,
            user_group_requests::state,
            user_group_requests::note,
            user_group_requests::asked_by,
            user_group_requests::asked_at,
            user_group_requests::answered_by,
            user_group_requests::answered_at,
            user_group_requests::ended_at,
        )
    };
}

pub fn insert_request(tx: &mut Tx<'_>, request: &Request) -> Result<()> {
    diesel::insert_into(user_group_requests::table)
        .values((
            user_group_requests::id.eq(request.id),
            user_group_requests::lookup_id.eq(&request.lookup_id),
            user_group_requests::group_id.eq(request.group),
            user_group_requests::smart_account_id.eq(request.owner),
            user_group_requests::target_account_id.eq(request.target),
            user_group_requests::state.eq(request.state),
            user_group_requests::note.eq(&request.note),
            user_group_requests::asked_by.eq(request.asked_by),
            user_group_requests::asked_at.eq(request.asked_at),
        ))
        .execute(tx.conn())
        .on_taken(super::service::asked_already)?;
    Ok(())
}

pub fn request(read: &mut dyn Reads, id: GroupRequestId) -> Result<Request> {
    Ok(user_group_requests::table
        .find(id)
        .select(request_columns!())
        .first(read.conn())?)
}

/// The request with this lookup id, as its owner or as the account that was asked.
pub fn by_lookup(read: &mut dyn Reads, lookup_id: &str) -> Result<Option<Request>> {
    Ok(user_group_requests::table
        .filter(user_group_requests::lookup_id.eq(lookup_id))
        .select(request_columns!())
        .first(read.conn())
        .optional()?)
}

pub fn requests_of(read: &mut dyn Reads, group: UserGroupId) -> Result<Vec<Request>> {
    Ok(user_group_requests::table
        .filter(user_group_requests::group_id.eq(group))
        .order(user_group_requests::asked_at.desc())
        .select(request_columns!())
        .load(read.conn())?)
}

/// What was asked of an account and granted.
pub fn granted_in(read: &mut dyn Reads, target: SmartAccountId) -> Result<Vec<Request>> {
    Ok(user_group_requests::table
        .filter(
            user_group_requests::target_account_id
                .eq(target)
                .and(user_group_requests::state.eq(RequestState::Granted)),
        )
        .order(user_group_requests::answered_at.desc())
        .select(request_columns!())
        .load(read.conn())?)
}

/// Answers a request; false when it was answered already.
pub fn answer(
    tx: &mut Tx<'_>,
    id: GroupRequestId,
    from: RequestState,
    to: RequestState,
    by: Option<PersonId>,
    at: Moment,
) -> Result<bool> {
    REQUEST_LIFECYCLE.must(from, to)?;
    let open = user_group_requests::table.filter(
        user_group_requests::id
            .eq(id)
            .and(user_group_requests::state.eq(from)),
    );
    let changed = if to == RequestState::Ended {
        diesel::update(open)
            .set((
                user_group_requests::state.eq(to),
                user_group_requests::ended_at.eq(Some(at)),
            ))
            .execute(tx.conn())?
    } else {
        diesel::update(open)
            .set((
                user_group_requests::state.eq(to),
                user_group_requests::answered_by.eq(by),
                user_group_requests::answered_at.eq(Some(at)),
            ))
            .execute(tx.conn())?
    };
    Ok(changed == 1)
}
