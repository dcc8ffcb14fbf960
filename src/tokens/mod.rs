//! Registration tokens: with one of them a product instance registers to a Virtual Account. Their text is the
//! vendor's published format; it is kept locked, and looked up by its hash.
//!
//! For rooms above: [`look_up`] says what a token opens, [`redeem`] uses it once.

mod api;
mod list;
mod model;
mod occupant;
mod operations;
mod pages;
mod search;
mod service;
mod store;

pub use list::LIST;
pub use model::{DEFAULT_DAYS, State, Terms, Token, days, description, uses};
pub use occupant::Tokens;
pub use service::{
    New, Redeemed, Rights, count, create, description_of, look_up, page, redeem, revoke, text_of, used, whose,
};

use crate::http::Routes;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.search(search::search);
    pages::routes(routes);
    api::routes(routes);
}

/// What becomes of the things of this room.
pub fn lifecycles() -> Vec<crate::kernel::Life> {
    vec![model::LIFECYCLE.in_words()]
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "tokens.exhausted",
        "The registration token was used as often as it may be.",
        "Generate another token.",
    ),
    (
        "tokens.expired",
        "The registration token is past its last day.",
        "Generate another token.",
    ),
    (
        "tokens.garbled",
        "What was sent is not the whole text of a registration token.",
        "Copy the whole text of the token again.",
    ),
    (
        "tokens.not-active",
        "A registration token that is Expired, Exhausted or Revoked is neither shown nor revoked.",
        "Generate another token.",
    ),
    (
        "tokens.nothing-chosen",
        "No Virtual Account was selected for which a registration token could be generated.",
        "Select a Virtual Account.",
    ),
    (
        "tokens.other-key",
        "The text of the registration token was locked under a key that the installation has no longer.",
        "Revoke the token and generate another one.",
    ),
    (
        "tokens.revoked",
        "The registration token was revoked.",
        "Generate another token.",
    ),
    (
        "tokens.unknown",
        "There is no such registration token here.",
        "Generate a token here, and copy it whole.",
    ),
];
