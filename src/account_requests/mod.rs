//! Requests for a Smart Account: sent by a partner for a customer or by a person for their own organization,
//! decided by Account creators and Domain approvers.
//!
//! From a scenario or a command, every step is one write with a permit of the portal:
//!
//! ```ignore
//! let permit = Permit::by_the_portal("scenario demo");
//! let asked = ForCustomer::parse("Harborview Clinics", "harborview.example", Customers::parse("it@harborview.example"), "", "Welcome.")?;
//! let new = Sending::new(at); // ids and the time, before the write
//! let request = db.write_now(|tx| account_requests::send(tx, &permit, &pat, &new, &asked, None))?;
//! let va = VirtualAccountId::new();
//! db.write_now(|tx| account_requests::approve(tx, &permit, &it, later, va, &request.reference))?;
//! ```
//!
//! `approve`, `deny` and `forward` check that the given person is an Account creator of the request (by
//! address), `approve_domain` that they hold the platform role, whoever the permit is for.

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
pub use model::{
    Creator, CreatorState, Customers, DomainReason, DomainReview, ForCustomer, ForOwn, Request, RequestKind,
    RequestState, Standing, Summary,
};
pub use service::{
    Details, Handing, Sending, approve, approve_domain, deny, details, forward, list, mine, send, send_own,
    waiting_domains, waiting_for, withdraw,
};
pub use store::upcoming;

use crate::http::Routes;
use crate::platform::mail::Letters;

/// The routes of this room.
pub fn routes(routes: &mut Routes) {
    pages::routes(routes);
    api::routes(routes);
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
        "account-requests.decided",
        "The request was decided, withdrawn, or has expired.",
        "Nothing is left to decide; the requester may send another request.",
    ),
    (
        "account-requests.domain-approval-outstanding",
        "A Domain approver has to approve the Account Domain Identifier first.",
        "Wait until a Domain approver has approved the Account Domain Identifier, then decide.",
    ),
    (
        "account-requests.domain-answered",
        "A Domain approver has answered already, or none is needed.",
        "Nothing is left to answer; the request goes on without it.",
    ),
    (
        "account-requests.approve-instead",
        "A request for the requester's own organization is approved as a whole.",
        "Approve the request, or deny it.",
    ),
    (
        "account-requests.own-request",
        "Nobody decides their own request.",
        "Leave the request to another person who was asked.",
    ),
    (
        "account-requests.not-asked",
        "The person is not, or no longer, asked to decide the request.",
        "Have it decided by the person who was asked last; the request can be forwarded back.",
    ),
    (
        "account-requests.not-requester",
        "Only the requester can withdraw a request.",
        "Have it withdrawn by the requester, or deny it if you were asked to decide.",
    ),
    (
        "account-requests.forward-limit",
        "The request was forwarded five times already.",
        "Approve or deny the request yourself.",
    ),
    (
        "account-requests.forward-to-requester",
        "The next approver is the requester.",
        "Forward it to somebody else, or decide it yourself.",
    ),
    (
        "account-requests.forward-to-same",
        "The next approver was asked already.",
        "Forward it to somebody else, or decide it yourself.",
    ),
];
