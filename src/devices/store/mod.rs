//! The statements of product instances.

macro_rules! columns {
    () => {
        (
            devices::id,
            devices::smart_account_id,
            devices::virtual_account_id,
            devices::device_manager_id,
            devices::udi_pid,
            devices::udi_serial,
            devices::hostname,
            devices::product,
            devices::software,
            devices::standing,
            devices::is_reserved,
            devices::export_controlled,
            devices::secret_hash,
            devices::token_id,
            devices::licenses,
            devices::registered_at,
            devices::renewed_at,
            devices::contact_at,
            devices::reported_at,
            devices::version,
            devices::local_virtual_account,
            devices::policy_state,
            devices::report_by,
            devices::report_key,
        )
    };
}

/// What a device uses, as a row.
macro_rules! usage_row {
    ($device:expr, $usage:expr) => {{
        let (device, usage): (&Device, &Usage) = ($device, $usage);
        (
            usages::device_id.eq(device.id),
            usages::smart_account_id.eq(device.account),
            usages::virtual_account_id.eq(device.virtual_account),
            usages::entitlement.eq(usage.entitlement.as_str()),
            usages::quantity.eq(usage.quantity),
            usages::reserved.eq(usage.reserved),
            usages::since.eq(usage.since),
        )
    }};
}

mod clock;
mod device;
mod list;
mod tallies;
mod uses;

pub use clock::*;
pub use device::*;
pub use list::*;
pub use tallies::*;
pub use uses::*;

/// So many ids stand in one statement.
const AT_ONCE: usize = 400;
/// So many things that are one value each.
const MANY: usize = 2_000;
