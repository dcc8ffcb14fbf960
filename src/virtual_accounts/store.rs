//! The table of Virtual Accounts.

use super::model::{AccessLevel, VirtualAccount};
use super::service::NewVirtualAccount;
use crate::authz::Within;
use crate::error::{Error, Result};
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::{Moment, search_key};
use crate::platform::db::schema::virtual_accounts;
use crate::platform::db::{OnTaken, Reads, Tx};
use diesel::prelude::*;

macro_rules! columns {
    () => {
        (
            virtual_accounts::id,
            virtual_accounts::smart_account_id,
            virtual_accounts::name,
            virtual_accounts::description,
            virtual_accounts::access_level,
            virtual_accounts::is_default,
            virtual_accounts::parent_id,
            virtual_accounts::preferred_end_date,
            virtual_accounts::tags,
            virtual_accounts::created_at,
            virtual_accounts::version,
        )
    };
}

pub fn insert(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    id: VirtualAccountId,
    new: &NewVirtualAccount,
    is_default: bool,
) -> Result<()> {
    diesel::insert_into(virtual_accounts::table)
        .values((
            virtual_accounts::id.eq(id),
            virtual_accounts::smart_account_id.eq(account),
            virtual_accounts::name.eq(&new.name),
            virtual_accounts::name_key.eq(search_key(&new.name)),
            virtual_accounts::description.eq(&new.description),
            virtual_accounts::access_level.eq(new.access_level),
            virtual_accounts::is_default.eq(is_default),
            virtual_accounts::parent_id.eq(new.parent),
            virtual_accounts::preferred_end_date.eq(new.preferred_end_date),
            virtual_accounts::tags.eq(new.tags.join("\n")),
            virtual_accounts::created_at.eq(at),
            virtual_accounts::version.eq(1),
        ))
        .execute(tx.conn())
        .on_taken(|| {
            Error::invalid(
                "name",
                format!(
                    "A Virtual Account with the name {} is there already. Choose another name.",
                    new.name
                ),
            )
        })?;
    Ok(())
}

/// Those within reach, the default one first, then by name.
pub fn list(read: &mut impl Reads, within: &Within) -> Result<Vec<VirtualAccount>> {
    let mut query = virtual_accounts::table
        .filter(virtual_accounts::smart_account_id.eq(within.account()?))
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(virtual_accounts::id.eq_any(only.to_vec()));
    }
    Ok(query
        .order((
            virtual_accounts::is_default.desc(),
            virtual_accounts::name_key.asc(),
        ))
        .select(columns!())
        .load(read.conn())?)
}

pub fn find(read: &mut impl Reads, within: &Within, id: VirtualAccountId) -> Result<VirtualAccount> {
    if !within.covers(id) {
        return Err(Error::NotFound);
    }
    Ok(virtual_accounts::table
        .filter(
            virtual_accounts::smart_account_id
                .eq(within.account()?)
                .and(virtual_accounts::id.eq(id)),
        )
        .select(columns!())
        .first(read.conn())?)
}

pub fn default_of(read: &mut impl Reads, account: SmartAccountId) -> Result<VirtualAccount> {
    Ok(virtual_accounts::table
        .filter(
            virtual_accounts::smart_account_id
                .eq(account)
                .and(virtual_accounts::is_default.eq(true)),
        )
        .select(columns!())
        .first(read.conn())?)
}

pub fn names(
    read: &mut impl Reads,
    accounts: &[SmartAccountId],
) -> Result<Vec<(SmartAccountId, VirtualAccountId, String, AccessLevel)>> {
    let mut found = Vec::new();
    for some in accounts.chunks(500) {
        let rows: Vec<(SmartAccountId, VirtualAccountId, String, AccessLevel)> = virtual_accounts::table
            .filter(virtual_accounts::smart_account_id.eq_any(some.to_vec()))
            .order((
                virtual_accounts::is_default.desc(),
                virtual_accounts::name_key.asc(),
            ))
            .select((
                virtual_accounts::smart_account_id,
                virtual_accounts::id,
                virtual_accounts::name,
                virtual_accounts::access_level,
            ))
            .load(read.conn())?;
        found.extend(rows);
    }
    Ok(found)
}
