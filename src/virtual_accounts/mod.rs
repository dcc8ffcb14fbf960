//! Virtual Accounts: the divisions of a Smart Account.

mod api;
mod model;
mod pages;
mod service;
mod store;

pub use model::{AccessLevel, DEFAULT, VirtualAccount};
pub use pages::tabs;
pub use service::{NewVirtualAccount, create, create_default, default_of, find, list, names};

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account/virtual-accounts", pages::all);
    routes.get("/sa/{said}/account/virtual-accounts.csv", pages::csv);
    routes.get("/sa/{said}/account/virtual-accounts/{va}", pages::one);
    routes.menu(Item {
        section: "Account Management",
        group: Some("Smart Account Management"),
        label: Some("Virtual Accounts"),
        path: "/sa/{said}/account/virtual-accounts",
        action: Action::ViewVirtualAccounts,
    });
    api::routes(routes);
}
