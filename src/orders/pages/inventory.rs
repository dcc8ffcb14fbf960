//! "Order Inventory": three cards, the list, and its file.

use super::super::list::{self, Counts, LIST, Row};
use super::super::model::{Assignment, MOST_SELECTED, OrderStatus, OrderType};
use super::{against, assignment_badge, base, is_unchecked, po_words, status_badge};
use crate::authz::action::ViewInventory;
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::list::{Asked, Listing, Reading};
use crate::http::widgets::{Donut, DonutPart, counted, number};
use crate::http::{Answer, Crumb, ListQuery, May, Shell, Visit, page};
use crate::kernel::Edition;
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
    found: Listing<RowView, Counts>,
    donuts: Vec<(&'static str, Donut)>,
    /// What the numbers are of.
    says: String,
    now: DateTime<Utc>,
    unchecked: bool,
    has_any: bool,
    /// Which of the Unassigned ones can be assigned, or "".
    unassigned: String,
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
}

impl InventoryPage {
    fn lines_href(&self) -> String {
        self.found.list.csv_href().replacen(".csv", "/lines.csv", 1)
    }
    fn reason<'a>(&'a self, row: &'a RowView) -> &'a str {
        if row.no.is_empty() { &self.against } else { row.no }
    }
    fn no_match(&self) -> String {
        if self.found.list.q.is_empty() {
            "No orders match these filters".to_owned()
        } else {
            format!("No orders match \u{201c}{}\u{201d}", self.found.list.q)
        }
    }
    fn everything_href(&self) -> String {
        with(&self.found.list.href(), "select=all")
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

/// What an address asks of the list.
pub fn asked(visit: &Visit, raw: &str) -> Asked {
    LIST.asked_at(Reading::of(visit, LIST.path).asking(raw))
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

fn donuts(list: &ListQuery, counts: &Counts) -> Vec<(&'static str, Donut)> {
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
                |one| counts.of_assignment(one),
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
                |one| counts.of_type(one),
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
                |one| counts.of_status(one),
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

/// The page for an address.
async fn inventory(may: &May<ViewInventory>) -> Result<InventoryPage> {
    let everything = url::form_urlencoded::parse(may.query.as_bytes())
        .any(|(key, value)| key == "select" && value == "all");
    let filtered = asked(may, &may.query).list.is_filtered();
    let (found, (all, cisco, admins)) = LIST
        .page(may, &may.permit, move |r, permit, rows| {
            let within = permit.within();
            let all = filtered.then(|| list::everything(r, within)).transpose()?;
            let ids: Vec<OrderId> = rows.iter().map(|row| row.id).collect();
            let cisco: HashSet<OrderId> = list::with_cisco_services(r, &ids)?.into_iter().collect();
            Ok((all, cisco, members::administrators_of(r, within.account()?)?))
        })
        .await?;
    let counts = found.counts.clone().unwrap_or_default();
    let (total, all) = (found.total, all.unwrap_or(found.total));
    let (blocked, done) = (counts.blocked(), counts.assigned());
    let too_many = total > MOST_SELECTED as u64;
    let all_text = counted(all, "order", "orders");
    Ok(InventoryPage {
        shell: may.list_shell("Order Inventory", &[Crumb::text("Orders")], &found.list),
        donuts: donuts(&found.list, &counts),
        says: if may.permit.within().only().is_some() {
            format!("{all_text} of which a line went to one of your Virtual Accounts.")
        } else {
            format!("{all_text} that this Smart Account sold, bought or was assigned.")
        },
        now: may.portal.clock.now().utc(),
        unchecked: is_unchecked(may),
        has_any: all > 0,
        unassigned: counts.unassigned().words(),
        total_text: number(&total),
        all: all_text,
        asked: list::asked(&found.list),
        base: base(may),
        against: against(may, &admins),
        everything: everything && total > 0,
        only_standard: (blocked + done > 0)
            .then(|| assignable_only(&found.list))
            .flatten(),
        no_everything: too_many || blocked + done >= total,
        of_everything: of_everything(blocked, done, too_many),
        found: found.map(|row| RowView::of(row, &cisco)),
    })
}

pub async fn list(may: May<ViewInventory>) -> Answer {
    page(&inventory(&may).await?)
}

/// The list as a file: the rows of one moment, read and sent piece by piece.
pub async fn csv(may: May<ViewInventory>) -> Answer {
    let asked = asked(&may, &may.query);
    asked.list.understood()?;
    let (list, edition) = (asked.list.clone(), may.portal.config.edition);
    let ids = may
        .reads(move |r, permit| list::matching(r, permit.within(), &asked, LIST.most_exported))
        .await?;
    let name = may.file_name(LIST.file);
    let file = File {
        db: may.portal.db.clone(),
        ids,
        sent: 0,
        table: Some(Table::new(&LIST.head(Some(&list), edition))?),
        list,
        edition,
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
    /// Which columns are shown.
    list: ListQuery,
    edition: Edition,
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
            table.row(LIST.line(Some(&self.list), self.edition, row))?;
        }
        let bytes = table.take()?;
        if self.sent < self.ids.len() {
            self.table = Some(table);
        }
        Ok(Some((Bytes::from(bytes), self)))
    }
}
