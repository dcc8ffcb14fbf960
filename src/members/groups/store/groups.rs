//! User groups themselves.

use super::super::model::Group;
use crate::error::{Error, Result};
use crate::kernel::ids::{SmartAccountId, UserGroupId};
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
