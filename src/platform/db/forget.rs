//! Deleting a tenant with all that is in it.

use super::conn::Conn;
use super::tx::{Reads, Tx};
use crate::error::Result;
use crate::kernel::ids::SmartAccountId;
use diesel::prelude::*;
use diesel::sql_types::Text;

/// Names of tables, and for each the statement that deletes a tenant's rows.
macro_rules! tables {
    ($($table:literal),+ $(,)?) => {
        /// Tables with rows of a tenant, each before those that it refers to.
        pub const TABLES: &[&str] = &[$($table),+];
        const STATEMENTS: &[&str] = &[$(concat!("DELETE FROM ", $table, " WHERE smart_account_id = $1")),+];
    };
}

tables! {
    "access_delegations",
    "access_request_places",
    "access_requests",
    "access_settings",
    "account_addresses",
    "alert_hides",
    "alert_sightings",
    "sync_responses",
    "sync_parts",
    "sync_files",
    "former_manager_keys",
    "device_managers",
    "device_tallies",
    "device_usage",
    "reservation_lines",
    "reservations",
    "devices",
    "domain_changes",
    "grants",
    "license_days",
    "license_moves",
    "license_pools",
    "license_tags",
    "license_stocks",
    "license_tallies",
    "local_sync_files",
    "local_accounts",
    "notification_addresses",
    "notification_settings",
    "registration_tokens",
    "saved_views",
    "virtual_account_tags",
    "user_group_access",
    "virtual_accounts",
    "user_imports",
    "user_group_people",
    "user_group_requests",
    "user_groups",
}

/// Tables with rows of a tenant that are kept when it goes: the record with its count, and the orders of the cloud, where
/// no tenant is ever deleted.
pub const KEPT: &[&str] = &[
    "events",
    "event_tallies",
    "account_requests",
    "order_assignments",
    "order_drafts",
    "order_lines",
    "order_tallies",
    "order_views",
];

/// Deletes a tenant and everything that is in it. What happened in it stays in the record.
pub fn forget_tenant(tx: &mut Tx<'_>, id: SmartAccountId) -> Result<()> {
    for statement in STATEMENTS
        .iter()
        .copied()
        .chain(["DELETE FROM smart_accounts WHERE id = $1"])
    {
        let query = diesel::sql_query(statement).bind::<Text, _>(id.as_str().to_owned());
        match tx.conn() {
            Conn::Sqlite(c) => query.execute(c)?,
            Conn::Postgres(c) => query.execute(c)?,
        };
    }
    Ok(())
}
