//! The table of license tags.

use crate::authz::Within;
use crate::error::Result;
use crate::kernel::ids::{LicenseStockId, SmartAccountId};
use crate::kernel::search_key;
use crate::platform::db::schema::{license_stocks as stocks, license_tags as tags};
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;
use std::collections::HashMap;

/// The tags of some licenses, in order. One without tags is left out.
pub fn of(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: &[LicenseStockId],
) -> Result<HashMap<LicenseStockId, Vec<String>>> {
    let mut found: HashMap<LicenseStockId, Vec<String>> = HashMap::new();
    for some in ids.chunks(500) {
        let rows: Vec<(LicenseStockId, String)> = tags::table
            .filter(
                tags::smart_account_id
                    .eq(account)
                    .and(tags::stock_id.eq_any(some.to_vec())),
            )
            .order((tags::stock_id.asc(), tags::tag_key.asc()))
            .select((tags::stock_id, tags::tag))
            .load(read.conn())?;
        for (id, tag) in rows {
            found.entry(id).or_default().push(tag);
        }
    }
    Ok(found)
}

/// Every license tag in use within reach, each once however it is written, in order: what a list offers as a filter.
pub fn in_use(read: &mut dyn Reads, within: &Within) -> Result<Vec<String>> {
    let mut query = tags::table
        .inner_join(stocks::table.on(stocks::id.eq(tags::stock_id)))
        .filter(tags::smart_account_id.eq(within.account()?))
        .into_boxed();
    if let Some(only) = within.only() {
        query = query.filter(stocks::virtual_account_id.eq_any(only.to_vec()));
    }
    let mut rows: Vec<(String, String)> = query
        .select((tags::tag_key, tags::tag))
        .distinct()
        .order((tags::tag_key.asc(), tags::tag.asc()))
        .load(read.conn())?;
    rows.dedup_by(|next, before| next.0 == before.0);
    Ok(rows.into_iter().map(|(_, tag)| tag).collect())
}

/// Forgets the tags of licenses that are gone.
pub fn forget(tx: &mut Tx<'_>, ids: &[LicenseStockId]) -> Result<()> {
    diesel::delete(tags::table.filter(tags::stock_id.eq_any(ids.to_vec()))).execute(tx.conn())?;
    Ok(())
}

/// Takes tags away from a license and gives it others, which it has not.
pub fn change(
    tx: &mut Tx<'_>,
    account: SmartAccountId,
    id: LicenseStockId,
    gone: &[String],
    new: &[String],
) -> Result<()> {
    diesel::delete(tags::table.filter(tags::stock_id.eq(id).and(tags::tag_key.eq_any(gone.to_vec()))))
        .execute(tx.conn())?;
    for tag in new {
        diesel::insert_into(tags::table)
            .values((
                tags::smart_account_id.eq(account),
                tags::stock_id.eq(id),
                tags::tag.eq(tag),
                tags::tag_key.eq(search_key(tag)),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}
