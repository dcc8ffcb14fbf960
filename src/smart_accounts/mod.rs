//! Smart Accounts: the tenants. Their states, properties, and the search under the Restricted rule.

mod api;
mod model;
mod pages;
mod service;
mod store;

pub use api::AccountShape;
pub use model::{PendingDetail, SmartAccount, State, Visibility};
pub use service::{
    Draft, Properties, activate, by_domain, cancel, edit, find, find_by_number, find_many, request,
    requested_by, search, set_detail, under_registrable,
};

use crate::http::Routes;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account", pages::properties);
    routes.get("/sa/{said}/account/edit", pages::edit_form);
    routes.post("/sa/{said}/account/edit", pages::edit);
    api::routes(routes);
}

/// The letters of this room.
pub fn letters(_: &mut crate::platform::mail::Letters) {}

/// With what codes the rules of this room refuse.
pub const REFUSALS: &[(&str, &str)] = &[
    (
        "smart-accounts.domain-in-use",
        "The Account Domain Identifier belongs to another Smart Account.",
    ),
    (
        "smart-accounts.not-active",
        "Only the properties of an Active Smart Account can be edited.",
    ),
    (
        "smart-accounts.not-pending",
        "The Smart Account is not pending any more.",
    ),
];
