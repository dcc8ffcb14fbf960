//! Who is in user groups.

use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, SmartAccountId, UserGroupId};
use crate::platform::db::schema::user_group_people;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

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
