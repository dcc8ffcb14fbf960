//! Order Inventory: which orders an account sees, in which order, and how many of each kind there are.

mod store;

use super::model::{Assignment, Line, Order, OrderStatus, OrderType};
use super::store as orders;
use crate::authz::Within;
use crate::error::{Error, Result};
use crate::http::list::{ColumnSpec, FilterSpec, column};
use crate::http::widgets::{counted, number};
use crate::http::{ListQuery, ListSpec};
use crate::kernel::Moment;
use crate::kernel::ids::OrderId;
use crate::platform::db::Reads;
use chrono::{NaiveDate, NaiveTime, TimeDelta};

/// What the list sorts by. Ties are broken by the order's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    Date,
    Identifier,
    Customer,
    Type,
    Status,
    Assignment,
    Lines,
}

/// Which orders are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// A part of the identifier, the purchase order or the customer.
    pub q: String,
    pub assignments: Vec<Assignment>,
    pub types: Vec<OrderType>,
    pub statuses: Vec<OrderStatus>,
    pub from: Option<Moment>,
    /// Up to this moment, which is not part of it.
    pub until: Option<Moment>,
    pub sort: Sort,
    pub descending: bool,
}

pub const ASSIGNMENTS: &[(&str, &str)] = &[
    ("unassigned", "Unassigned"),
    ("requested", "Assignment requested"),
    ("assigned", "Assigned"),
    ("failed", "Failed"),
];
pub const TYPES: &[(&str, &str)] = &[
    ("standard", "Standard"),
    ("stocking", "Stocking"),
    ("enterprise-agreement", "Enterprise Agreement"),
];
pub const STATUSES: &[(&str, &str)] = &[
    ("pending", "Pending"),
    ("partially-fulfilled", "Partially fulfilled"),
    ("fulfilled", "Fulfilled"),
];
/// By what the list can be sorted.
pub const SORTS: &[&str] = &["date", "id", "customer", "type", "status", "assignment", "lines"];

/// The filters that the address of the list knows.
pub const FILTERS: &[FilterSpec<'static>] = &[
    FilterSpec {
        key: "assignment",
        label: "Assignment status",
        values: ASSIGNMENTS,
    },
    FilterSpec {
        key: "type",
        label: "Order type",
        values: TYPES,
    },
    FilterSpec {
        key: "status",
        label: "Order status",
        values: STATUSES,
    },
    FilterSpec::date("from", "From"),
    FilterSpec::date("to", "To"),
];

const COLUMNS: &[ColumnSpec<'static>] = &[
    column("customer", "Customer", true),
    column("type", "Order type", true),
    column("date", "Order date", true),
    column("lines", "Lines", true),
    column("assignment", "Assignment", true),
    column("status", "Order status", true),
    column("email", "Email ID of the customer", false),
    column("received", "Received on", false),
];

/// What the list understands.
pub fn spec(path: String) -> ListSpec<'static> {
    ListSpec {
        path,
        sorts: SORTS,
        default_sort: "-date",
        filters: FILTERS,
        columns: COLUMNS,
    }
}

fn midnight(day: NaiveDate) -> Moment {
    Moment::of(day.and_time(NaiveTime::MIN).and_utc())
}

