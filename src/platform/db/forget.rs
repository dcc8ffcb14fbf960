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
    "kept_reports",
    "authorization_requests",
    "devices",
    "usage_file_lines",
    "usage_file_parts",
    "usage_files",
    "usage_reports",
    "policy_polls",
    "reporting_policies",
    "domain_changes",
    "grants",
    "members",
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
    "throwaway_tenants",
    "virtual_account_tags",
    "webhook_deliveries",
    "webhooks",
    "user_group_access",
    "virtual_accounts",
    "user_imports",
    "user_group_people",
    "user_group_requests",
    "user_groups",
}

/// Tables with rows of a tenant that are kept when it goes: the record with its count, and the orders of the cloud, where
/// no tenant but a throw-away one of a lab is ever deleted.
pub const KEPT: &[&str] = &[
    "events",
    "event_cuts",
    "event_tallies",
    "account_requests",
    "order_assignments",
    "order_drafts",
    "order_lines",
    "order_tallies",
    "order_views",
];

/// What the cloud knows of a tenant besides: the orders that show in it, wherever else they show, and how they are counted
/// there; requests for it, and of groups that want to be let in.
const OF_THE_CLOUD: &[&str] = &[
    "DELETE FROM order_drafts WHERE smart_account_id = $1",
    "DELETE FROM order_lines WHERE smart_account_id = $1
        OR order_id IN (SELECT order_id FROM order_views WHERE smart_account_id = $1)",
    "UPDATE order_tallies SET orders = orders - (SELECT COUNT(*) FROM order_views
        WHERE order_views.smart_account_id = order_tallies.smart_account_id
        AND order_views.order_type = order_tallies.order_type
        AND order_views.order_status = order_tallies.order_status
        AND order_views.assignment = order_tallies.assignment
        AND order_views.order_id IN (SELECT order_id FROM order_views WHERE smart_account_id = $1))
        WHERE smart_account_id IN (SELECT smart_account_id FROM order_views
            WHERE order_id IN (SELECT order_id FROM order_views WHERE smart_account_id = $1))",
    "DELETE FROM order_views WHERE smart_account_id <> $1
        AND order_id IN (SELECT order_id FROM order_views WHERE smart_account_id = $1)",
    "DELETE FROM order_views WHERE smart_account_id = $1",
    "DELETE FROM order_tallies WHERE smart_account_id = $1",
    "DELETE FROM order_assignments WHERE smart_account_id = $1",
    "DELETE FROM orders WHERE customer_account_id = $1 OR partner_account_id = $1
        OR NOT EXISTS (SELECT 1 FROM order_lines WHERE order_lines.order_id = orders.id)",
    "DELETE FROM account_request_creators
        WHERE request_id IN (SELECT id FROM account_requests WHERE smart_account_id = $1)",
    "DELETE FROM account_requests WHERE smart_account_id = $1",
    "DELETE FROM user_group_requests WHERE target_account_id = $1",
];

/// Deletes a tenant of the cloud and everything that is in it or about it. What happened in it stays in the record.
pub fn forget_with_everything(tx: &mut Tx<'_>, id: SmartAccountId) -> Result<()> {
    carry_out(tx, id, OF_THE_CLOUD)?;
    forget_tenant(tx, id)
}

/// Deletes a tenant and everything that is in it. What happened in it stays in the record.
pub fn forget_tenant(tx: &mut Tx<'_>, id: SmartAccountId) -> Result<()> {
    carry_out(tx, id, STATEMENTS)?;
    carry_out(tx, id, &["DELETE FROM smart_accounts WHERE id = $1"])
}

fn carry_out(tx: &mut Tx<'_>, id: SmartAccountId, statements: &[&'static str]) -> Result<()> {
    for statement in statements.iter().copied() {
        let query = diesel::sql_query(statement).bind::<Text, _>(id.as_str().to_owned());
        match tx.conn() {
            Conn::Sqlite(c) => query.execute(c)?,
            Conn::Postgres(c) => query.execute(c)?,
        };
    }
    Ok(())
}
