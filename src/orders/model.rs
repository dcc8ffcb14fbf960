//! What an order is, and the rules that need nothing but the facts at hand.

pub use crate::catalog::LineKind;
use crate::error::Refusal;
use crate::kernel::Moment;
use crate::kernel::ids::{
    AssignmentId, OrderDraftId, OrderId, OrderLineId, PersonId, SmartAccountId, VirtualAccountId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many orders can be assigned at once.
pub const MOST_SELECTED: usize = 10_000;
/// How many lines an order has at most.
pub const MOST_LINES: usize = 500;
/// How much of a thing can be ordered in one line.
pub const MOST_QUANTITY: i64 = 2_000_000_000;

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

/// Why an order shows in a Smart Account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Why {
    /// The account sold it.
    pub sold: bool,
    /// The account is its end customer.
    pub customer: bool,
    /// Lines of it are assigned to the account.
    pub assigned: bool,
}

/// In which Smart Accounts an order shows, and why.
pub fn shows_in(order: &Order, lines: &[Line]) -> BTreeMap<SmartAccountId, Why> {
    let mut all: BTreeMap<SmartAccountId, Why> = BTreeMap::new();
    if let Some(account) = order.partner_account {
        all.entry(account).or_default().sold = true;
    }
    if let Some(account) = order.customer_account {
        all.entry(account).or_default().customer = true;
    }
    for line in lines.iter().filter(|line| line.state == LineState::Assigned) {
        if let Some(account) = line.account {
            all.entry(account).or_default().assigned = true;
        }
    }
    all
}

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

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// It goes there.
    Goes(Target),
    /// It stays as it is, for this reason.
    Stays(String),
}

impl Plan {
    /// Where to.
    #[cfg(test)]
    pub const fn target(&self) -> Option<Target> {
        match self {
            Self::Goes(to) => Some(*to),
            Self::Stays(_) => None,
        }
    }
}

/// What becomes of the lines of an order: one plan a line. `partner` is where the partner who sold it keeps their
/// own branded services, when the partner has a Smart Account here.
pub fn plan(order: &Order, lines: &[Line], content: &Content, partner: Option<Target>) -> Vec<Plan> {
    lines
        .iter()
        .map(|line| plan_line(order, line, content, partner))
        .collect()
}

