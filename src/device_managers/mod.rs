//! Device managers: On-Prem servers, each bound to one Virtual Account of a Smart Account and the source of truth for
//! the product instances in it.
//!
//! For rooms above: [`add`] registers one, [`lock`] holds it while its files are judged, [`synced`] says that one was
//! applied, [`overdue`] which of them are late.

mod api;
mod jobs;
mod list;
mod model;
mod occupant;
mod pages;
mod search;
mod service;
mod store;

pub use jobs::jobs;
pub use list::PATH;
pub use model::{DUE_AFTER, LocalPlace, Manager, REMOVED_AFTER, SyncStatus, name};
pub use occupant::DeviceManagers;
pub use pages::{addressed, between, href};
pub use service::{
    Again, Binding, New, Row, add, against_binding, announced, bindable, days_left, failed, find,
    former_keys, lock, overdue, register_again, synced, theirs, waits, whose,
};

pub use store::upcoming;

use crate::http::Routes;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.search(search::search);
    pages::routes(routes);
    api::routes(routes);
}

/// What becomes of the things of this room.
pub fn lifecycles() -> Vec<crate::kernel::Life> {
    vec![model::LIFECYCLE.in_words()]
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "device-managers.already-registered",
        "The key of the registration file belongs to a device manager already, or did before that was registered again.",
        "Make a registration file with a new key on the On-Prem server; re-register the device manager with it, or add a new one.",
    ),
    (
        "device-managers.bound",
        "The Virtual Account is bound to another device manager.",
        "Choose another Virtual Account, or remove that device manager first.",
    ),
    (
        "device-managers.default",
        "The default Virtual Account cannot be bound to a device manager.",
        "Choose another Virtual Account, or make another one the default first.",
    ),
    (
        "device-managers.name-taken",
        "Another device manager of the Smart Account has this name.",
        "Choose another name.",
    ),
    (
        "device-managers.not-empty",
        "The Virtual Account that is to be bound holds product instances.",
        "Transfer or remove the product instances first, or choose another Virtual Account.",
    ),
    (
        "device-managers.product-instances",
        "The device manager still serves product instances, so it cannot be removed.",
        "Remove the product instances on the On-Prem server and synchronize; or remove the device manager as lost, under a case.",
    ),
    (
        "device-managers.registered-before",
        "The registration file comes from an On-Prem server that is a device manager here, so it is registered again, not added.",
        "Re-register that device manager with the file.",
    ),
];
