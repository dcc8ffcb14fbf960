//! Members: who holds which role where; adding and removing people, and user groups. The grants themselves
//! belong to the authorisation floor; this room gives and takes them under the rules of the trade.
//!
//! For rooms above:
//! - [`give_roles`]: gives a person a role on a [`Scope`] within the caller's write, and returns the events.
//! - [`may_hold`], [`fits`], [`may_give`]: the rules alone, for a form that asks before it writes.

mod access;
mod api;
mod factor_pages;
mod groups;
mod imports;
mod jobs;
mod letters;
mod list;
mod model;
mod pages;
mod search;
mod service;
mod store;

pub use crate::authz::grants::{administrators, administrators_of};
pub use groups::{
    Asking, Groups, NewGroup, RequestState, add as add_to_group, ask as ask_for_group,
    create as create_group, let_in as let_group_in,
};
pub use imports::{Content as NewUsers, add as add_users, ids as new_ids, numbered};
pub use jobs::jobs;
pub use model::{APPROVER_CAUTION, Held, Member, Scope, fits, may_give, may_hold};
pub use service::{Place, count, give_in, give_roles, list, place};

use crate::http::Routes;
use crate::platform::mail::Letters;

/// The routes of this room that every tenant has.
pub fn routes(routes: &mut Routes) {
    routes.search(search::search);
    factor_pages::routes(routes);
    pages::routes(routes);
    imports::pages::routes(routes);
    api::routes(routes);
}

/// The routes of user groups, which local accounts do not have.
pub fn group_routes(routes: &mut Routes) {
    imports::pages::group_routes(routes);
    groups::pages::routes(routes);
    groups::api::routes(routes);
}

/// The letters of this room.
pub fn letters(letters: &mut Letters) {
    letters::register(letters);
}

/// What becomes of the things of this room.
pub fn lifecycles() -> Vec<crate::kernel::Life> {
    vec![groups::lifecycle()]
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "members.own-factor-first",
        "Somebody without a second factor requires one of everybody.",
        "Set up your own first, under Your profile, Second factor.",
    ),
    (
        "members.approver-domain",
        "The Approver role needs an e-mail address in the domain of the Smart Account.",
        "Choose another role, or add a person with an address in that domain.",
    ),
    (
        "members.approver-group",
        "The Approver role is given to people one by one, not to user groups.",
        "Give the Approver role to each person.",
    ),
    (
        "members.beyond-your-role",
        "A role is given and taken only within one's own Virtual Accounts.",
        "Choose your own Virtual Accounts, or have it done by a Smart Account Administrator.",
    ),
    (
        "members.group-answered",
        "The request of the user group was answered or withdrawn already.",
        "Nothing is left to answer; the user group can ask again.",
    ),
    (
        "members.group-asked-already",
        "The user group has access there, or its request is pending.",
        "Wait for the answer, or withdraw the pending request first.",
    ),
    (
        "members.group-beyond-your-role",
        "The user group reaches beyond one's own Virtual Accounts.",
        "Have it changed by a Smart Account Administrator.",
    ),
    (
        "members.group-empty",
        "Nobody in the user group has a user account.",
        "Add somebody to the user group who has a user account.",
    ),
    (
        "members.held-through-group",
        "The person has access through a user group only.",
        "Take the person out of the user group, or change the role of the group.",
    ),
    (
        "members.last-administrator",
        "A Smart Account keeps at least one administrator who can sign in.",
        "Make somebody else an administrator first.",
    ),
    (
        "members.lines-wrong",
        "Some lines are wrong and were neither mended nor left out.",
        "Mend the lines, or tick that they are left out.",
    ),
    (
        "members.nobody-to-add",
        "No line of the list adds anybody.",
        "Add a line with a person who is not there yet.",
    ),
    (
        "members.not-invited",
        "The user account has been set up, so there is no invitation to send.",
        "Nothing is left to send: the person signs in.",
    ),
    (
        "members.role-scope",
        "The role cannot be held on that scope of access.",
        "Choose a role of that scope, or another scope.",
    ),
];
