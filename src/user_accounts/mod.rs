//! Operator, User accounts: everybody of the cloud, and who of them may no longer sign in.

mod api;
mod list;
mod model;
mod pages;
mod service;

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.menu(Item {
        section: "Operator",
        group: None,
        label: Some("User accounts"),
        path: list::PATH,
        action: Action::Operate,
    });
    pages::routes(routes);
    api::routes(routes);
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "user-accounts.last-operator",
        "A portal keeps at least one operator who can sign in.",
        "Make somebody else an operator first.",
    ),
    (
        "user-accounts.yourself",
        "Nobody disables themselves.",
        "Have it done by another operator.",
    ),
];
