//! The table of throw-away tenants.

use super::model::Tenant;
use crate::error::Result;
use crate::kernel::Moment;
use crate::platform::db::schema::throwaway_tenants as tenants;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

macro_rules! columns {
    () => {
        (
            tenants::smart_account_id,
            tenants::batch,
            tenants::people,
            tenants::expires_at,
        )
    };
}

pub fn insert(tx: &mut Tx<'_>, at: Moment, tenant: &Tenant) -> Result<()> {
    diesel::insert_into(tenants::table)
        .values((
            tenants::smart_account_id.eq(tenant.account),
            tenants::batch.eq(&tenant.batch),
            tenants::people.eq(&tenant.people),
            tenants::expires_at.eq(tenant.expires_at),
            tenants::created_at.eq(at),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// All of them, or those of a name.
pub fn all(read: &mut dyn Reads, batch: Option<&str>) -> Result<Vec<Tenant>> {
    let mut query = tenants::table.select(columns!()).into_boxed();
    if let Some(batch) = batch {
        query = query.filter(tenants::batch.eq(batch.to_owned()));
    }
    Ok(query
        .order((tenants::created_at.desc(), tenants::smart_account_id.asc()))
        .load(read.conn())?)
}

/// Those whose time is over.
pub fn over(read: &mut dyn Reads, wall: Moment, most: i64) -> Result<Vec<Tenant>> {
    Ok(tenants::table
        .filter(tenants::expires_at.le(wall))
        .order(tenants::expires_at.asc())
        .select(columns!())
        .limit(most)
        .load(read.conn())?)
}

pub fn count(read: &mut dyn Reads) -> Result<i64> {
    Ok(tenants::table.count().get_result(read.conn())?)
}
