//! Who may approve, forward, withdraw.

use super::MOST_FORWARDS;
use super::request::{Creator, CreatorState, Request, RequestKind};
use crate::error::Error;
use crate::kernel::EmailAddress;

/// Whether two addresses reach the same mailbox: what follows a plus sign is a note of its owner.
pub fn same_mailbox(a: &EmailAddress, b: &EmailAddress) -> bool {
    fn plain(address: &EmailAddress) -> (&str, &str) {
        let local = address.key().split('@').next().unwrap_or_default();
        (local.split('+').next().unwrap_or_default(), address.domain())
    }
    a.key() == b.key() || plain(a) == plain(b)
}

/// How somebody stands to a request.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Their row among the Account creators, if they were ever asked.
    pub creator: Option<Creator>,
    /// They sent it.
    pub is_requester: bool,
    /// They approve domains.
    pub approves_domains: bool,
    /// They run the portal.
    pub operates: bool,
}

impl Standing {
    /// Whether they may know that it exists.
    pub fn sees(&self) -> bool {
        self.creator.is_some() || self.is_requester || self.approves_domains || self.operates
    }
    /// Whether they are asked now.
    pub fn is_asked(&self) -> bool {
        !self.is_requester
            && self
                .creator
                .as_ref()
                .is_some_and(|creator| creator.state == CreatorState::Asked)
    }
    /// Whether the domain is theirs to look at now.
    pub fn is_asked_for_domain(&self, request: &Request) -> bool {
        self.approves_domains && !self.is_requester && request.waits_for_domain()
    }
    /// Whether they may deny it.
    pub fn may_deny(&self, request: &Request) -> bool {
        self.is_asked() || self.is_asked_for_domain(request)
    }
}

/// Why a request cannot be approved by this person now; nothing when it can.
pub fn approve_problem(request: &Request, standing: &Standing) -> Option<Error> {
    if standing.is_requester {
        return Some(own_request());
    }
    match request.kind {
        RequestKind::Customer if !standing.is_asked() => Some(not_asked()),
        RequestKind::Customer if request.waits_for_domain() => Some(Error::refused(
            "account-requests.domain-approval-outstanding",
            "A Domain approver has to approve the Account Domain Identifier first.",
        )),
        RequestKind::Own if !standing.approves_domains => Some(not_asked()),
        _ => None,
    }
}

/// Nobody decides their own request.
pub fn own_request() -> Error {
    Error::refused(
        "account-requests.own-request",
        "You sent this request, so somebody else has to decide it. You can withdraw it.",
    )
}

/// Only who is asked decides.
pub fn not_asked() -> Error {
    Error::refused(
        "account-requests.not-asked",
        "This request is not, or no longer, yours to decide.",
    )
}

/// Why a request cannot be handed on to this address; nothing when it can. `known` are all who were ever asked.
pub fn forward_problem(
    from: &Creator,
    to: &EmailAddress,
    own: &EmailAddress,
    requester: &EmailAddress,
    known: &[Creator],
) -> Option<Error> {
    if from.depth >= MOST_FORWARDS {
        return Some(Error::refused(
            "account-requests.forward-limit",
            format!("This request was forwarded {MOST_FORWARDS} times already. Approve or deny it."),
        ));
    }
    if same_mailbox(to, requester) {
        return Some(Error::refused(
            "account-requests.forward-to-requester",
            "This person sent the request, and nobody decides their own request. Enter another address.",
        ));
    }
    let asked_before = known.iter().any(|creator| {
        creator.email_key == to.key()
            || EmailAddress::parse(&creator.email).is_ok_and(|theirs| same_mailbox(&theirs, to))
    });
    if same_mailbox(to, own) || asked_before {
        return Some(Error::refused(
            "account-requests.forward-to-same",
            "This person was asked to decide this request already. Enter another address.",
        ));
    }
    None
}
