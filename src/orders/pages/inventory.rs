//! "Order Inventory": three cards, the list, and its file.

use super::super::list::{self, Counts, Filter, Row};
use super::super::model::{Assignment, MOST_SELECTED, OrderStatus, OrderType};
use super::{against, assignment_badge, base, inventory_path, is_unchecked, po_words, status_badge};
use crate::authz::Permit;
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::list::Pager;
use crate::http::widgets::{Donut, DonutPart, counted, number};
use crate::http::{Answer, Crumb, ListQuery, May, Shell, Visit, page};
use crate::kernel::ids::OrderId;
use crate::members;
use crate::platform::db::Db;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use askama::Template;
use chrono::{DateTime, Utc};
use std::collections::HashSet;

/// How many lines are read at a time while a file is sent.
const PIECE: usize = 1_000;
/// The most lines that one file holds.
const MOST_EXPORTED: u64 = 100_000;

/// A row with what stands beside it.
pub struct RowView {
    order: Row,
    cisco_services: bool,
    /// Why it cannot be assigned, whoever asks, or "".
    no: &'static str,
}

impl RowView {
    fn of(order: Row, cisco: &HashSet<OrderId>) -> Self {
        Self {
            cisco_services: cisco.contains(&order.id),
            no: order.order_type.against_assigning().unwrap_or_else(|| {
                if order.assignment == Assignment::Assigned {
                    "All of its lines are assigned. Open the order to reassign a line."
                } else {
                    ""
                }
            }),
            order,
        }
    }
    fn po(&self) -> String {
        po_words(&self.order.purchase_order)
    }
    fn assignable(&self) -> bool {
        self.order.order_type.against_assigning().is_none()
    }
    fn assignment_kind(&self) -> &'static str {
        assignment_badge(self.order.assignment, self.assignable())
    }
    fn status_kind(&self) -> &'static str {
        status_badge(self.order.order_status)
    }
}

