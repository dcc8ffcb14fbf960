//! Order Inventory: which orders an account sees, in which order, and how many of each kind there are.

mod store;

use super::model::{Assignment, Line, Order, OrderStatus, OrderType};
use super::store as orders;
use crate::authz::action::ViewInventory;
use crate::authz::{Permit, Within};
use crate::error::{Error, Result};
use crate::http::ListQuery;
use crate::http::list::{Asked, Column, Filter, List, Rows, sorts_of};
use crate::http::widgets::{counted, number};
use crate::kernel::Moment;
use crate::kernel::ids::OrderId;
use crate::platform::db::Reads;

/// Which orders are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// A part of the identifier, the purchase order or the customer.
    pub q: String,
    pub assignments: Vec<Assignment>,
    pub types: Vec<OrderType>,
    pub statuses: Vec<OrderStatus>,
    pub from: Option<Moment>,
    /// Up to this moment, which is not part of it.
    pub until: Option<Moment>,
}

const FILTERS: &[Filter<Wanted>] = &[
    Filter::words(
        "assignment",
        "Assignment status",
        "Assignment status.",
        Assignment::CHOICES,
        |mut wanted, chosen| {
            wanted.assignments = chosen.words();
            wanted
        },
    ),
    Filter::words(
        "type",
        "Order type",
        "Order type.",
        OrderType::CHOICES,
        |mut wanted, chosen| {
            wanted.types = chosen.words();
            wanted
        },
    ),
    Filter::words(
        "status",
        "Order status",
        "Order status.",
        OrderStatus::CHOICES,
        |mut wanted, chosen| {
            wanted.statuses = chosen.words();
            wanted
        },
    ),
    Filter::day(
        "from",
        "From",
        "The first day of the order date (UTC).",
        |mut wanted, chosen| {
            wanted.from = chosen.from();
            wanted
        },
    ),
    Filter::day("to", "To", "The last day (UTC).", |mut wanted, chosen| {
        wanted.until = chosen.until();
        wanted
    }),
];

/// Its file has the columns that are shown, and is sent piece by piece (`pages/inventory.rs`).
pub static LIST: List<Permit<ViewInventory>, Row, Wanted, Counts> = List {
    path: "/sa/{said}/orders/order-inventory",
    file: "order-inventory",
    most_exported: 100_000,
    nouns: ("order", "orders"),
    search: "Words in the Order Identifier, the purchase order, the customer's name, domain or email.",
    filters: FILTERS,
    sorts: sorts_of!(store::ORDERS),
    default_sort: "-date",
    columns: &[
        Column::lead("id", "Order Identifier", |row| row.identifier.clone()),
        Column::file("Purchase order", |row| row.purchase_order.clone()),
        Column::shown("customer", "Customer", |row| row.customer.clone()),
        Column::file("Customer domain", |row: &Row| row.customer_domain.clone()).with("customer"),
        Column::hidden("email", "Email ID of the customer", |row| {
            row.customer_email.clone()
        }),
        Column::shown("type", "Order type", |row| row.order_type.label().to_owned()),
        Column::shown("date", "Order date", |row| row.ordered_at.rfc3339()),
        Column::hidden("received", "Received on", |row| row.received_at.rfc3339()),
        Column::number("lines", "Lines", |row| row.lines.to_string()),
        Column::shown("assignment", "Assignment", |row| {
            row.assignment.label().to_owned()
        }),
        Column::file("Assignable", |row: &Row| {
            let yes = row.order_type.against_assigning().is_none();
            if yes { "Yes" } else { "No" }.to_owned()
        })
        .with("assignment"),
        Column::shown("status", "Order status", |row| {
            row.order_status.label().to_owned()
        }),
    ],
    rows: Rows::Counted {
        counts: |read, permit, asked| counts(read, permit.within(), asked),
        total: Counts::total,
        page: |read, permit, asked, _, some| page(read, permit.within(), asked, some),
    },
    ..List::PLAIN
};

