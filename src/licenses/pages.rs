//! "License Inventory": the licenses of a Smart Account, read only.

use super::service::{self, Row};
use super::store::{Filter, Sort};
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::catalog::{Billing, Term};
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::list::{FilterSpec, Pager};
use crate::http::reply::attachment;
use crate::http::widgets::{counted, number};
use crate::http::{Answer, Crumb, ListQuery, ListSpec, May, Shell, Visit, page};
use crate::kernel::Moment;
use crate::platform::db::Reads;
use crate::virtual_accounts;
use askama::Template;

/// More Virtual Accounts than this make no useful filter.
const MOST_OFFERED: usize = 100;

const TERMS: &[(&str, &str)] = &[
    (Term::Perpetual.word(), Term::Perpetual.label()),
    (Term::Term.word(), Term::Term.label()),
    (Term::Subscription.word(), Term::Subscription.label()),
];
const BILLINGS: &[(&str, &str)] = &[
    (Billing::Prepaid.word(), Billing::Prepaid.label()),
    (Billing::Usage.word(), Billing::Usage.label()),
];

fn address(visit: &Visit) -> String {
    format!("/sa/{}/licensing/license-inventory", visit.number())
}

/// What a list's address asks for. Which Virtual Accounts there are is known only by then, so they are read here.
pub fn query(
    read: &mut dyn Reads,
    permit: &Permit<ViewInventory>,
    path: String,
    raw: &str,
) -> Result<(ListQuery, Filter)> {
    let within = permit.within();
    let mut places: Vec<(String, String)> = virtual_accounts::names(read, &[within.account()?])?
        .into_iter()
        .filter(|(_, id, _, _)| within.covers(*id))
        .map(|(_, id, name, _)| (id.to_string(), name))
        .collect();
    let all = places.clone();
    if places.len() > MOST_OFFERED {
        places.clear();
    }
    let offered: Vec<(&str, &str)> = places
        .iter()
        .map(|(id, name)| (id.as_str(), name.as_str()))
        .collect();
    let list = ListQuery::parse(
        raw,
        &ListSpec {
            path,
            sorts: &["license", "purchased", "in-use", "ends"],
            default_sort: "license",
            filters: &[
                FilterSpec {
                    key: "va",
                    label: "Virtual Account",
                    values: &offered,
                },
                FilterSpec {
                    key: "term",
                    label: "Term",
                    values: TERMS,
                },
                FilterSpec {
                    key: "billing",
                    label: "Billing",
                    values: BILLINGS,
                },
                FilterSpec {
                    key: "empty",
                    label: "Empty ones",
                    values: &[("yes", "Show licenses of which none are left")],
                },
            ],
            columns: &[],
        },
    );
    // By id or, where too many are there to be offered, by name.
    let wanted = list.values("va");
    let mut chosen: Vec<_> = all
        .iter()
        .filter(|(id, name)| wanted.contains(&id.as_str()) || wanted.contains(&name.as_str()))
        .filter_map(|(id, _)| id.parse().ok())
        .collect();
    if chosen.is_empty() && !wanted.is_empty() {
        // A Virtual Account that is not there holds nothing.
        chosen.push(crate::kernel::ids::VirtualAccountId::new());
    }
    let filter = Filter {
        typed: list.q.clone(),
        places: chosen,
        terms: list
            .values("term")
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
        billings: list
            .values("billing")
            .iter()
            .filter_map(|word| word.parse().ok())
            .collect(),
        empty_too: list.has("empty", "yes"),
    };
    Ok((list, filter))
}

/// How a query sorts the list.
pub fn order(list: &ListQuery) -> (Sort, bool) {
    let sort = match list.sort.as_str() {
        "purchased" => Sort::Purchased,
        "in-use" => Sort::InUse,
        "ends" => Sort::Ends,
        _ => Sort::License,
    };
    (sort, list.descending)
}

/// A line of the page.
struct Line {
    row: Row,
    balance: i64,
    has_ended: bool,
}

impl Line {
    fn of(row: Row, now: Moment) -> Self {
        Self {
            balance: row.pool.balance(),
            // The last day counts.
            has_ended: row
                .pool
                .ends_at
                .is_some_and(|at| at.plus(chrono::TimeDelta::days(1)) <= now),
            row,
        }
    }
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass by reference")]
    fn whole(amount: &i64) -> String {
        number(&amount.unsigned_abs())
    }
    fn first_orders(&self) -> &[(crate::kernel::ids::OrderId, String)] {
        self.row.orders.get(..3).unwrap_or(&self.row.orders)
    }
    fn more_orders(&self) -> usize {
        self.row.orders.len().saturating_sub(3)
    }
}

#[derive(Template)]
#[template(path = "licenses/inventory.html")]
struct InventoryPage {
    shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<Line>,
    count: String,
    csv: String,
    number: i64,
    some: bool,
}

/// GET /sa/{said}/licensing/license-inventory
pub async fn list(may: May<ViewInventory>) -> Answer {
    let (permit, path, raw, now) = (
        may.permit.clone(),
        address(&may),
        may.query.clone(),
        may.portal.clock.now(),
    );
    let (list, total, rows) = may
        .portal
        .db
        .read(move |r| {
            let (mut list, filter) = query(r, &permit, path, &raw)?;
            let total = service::count(r, &permit, &filter)?;
            list.clamp(total);
            let rows = service::page(r, &permit, &filter, order(&list), list.limit(), list.offset())?;
            Ok((list, total, rows))
        })
        .await?;
    page(&InventoryPage {
        shell: may.list_shell("License Inventory", &[Crumb::text("Licensing")], &list),
        pager: list.pager(total),
        rows: rows.into_iter().map(|row| Line::of(row, now)).collect(),
        count: counted(total, "license", "licenses"),
        csv: list.csv_href(),
        number: may.number(),
        some: may.permit.within().only().is_some(),
        list,
    })
}

/// GET /sa/{said}/licensing/license-inventory.csv
pub async fn csv(may: May<ViewInventory>) -> Answer {
    let (permit, path, raw) = (may.permit.clone(), address(&may), may.query.clone());
    let rows = may
        .portal
        .db
        .read(move |r| {
            let (list, filter) = query(r, &permit, path, &raw)?;
            service::page(r, &permit, &filter, order(&list), u64::MAX, 0)
        })
        .await?;
    let mut table = Table::new(&[
        "License",
        "Entitlement",
        "Virtual Account",
        "Billing",
        "Purchased",
        "In Use",
        "Reserved",
        "Balance",
        "Term",
        "Starts",
        "Ends",
        "Orders",
    ])?;
    let day = |at: Option<Moment>| at.map_or_else(String::new, |at| at.utc().format("%Y-%m-%d").to_string());
    for row in rows {
        let pool = &row.pool;
        let orders: Vec<&str> = row
            .orders
            .iter()
            .map(|(_, identifier)| identifier.as_str())
            .collect();
        table.row([
            pool.name.as_str(),
            &pool.entitlement,
            &row.virtual_account,
            pool.billing.label(),
            &pool.purchased.to_string(),
            &pool.in_use.to_string(),
            &pool.reserved.to_string(),
            &pool.balance().to_string(),
            pool.term.label(),
            &day(pool.starts_at),
            &day(pool.ends_at),
            &orders.join(", "),
        ])?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name("license-inventory"),
        table.finish()?,
    ))
}
