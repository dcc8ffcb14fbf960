//! Local accounts of an On-Prem server: asked for, approved and registered with the cloud, used, deactivated, deleted. A local
//! account is a tenant: its Virtual Accounts, licenses, tokens and devices are those of the rooms that the cloud has, too.
//! What is kept here besides is how it was asked for, the cloud that it is registered with, and how its synchronization
//! stands.

mod model;
mod pages;
mod service;
mod store;

pub use model::{AccountState, Cloud, LocalAccount, Requested, SyncState};
pub use service::{New, key_of, registered, request};
pub use store::{by_number, find, requested_by, sealed_key};

use crate::http::Routes;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
}

/// With what codes the rules of this room refuse.
pub const REFUSALS: &[(&str, &str)] = &[(
    "on-prem.account-not-active",
    "Something was to be changed in an On-Prem account that is not registered yet, or is Inactive.",
)];
