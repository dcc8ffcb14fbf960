use super::*;
use crate::kernel::Moment;
use crate::kernel::ids::{OrderId, OrderLineId, SmartAccountId, VirtualAccountId};
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
