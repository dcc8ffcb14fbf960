//! What a request for a Smart Account is, and the rules that need nothing but the facts at hand.

use chrono::TimeDelta;

mod form;
mod reasons;
mod request;
mod rules;
mod similar;
mod summary;
#[cfg(test)]
mod tests;

pub use form::{Customers, ForCustomer, ForOwn};
pub use reasons::{reason_words, reasons_for_customer, reasons_for_own};
pub use request::{
    Creator, CreatorState, DomainReason, DomainReview, LIFECYCLE, Request, RequestKind, RequestState,
    reference,
};
pub use rules::{Standing, approve_problem, forward_problem, not_asked, own_request, same_mailbox};
pub use similar::{search_words, similar};
pub use summary::Summary;

/// A request that nobody has decided ends after this.
pub const LIFE: TimeDelta = TimeDelta::days(14);

/// Those who were asked are reminded after this.
pub const REMINDER: TimeDelta = TimeDelta::days(7);

/// How many customer addresses one request may name.
pub const MOST_CUSTOMERS: usize = 10;

/// How often a request may be handed on.
pub const MOST_FORWARDS: i32 = 5;

/// How long a note may be.
pub const LONGEST_NOTE: usize = 1000;

/// How long a headquarters address may be.
pub const LONGEST_ADDRESS: usize = 500;
