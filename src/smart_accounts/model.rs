//! What a Smart Account is.

use crate::kernel::Moment;
use crate::kernel::ids::{PersonId, SmartAccountId};

crate::words! {
    /// The state of a Smart Account.
    pub enum State {
        /// Asked for, not there yet.
        Pending = "pending", "Pending";
        /// In use.
        Active = "active", "Active";
        /// Deactivated.
        Inactive = "inactive", "Inactive";
    }
}

crate::words! {
    /// What is outstanding while an account is Pending, or why it will stay so.
    pub enum PendingDetail {
        /// A Domain approver has to approve the domain first.
        DomainApproval = "domain-approval", "Pending domain approval";
        /// An Account creator has to decide.
        CustomerAcceptance = "customer-acceptance", "Pending customer acceptance";
        /// Somebody said no.
        Denied = "denied", "Denied";
        /// The requester took it back.
        Withdrawn = "withdrawn", "Withdrawn";
        /// Nobody decided in time.
        Expired = "expired", "Expired";
    }
}

impl PendingDetail {
    /// Whether the account may still become Active.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::DomainApproval | Self::CustomerAcceptance)
    }
}

crate::words! {
    /// Who finds the account in a search.
    pub enum Visibility {
        /// Everybody.
        Unrestricted = "unrestricted", "Unrestricted";
        /// Who types the whole name or the whole domain identifier.
        Restricted = "restricted", "Restricted";
    }
}

/// A Smart Account.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct SmartAccount {
    /// Its id.
    pub id: SmartAccountId,
    /// Its number in addresses: the Smart Account ID.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its domain identifier.
    pub domain: String,
    /// The company's domain above it.
    pub registrable: String,
    /// Its state.
    pub state: State,
    /// What is outstanding.
    pub pending_detail: Option<PendingDetail>,
    /// Who finds it.
    pub visibility: Visibility,
    /// The headquarters address, in lines.
    pub headquarters: String,
    /// Who asked for it.
    pub requested_by: Option<PersonId>,
    /// Since when.
    pub created_at: Moment,
    /// Since when Active.
    pub activated_at: Option<Moment>,
    /// Counts changes.
    pub version: i64,
}

impl SmartAccount {
    /// The state as the directory shows it: a pending one that will stay so shows why.
    pub fn status_words(&self) -> &'static str {
        match (self.state, self.pending_detail) {
            (State::Pending, Some(detail)) if !detail.is_open() => detail.label(),
            (state, _) => state.label(),
        }
    }
    /// The colour of its badge.
    pub fn status_kind(&self) -> &'static str {
        match (self.state, self.pending_detail) {
            (State::Active, _) => "ok",
            (State::Pending, Some(PendingDetail::Denied)) => "bad",
            (State::Pending, Some(detail)) if detail.is_open() => "warn",
            _ => "",
        }
    }
}
