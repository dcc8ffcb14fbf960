//! A choice of accounts, while it is being made.

use crate::error::Refusal;
use crate::kernel::Moment;
use crate::kernel::ids::{
    AssignmentId, OrderDraftId, OrderId, OrderLineId, PersonId, SmartAccountId, VirtualAccountId,
};
use serde::{Deserialize, Serialize};

crate::words! {
    /// What is to be done with the orders of a draft.
    pub enum Work {
        /// "Assign to Smart Account": lines that are unassigned or failed.
        Assign = "assign", "Assign to Smart Account";
        /// Partner branded services that stay with the partner, on to the end customer.
        PartnerServices = "partner-services", "Assign partner branded services";
        /// Whole lines that are assigned, elsewhere.
        Reassign = "reassign", "Reassign lines";
    }
}

/// Where lines are to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The Smart Account.
    pub account: SmartAccountId,
    /// The Virtual Account; none for the default one of an account that is Pending.
    pub virtual_account: Option<VirtualAccountId>,
}

/// What somebody is about to assign, and where to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Content {
    /// What is to be done.
    pub work: Work,
    /// With which orders.
    pub orders: Vec<OrderId>,
    /// With which of their lines: only when lines are reassigned.
    #[serde(default)]
    pub lines: Vec<OrderLineId>,
    /// Where everything goes, or the product lines.
    #[serde(default)]
    pub target: Option<Target>,
    /// "Assign Product line and Cisco branded Services to separate Accounts".
    #[serde(default)]
    pub separate: bool,
    /// Where the Cisco branded services go, when they go elsewhere.
    #[serde(default)]
    pub services: Option<Target>,
}

impl Content {
    /// A choice of orders, to be assigned.
    pub fn of(orders: Vec<OrderId>) -> Self {
        Self {
            work: Work::Assign,
            orders,
            lines: Vec::new(),
            target: None,
            separate: false,
            services: None,
        }
    }
}

/// A choice that somebody is making.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Its id.
    pub id: OrderDraftId,
    /// From whose portal.
    pub account: SmartAccountId,
    /// Whose.
    pub person: PersonId,
    /// What.
    pub content: Content,
    /// Since when.
    pub created_at: Moment,
    /// The assignment that came of it.
    pub assignment: Option<AssignmentId>,
    /// Counts changes.
    pub version: i64,
}

crate::words! {
    /// What the search of the page "Assign to Smart Account and Virtual Account" goes by.
    pub enum SearchBy {
        /// The account's domain.
        Domain = "domain", "Domain Identifier";
        /// Its name.
        Name = "name", "Smart Account name";
        /// An address of the customer.
        Email = "email", "Email ID of the customer";
    }
}

/// A Smart Account that was found as a place for orders.
#[derive(Debug, Clone)]
pub struct TargetAccount {
    /// Its id.
    pub id: SmartAccountId,
    /// Its number.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its domain identifier.
    pub domain: String,
    /// Still Pending: lines wait on Smart Account Hold.
    pub is_pending: bool,
    /// Why it cannot be chosen.
    pub refused: Option<Refusal>,
}

/// A Virtual Account that can be chosen.
#[derive(Debug, Clone)]
pub struct TargetPlace {
    /// Its id.
    pub id: VirtualAccountId,
    /// Its name.
    pub name: String,
    /// Whether it is the default one.
    pub is_default: bool,
}

/// The Virtual Accounts of a Smart Account that can be chosen.
#[derive(Debug, Clone, Default)]
pub struct TargetPlaces {
    /// In order.
    pub list: Vec<TargetPlace>,
    /// Others can be chosen by typing their whole name.
    pub by_name: bool,
    /// The account is Pending: there is none yet, lines will go to its default one.
    pub none_yet: bool,
}
