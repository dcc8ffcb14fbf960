//! Policies of Smart Accounts.

use super::super::model::{Days, LicenseClass};
use crate::error::Result;
use crate::kernel::ids::SmartAccountId;
use crate::platform::db::schema::reporting_policies as policies;
use crate::platform::db::{Reads, Tx};
use diesel::prelude::*;

/// What was changed of an account's policy.
pub fn policy(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<(LicenseClass, Days)>> {
    let rows: Vec<(LicenseClass, i32, i32, i32)> = policies::table
        .filter(policies::smart_account_id.eq(account))
        .select((
            policies::license_class,
            policies::first_days,
            policies::every_days,
            policies::change_days,
        ))
        .load(read.conn())?;
    Ok(rows
        .into_iter()
        .map(|(class, first, every, change)| (class, Days { first, every, change }))
        .collect())
}

/// Puts a policy in place of the one that is there.
pub fn set_policy(tx: &mut Tx<'_>, account: SmartAccountId, rows: &[(LicenseClass, Days)]) -> Result<()> {
    diesel::delete(policies::table.filter(policies::smart_account_id.eq(account))).execute(tx.conn())?;
    for (class, days) in rows {
        diesel::insert_into(policies::table)
            .values((
                policies::smart_account_id.eq(account),
                policies::license_class.eq(*class),
                policies::first_days.eq(days.first),
                policies::every_days.eq(days.every),
                policies::change_days.eq(days.change),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}
