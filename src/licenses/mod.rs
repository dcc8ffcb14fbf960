//! Licenses: how many of each kind lie in which Virtual Account, and how they came there. Every change is a line in
//! a ledger that is only ever added to; the numbers of a pool are its sums.
//!
//! For rooms above: [`grant`] puts the licenses of assigned lines where they belong, [`take_back`] takes them out.

mod api;
mod model;
mod occupant;
mod pages;
mod service;
mod store;

pub use model::{Incoming, MoveKind, Moved, Pool};
pub use occupant::Licenses;
pub use service::{grant, take_back};

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/licensing/license-inventory", pages::list);
    routes.get("/sa/{said}/licensing/license-inventory.csv", pages::csv);
    routes.menu(Item {
        section: "Licensing",
        group: None,
        label: Some("License Inventory"),
        path: "/sa/{said}/licensing/license-inventory",
        action: Action::ViewInventory,
    });
    api::routes(routes);
}

/// With what codes the rules of this room refuse.
pub const REFUSALS: &[(&str, &str)] = &[(
    "licenses.moved-on",
    "The licenses of an order are reserved or were transferred, so they cannot be taken back.",
)];