#[derive(Template)]
#[template(path = "orders/inventory.html")]
pub struct InventoryPage {
    pub shell: Shell,
    list: ListQuery,
    pager: Pager,
    rows: Vec<RowView>,
    donuts: Vec<(&'static str, Donut)>,
    /// What the numbers are of.
    says: String,
    now: DateTime<Utc>,
    unchecked: bool,
    has_any: bool,
    count: String,
    /// Which of the Unassigned ones can be assigned, or "".
    unassigned: String,
    total: u64,
    total_text: String,
    all: String,
    /// What stands behind the `?`, without the page.
    asked: String,
    base: String,
    /// Why the person cannot assign, or "".
    against: String,
    /// All that match are selected, and not rows one by one.
    everything: bool,
    /// What is said of them, or "".
    of_everything: String,
    /// They cannot be assigned together: none of them can, or they are too many.
    no_everything: bool,
    /// The list without what can never be assigned, all of it selected.
    only_standard: Option<String>,
    caption: String,
}

impl InventoryPage {
    fn lines_href(&self) -> String {
        self.list.csv_href().replacen(".csv", "/lines.csv", 1)
    }
    fn reason<'a>(&'a self, row: &'a RowView) -> &'a str {
        if row.no.is_empty() { &self.against } else { row.no }
    }
    fn no_match(&self) -> String {
        if self.list.q.is_empty() {
            "No orders match these filters".to_owned()
        } else {
            format!("No orders match \u{201c}{}\u{201d}", self.list.q)
        }
    }
    fn everything_href(&self) -> String {
        with(&self.list.href(), "select=all")
    }
}

/// An address with something more behind its `?`.
fn with(href: &str, more: &str) -> String {
    match (more.is_empty(), href.contains('?')) {
        (true, _) => href.to_owned(),
        (false, true) => format!("{href}&{more}"),
        (false, false) => format!("{href}?{more}"),
    }
}

/// The list that an address asks for.
pub fn query(visit: &Visit, raw: &str) -> ListQuery {
    ListQuery::parse(raw, &list::spec(inventory_path(visit)))
}

fn donut<T: Copy>(
    title: &str,
    key: &str,
    list: &ListQuery,
    parts: &[(T, &'static str, &'static str, &'static str)],
    count: impl Fn(T) -> u64,
) -> Donut {
    Donut {
        title: title.to_owned(),
        unit: "orders",
        parts: parts
            .iter()
            .map(|(one, word, label, colour)| DonutPart {
                label: (*label).to_owned(),
                count: count(*one),
                colour,
                href: list.toggle_filter(key, word),
                on: list.has(key, word),
            })
            .collect(),
    }
}

fn donuts(list: &ListQuery, counts: &Counts, filter: &Filter) -> Vec<(&'static str, Donut)> {
    macro_rules! part {
        ($one:expr, $colour:literal) => {
            ($one, $one.word(), $one.label(), $colour)
        };
    }
    vec![
        (
            "asg",
            donut(
                "Smart Account assignment status",
                "assignment",
                list,
                &[
                    part!(Assignment::Unassigned, "warn"),
                    part!(Assignment::Requested, "info"),
                    part!(Assignment::Assigned, "ok"),
                    part!(Assignment::Failed, "bad"),
                ],
                |one| counts.of_assignment(filter, one),
            ),
        ),
        (
            "typ",
            donut(
                "Order type",
                "type",
                list,
                &[
                    part!(OrderType::Standard, "info"),
                    part!(OrderType::Stocking, "plum"),
                    part!(OrderType::EnterpriseAgreement, "mute"),
                ],
                |one| counts.of_type(filter, one),
            ),
        ),
        (
            "sts",
            donut(
                "Order status",
                "status",
                list,
                &[
                    part!(OrderStatus::Fulfilled, "ok"),
                    part!(OrderStatus::PartiallyFulfilled, "info"),
                    part!(OrderStatus::Pending, "warn"),
                ],
                |one| counts.of_status(filter, one),
            ),
        ),
    ]
}

/// The same list without what can never be assigned; none when nothing would be left.
fn assignable_only(list: &ListQuery) -> Option<String> {
    let mut other = list.clone();
    let chosen: Vec<String> = other
        .values("assignment")
        .iter()
        .map(|v| (*v).to_owned())
        .collect();
    let mut filters: Vec<(String, String)> = ["unassigned", "requested", "failed"]
        .iter()
        .filter(|word| chosen.is_empty() || chosen.iter().any(|one| one == *word))
        .map(|word| ("assignment".to_owned(), (*word).to_owned()))
        .collect();
    if filters.is_empty() || !(list.values("type").is_empty() || list.has("type", "standard")) {
        return None;
    }
    filters.push(("type".to_owned(), "standard".to_owned()));
    other
        .filters
        .retain(|(key, _)| key != "type" && key != "assignment");
    filters.append(&mut other.filters);
    other.filters = filters;
    other.page = 1;
    Some(with(&other.href(), "select=all"))
}

/// What stands in the way of assigning everything that is asked for.
fn of_everything(blocked: u64, done: u64, too_many: bool) -> String {
    let mut of_everything = Vec::new();
    if blocked > 0 {
        of_everything.push(format!(
            "{} of them cannot be assigned: Stocking and Enterprise Agreement orders are not available to assign to a Smart Account.",
            number(&blocked)
        ));
    }
    if done > 0 {
        of_everything.push(format!(
            "{} of them {} assigned already.",
            number(&done),
            if done == 1 { "is" } else { "are" }
        ));
    }
    if too_many {
        of_everything.push(format!(
            "At most {} orders are assigned at once. Narrow the list with a filter.",
            number(&(MOST_SELECTED as u64))
        ));
    }
    of_everything.join(" ")
}

/// The page for an address, perhaps with a dialog over it.
async fn inventory(may: &May<ViewInventory>, raw: &str) -> Result<InventoryPage> {
    let everything =
        url::form_urlencoded::parse(raw.as_bytes()).any(|(key, value)| key == "select" && value == "all");
    let mut list = query(may, raw);
    let permit = may.permit.clone();
    let (list, filter, counts, all, rows, cisco, admins) = may
        .portal
        .db
        .read(move |r| {
            let within = permit.within();
            let account = within.account()?;
            let filter = Filter::of(&list);
            let counts = list::counts(r, within, &filter)?;
            list.clamp(counts.total(&filter));
            let rows = list::page(r, within, &filter, list.limit(), list.offset())?;
            let all = if list.is_filtered() {
                list::everything(r, within)?
            } else {
                counts.total(&filter)
            };
            let ids: Vec<OrderId> = rows.iter().map(|row| row.id).collect();
            let cisco: HashSet<OrderId> = list::with_cisco_services(r, &ids)?.into_iter().collect();
            let admins = members::administrators_of(r, account)?;
            Ok((list, filter, counts, all, rows, cisco, admins))
        })
        .await?;
    let total = counts.total(&filter);
    let blocked = counts.blocked(&filter);
    let done = counts.assigned(&filter);
    let too_many = total > MOST_SELECTED as u64;
    let all_text = counted(all, "order", "orders");
    let shell = may.list_shell("Order Inventory", &[Crumb::text("Orders")], &list);
    Ok(InventoryPage {
        shell,
        pager: list.pager(total),
        donuts: donuts(&list, &counts, &filter),
        rows: rows.into_iter().map(|row| RowView::of(row, &cisco)).collect(),
        says: if may.permit.within().only().is_some() {
            format!("{all_text} of which a line went to one of your Virtual Accounts.")
        } else {
            format!("{all_text} that this Smart Account sold, bought or was assigned.")
        },
        now: may.portal.clock.now().utc(),
        unchecked: is_unchecked(may),
        has_any: all > 0,
        count: counted(total, "order", "orders"),
        unassigned: counts.unassigned(&filter).words(),
        total,
        total_text: number(&total),
        all: all_text,
        asked: list::asked(&list),
        base: base(may),
        against: against(may, &admins),
        everything: everything && total > 0,
        only_standard: (blocked + done > 0).then(|| assignable_only(&list)).flatten(),
        no_everything: too_many || blocked + done >= total,
        of_everything: of_everything(blocked, done, too_many),
        caption: format!("Orders, {} on this page", rows_on(&list, total)),
        list,
    })
}

fn rows_on(list: &ListQuery, total: u64) -> String {
    let pager = list.pager(total);
    format!(
        "{} to {} of {}",
        number(&pager.from),
        number(&pager.to),
        number(&total)
    )
}

pub async fn list(may: May<ViewInventory>) -> Answer {
    page(&inventory(&may, &may.query).await?)
}

/// What a column of the file says of an order, in the order of the list's columns.
const CELLS: &[(&str, &str, fn(&Row) -> String)] = &[
    ("customer", "Customer", |row| row.customer.clone()),
    ("customer", "Customer domain", |row| row.customer_domain.clone()),
    ("email", "Email ID of the customer", |row| {
        row.customer_email.clone()
    }),
    ("type", "Order type", |row| row.order_type.label().to_owned()),
    ("date", "Order date", |row| row.ordered_at.rfc3339()),
    ("received", "Received on", |row| row.received_at.rfc3339()),
    ("lines", "Lines", |row| row.lines.to_string()),
    ("assignment", "Assignment", |row| {
        row.assignment.label().to_owned()
    }),
    ("assignment", "Assignable", |row| {
        let yes = row.order_type.against_assigning().is_none();
        if yes { "Yes" } else { "No" }.to_owned()
    }),
    ("status", "Order status", |row| {
        row.order_status.label().to_owned()
    }),
];

/// The list as a file: the rows of one moment, read and sent piece by piece.
pub async fn csv(may: May<ViewInventory>) -> Answer {
    let list = query(&may, &may.query);
    list.understood()?;
    let permit: Permit<ViewInventory> = may.permit.clone();
    let cells: Vec<_> = CELLS
        .iter()
        .filter(|(column, _, _)| list.shows(column))
        .copied()
        .collect();
    let ids = may
        .portal
        .db
        .read(move |r| list::matching(r, permit.within(), &Filter::of(&list), MOST_EXPORTED))
        .await?;
    let mut head = vec!["Order Identifier", "Purchase order"];
    head.extend(cells.iter().map(|(_, name, _)| *name));
    let name = may.file_name("order-inventory");
    let file = File {
        db: may.portal.db.clone(),
        ids,
        sent: 0,
        cells,
        table: Some(Table::new(&head)?),
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .streaming(futures_util::stream::try_unfold(file, File::next)))
}

/// A file on its way: of the rows only those of one piece are in memory.
struct File {
    db: Db,
    ids: Vec<OrderId>,
    sent: usize,
    cells: Vec<(&'static str, &'static str, fn(&Row) -> String)>,
    table: Option<Table>,
}

impl File {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        let Some(mut table) = self.table.take() else {
            return Ok(None);
        };
        let some: Vec<OrderId> = self.ids.iter().skip(self.sent).take(PIECE).copied().collect();
        self.sent += some.len();
        let rows = self.db.read(move |r| list::rows(r, &some)).await?;
        for row in &rows {
            let mut cells = vec![row.identifier.clone(), row.purchase_order.clone()];
            cells.extend(self.cells.iter().map(|(_, _, cell)| cell(row)));
            table.row(cells)?;
        }
        let bytes = table.take()?;
        if self.sent < self.ids.len() {
            self.table = Some(table);
        }
        Ok(Some((Bytes::from(bytes), self)))
    }
}
