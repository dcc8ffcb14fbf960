//! An order and its lines.

use crate::catalog::LineKind;
use crate::kernel::ids::{AssignmentId, OrderId, OrderLineId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Lifecycle, Moment};

crate::words! {
    /// The card "Order type".
    pub enum OrderType {
        /// For a customer.
        Standard = "standard", "Standard";
        /// For a distributor's stock: there is no end customer yet.
        Stocking = "stocking", "Stocking";
        /// A part of an Enterprise Agreement.
        EnterpriseAgreement = "enterprise-agreement", "Enterprise Agreement";
    }
}

impl OrderType {
    /// Why orders of this type cannot be assigned.
    pub const fn against_assigning(self) -> Option<&'static str> {
        match self {
            Self::Standard => None,
            Self::Stocking => Some("Stocking orders are not available to assign to a Smart Account."),
            Self::EnterpriseAgreement => {
                Some("Enterprise Agreement orders are not available to assign to a Smart Account.")
            }
        }
    }
}

crate::words! {
    /// The card "Order status".
    pub enum OrderStatus {
        /// Booked, nothing delivered.
        Pending = "pending", "Pending";
        /// Some of it delivered.
        PartiallyFulfilled = "partially-fulfilled", "Partially fulfilled";
        /// All of it delivered.
        Fulfilled = "fulfilled", "Fulfilled";
    }
}

crate::words! {
    /// The card "Smart Account assignment status".
    pub enum Assignment {
        /// Nobody has assigned it, or not all of it.
        Unassigned = "unassigned", "Unassigned";
        /// Somebody has, and it is on its way.
        Requested = "requested", "Assignment requested";
        /// It is where it belongs.
        Assigned = "assigned", "Assigned";
        /// It could not be assigned.
        Failed = "failed", "Failed";
    }
}

crate::words! {
    /// Where a line stands.
    pub enum LineState {
        /// Nobody has assigned it.
        Unassigned = "unassigned", "Unassigned";
        /// Somebody has, and it is on its way.
        Requested = "requested", "Assignment requested";
        /// It waits for its Smart Account to become Active.
        Hold = "hold", "Smart Account Hold";
        /// It is where it belongs.
        Assigned = "assigned", "Assigned";
        /// It could not be assigned.
        Failed = "failed", "Failed";
        /// Its order is of a type that nobody can assign.
        NotAssignable = "not-assignable", "Not assignable";
    }
}

/// A line whose customer has named an account with the order begins where that is.
pub const LINE_LIFECYCLE: Lifecycle<LineState> = {
    use LineState::{Assigned, Failed, Hold, NotAssignable, Requested, Unassigned};
    Lifecycle {
        of: "Order line",
        states: LineState::ALL,
        begins: &[Unassigned, NotAssignable, Assigned, Hold],
        moves: &[
            (Unassigned, "somebody assigns it", Requested),
            (Failed, "somebody assigns it again", Requested),
            (Assigned, "somebody assigns it elsewhere", Requested),
            (Requested, "it is completed", Assigned),
            (Requested, "its Smart Account is not Active", Hold),
            (Requested, "it cannot be completed", Failed),
            (Hold, "its Smart Account becomes Active", Requested),
        ],
    }
};

crate::words! {
    /// Where an order came from.
    pub enum Source {
        /// A scenario.
        Scenario = "scenario", "Scenario";
        /// A script.
        Api = "api", "API";
        /// A file.
        Import = "import", "Import";
    }
}

/// An order.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// What people know it by: the Order Identifier.
    pub identifier: String,
    /// The customer's name.
    pub customer: String,
    /// The customer's domain, or "".
    pub customer_domain: String,
    /// The Email ID of the customer, or "".
    pub customer_email: String,
    /// The end customer's Smart Account, where the domain has one.
    pub customer_account: Option<SmartAccountId>,
    /// The Smart Account of the partner who sold it.
    pub partner_account: Option<SmartAccountId>,
    /// Its type.
    pub order_type: OrderType,
    /// How far it is delivered.
    pub status: OrderStatus,
    /// How far it is assigned: follows from its lines.
    pub assignment: Assignment,
    /// The customer's purchase order, or "".
    pub purchase_order: String,
    /// How many lines it has.
    pub lines: i32,
    /// Ordered when.
    pub ordered_at: Moment,
    /// Came in when.
    pub received_at: Moment,
    /// Came from where.
    pub source: Source,
    /// Counts changes.
    pub version: i64,
}

/// A line of an order.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Line {
    /// Its id.
    pub id: OrderLineId,
    /// Of which order.
    pub order: OrderId,
    /// From 1.
    pub number: i32,
    /// What was ordered.
    pub sku: String,
    /// In words.
    pub description: String,
    /// Product, Cisco branded service or partner branded service.
    pub kind: LineKind,
    /// How many.
    pub quantity: i64,
    /// For how long.
    pub term_months: Option<i32>,
    /// Where it stands.
    pub state: LineState,
    /// Where to, or where it is.
    pub account: Option<SmartAccountId>,
    /// In which Virtual Account, as it was asked for. None with an account: the default one.
    pub virtual_account: Option<VirtualAccountId>,
    /// The end customer's Smart Account came with the order and is Active: nothing to assign here.
    pub customer_active: bool,
    /// The request that it is a part of.
    pub assignment: Option<AssignmentId>,
    /// When it is to be completed.
    pub due_at: Option<Moment>,
    /// How often its assignment was asked for.
    pub round: i32,
    /// Why it failed or waits, or "".
    pub reason: String,
    /// When it was assigned or failed.
    pub settled_at: Option<Moment>,
    /// Counts changes.
    pub version: i64,
}

/// One press of "Assign".
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Request {
    /// Its id.
    pub id: AssignmentId,
    /// From whose portal.
    pub account: SmartAccountId,
    /// Who pressed; none when the portal did by itself.
    pub requested_by: Option<PersonId>,
    /// Name and address of the requester, as the record keeps them.
    pub requester: String,
    /// Asked for by support, whom no checks restrict.
    pub is_unchecked: bool,
    /// How many orders.
    pub orders: i32,
    /// How many lines.
    pub lines: i32,
    /// When.
    pub requested_at: Moment,
    /// When its last line was assigned or failed.
    pub settled_at: Option<Moment>,
}

/// How far an order is assigned, from its lines.
pub fn assignment_of(states: impl IntoIterator<Item = LineState>) -> Assignment {
    let mut found = Assignment::Assigned;
    for state in states {
        let one = match state {
            LineState::Failed => return Assignment::Failed,
            LineState::Requested | LineState::Hold => Assignment::Requested,
            LineState::Unassigned | LineState::NotAssignable => Assignment::Unassigned,
            LineState::Assigned => continue,
        };
        if found != Assignment::Requested {
            found = one;
        }
    }
    found
}
