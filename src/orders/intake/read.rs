//! From what was told of an order to an order: every field is looked at, and every mistake named.

use crate::catalog;
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::{OrderId, OrderLineId};
use crate::kernel::{DomainIdentifier, EmailAddress, Moment, Name, search_key};
use crate::orders::model::{
    Assignment, Line, LineState, MOST_LINES, MOST_QUANTITY, Order, OrderStatus, OrderType, Source, Target,
};
use chrono::{NaiveDate, NaiveTime};

/// How long an Order Identifier may be.
pub const LONGEST_IDENTIFIER: usize = 40;

/// A line as it is told.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct ToldLine {
    /// What was ordered.
    pub sku: String,
    /// How many, as text.
    pub quantity: String,
    /// For how many months, or "".
    pub term_months: String,
}

/// An order as it is told: nothing of it has been checked.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// Order Identifier.
    pub identifier: String,
    /// Name of the customer.
    pub customer: String,
    /// Domain of the customer.
    pub customer_domain: String,
    /// Email ID of the customer, or "".
    pub customer_email: String,
    /// Domain identifier of the partner who sold it, or "".
    pub partner_domain: String,
    /// Word of an order type; standard when it is "".
    pub order_type: String,
    /// Word of an order status; pending when it is "".
    pub status: String,
    /// The customer's purchase order, or "".
    pub purchase_order: String,
    /// RFC 3339, or a day; now when it is "".
    pub ordered_at: String,
    /// Domain identifier of the end customer's Smart Account, when the order brings one along; or "".
    pub end_customer_account: String,
    /// Its lines.
    pub lines: Vec<ToldLine>,
}

/// An order that can be taken in.
#[derive(Debug, Clone)]
pub struct New {
    pub(super) order: Order,
    pub(super) lines: Vec<Line>,
    pub(super) partner_domain: Option<String>,
    pub(super) end_customer: Option<String>,
}

/// Where a line stands that comes in in the middle of things.
#[derive(Debug, Clone)]
pub struct Stands {
    /// Where.
    pub state: LineState,
    /// Where to, or where it is.
    pub target: Option<Target>,
    /// Why it failed or waits, or "".
    pub reason: String,
    /// When it is to be completed, while it is on its way.
    pub due_at: Moment,
    /// The end customer’s Smart Account came with the order.
    pub came_with_order: bool,
}

impl New {
    /// Puts its lines where they stand already, in their order: what scenario files are made of.
    #[must_use]
    pub fn standing(mut self, lines: Vec<Stands>, at: Moment) -> Self {
        for (line, stands) in self.lines.iter_mut().zip(lines) {
            if line.state == LineState::NotAssignable || stands.state == LineState::Unassigned {
                continue;
            }
            let is_settled = matches!(stands.state, LineState::Assigned | LineState::Failed);
            line.state = stands.state;
            line.account = stands.target.map(|target| target.account);
            line.virtual_account = stands.target.and_then(|target| target.virtual_account);
            line.customer_active = stands.came_with_order;
            line.round = 1;
            line.reason = stands.reason;
            line.settled_at = is_settled.then_some(at);
            line.due_at = (stands.state == LineState::Requested).then_some(stands.due_at);
        }
        self
    }
    /// Its id.
    pub fn id(&self) -> OrderId {
        self.order.id
    }
    /// Its identifier.
    pub fn identifier(&self) -> &str {
        &self.order.identifier
    }
}

fn word<T: std::str::FromStr<Err = String>>(typed: &str, or: T) -> Result<T, String> {
    match typed.trim() {
        "" => Ok(or),
        typed => word_key(typed).parse(),
    }
}

/// A word as scripts write it, of one that was typed as pages show it: "Enterprise Agreement" is "enterprise-agreement".
pub fn word_key(typed: &str) -> String {
    search_key(typed).replace([' ', '_'], "-")
}

/// RFC 3339, or a day.
pub fn moment(typed: &str) -> Option<Moment> {
    let typed = typed.trim();
    Moment::parse(typed).or_else(|| {
        let day: NaiveDate = typed.parse().ok()?;
        Some(Moment::of(day.and_time(NaiveTime::MIN).and_utc()))
    })
}

fn identifier(typed: &str) -> Result<String, String> {
    let typed = typed.trim();
    let good = !typed.is_empty()
        && typed.len() <= LONGEST_IDENTIFIER
        && typed
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if good {
        Ok(typed.to_owned())
    } else {
        Err(format!(
            "Enter an Order Identifier of up to {LONGEST_IDENTIFIER} letters, digits, hyphens, dots and underscores."
        ))
    }
}

