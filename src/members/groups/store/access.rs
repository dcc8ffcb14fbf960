//! What user groups hold, in their own accounts and in others.

use super::super::model::Access;
use crate::authz::Role;
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{GrantId, SmartAccountId, UserGroupId, VirtualAccountId};
use crate::platform::db::schema::user_group_access;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

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
