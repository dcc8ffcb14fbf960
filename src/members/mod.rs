//! Members: who holds which role where. The grants themselves belong to the authorisation floor; this room
//! shows them.

mod api;
mod model;
mod pages;
mod service;

pub use crate::authz::grants::administrators;
pub use model::{APPROVER_CAUTION, Held, Member, Scope, fits, may_give, may_hold};
pub use service::{Place, count, give_in, give_roles, list, place};

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

/// With what codes the rules of this room refuse.
pub const REFUSALS: &[(&str, &str)] = &[
    (
        "members.approver-domain",
        "The Approver role needs an e-mail address in the domain of the Smart Account.",
    ),
    (
        "members.beyond-your-role",
        "A role is given and taken only within one's own Virtual Accounts.",
    ),
    (
        "members.last-administrator",
        "A Smart Account keeps at least one administrator who can sign in.",
    ),
    (
        "members.role-scope",
        "The role cannot be held on that scope of access.",
    ),
];