pub(super) fn domain(typed: &str, what: &str) -> Result<String, String> {
    DomainIdentifier::parse(typed)
        .map(|domain| domain.as_str().to_owned())
        .map_err(|says| format!("{what}: {says}"))
}

fn when(typed: &str, now: Moment) -> Result<Moment, String> {
    let typed = typed.trim();
    let at = if typed.is_empty() {
        now
    } else {
        moment(typed)
            .ok_or_else(|| "Enter the order date as 2026-11-21 or 2026-11-21T09:30:00Z.".to_owned())?
    };
    if at > now.plus(chrono::TimeDelta::days(1)) || at < now.plus(chrono::TimeDelta::days(-36_500)) {
        return Err("Enter an order date that lies in the past, within a hundred years.".to_owned());
    }
    Ok(at)
}

/// A quantity from 1 to two thousand million.
pub fn quantity(typed: &str) -> Result<i64, String> {
    typed
        .trim()
        .parse::<i64>()
        .ok()
        .filter(|n| (1..=MOST_QUANTITY).contains(n))
        .ok_or_else(|| format!("Enter a quantity from 1 to {MOST_QUANTITY}."))
}

/// Checks an order; names everything that is wrong with it. Ids are made here, before any write.
pub fn check(told: &Told, source: Source, now: Moment) -> Result<New> {
    let mut problems = Problems::default();
    let identifier = problems.take("identifier", identifier(&told.identifier));
    let customer = problems.take("customer", Name::parse(&told.customer, "Customer"));
    let customer_domain = problems.take(
        "customer_domain",
        domain(&told.customer_domain, "Domain of the customer"),
    );
    let customer_email = customer_email(&mut problems, &told.customer_email);
    let optional = |problems: &mut Problems, field: &str, typed: &str, what: &str| match typed.trim() {
        "" => None,
        typed => problems.take(field, domain(typed, what)),
    };
    let partner_domain = optional(
        &mut problems,
        "partner_domain",
        &told.partner_domain,
        "Domain of the partner",
    );
    let end_customer = optional(
        &mut problems,
        "end_customer_account",
        &told.end_customer_account,
        "End customer\u{2019}s Smart Account",
    );
    let order_type = problems.take("order_type", word(&told.order_type, OrderType::Standard));
    let status = problems.take("status", word(&told.status, OrderStatus::Pending));
    let purchase_order = purchase_order(&mut problems, &told.purchase_order);
    let ordered_at = problems.take("ordered_at", when(&told.ordered_at, now));
    let id = OrderId::new();
    if told.lines.is_empty() {
        problems.add("lines", "Enter at least one line.");
    }
    if told.lines.len() > MOST_LINES {
        problems.add("lines", format!("An order has {MOST_LINES} lines at most."));
    }
    let assignable = order_type.is_none_or(|one| one.against_assigning().is_none());
    let lines: Vec<Line> = told
        .lines
        .iter()
        .take(MOST_LINES)
        .zip(1..)
        .filter_map(|(line, number)| read_line(&mut problems, id, number, line, assignable))
        .collect();
    problems.or_ok()?;
    let (Some(identifier), Some(customer), Some(customer_domain), Some(customer_email)) =
        (identifier, customer, customer_domain, customer_email)
    else {
        return Err(Error::NotFound);
    };
    let (Some(order_type), Some(status), Some(purchase_order), Some(ordered_at)) =
        (order_type, status, purchase_order, ordered_at)
    else {
        return Err(Error::NotFound);
    };
    Ok(New {
        order: Order {
            id,
            identifier,
            customer: customer.to_string(),
            customer_domain,
            customer_email,
            customer_account: None,
            partner_account: None,
            order_type,
            status,
            assignment: Assignment::Unassigned,
            purchase_order,
            lines: i32::try_from(lines.len()).unwrap_or(i32::MAX),
            ordered_at,
            received_at: now,
            source,
            version: 1,
        },
        lines,
        partner_domain,
        end_customer,
    })
}

fn customer_email(problems: &mut Problems, typed: &str) -> Option<String> {
    match typed.trim() {
        "" => Some(String::new()),
        typed => problems.take(
            "customer_email",
            EmailAddress::parse(typed).map(|email| email.as_str().to_owned()),
        ),
    }
}

