//! Smart Accounts: the tenants. Their states, properties, and the search under the Restricted rule.

mod model;
mod service;
mod store;

pub use model::{PendingDetail, SmartAccount, State, Visibility};
pub use service::{
    Draft, activate, by_domain, cancel, find, find_by_number, find_many, request, requested_by, search,
    set_detail, under_registrable,
};

use crate::http::Routes;

/// The routes of this room.
pub fn routes(_routes: &mut Routes) {}

/// With what codes the rules of this room refuse.
pub const REFUSALS: &[(&str, &str)] = &[
    (
        "smart-accounts.domain-in-use",
        "The Account Domain Identifier belongs to another Smart Account.",
    ),
    (
        "smart-accounts.not-pending",
        "The Smart Account is not pending any more.",
    ),
];