impl Wanted {
    fn of(asked: &Asked) -> Self {
        let all = Self {
            q: asked.list.q.clone(),
            ..Self::default()
        };
        asked.filtered(FILTERS, all)
    }

    /// Whether the kept counts answer: nothing but kinds is asked for.
    fn is_by_kind_alone(&self) -> bool {
        self.q.is_empty() && self.from.is_none() && self.until.is_none()
    }
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq, diesel::Queryable)]
pub struct Row {
    pub id: OrderId,
    pub identifier: String,
    pub purchase_order: String,
    pub customer: String,
    pub customer_domain: String,
    pub customer_email: String,
    pub order_type: OrderType,
    pub order_status: OrderStatus,
    pub assignment: Assignment,
    pub lines: i32,
    pub ordered_at: Moment,
    pub received_at: Moment,
}

/// How many orders there are of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, diesel::Queryable)]
pub struct Tally {
    pub order_type: OrderType,
    pub order_status: OrderStatus,
    pub assignment: Assignment,
    pub orders: i64,
}

/// Orders that are Unassigned. Not all of them can be assigned: Stocking and Enterprise Agreement orders stay so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unassigned {
    /// All of them, as everywhere.
    pub all: u64,
    /// Those that can be assigned.
    pub assignable: u64,
}

impl Unassigned {
    /// Which of them can be assigned, or "" when all can.
    pub fn words(self) -> String {
        let rest = self.all.saturating_sub(self.assignable);
        if rest == 0 {
            return String::new();
        }
        format!(
            "{} of the {} can be assigned. The other {}, of type Stocking or Enterprise Agreement, {} not available to assign to a Smart Account.",
            number(&self.assignable),
            counted(self.all, "Unassigned order", "Unassigned orders"),
            number(&rest),
            if rest == 1 { "is" } else { "are" }
        )
    }
}

/// How many orders there are of each kind, under all that is asked for but the kinds: from these three dozen numbers
/// come the cards, each without regard to its own filter, and the total.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    all: Vec<Tally>,
    wanted: Wanted,
}

impl Counts {
    fn sum(&self, wanted: impl Fn(&Tally) -> bool) -> u64 {
        let sum: i64 = self
            .all
            .iter()
            .filter(|one| wanted(one))
            .map(|one| one.orders)
            .sum();
        u64::try_from(sum).unwrap_or_default()
    }
    /// How many rows of the list are like this.
    fn listed(&self, wanted: impl Fn(&Tally) -> bool) -> u64 {
        self.sum(|one| {
            within(&self.wanted.assignments, one.assignment)
                && within(&self.wanted.types, one.order_type)
                && within(&self.wanted.statuses, one.order_status)
                && wanted(one)
        })
    }
    /// How many rows the list has.
    pub fn total(&self) -> u64 {
        self.listed(|_| true)
    }
    /// How many of them can never be assigned, by their type.
    pub fn blocked(&self) -> u64 {
        self.listed(|one| one.order_type.against_assigning().is_some())
    }
    /// How many of them are assigned already.
    pub fn assigned(&self) -> u64 {
        self.listed(|one| one.assignment == Assignment::Assigned)
    }
    /// How many of them are Unassigned.
    pub fn unassigned(&self) -> Unassigned {
        let open = |one: &Tally| one.assignment == Assignment::Unassigned;
        Unassigned {
            all: self.listed(open),
            assignable: self.listed(|one| open(one) && one.order_type.against_assigning().is_none()),
        }
    }
    /// The slices of the first card.
    pub fn of_assignment(&self, of: Assignment) -> u64 {
        self.sum(|one| {
            one.assignment == of
                && within(&self.wanted.types, one.order_type)
                && within(&self.wanted.statuses, one.order_status)
        })
    }
    /// The slices of the second card.
    pub fn of_type(&self, of: OrderType) -> u64 {
        self.sum(|one| {
            one.order_type == of
                && within(&self.wanted.assignments, one.assignment)
                && within(&self.wanted.statuses, one.order_status)
        })
    }
    /// The slices of the third card.
    pub fn of_status(&self, of: OrderStatus) -> u64 {
        self.sum(|one| {
            one.order_status == of
                && within(&self.wanted.assignments, one.assignment)
                && within(&self.wanted.types, one.order_type)
        })
    }
}

