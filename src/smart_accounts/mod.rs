//! Smart Accounts: the tenants. Their states, properties, domain and headquarters, and the search under the
//! Restricted rule.

mod api;
mod changes;
mod domain_pages;
mod letters;
mod list;
mod model;
mod operations;
mod pages;
mod service;
mod store;

pub use api::AccountShape;
pub use changes::{
    Wish, approve_change, change_domain, deactivate, deny_change, pending_change, reactivate, withdraw_change,
};
pub use model::{DomainChange, DomainChangeState, Draft, PendingDetail, SmartAccount, State, Visibility};
pub use service::{
    Properties, activate, activated, by_domain, by_domains, by_exact_name, cancel, edit, find,
    find_by_number, find_many, request, requested_by, rest, search, set_detail, under_registrable,
};

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item;
use crate::platform::mail::Letters;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.get("/sa/{said}/account", pages::properties);
    routes.get("/sa/{said}/account/edit", pages::edit_form);
    routes.post("/sa/{said}/account/edit", pages::edit);
    routes.get("/sa/{said}/account/domain", pages::domain_dialog);
    routes.post("/sa/{said}/account/domain", pages::change_domain);
    routes.get("/sa/{said}/account/domain/withdraw", pages::withdraw_dialog);
    routes.post("/sa/{said}/account/domain/withdraw", pages::withdraw_domain);
    routes.get("/sa/{said}/account/headquarters", pages::headquarters_dialog);
    routes.post("/sa/{said}/account/headquarters", pages::change_headquarters);
    routes.get("/sa/{said}/account/headquarters/new", pages::address_dialog);
    routes.post("/sa/{said}/account/headquarters/new", pages::add_address);
    routes.get("/sa/{said}/account/deactivate", pages::deactivate_dialog);
    routes.post("/sa/{said}/account/deactivate", pages::deactivate);
    routes.get("/sa/{said}/account/reactivate", pages::reactivate_dialog);
    routes.post("/sa/{said}/account/reactivate", pages::reactivate);
    list::LIST.pages(routes, domain_pages::list);
    routes.get("/domain-changes/{change}", domain_pages::show);
    routes.post("/domain-changes/{change}/approve", domain_pages::approve);
    routes.get("/domain-changes/{change}/deny", domain_pages::deny_dialog);
    routes.post("/domain-changes/{change}/deny", domain_pages::deny);
    routes.menu(Item {
        section: "Account Management",
        group: None,
        label: Some("Domain changes"),
        path: "/domain-changes",
        action: Action::ApproveDomain,
    });
    api::routes(routes);
}

/// The letters of this room.
pub fn letters(letters: &mut Letters) {
    letters::register(letters);
}

/// What becomes of the things of this room.
pub fn lifecycles() -> Vec<crate::kernel::Life> {
    vec![
        model::LIFECYCLE.in_words(),
        model::DOMAIN_CHANGE_LIFECYCLE.in_words(),
    ]
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "smart-accounts.domain-change-decided",
        "The change of the Account Domain Identifier was decided or withdrawn already.",
        "Nothing is left to decide; another Account Domain Identifier can be asked for.",
    ),
    (
        "smart-accounts.domain-change-pending",
        "Another Account Domain Identifier was asked for already.",
        "Withdraw that request first, or wait until it is decided.",
    ),
    (
        "smart-accounts.domain-in-use",
        "The Account Domain Identifier belongs to another Smart Account.",
        "Choose another Account Domain Identifier.",
    ),
    (
        "smart-accounts.no-domain-change",
        "No other Account Domain Identifier waits for a decision.",
        "Nothing is left to decide; ask for another Account Domain Identifier first.",
    ),
    (
        "smart-accounts.not-active",
        "Only the properties of an Active Smart Account can be edited.",
        "A Smart Account Administrator reactivates it first; a Pending one waits for its approval.",
    ),
    (
        "smart-accounts.not-pending",
        "The Smart Account is not pending any more.",
        "Nothing is left to decide; the Smart Account can be opened.",
    ),
    (
        "smart-accounts.own-domain-change",
        "Nobody approves or denies an Account Domain Identifier that they asked for.",
        "Leave it to another Domain approver.",
    ),
    (
        "smart-accounts.too-many-addresses",
        "A Smart Account keeps twenty addresses at most.",
        "Remove an address first.",
    ),
    (
        "smart-accounts.wrong-state",
        "Only an Active Smart Account is deactivated, and only an Inactive one reactivated.",
        "Open the page again: it shows the state, and what can be done in it.",
    ),
];
