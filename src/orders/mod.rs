//! Orders: where they come from, where they show, and how they are assigned to a Smart Account and a Virtual
//! Account. What is assigned becomes licenses in the room `licenses`.

mod api;
mod lab;
mod list;
mod model;
mod pages;
mod service;
mod store;

pub use lab::{Completion, LONGEST_DELAY, read as completion, set as set_completion};
pub use model::{
    Assignment, Content, Draft, Line, LineKind, LineState, Order, OrderStatus, OrderType, Place, Progress,
    Request, Review, ReviewedLine, ReviewedOrder, SearchBy, Source, Target, TargetAccount, TargetPlace,
    TargetPlaces, Work, assignment_of,
};
pub use service::{
    against_order, against_person, assign, change_draft, draft, find_targets, keep_draft, place_named,
    places, progress, retry, review, target,
};

pub use list::waiting;

use crate::http::Routes;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
}

/// With what codes the rules of this room refuse.
pub const REFUSALS: &[(&str, &str)] = &[
    (
        "orders.access-level",
        "Assigning orders needs access level 1 or 2.",
    ),
    (
        "orders.not-assignable",
        "Stocking and Enterprise Agreement orders are not available to assign to a Smart Account.",
    ),
];
