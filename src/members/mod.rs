//! Members: who holds which role where. The grants themselves belong to the authorisation floor; this room
//! shows them.

mod api;
mod model;
mod pages;
mod service;

pub use crate::authz::grants::administrators;
pub use model::{Held, Member};
pub use service::{count, list};

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account/users", pages::all);
    routes.get("/sa/{said}/account/users.csv", pages::csv);
    routes.get("/sa/{said}/account/users/{person}", pages::one);
    routes.get(
        "/sa/{said}/account/virtual-accounts/{va}/users",
        pages::of_virtual_account,
    );
    routes.menu(Item {
        section: "Account Management",
        group: Some("Smart Account Management"),
        label: Some("Users"),
        path: "/sa/{said}/account/users",
        action: Action::ViewUsers,
    });
    api::routes(routes);
}
