//! A request: kinds, states, and what it says.

use crate::kernel::ids::{AccountRequestId, CreatorId, PersonId, SmartAccountId};
use crate::kernel::{Lifecycle, Moment};
use chrono::Datelike;

crate::words! {
    /// For whom the account is.
    pub enum RequestKind {
        /// For a customer, who decides.
        Customer = "customer", "Request a Smart Account for a Customer";
        /// For the requester's own organization; a Domain approver decides.
        Own = "own", "Create a Smart Account";
    }
}

crate::words! {
    /// What has become of a request.
    pub enum RequestState {
        /// It waits for a decision.
        Pending = "pending", "Pending";
        /// The account was created.
        Approved = "approved", "Approved";
        /// Somebody said no.
        Denied = "denied", "Denied";
        /// The requester took it back.
        Withdrawn = "withdrawn", "Withdrawn";
        /// Nobody decided in time.
        Expired = "expired", "Expired";
    }
}

/// Only one decision counts.
pub const LIFECYCLE: Lifecycle<RequestState> = {
    use RequestState::{Approved, Denied, Expired, Pending, Withdrawn};
    Lifecycle {
        of: "Request for a Smart Account",
        states: RequestState::ALL,
        begins: &[Pending],
        moves: &[
            (
                Pending,
                "an Account creator or a Domain approver approves it",
                Approved,
            ),
            (Pending, "one of them denies it", Denied),
            (Pending, "the requester withdraws it", Withdrawn),
            (Pending, "nobody decides within 14 days", Expired),
        ],
    }
};

impl RequestState {
    /// The colour of its badge.
    pub const fn badge(self) -> &'static str {
        match self {
            Self::Pending => "warn",
            Self::Approved => "ok",
            Self::Denied => "bad",
            Self::Withdrawn | Self::Expired => "",
        }
    }
}

crate::words! {
    /// Whether a Domain approver has to agree, and has.
    pub enum DomainReview {
        /// The domain speaks for itself.
        NotNeeded = "not-needed", "Not needed";
        /// A Domain approver has to look at it.
        Waiting = "waiting", "Waiting for a Domain approver";
        /// A Domain approver agreed.
        Given = "given", "Approved";
        /// A Domain approver did not.
        Refused = "refused", "Refused";
    }
}

crate::words! {
    /// Why a Domain approver has to look at a request.
    pub enum DomainReason {
        /// The identifier is not the company's domain of every customer address.
        CustomersDiffer = "customers-differ", "The Account Domain Identifier is not the company domain of every customer email address.";
        /// Another Smart Account has the same TLD.
        TldInUse = "tld-in-use", "Another Smart Account already has the same company domain (TLD).";
        /// The requester asks for their own organization: nobody decides their own request.
        OwnOrganization = "own-organization", "The account is for the requester\u{2019}s own organization, and nobody decides their own request.";
        /// The identifier is not the domain of the requester's own address.
        RequesterDiffers = "requester-differs", "The Account Domain Identifier is not the company domain of the requester\u{2019}s email address.";
    }
}

crate::words! {
    /// How an Account creator stands to a request.
    pub enum CreatorState {
        /// May decide it.
        Asked = "asked", "Asked to decide";
        /// Handed it on.
        Forwarded = "forwarded", "Forwarded";
        /// Decided it.
        Decided = "decided", "Decided";
        /// It was decided without them.
        Ended = "ended", "No longer asked";
    }
}

/// A request, as it is kept.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Request {
    /// Its id.
    pub id: AccountRequestId,
    /// How people call it: SAR-2026-00001.
    pub reference: String,
    /// The account that is to be.
    pub account: SmartAccountId,
    /// For whom.
    pub kind: RequestKind,
    /// Who asks.
    pub requester: PersonId,
    /// What the requester tells the Domain approver.
    pub note_to_approver: String,
    /// What the requester tells the customer.
    pub note_to_customer: String,
    /// Whether a Domain approver has to agree.
    pub domain_review: DomainReview,
    /// Why, as words with commas between.
    pub domain_reasons: String,
    /// Which Domain approver answered.
    pub domain_by: Option<String>,
    /// When.
    pub domain_at: Option<Moment>,
    /// What has become of it.
    pub state: RequestState,
    /// Why it was denied.
    pub reason: String,
    /// Who decided it, or took it back.
    pub decided_by: Option<PersonId>,
    /// When that was.
    pub decided_at: Option<Moment>,
    /// When it was sent.
    pub sent_at: Moment,
    /// When those who were asked are reminded.
    pub remind_at: Moment,
    /// When they were.
    pub reminded_at: Option<Moment>,
    /// When it ends by itself.
    pub expires_at: Moment,
    /// Counts changes.
    pub version: i64,
}

impl Request {
    /// Whether it can still be decided at this moment. The job that marks what is overdue may be late.
    pub fn is_open(&self, now: Moment) -> bool {
        self.state == RequestState::Pending && now < self.expires_at
    }
    /// Whether the domain still keeps it from being approved.
    pub fn waits_for_domain(&self) -> bool {
        self.state == RequestState::Pending && self.domain_review == DomainReview::Waiting
    }
    /// Why a Domain approver has to look at it.
    pub fn reasons(&self) -> Vec<DomainReason> {
        self.domain_reasons
            .split(',')
            .filter_map(|word| word.parse().ok())
            .collect()
    }
    /// The state in words for the heading: what exactly it waits for.
    pub fn status_words(&self) -> &'static str {
        if self.waits_for_domain() {
            "Pending domain approval"
        } else if self.state == RequestState::Pending {
            "Pending approval"
        } else {
            self.state.label()
        }
    }
}

/// Somebody who was asked to decide a request.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Creator {
    /// Its id; emailed links are about it.
    pub id: CreatorId,
    /// Which request.
    pub request: AccountRequestId,
    /// Where they are written to.
    pub email: String,
    /// The same for comparing.
    pub email_key: String,
    /// How they stand to it.
    pub state: CreatorState,
    /// Who handed it to them; none for those whom the requester named.
    pub forwarded_from: Option<CreatorId>,
    /// How often it was handed on before it came to them.
    pub depth: i32,
    /// Since when.
    pub created_at: Moment,
    /// Until when.
    pub ended_at: Option<Moment>,
}

/// How a request is called: the year in which it was sent, and a number that counts on.
pub fn reference(at: Moment, number: i64) -> String {
    format!("SAR-{}-{number:05}", at.utc().year())
}
