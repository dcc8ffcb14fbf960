//! The review of an assignment, and how far it has come.

use super::draft::Target;
use super::order::{Line, LineState, Order, Request};
use crate::error::Refusal;

/// Where a line goes, in words.
#[derive(Debug, Clone)]
pub struct Place {
    /// Where.
    pub target: Target,
    /// Name of the Smart Account.
    pub account: String,
    /// Its number.
    pub number: i64,
    /// Name of the Virtual Account.
    pub virtual_account: String,
    /// The account is Pending.
    pub is_hold: bool,
}

/// A line as the review shows it.
#[derive(Debug, Clone)]
pub struct ReviewedLine {
    /// The line as it is.
    pub line: Line,
    /// Where it goes; none when it stays as it is, with the reason in `stays`.
    pub to: Option<Place>,
    /// Why it is left as it is, or "".
    pub stays: String,
}

/// An order as the review shows it.
#[derive(Debug, Clone)]
pub struct ReviewedOrder {
    /// The order as it is.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<ReviewedLine>,
    /// Why it cannot be assigned. One such order stands in the way of all.
    pub refused: Option<Refusal>,
}

/// What would happen.
#[derive(Debug, Clone)]
pub struct Review {
    /// Every order of the draft.
    pub orders: Vec<ReviewedOrder>,
    /// What stands in the way besides: no target yet, the account level of the person.
    pub refused: Option<Refusal>,
    /// Support assigns without checks.
    pub is_unchecked: bool,
    /// Changes when anything does that the review shows.
    pub fingerprint: String,
}

impl Review {
    /// Whether nothing stands in the way.
    pub fn is_good(&self) -> bool {
        self.refused.is_none() && self.orders.iter().all(|one| one.refused.is_none())
    }
    /// How many lines go somewhere.
    pub fn moving(&self) -> usize {
        let lines = self.orders.iter().flat_map(|one| &one.lines);
        lines.filter(|line| line.to.is_some()).count()
    }
}

/// How far an assignment is.
#[derive(Debug, Clone)]
pub struct Progress {
    /// What was asked for.
    pub request: Request,
    /// How many of its lines are in which state, in the order of the states.
    pub lines: Vec<(LineState, u64)>,
    /// Its orders, with those of their lines that are a part of it: the first 200.
    pub orders: Vec<(Order, Vec<Line>)>,
    /// How many of its lines are a part of a later assignment by now.
    pub gone_on: u64,
}

impl Progress {
    /// Whether nothing is on its way any more.
    pub fn is_settled(&self) -> bool {
        self.request.settled_at.is_some()
    }
}
