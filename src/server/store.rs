//! Counts of what the rooms keep.

use crate::error::Result;
use crate::platform::db::Reads;
use crate::platform::db::schema::{
    devices, events, license_pools, registration_tokens, smart_accounts, virtual_accounts,
};
use diesel::prelude::*;

/// Names and counts, for the Support Center.
pub fn counts(read: &mut dyn Reads) -> Result<Vec<(&'static str, i64)>> {
    let conn = read.conn();
    Ok(vec![
        (
            "On-Prem accounts",
            smart_accounts::table.count().get_result(conn)?,
        ),
        (
            "Local Virtual Accounts",
            virtual_accounts::table.count().get_result(conn)?,
        ),
        (
            "Kinds of licenses, place by place",
            license_pools::table.count().get_result(conn)?,
        ),
        ("Product instances", devices::table.count().get_result(conn)?),
        (
            "Registration tokens",
            registration_tokens::table.count().get_result(conn)?,
        ),
        ("Events", events::table.count().get_result(conn)?),
    ])
}