fn plan_line(order: &Order, line: &Line, content: &Content, partner: Option<Target>) -> Plan {
    let stays = |why: &str| Plan::Stays(why.to_owned());
    if let Some(why) = order.order_type.against_assigning() {
        return stays(why);
    }
    if line.customer_active {
        return stays("The end customer\u{2019}s Smart Account came with the order and is Active.");
    }
    let Some(target) = content.target else {
        return stays("No Smart Account has been chosen.");
    };
    let target = match (line.kind, content.separate, content.services) {
        (LineKind::CiscoService, true, Some(services)) => services,
        (LineKind::CiscoService, true, None) => {
            return stays("No Smart Account has been chosen for services.");
        }
        _ => target,
    };
    let is_open = matches!(line.state, LineState::Unassigned | LineState::Failed);
    match (content.work, line.state) {
        (_, LineState::Requested) => stays("The assignment has been requested already."),
        (_, LineState::Hold) => stays("The line is on Smart Account Hold."),
        (_, LineState::NotAssignable) => stays("The line is not assignable."),
        (Work::Assign, LineState::Assigned) => stays("The line is assigned already."),
        (Work::Assign, _) => match partner {
            // Partner branded services stay with the partner until they are assigned separately.
            Some(own) if line.kind == LineKind::PartnerService && own.account != target.account => {
                Plan::Goes(own)
            }
            _ => Plan::Goes(target),
        },
        (Work::PartnerServices, _) if line.kind != LineKind::PartnerService => {
            stays("The line is not a partner branded service.")
        }
        (Work::PartnerServices, LineState::Assigned) if line.account == Some(target.account) => {
            stays("The line is assigned to this Smart Account already.")
        }
        (Work::PartnerServices, LineState::Assigned)
            if partner.is_none_or(|own| line.account != Some(own.account)) =>
        {
            stays("The line is not with the partner any more.")
        }
        (Work::Reassign, _) if !content.lines.contains(&line.id) => stays("The line was not chosen."),
        (Work::Reassign, _) if is_open => stays("The line is not assigned yet."),
        (Work::Reassign, _) if order.status != OrderStatus::Pending => stays(
            "Delivery of the order has begun: lines can be reassigned only while its order status is Pending.",
        ),
        (Work::Reassign, _)
            if line.account == Some(target.account) && line.virtual_account == target.virtual_account =>
        {
            stays("The line is assigned there already.")
        }
        (Work::PartnerServices | Work::Reassign, _) => Plan::Goes(target),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = LineState> {
        proptest::sample::select(LineState::ALL)
    }

    #[test]
    fn an_order_is_as_far_as_its_worst_line() {
        use LineState::{Assigned, Failed, Hold, NotAssignable, Requested, Unassigned};
        let cases: [(&[LineState], Assignment); 8] = [
            (&[Assigned], Assignment::Assigned),
            (&[Assigned, Unassigned], Assignment::Unassigned),
            (&[Unassigned, Requested], Assignment::Requested),
            (&[Requested, Unassigned, Assigned], Assignment::Requested),
            (&[Hold, Assigned], Assignment::Requested),
            (&[Requested, Failed, Unassigned], Assignment::Failed),
            (&[NotAssignable, NotAssignable], Assignment::Unassigned),
            (&[Unassigned], Assignment::Unassigned),
        ];
        for (states, expected) in cases {
            assert_eq!(assignment_of(states.iter().copied()), expected, "{states:?}");
        }
    }

    fn order(order_type: OrderType, status: OrderStatus) -> Order {
        let at = Moment::parse("2026-01-31T15:00:00Z").unwrap();
        Order {
            id: OrderId::new(),
            identifier: "WEB1".to_owned(),
            customer: "XYZ COMPANY".to_owned(),
            customer_domain: "xyz.example".to_owned(),
            customer_email: String::new(),
            customer_account: None,
            partner_account: None,
            order_type,
            status,
            assignment: Assignment::Unassigned,
            purchase_order: String::new(),
            lines: 1,
            ordered_at: at,
            received_at: at,
            source: Source::Api,
            version: 1,
        }
    }

    fn line(kind: LineKind, state: LineState, account: Option<SmartAccountId>) -> Line {
        Line {
            id: OrderLineId::new(),
            order: OrderId::new(),
            number: 1,
            sku: "C9200-48P-E".to_owned(),
            description: String::new(),
            kind,
            quantity: 1,
            term_months: None,
            state,
            account,
            virtual_account: None,
            customer_active: false,
            assignment: None,
            due_at: None,
            round: 0,
            reason: String::new(),
            settled_at: None,
            version: 1,
        }
    }

    fn target() -> Target {
        Target {
            account: SmartAccountId::new(),
            virtual_account: Some(VirtualAccountId::new()),
        }
    }

    #[test]
    fn each_kind_of_line_goes_where_it_belongs() {
        let (main, services, partner) = (target(), target(), target());
        let order = order(OrderType::Standard, OrderStatus::Fulfilled);
        let lines = LineKind::ALL
            .iter()
            .map(|kind| line(*kind, LineState::Unassigned, None));
        let lines: Vec<Line> = lines.collect();
        let mut content = Content::of(vec![order.id]);
        content.target = Some(main);
        content.services = Some(services);
        let go = |content: &Content, partner| {
            let plans = plan(&order, &lines, content, partner);
            plans.iter().map(Plan::target).collect::<Vec<_>>()
        };
        assert_eq!(
            go(&content, Some(partner)),
            [Some(main), Some(main), Some(partner)]
        );
        assert_eq!(go(&content, None), [Some(main), Some(main), Some(main)]);
        content.separate = true;
        assert_eq!(
            go(&content, Some(partner)),
            [Some(main), Some(services), Some(partner)]
        );
        content.work = Work::PartnerServices;
        assert_eq!(go(&content, Some(partner)), [None, None, Some(main)]);
    }

    proptest! {
        #[test]
        fn nothing_moves_that_may_not(
            kind in proptest::sample::select(LineKind::ALL), state in any_state(),
            order_type in proptest::sample::select(OrderType::ALL), status in proptest::sample::select(OrderStatus::ALL),
            work in proptest::sample::select(Work::ALL), separate: bool, active: bool, chosen: bool,
        ) {
            let (main, services, partner) = (target(), target(), target());
            let order = order(order_type, status);
            let mut one = line(kind, state, (state == LineState::Assigned).then_some(partner.account));
            one.customer_active = active;
            let content = Content {
                work, orders: vec![order.id], lines: if chosen { vec![one.id] } else { Vec::new() },
                target: Some(main), separate, services: Some(services),
            };
            let plans = plan(&order, std::slice::from_ref(&one), &content, Some(partner));
            if plans[0].target().is_some() {
                prop_assert_eq!(order_type, OrderType::Standard);
                prop_assert!(!active);
                prop_assert!(!matches!(state, LineState::Requested | LineState::Hold | LineState::NotAssignable));
                if state == LineState::Assigned {
                    prop_assert!(work != Work::Assign);
                    prop_assert!(work == Work::PartnerServices || status == OrderStatus::Pending && chosen);
                }
                if work == Work::PartnerServices { prop_assert_eq!(kind, LineKind::PartnerService); }
            }
        }

        #[test]
        fn the_order_of_lines_does_not_matter(mut states in proptest::collection::vec(any_state(), 1..20)) {
            let before = assignment_of(states.iter().copied());
            states.reverse();
            prop_assert_eq!(assignment_of(states.iter().copied()), before);
            states.sort_unstable();
            prop_assert_eq!(assignment_of(states.iter().copied()), before);
            prop_assert_eq!(before == Assignment::Assigned, states.iter().all(|s| *s == LineState::Assigned));
            prop_assert_eq!(before == Assignment::Failed, states.contains(&LineState::Failed));
        }
    }
}
