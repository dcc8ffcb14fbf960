//! Requests for access to a Smart Account: sent from the directory, decided by administrators, by those who
//! stand in for them, or by the rules of the account.

mod api;
mod jobs;
mod letters;
mod list;
mod model;
mod operations;
mod pages;
mod service;
mod store;

pub use jobs::jobs;
pub use model::{AccessRequest, AccessState, Rule, ScopeKind, Verdict};
pub use service::{Sending, Wish, approve, change_settings, decline, lend, own_pending, send, withdraw};
pub use store::upcoming;

use crate::authz::Action;
use crate::http::Routes;
use crate::http::menu::Item;
use crate::platform::mail::Letters;

/// Where those who can decide find what waits for them; `{said}` is the account's number.
pub const PENDING: &str = "/sa/{said}/account/requests";

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
    routes.menu_counted(
        Item {
            section: "Account Management",
            group: Some("Smart Account Management"),
            label: Some("Pending Access Requests"),
            path: PENDING,
            action: Action::ViewAccessRequests,
        },
        service::waiting,
    );
}

/// The letters of this room.
pub fn letters(letters: &mut Letters) {
    letters::register(letters);
}

/// What becomes of the things of this room.
pub fn lifecycles() -> Vec<crate::kernel::Life> {
    vec![model::LIFECYCLE.in_words()]
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "access-requests.account-not-active",
        "Access is requested to and given in an Active Smart Account only.",
        "Ask again when the Smart Account is Active; an Inactive one is reactivated by its administrators.",
    ),
    (
        "access-requests.beyond-your-role",
        "A Virtual Account Administrator decides only what lies wholly within their own Virtual Accounts.",
        "Give what lies within your Virtual Accounts, or leave the request to a Smart Account Administrator.",
    ),
    (
        "access-requests.decided",
        "The request was decided, withdrawn, superseded, or has expired.",
        "Nothing is left to decide; the requester may send another request.",
    ),
    (
        "access-requests.delegation-over",
        "The delegation is over already.",
        "Nothing is left to end; name a delegate anew when one is needed.",
    ),
    (
        "access-requests.delegation-overlaps",
        "The delegator has named a delegate for some of the time already.",
        "Choose other days, or end the earlier delegation first.",
    ),
    (
        "access-requests.has-role",
        "The requester has what they ask for already.",
        "Nothing is left to ask for; ask for another role or other Virtual Accounts.",
    ),
    (
        "access-requests.not-your-delegation",
        "A delegation is ended by the delegator or by a Smart Account Administrator.",
        "Have it ended by the delegator or by a Smart Account Administrator.",
    ),
    (
        "access-requests.nothing-to-lend",
        "Only who can decide access requests by a role of their own can name a delegate.",
        "Have the delegate named by somebody who decides access requests.",
    ),
    (
        "access-requests.own-request",
        "Nobody decides their own request.",
        "Leave the request to another administrator of the Smart Account.",
    ),
    (
        "access-requests.pending",
        "One request at a time for one Smart Account.",
        "Withdraw the pending request, then ask again; or wait until it is decided.",
    ),
];
