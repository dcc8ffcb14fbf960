//! "Why can't I?": for a person, an action and a Virtual Account, and for a request that was refused. It tells what the
//! matrix of permissions decides and by what; it decides nothing itself.

mod api;
mod model;
mod pages;
mod service;

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
    routes.menu(Item {
        section: "Activity",
        group: None,
        label: Some("Why can't I?"),
        path: pages::OF_ACCOUNT,
        action: Action::ViewAccount,
    });
}