impl Filter {
    /// What an address asks for.
    pub fn of(list: &ListQuery) -> Self {
        fn all<T: std::str::FromStr>(list: &ListQuery, key: &str) -> Vec<T> {
            list.values(key)
                .iter()
                .filter_map(|word| word.parse().ok())
                .collect()
        }
        Self {
            q: list.q.trim().to_owned(),
            assignments: all(list, "assignment"),
            types: all(list, "type"),
            statuses: all(list, "status"),
            from: list.day("from").map(midnight),
            until: list.day("to").map(|day| midnight(day).plus(TimeDelta::days(1))),
            sort: match list.sort.as_str() {
                "id" => Sort::Identifier,
                "customer" => Sort::Customer,
                "type" => Sort::Type,
                "status" => Sort::Status,
                "assignment" => Sort::Assignment,
                "lines" => Sort::Lines,
                _ => Sort::Date,
            },
            descending: list.descending,
        }
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

/// How many orders there are of each kind, under all of a filter but its kinds: from these three dozen numbers come
/// the cards, each without regard to its own filter, and the total.
#[derive(Debug, Clone, Default)]
pub struct Counts(Vec<Tally>);

impl Counts {
    fn sum(&self, wanted: impl Fn(&Tally) -> bool) -> u64 {
        let sum: i64 = self
            .0
            .iter()
            .filter(|one| wanted(one))
            .map(|one| one.orders)
            .sum();
        u64::try_from(sum).unwrap_or_default()
    }
    /// How many rows of the list are like this.
    fn listed(&self, filter: &Filter, wanted: impl Fn(&Tally) -> bool) -> u64 {
        self.sum(|one| {
            within(&filter.assignments, one.assignment)
                && within(&filter.types, one.order_type)
                && within(&filter.statuses, one.order_status)
                && wanted(one)
        })
    }
    /// How many rows the list has.
    pub fn total(&self, filter: &Filter) -> u64 {
        self.listed(filter, |_| true)
    }
    /// How many of them can never be assigned, by their type.
    pub fn blocked(&self, filter: &Filter) -> u64 {
        self.listed(filter, |one| one.order_type.against_assigning().is_some())
    }
    /// How many of them are assigned already.
    pub fn assigned(&self, filter: &Filter) -> u64 {
        self.listed(filter, |one| one.assignment == Assignment::Assigned)
    }
    /// How many of them are Unassigned.
    pub fn unassigned(&self, filter: &Filter) -> Unassigned {
        let open = |one: &Tally| one.assignment == Assignment::Unassigned;
        Unassigned {
            all: self.listed(filter, open),
            assignable: self.listed(filter, |one| {
                open(one) && one.order_type.against_assigning().is_none()
            }),
        }
    }
    /// The slices of the first card.
    pub fn of_assignment(&self, filter: &Filter, of: Assignment) -> u64 {
        self.sum(|one| {
            one.assignment == of
                && within(&filter.types, one.order_type)
                && within(&filter.statuses, one.order_status)
        })
    }
    /// The slices of the second card.
    pub fn of_type(&self, filter: &Filter, of: OrderType) -> u64 {
        self.sum(|one| {
            one.order_type == of
                && within(&filter.assignments, one.assignment)
                && within(&filter.statuses, one.order_status)
        })
    }
    /// The slices of the third card.
    pub fn of_status(&self, filter: &Filter, of: OrderStatus) -> u64 {
        self.sum(|one| {
            one.order_status == of
                && within(&filter.assignments, one.assignment)
                && within(&filter.types, one.order_type)
        })
    }
}

/// Nothing chosen means all.
fn within<T: PartialEq>(chosen: &[T], one: T) -> bool {
    chosen.is_empty() || chosen.contains(&one)
}

/// How many orders there are of each kind. Where kinds alone are asked for in a whole account, they were counted when
/// the orders came in; otherwise the account's own orders are counted, and nobody else's are looked at.
pub fn counts(read: &mut dyn Reads, reach: &Within, filter: &Filter) -> Result<Counts> {
    let tallies = if reach.only().is_none() && filter.is_by_kind_alone() {
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
        store::counted(read, reach, filter)?
    };
    Ok(Counts(tallies))
}

/// How many orders one sees at all, whatever is asked for.
pub fn everything(read: &mut dyn Reads, reach: &Within) -> Result<u64> {
    let filter = Filter::default();
    Ok(counts(read, reach, &filter)?.total(&filter))
}

/// A page of the list.
pub fn page(
    read: &mut dyn Reads,
    reach: &Within,
    filter: &Filter,
    limit: u64,
    offset: u64,
) -> Result<Vec<Row>> {
    let ids = store::ids(
        read,
        reach,
        filter,
        i64::try_from(limit).unwrap_or(i64::MAX),
        i64::try_from(offset).unwrap_or(i64::MAX),
    )?;
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
pub fn matching(read: &mut dyn Reads, reach: &Within, filter: &Filter, most: u64) -> Result<Vec<OrderId>> {
    store::ids(read, reach, filter, i64::try_from(most).unwrap_or(i64::MAX), 0)
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
    let filter = Filter::default();
    Ok(counts(read, reach, &filter)?.unassigned(&filter))
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
        let list = ListQuery::parse(
            "q=%20118%20&assignment=unassigned&assignment=failed&type=stocking&from=2026-11-01&to=2026-11-02&sort=lines",
            &spec("/x".to_owned()),
        );
        let filter = Filter::of(&list);
        assert_eq!(filter.q, "118");
        assert_eq!(filter.assignments, [Assignment::Unassigned, Assignment::Failed]);
        assert_eq!(filter.types, [OrderType::Stocking]);
        assert_eq!(filter.until, Moment::parse("2026-11-03T00:00:00Z"));
        assert_eq!((filter.sort, filter.descending), (Sort::Lines, false));
        assert!(!filter.is_by_kind_alone() && Filter::default().is_by_kind_alone());
    }

    #[test]
    fn every_word_of_the_address_is_one_of_the_trade() {
        for (key, values) in FILTERS.iter().map(|f| (f.key, f.values)) {
            for (word, label) in values {
                let known = match key {
                    "assignment" => word.parse::<Assignment>().map(Assignment::label),
                    "type" => word.parse::<OrderType>().map(OrderType::label),
                    "status" => word.parse::<OrderStatus>().map(OrderStatus::label),
                    _ => continue,
                };
                assert_eq!(known.as_ref(), Ok(label), "{key}={word}");
            }
        }
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
            let counts = Counts(tallies);
            let filter = Filter {
                assignments: Assignment::ALL.get(chosen).copied().into_iter().collect(),
                ..Filter::default()
            };
            let types: u64 = OrderType::ALL.iter().map(|one| counts.of_type(&filter, *one)).sum();
            let statuses: u64 = OrderStatus::ALL.iter().map(|one| counts.of_status(&filter, *one)).sum();
            prop_assert_eq!(types, counts.total(&filter));
            prop_assert_eq!(statuses, counts.total(&filter));
            let all: u64 = Assignment::ALL.iter().map(|one| counts.of_assignment(&filter, *one)).sum();
            prop_assert_eq!(all, counts.total(&Filter::default()));
            prop_assert!(counts.blocked(&filter) + counts.assigned(&filter) <= 2 * counts.total(&filter));
            let blocked: u64 = OrderType::ALL.iter().filter(|one| one.against_assigning().is_some())
                .map(|one| counts.of_type(&filter, *one)).sum();
            prop_assert_eq!(counts.blocked(&filter), blocked);
            let open = counts.unassigned(&Filter::default());
            prop_assert_eq!(open.all, counts.of_assignment(&Filter::default(), Assignment::Unassigned));
            prop_assert_eq!(open.words().is_empty(), open.assignable == open.all);
            let assigned = within(&filter.assignments, Assignment::Assigned);
            prop_assert_eq!(counts.assigned(&filter), if assigned { counts.of_assignment(&filter, Assignment::Assigned) } else { 0 });
        }
    }
}
