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
use crate::http::menu::Item;
use crate::http::{Api, Routes};
use actix_web::http::Method;

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
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/virtual-accounts",
        Api::says("The Virtual Accounts that one may see, the default one first.")
            .gives::<api::VirtualAccountList>(200),
        api::all,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/virtual-accounts/{va}",
        Api::says("One Virtual Account.").gives::<api::VirtualAccountShape>(200),
        api::one,
    );
}