/// Nothing chosen means all.
fn within<T: PartialEq>(chosen: &[T], one: T) -> bool {
    chosen.is_empty() || chosen.contains(&one)
}

/// How many orders there are of each kind. Where kinds alone are asked for in a whole account, they were counted when
/// the orders came in; otherwise the account's own orders are counted, and nobody else's are looked at.
pub fn counts(read: &mut dyn Reads, reach: &Within, asked: &Asked) -> Result<Counts> {
    counts_of(read, reach, Wanted::of(asked))
}

fn counts_of(read: &mut dyn Reads, reach: &Within, wanted: Wanted) -> Result<Counts> {
    let all = if reach.only().is_none() && wanted.is_by_kind_alone() {
        orders::tallies(read, reach.account()?)?
            .into_iter()
            .map(|(order_type, order_status, assignment, orders)| Tally {
                order_type,
                order_status,
                assignment,
                orders,
            })
            .collect()
    } else {
        store::counted(read, reach, &wanted)?
    };
    Ok(Counts { all, wanted })
}

/// How many orders one sees at all, whatever is asked for.
pub fn everything(read: &mut dyn Reads, reach: &Within) -> Result<u64> {
    Ok(counts_of(read, reach, Wanted::default())?.total())
}

/// So many of the list, after so many.
pub fn page(read: &mut dyn Reads, reach: &Within, asked: &Asked, some: (u64, u64)) -> Result<Vec<Row>> {
    let ids = store::ids(read, reach, &Wanted::of(asked), asked.order(), some)?;
    rows(read, &ids)
}

/// The rows of these orders, in this order.
pub fn rows(read: &mut dyn Reads, ids: &[OrderId]) -> Result<Vec<Row>> {
    let mut found = store::rows(read, ids)?;
    let place: std::collections::HashMap<OrderId, usize> =
        ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    found.sort_by_key(|row| place.get(&row.id).copied().unwrap_or(usize::MAX));
    Ok(found)
}

/// The ids of all that match, up to `most`: for "all that match".
pub fn matching(read: &mut dyn Reads, reach: &Within, asked: &Asked, most: u64) -> Result<Vec<OrderId>> {
    store::ids(read, reach, &Wanted::of(asked), asked.order(), (most, 0))
}

/// One order, if one sees it.
pub fn find(read: &mut dyn Reads, reach: &Within, id: OrderId) -> Result<Order> {
    if orders::showing(read, reach, &[id])?.is_empty() {
        return Err(Error::NotFound);
    }
    orders::find_many(read, &[id])?.pop().ok_or(Error::NotFound)
}

/// Its lines, in order. Who reaches some Virtual Accounts alone sees those that went there.
pub fn lines(read: &mut dyn Reads, reach: &Within, id: OrderId) -> Result<Vec<Line>> {
    let lines = orders::lines_of(read, &[id])?.remove(&id).unwrap_or_default();
    seen(reach, lines)
}

/// Orders that one sees, with their lines, in the order of the ids.
pub fn with_lines(read: &mut dyn Reads, reach: &Within, ids: &[OrderId]) -> Result<Vec<(Order, Vec<Line>)>> {
    let mut lines = orders::lines_of(read, ids)?;
    let mut found: std::collections::HashMap<OrderId, Order> = orders::find_many(read, ids)?
        .into_iter()
        .map(|order| (order.id, order))
        .collect();
    ids.iter()
        .filter_map(|id| found.remove(id))
        .map(|order| {
            let lines = seen(reach, lines.remove(&order.id).unwrap_or_default())?;
            Ok((order, lines))
        })
        .collect()
}

