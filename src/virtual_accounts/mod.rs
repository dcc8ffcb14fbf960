//! Virtual Accounts: the divisions of a Smart Account, nested, tagged, one of them the default.
//!
//! What other rooms keep in a Virtual Account this room learns through `platform::occupants`: before one is deleted
//! or made the default, every occupant is asked.
//!
//! The list is written by hand (`pages/list.rs`): it shows as a tree as well, whose branches hold rows that nobody asked for.

mod api;
mod choices;
mod form_pages;
mod model;
mod pages;
mod search;
mod service;
mod store;

pub use choices::Choices;
pub use model::{AccessLevel, DEFAULT, Details, MOST_TAGS, Typed, VirtualAccount, tags as parse_tags};
pub use pages::tabs;
pub use service::{
    NewVirtualAccount, Place, against_registering, count_all, counts, create, create_at, create_default,
    default_of, delete, edit, find, first_of, list, meant_by_name, meant_by_tag, move_below, named, names,
    numbered, of_account, open_places, reached, set_default, tagged, tags_in_use, these,
};

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item;

const ONE: &str = "/sa/{said}/account/virtual-accounts/{va}";

/// The routes of this room that every tenant has.
pub fn routes(routes: &mut Routes) {
    routes.search(search::search);
    routes.get("/sa/{said}/account/virtual-accounts", pages::all);
    routes.get("/sa/{said}/account/virtual-accounts.csv", pages::csv);
    routes.get("/sa/{said}/account/virtual-accounts/new", form_pages::new_form);
    routes.post("/sa/{said}/account/virtual-accounts/new", form_pages::create);
    routes.get(ONE, pages::one);
    routes.get(&format!("{ONE}/edit"), form_pages::edit_form);
    routes.post(&format!("{ONE}/edit"), form_pages::edit);
    routes.get(&format!("{ONE}/default"), pages::default_dialog);
    routes.post(&format!("{ONE}/default"), pages::make_default);
    routes.get(&format!("{ONE}/delete"), pages::delete_dialog);
    routes.post(&format!("{ONE}/delete"), pages::delete);
    routes.menu(Item {
        section: "Account Management",
        group: Some("Smart Account Management"),
        label: Some("Virtual Accounts"),
        path: "/sa/{said}/account/virtual-accounts",
        action: Action::ViewVirtualAccounts,
    });
    api::routes(routes);
}

/// The routes of nesting: the Virtual Accounts of a local account are flat.
pub fn nesting_routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account/virtual-accounts/tree", pages::tree);
    routes.get(&format!("{ONE}/parent"), pages::parent_dialog);
    routes.post(&format!("{ONE}/parent"), pages::change_parent);
    api::nesting_routes(routes);
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "virtual-accounts.already-default",
        "The Virtual Account is the default one already.",
        "Nothing is left to do.",
    ),
    (
        "virtual-accounts.bound",
        "The Virtual Account is bound to a device manager, so it stays, is not the default, and product instances register on its On-Prem server alone.",
        "Do it on the On-Prem server, choose another Virtual Account, or remove the device manager first.",
    ),
    (
        "virtual-accounts.cycle",
        "A Virtual Account would be nested below itself.",
        "Choose a Parent Account that is not below it.",
    ),
    (
        "virtual-accounts.default",
        "The default Virtual Account cannot be deleted.",
        "Make another Virtual Account the default first.",
    ),
    (
        "virtual-accounts.has-nested",
        "Other Virtual Accounts are nested below the one that is to be deleted.",
        "Delete the nested ones first, or nest them elsewhere.",
    ),
    (
        "virtual-accounts.not-empty",
        "The Virtual Account that is to be deleted still holds something.",
        "Transfer or remove what it holds first.",
    ),
    (
        "virtual-accounts.too-deep",
        "Virtual Accounts would be nested deeper than ten levels.",
        "Choose a Parent Account that is nested less deep.",
    ),
];
