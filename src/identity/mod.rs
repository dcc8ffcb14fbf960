//! Who comes in, and how: signing in and out, passwords, invitations, sessions, keys for scripts.
//!
//! For rooms above:
//! - [`check_new_password`]: a password that a person sets, typed twice (fields `password` and
//!   `password_again`); hash the answer with `portal.hasher.hash(&secret).await?` before the transaction.
//! - [`Entrance`]: signs a person in within a room's own write ([`Entrance::begin`]) and gives the browser
//!   its cookie afterwards ([`Entrance::set_cookie`]).
//! - [`invite`]: asks somebody to set up their user account.
//! - [`sent_to_another`]: the answer to an emailed link that is opened in somebody else's session.
//! - [`Credentials`], [`person_of`], [`record_trade`], [`redeem`]: what a token address needs.
//! - [`remove_second_factor`]: for whoever looks after people who have lost theirs.
//! - [`fresh`]: for a page that leads to something sensitive and is not guarded by an action that says so.

mod api;
mod entrance;
mod letters;
mod model;
mod operations;
mod pages;
mod picture;
mod service;

pub use api::{ClientId, record_trade};
pub use entrance::{Entrance, check_new_password, password_hint, shortest_password};
pub use model::Credentials;
pub use pages::{person_of, sent_to_another};
pub use service::{
    Caller, bootstrap, end_client_of, fresh, invite, invite_first, redeem, remove_second_factor, send_reset,
    set_state, tell_of_change,
};

use crate::http::Routes;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
}

/// The letters of this room.
pub fn letters(all: &mut crate::platform::mail::Letters) {
    letters::register(all);
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "second-factor.set",
        "A second factor is set up where there is one already.",
        "Remove it first, or make new recovery codes when those were not kept.",
    ),
    (
        "second-factor.not-set",
        "A second factor is to be removed, or recovery codes are to be made, where there is none.",
        "Nothing is left to do.",
    ),
    (
        "passkeys.too-many",
        "A person who has 20 passkeys adds another one.",
        "Remove one that is not used.",
    ),
];
