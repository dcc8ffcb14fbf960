//! Deleting a tenant with all that is in it.

use super::tx::{Reads, Tx};
use crate::error::Result;
use crate::kernel::ids::SmartAccountId;
use diesel::prelude::*;

/// Tables with rows of a tenant, each before those that it refers to. What is not here stays: the record, and the table of
/// the tenants themselves, which is last and has another key.
pub const TABLES: &[&str] = &[
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
];

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
    // An id is made of hexadecimal digits and hyphens, so it can stand in a statement.
    let id = id.as_str();
    for table in TABLES {
        diesel::sql_query(format!("DELETE FROM {table} WHERE smart_account_id = '{id}'"))
            .execute(tx.conn())?;
    }
    diesel::sql_query(format!("DELETE FROM smart_accounts WHERE id = '{id}'")).execute(tx.conn())?;
    Ok(())
}
