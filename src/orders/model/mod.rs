//! What an order is, and the rules that need nothing but the facts at hand.

mod draft;
mod order;
mod plan;
mod review;
mod shows;
#[cfg(test)]
mod tests;

pub use draft::{Content, Draft, SearchBy, Target, TargetAccount, TargetPlace, TargetPlaces, Work};
pub use order::{
    Assignment, LINE_LIFECYCLE, Line, LineState, Order, OrderStatus, OrderType, Request, Source,
    assignment_of,
};
pub use plan::{Plan, plan};
pub use review::{Place, Progress, Review, ReviewedLine, ReviewedOrder};
pub use shows::{Why, shows_in};

pub use crate::catalog::LineKind;

/// How many orders can be assigned at once.
pub const MOST_SELECTED: usize = 10_000;

/// How many lines an order has at most.
pub const MOST_LINES: usize = 500;

/// How much of a thing can be ordered in one line.
pub const MOST_QUANTITY: i64 = 2_000_000_000;
