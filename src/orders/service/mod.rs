//! What can be done with orders. A function that takes a `Tx` is a part of the caller's write, unless it returns
//! what was recorded.

mod assign;
mod draft;
mod link;
mod progress;
mod review;
mod targets;

pub use assign::{assign, assign_by, assign_content, retry};
pub use draft::{change_draft, draft, ids_of, keep_draft, must_show};
pub use link::link_customers;
pub use progress::progress;
pub use review::{review, review_of};
pub use targets::{find_targets, find_targets_for, place_named, places, target, target_for};

use crate::authn::{Actor, PlatformRole};
use crate::error::Refusal;
use crate::orders::model::Order;

/// How many accounts a search shows.
const MOST_FOUND: i64 = 20;

/// How many orders the page of progress names.
const MOST_SHOWN: i64 = 1_000;

fn refusal(code: &'static str, says: impl Into<String>) -> Refusal {
    Refusal {
        code,
        says: says.into().into(),
    }
}

/// The reason why somebody cannot assign orders at all, whatever their role; none when they can.
pub fn against_person(actor: &Actor) -> Option<Refusal> {
    if actor.has(PlatformRole::Support) || matches!(actor.person.access_level, 1 | 2) {
        return None;
    }
    Some(refusal(
        "orders.access-level",
        format!(
            "Assigning orders needs access level 1 or 2; yours is {}.",
            actor.person.access_level
        ),
    ))
}

/// The reason why an order cannot be assigned, whoever asks; none when it can.
pub fn against_order(order: &Order) -> Option<Refusal> {
    let why = order.order_type.against_assigning()?;
    Some(refusal("orders.not-assignable", why))
}

/// Nobody checks what support does here; the record says so.
pub fn is_unchecked(actor: &Actor) -> bool {
    actor.has(PlatformRole::Support)
}
