//! The catalog: products and services that can be ordered, and the licenses that each carries.

mod api;
mod list;
mod model;
mod pages;
mod tags;

pub use model::{
    Billing, Entitlement, Item, Known, LineKind, Term, all, entitlement, entitlement_named, families, find,
};
pub use tags::{entitlement_of, entitlement_tag, product_of, software_tag};

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item as MenuItem;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    list::LIST.pages(routes, pages::list);
    routes.menu(MenuItem {
        section: "Orders",
        group: None,
        label: Some("Product Catalog"),
        path: "/catalog",
        action: Action::ViewDirectory,
    });
    api::routes(routes);
}
