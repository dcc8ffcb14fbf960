//! Why a request needs an approval of its domain.

use super::form::Customers;
use super::request::DomainReason;
use crate::kernel::{DomainIdentifier, EmailAddress, text};

/// Why a Domain approver has to look at a request for a customer: none when the domain speaks for itself.
pub fn reasons_for_customer(
    domain: &DomainIdentifier,
    customers: &Customers,
    tld_in_use: bool,
) -> Vec<DomainReason> {
    let mut reasons = Vec::new();
    let is_theirs = |address: &EmailAddress| text::registrable_domain(address.domain()) == domain.as_str();
    if !customers.list().iter().all(is_theirs) {
        reasons.push(DomainReason::CustomersDiffer);
    }
    if tld_in_use {
        reasons.push(DomainReason::TldInUse);
    }
    reasons
}

/// The same for a request for one's own organization, where a Domain approver always decides.
pub fn reasons_for_own(
    domain: &DomainIdentifier,
    requester: &EmailAddress,
    tld_in_use: bool,
) -> Vec<DomainReason> {
    let mut reasons = vec![DomainReason::OwnOrganization];
    if text::registrable_domain(requester.domain()) != domain.as_str() {
        reasons.push(DomainReason::RequesterDiffers);
    }
    if tld_in_use {
        reasons.push(DomainReason::TldInUse);
    }
    reasons
}

/// As the table keeps them.
pub fn reason_words(reasons: &[DomainReason]) -> String {
    let words: Vec<&str> = reasons.iter().map(|reason| reason.word()).collect();
    words.join(",")
}