fn seen(reach: &Within, mut lines: Vec<Line>) -> Result<Vec<Line>> {
    if reach.only().is_some() {
        let account = reach.account()?;
        lines.retain(|line| {
            line.account == Some(account) && line.virtual_account.is_some_and(|va| reach.covers(va))
        });
    }
    Ok(lines)
}

/// Those of these orders that have lines of Cisco branded services: the list says so below their type.
pub fn with_cisco_services(read: &mut dyn Reads, ids: &[OrderId]) -> Result<Vec<OrderId>> {
    store::with_cisco_services(read, ids)
}

/// How many orders of an account are Unassigned: for its Overview.
pub fn waiting(read: &mut dyn Reads, reach: &Within) -> Result<Unassigned> {
    Ok(counts_of(read, reach, Wanted::default())?.unassigned())
}

/// What stands behind the `?` of a list, whichever of its pages is open.
pub fn asked(list: &ListQuery) -> String {
    list.at_page(1)
        .split_once('?')
        .map(|(_, query)| query.to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tally(order_type: OrderType, order_status: OrderStatus, assignment: Assignment, orders: i64) -> Tally {
        Tally {
            order_type,
            order_status,
            assignment,
            orders,
        }
    }

    #[test]
    fn an_address_says_what_is_asked_for() {
        let raw =
            "q=%20118%20&assignment=unassigned&assignment=failed&type=stocking&from=2026-11-01&to=2026-11-02";
        let now = Moment::parse("2026-11-29T00:00:00Z").unwrap();
        let wanted = Wanted::of(&LIST.asked_by(raw, now));
        assert_eq!(wanted.q, "118");
        assert_eq!(wanted.assignments, [Assignment::Unassigned, Assignment::Failed]);
        assert_eq!(wanted.types, [OrderType::Stocking]);
        assert_eq!(wanted.until, Moment::parse("2026-11-03T00:00:00Z"));
        assert!(!wanted.is_by_kind_alone() && Wanted::default().is_by_kind_alone());
    }

    proptest! {
        /// A card's slices add up to the rows of the list when nothing of its own kind is chosen.
        #[test]
        fn cards_and_list_agree(numbers in proptest::collection::vec(0_i64..1000, 36), chosen in 0_usize..4) {
            let mut tallies = Vec::new();
            for (order_type, order_status, assignment) in OrderType::ALL.iter().flat_map(|t| {
                OrderStatus::ALL.iter().flat_map(move |s| Assignment::ALL.iter().map(move |a| (*t, *s, *a)))
            }) {
                let at = tallies.len() % numbers.len();
                tallies.push(tally(order_type, order_status, assignment, numbers[at]));
            }
            let all = Counts { all: tallies, wanted: Wanted::default() };
            let assignments: Vec<Assignment> = Assignment::ALL.get(chosen).copied().into_iter().collect();
            let counts = Counts { wanted: Wanted { assignments: assignments.clone(), ..Wanted::default() }, ..all.clone() };
            let types: u64 = OrderType::ALL.iter().map(|one| counts.of_type(*one)).sum();
            let statuses: u64 = OrderStatus::ALL.iter().map(|one| counts.of_status(*one)).sum();
            prop_assert_eq!(types, counts.total());
            prop_assert_eq!(statuses, counts.total());
            let each: u64 = Assignment::ALL.iter().map(|one| counts.of_assignment(*one)).sum();
            prop_assert_eq!(each, all.total());
            prop_assert!(counts.blocked() + counts.assigned() <= 2 * counts.total());
            let blocked: u64 = OrderType::ALL.iter().filter(|one| one.against_assigning().is_some())
                .map(|one| counts.of_type(*one)).sum();
            prop_assert_eq!(counts.blocked(), blocked);
            let open = all.unassigned();
            prop_assert_eq!(open.all, all.of_assignment(Assignment::Unassigned));
            prop_assert_eq!(open.words().is_empty(), open.assignable == open.all);
            let assigned = within(&assignments, Assignment::Assigned);
            prop_assert_eq!(counts.assigned(), if assigned { counts.of_assignment(Assignment::Assigned) } else { 0 });
        }
    }
}