fn purchase_order(problems: &mut Problems, typed: &str) -> Option<String> {
    let typed = match typed.trim() {
        "" => return Some(String::new()),
        typed => typed,
    };
    let name = problems
        .take("purchase_order", Name::parse(typed, "Purchase order"))?
        .to_string();
    if name.chars().count() > 60 {
        problems.add(
            "purchase_order",
            "Use at most 60 characters for the purchase order.",
        );
        return None;
    }
    Some(name)
}

fn read_line(
    problems: &mut Problems,
    order: OrderId,
    number: i32,
    told: &ToldLine,
    assignable: bool,
) -> Option<Line> {
    let field = |name: &str| format!("lines[{}].{name}", number - 1);
    let sku = told.sku.trim();
    let item = problems.take(
        &field("sku"),
        catalog::find(sku).ok_or_else(|| {
            let short: String = sku.chars().filter(|c| !c.is_control()).take(60).collect();
            format!("The catalog has no SKU \u{201c}{short}\u{201d}.")
        }),
    );
    let quantity = problems.take(&field("quantity"), quantity(&told.quantity));
    let months = match told.term_months.trim() {
        "" => Some(None),
        typed => problems.take(
            &field("term_months"),
            typed
                .parse::<i32>()
                .ok()
                .filter(|n| (1..=120).contains(n))
                .map(Some)
                .ok_or_else(|| "Enter a term of 1 to 120 months.".to_owned()),
        ),
    };
    let (item, quantity, months) = (item?, quantity?, months?);
    Some(Line {
        id: OrderLineId::new(),
        order,
        number,
        sku: item.sku.clone(),
        description: item.description.clone(),
        kind: item.kind,
        quantity,
        term_months: months.or(item.months),
        state: if assignable {
            LineState::Unassigned
        } else {
            LineState::NotAssignable
        },
        account: None,
        virtual_account: None,
        customer_active: false,
        assignment: None,
        due_at: None,
        round: 0,
        reason: String::new(),
        settled_at: None,
        version: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told() -> Told {
        Told {
            identifier: "WEB-1".to_owned(),
            customer: "XYZ COMPANY".to_owned(),
            customer_domain: "xyz.example".to_owned(),
            lines: vec![ToldLine {
                sku: "C9200-48P-E".to_owned(),
                quantity: "3".to_owned(),
                term_months: String::new(),
            }],
            ..Told::default()
        }
    }

    fn now() -> Moment {
        Moment::parse("2026-11-22T08:00:00Z").unwrap()
    }

    fn fields(told: &Told) -> Vec<String> {
        match check(told, Source::Api, now()) {
            Err(Error::Invalid(problems)) => problems.list().iter().map(|p| p.field.clone()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let good = check(&told(), Source::Api, now()).unwrap();
        assert_eq!((good.identifier(), good.lines.len()), ("WEB-1", 1));
        assert_eq!(good.lines[0].term_months, Some(36));
        let mut bad = told();
        bad.identifier = "WEB 1".to_owned();
        bad.customer_domain = "example".to_owned();
        bad.order_type = "sold".to_owned();
        bad.ordered_at = "2030-01-01".to_owned();
        bad.lines[0].quantity = "0".to_owned();
        bad.lines.push(ToldLine {
            sku: "NOPE".to_owned(),
            quantity: "2000000001".to_owned(),
            term_months: "0".to_owned(),
        });
        assert_eq!(
            fields(&bad),
            [
                "identifier",
                "customer_domain",
                "order_type",
                "ordered_at",
                "lines[0].quantity",
                "lines[1].sku",
                "lines[1].quantity",
                "lines[1].term_months",
            ]
        );
        let mut empty = told();
        empty.lines.clear();
        assert_eq!(fields(&empty), ["lines"]);
    }

    #[test]
    fn quantities_have_their_bounds() {
        for good in ["1", "2000000000", " 7 "] {
            assert!(quantity(good).is_ok(), "{good}");
        }
        for bad in [
            "0",
            "-1",
            "2000000001",
            "1.5",
            "",
            "many",
            "9999999999999999999999",
        ] {
            assert!(quantity(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_order_panics(identifier in "\\PC*", customer in "\\PC*", domain in "\\PC*", at in "\\PC*", sku in "\\PC*", n in "\\PC*") {
            let told = Told {
                identifier, customer, customer_domain: domain, ordered_at: at,
                lines: vec![ToldLine { sku, quantity: n.clone(), term_months: n }],
                ..Told::default()
            };
            let _ = check(&told, Source::Import, now());
        }
    }
}
