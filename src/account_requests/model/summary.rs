//! A request as lists show it.

use super::request::{Request, RequestState};
use super::rules::Standing;
use crate::smart_accounts::SmartAccount;

/// A request with what a list shows beside it.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The request.
    pub request: Request,
    /// The account that is, or was, to be.
    pub account: SmartAccount,
    /// Name and address of the requester.
    pub requester: String,
    /// How the reader stands to it.
    pub standing: Standing,
}

impl Summary {
    /// What the reader has to do with it, in words.
    pub fn your_part(&self) -> &'static str {
        if self.standing.is_requester {
            "You sent it"
        } else if self.standing.is_asked() && self.request.state == RequestState::Pending {
            "Yours to decide"
        } else if self.standing.is_asked_for_domain(&self.request) {
            "Domain approval"
        } else if self.standing.creator.is_some() {
            "You were asked"
        } else {
            "For your information"
        }
    }
    /// Whether the reader is waited for.
    pub fn waits_for_you(&self) -> bool {
        self.request.state == RequestState::Pending
            && !self.standing.is_requester
            && (self.standing.is_asked() || self.standing.is_asked_for_domain(&self.request))
    }
}
