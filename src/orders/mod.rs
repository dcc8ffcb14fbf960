//! Orders: where they come from, where they show, and how they are assigned to a Smart Account and a Virtual
//! Account. What is assigned becomes licenses in the room `licenses`.

mod api;
mod api_write;
mod completion;
mod imports;
mod intake;
mod jobs;
mod lab;
mod letters;
mod list;
mod model;
mod pages;
mod search;
mod service;
mod store;

pub use completion::complete_request;
pub use intake::{New, Stands, Told, ToldLine, check as check_order, moment as moment_of, receive};
pub use jobs::jobs;
pub use lab::{Completion, LONGEST_DELAY, read as completion, set as set_completion};
pub use model::{
    Assignment, Content, Draft, Line, LineKind, LineState, Order, OrderStatus, OrderType, Place, Progress,
    Request, Review, ReviewedLine, ReviewedOrder, SearchBy, Source, Target, TargetAccount, TargetPlace,
    TargetPlaces, Work, assignment_of,
};
pub use service::{
    against_order, against_person, assign, assign_by, change_draft, draft, find_targets, keep_draft,
    place_named, places, progress, retry, review, target,
};

pub use list::{Unassigned, waiting};
pub use store::{all, lines_of, upcoming};

use crate::http::Routes;
use crate::platform::mail::Letters;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    routes.search(search::search);
    pages::routes(routes);
    api::routes(routes);
    api_write::routes(routes);
    imports::page_routes(routes);
}

/// The letters of this room.
pub fn letters(letters: &mut Letters) {
    letters::register(letters);
}

/// What becomes of the things of this room.
pub fn lifecycles() -> Vec<crate::kernel::Life> {
    vec![model::LINE_LIFECYCLE.in_words()]
}

/// With what codes the rules of this room refuse, when, and the way out.
pub const REFUSALS: &[crate::error::Coded] = &[
    (
        "orders.access-level",
        "Assigning orders needs access level 1 or 2.",
        "Have it assigned by a colleague with access level 1 or 2.",
    ),
    (
        "orders.identifier-taken",
        "An order with this Order Identifier is there already.",
        "Choose another Order Identifier.",
    ),
    (
        "orders.lines-wrong",
        "Some orders of a file are wrong and were not left out, or none is left.",
        "Mend the file, or leave the wrong orders out.",
    ),
    (
        "orders.not-assignable",
        "Stocking and Enterprise Agreement orders are not available to assign to a Smart Account.",
        "Leave the order out; nothing needs to be assigned of it.",
    ),
    (
        "orders.not-reassignable",
        "A line can be reassigned only while its order is Pending and its end customer\u{2019}s Smart Account did not come with it.",
        "Transfer the licenses between Virtual Accounts instead.",
    ),
    (
        "orders.not-yours",
        "The lines of an order are assigned by the Smart Account that sold it, by its end customer, or by where they lie.",
        "Have the lines assigned by the Smart Account that sold the order, or by its end customer.",
    ),
    (
        "orders.nothing-chosen",
        "No order was selected.",
        "Select an order.",
    ),
    (
        "orders.nothing-failed",
        "No line of the order has failed, so there is nothing to try again.",
        "Nothing is left to try again.",
    ),
    (
        "orders.nothing-to-assign",
        "No line of the order is left to be assigned.",
        "Nothing is left to assign; a Pending order can be reassigned.",
    ),
    (
        "orders.no-target",
        "No Smart Account or Virtual Account has been selected.",
        "Select a Smart Account and a Virtual Account.",
    ),
    (
        "orders.place-gone",
        "The Virtual Account that was chosen has been deleted.",
        "Select another Virtual Account.",
    ),
    (
        "orders.stale",
        "Something that the review showed has changed, so nothing was assigned.",
        "Read the review again, then confirm it.",
    ),
    (
        "orders.target-not-yours",
        "Orders may not be assigned to this Smart Account or Virtual Account by this person.",
        "Choose another one, or ask for access to it.",
    ),
    (
        "orders.too-many",
        "More orders were selected than can be assigned at once.",
        "Select fewer orders.",
    ),
];
