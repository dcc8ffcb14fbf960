//! Names and tags alone, for choices and filters.

use crate::authz::Within;
use crate::error::Result;
use crate::kernel::ids::{SmartAccountId, VirtualAccountId};
use crate::kernel::search_key;
use crate::platform::db::Reads;
use crate::platform::db::schema::{virtual_account_tags as tags, virtual_accounts};
use crate::virtual_accounts::model::AccessLevel;
use diesel::prelude::*;

/// Every tag in use within reach, each once however it is written, in order.
pub fn tags_in_use(read: &mut dyn Reads, within: &Within) -> Result<Vec<String>> {
    let mut query = tags::table
        .filter(tags::smart_account_id.eq(within.account()?))
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(tags::virtual_account_id.eq_any(only.to_vec()));
    }
    let mut rows: Vec<(String, String)> = query
        .select((tags::tag_key, tags::tag))
        .distinct()
        .order((tags::tag_key.asc(), tags::tag.asc()))
        .load(read.conn())?;
    rows.dedup_by(|a, b| a.0 == b.0);
    Ok(rows.into_iter().map(|(_, tag)| tag).collect())
}

/// The Virtual Accounts of an account that have one of these tags.
pub fn tagged(
    read: &mut dyn Reads,
    account: SmartAccountId,
    keys: &[String],
) -> Result<Vec<VirtualAccountId>> {
    Ok(tags::table
        .filter(
            tags::smart_account_id
                .eq(account)
                .and(tags::tag_key.eq_any(keys.to_vec())),
        )
        .select(tags::virtual_account_id)
        .distinct()
        .load(read.conn())?)
}

/// Those within reach: the default one, then the others by name, at most `limit` of them.
pub fn first(read: &mut dyn Reads, within: &Within, limit: usize) -> Result<Vec<(VirtualAccountId, String)>> {
    Ok(reached!(within)
        .order((
            virtual_accounts::is_default.desc(),
            virtual_accounts::name_key.asc(),
        ))
        .select((virtual_accounts::id, virtual_accounts::name))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(read.conn())?)
}

/// Those within reach that have one of these ids or names.
pub fn called(
    read: &mut dyn Reads,
    within: &Within,
    words: &[String],
) -> Result<Vec<(VirtualAccountId, String)>> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<VirtualAccountId> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let names: Vec<String> = words.iter().map(|word| search_key(word)).collect();
    Ok(reached!(within)
        .filter(
            virtual_accounts::id
                .eq_any(ids)
                .or(virtual_accounts::name_key.eq_any(names)),
        )
        .select((virtual_accounts::id, virtual_accounts::name))
        .load(read.conn())?)
}

/// The first of an account, the default one and then by name.
pub fn first_of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    limit: usize,
) -> Result<Vec<(VirtualAccountId, String)>> {
    Ok(virtual_accounts::table
        .filter(virtual_accounts::smart_account_id.eq(account))
        .order((
            virtual_accounts::is_default.desc(),
            virtual_accounts::name_key.asc(),
        ))
        .select((virtual_accounts::id, virtual_accounts::name))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(read.conn())?)
}

pub fn names(
    read: &mut dyn Reads,
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
