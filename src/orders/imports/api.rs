//! Orders as scripts tell them, one or a file of them.

use super::model::{Entry, Judged, MEANINGS, OrderFile, read_again, read_file};
use super::service;
use crate::authz::action::Operate;
use crate::error::{Error, Problems, Result};
use crate::http::{Answer, Api, JsonBody, May, Routes, json};
use crate::kernel::table::{Found, Layout, heading_key};
use crate::orders::intake::{Told, ToldLine};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A file may be as long as this.
pub const LONG: usize = 4 * 1024 * 1024;

/// The operations.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/api/v1/order-imports",
        Api::says("Many orders come in, as a list or as the text of a table or a JSON file. Which column means what is found by headings and cells, said in the report, and can be named in `columns`. With `dry_run` the report alone is given. Wrong orders stand in the way unless `leave_out_wrong`.")
            .takes::<ImportBody>()
            .gives::<ImportReport>(200),
        import,
    );
}

/// A line of an order.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineBody {
    /// A SKU of the catalog.
    #[schema(min_length = 1)]
    sku: String,
    /// 1 to 2,000,000,000.
    #[schema(minimum = 1, maximum = 2_000_000_000)]
    quantity: i64,
    /// 1 to 120; that of the catalog without it.
    #[schema(minimum = 1, maximum = 120)]
    term_months: Option<i32>,
}

/// An order.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderBody {
    /// Order Identifier: up to 40 letters, digits, hyphens, dots and underscores.
    #[schema(min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9._-]+$")]
    identifier: String,
    /// Name of the customer.
    #[schema(min_length = 1, max_length = 100)]
    customer: String,
    /// Domain of the customer.
    #[schema(min_length = 1, max_length = 253)]
    customer_domain: String,
    /// Email ID of the customer.
    #[serde(default)]
    customer_email: String,
    /// Domain Identifier of the partner who sold it.
    #[serde(default)]
    partner_domain: String,
    /// standard, stocking or enterprise-agreement; standard without it.
    #[serde(default)]
    order_type: String,
    /// pending, partially-fulfilled or fulfilled; pending without it.
    #[serde(default)]
    order_status: String,
    #[serde(default)]
    purchase_order: String,
    /// 2026-11-21 or 2026-11-21T09:30:00Z; now without it.
    #[serde(default)]
    ordered_at: String,
    /// Domain Identifier of the end customer's Smart Account, when the order brings one along.
    #[serde(default)]
    end_customer_account: String,
    /// 1 to 500.
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<LineBody>,
}

impl OrderBody {
    /// As all orders are told.
    pub fn told(&self) -> Told {
        Told {
            identifier: self.identifier.clone(),
            customer: self.customer.clone(),
            customer_domain: self.customer_domain.clone(),
            customer_email: self.customer_email.clone(),
            partner_domain: self.partner_domain.clone(),
            order_type: self.order_type.clone(),
            status: self.order_status.clone(),
            purchase_order: self.purchase_order.clone(),
            ordered_at: self.ordered_at.clone(),
            end_customer_account: self.end_customer_account.clone(),
            lines: self
                .lines
                .iter()
                .map(|line| ToldLine {
                    sku: line.sku.clone(),
                    quantity: line.quantity.to_string(),
                    term_months: line.term_months.map_or_else(String::new, |n| n.to_string()),
                })
                .collect(),
        }
    }
}

/// Orders that are to come in: `orders` or `file`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImportBody {
    #[serde(default)]
    orders: Vec<OrderBody>,
    /// The text of a table or of a JSON file.
    #[serde(default)]
    file: String,
    /// Which column of the table means what, where it should not be found by looking: the name of a field, such as
    /// `quantity`, and the heading of the column or its number from 1; "" for none.
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    leave_out_wrong: bool,
}

/// Something wrong with an order.
#[derive(Debug, Serialize, ToSchema)]
struct ImportProblem {
    field: String,
    says: String,
}

/// What becomes of an order.
#[derive(Debug, Serialize, ToSchema)]
struct ImportLine {
    /// In which line of the file it begins, or which order it is.
    line: usize,
    identifier: String,
    customer: String,
    lines: usize,
    problems: Vec<ImportProblem>,
}

/// A column of the table that was used.
#[derive(Debug, Serialize, ToSchema)]
struct ImportColumn {
    /// For which field, such as `quantity`.
    field: String,
    /// Its number, from 1.
    number: usize,
    /// Its heading.
    heading: String,
}

/// What became, or would become, of orders.
#[derive(Debug, Serialize, ToSchema)]
struct ImportReport {
    /// How many came in.
    received: usize,
    /// How many are wrong.
    wrong: usize,
    /// Which columns of the table were taken for what.
    columns: Vec<ImportColumn>,
    /// Headings of columns that were not used.
    unused_columns: Vec<String>,
    orders: Vec<ImportLine>,
}

fn line(one: &Judged) -> ImportLine {
    ImportLine {
        line: one.line,
        identifier: one.identifier.clone(),
        customer: one.customer.clone(),
        lines: one.lines,
        problems: one
            .problems
            .iter()
            .map(|(field, says)| ImportProblem {
                field: field.clone(),
                says: says.clone(),
            })
            .collect(),
    }
}

/// Reads the file; columns that are named are taken, and one that is missing is asked for.
fn read(text: &str, columns: &BTreeMap<String, String>) -> Result<OrderFile> {
    let wrong = |says| Error::invalid("file", says);
    let mut file = read_file(text).map_err(wrong)?;
    if !columns.is_empty() {
        let Some(kept) = &file.table else {
            return Err(Error::invalid("columns", "Columns are named for a table alone."));
        };
        let layout = with_columns(&kept.found, columns)?;
        file = read_again(&kept.text, &layout).map_err(wrong)?;
    }
    if let Some(kept) = &file.table {
        let mut problems = Problems::default();
        for at in kept.found.missing(&MEANINGS) {
            if let Some(meaning) = MEANINGS.get(at) {
                problems.add(format!("columns/{}", meaning.key), kept.found.says(at, meaning));
            }
        }
        problems.or_ok()?;
    }
    Ok(file)
}

/// The layout that was found, with the columns that are named. What stays open is asked for.
fn with_columns(found: &Found, columns: &BTreeMap<String, String>) -> Result<Layout> {
    let mut layout = found.layout.clone();
    let mut problems = Problems::default();
    for (key, named) in columns {
        let field = format!("columns/{key}");
        let place = MEANINGS
            .iter()
            .position(|meaning| meaning.key == key)
            .and_then(|at| layout.columns.get_mut(at));
        match (place, column(found, named)) {
            (None, _) => problems.add(field, "No field of an order has this name."),
            (_, Err(says)) => problems.add(field, says),
            (Some(place), Ok(column)) => *place = column,
        }
    }
    for (at, _) in &found.unsure {
        if let Some(meaning) = MEANINGS.get(*at).filter(|one| !columns.contains_key(one.key)) {
            problems.add(format!("columns/{}", meaning.key), found.says(*at, meaning));
        }
    }
    problems.or_ok()?;
    Ok(layout)
}

/// A column by its number or heading.
fn column(found: &Found, named: &str) -> std::result::Result<Option<usize>, String> {
    let named = named.trim();
    if named.is_empty() {
        return Ok(None);
    }
    let count = found.columns.len();
    if let Ok(number) = named.parse::<usize>() {
        return number
            .checked_sub(1)
            .filter(|at| *at < count)
            .map(Some)
            .ok_or_else(|| format!("The table has columns 1 to {count}."));
    }
    let key = heading_key(named);
    let mut like = (0..count).filter(|at| {
        found
            .columns
            .get(*at)
            .is_some_and(|one| heading_key(&one.name) == key)
    });
    match (like.next(), like.next()) {
        (Some(at), None) => Ok(Some(at)),
        (Some(_), Some(_)) => Err("Several columns have this heading. Send the number of one.".to_owned()),
        _ => Err("No column has this heading.".to_owned()),
    }
}

async fn import(may: May<Operate>, body: JsonBody<ImportBody, LONG>) -> Answer {
    let mut entries: Vec<Entry> = body
        .value
        .orders
        .iter()
        .zip(1..)
        .map(|(order, line)| Entry {
            line,
            told: order.told(),
            broken: String::new(),
        })
        .collect();
    let (mut columns, mut unused_columns) = (Vec::new(), Vec::new());
    if !body.value.file.is_empty() {
        let file = read(&body.value.file, &body.value.columns)?;
        entries.extend(file.entries);
        if let Some(kept) = file.table {
            let found = kept.found;
            unused_columns = found
                .unused()
                .into_iter()
                .map(|(at, _)| found.called(at))
                .collect();
            columns = MEANINGS
                .iter()
                .zip(&found.layout.columns)
                .filter_map(|(meaning, column)| {
                    let at = (*column)?;
                    Some(ImportColumn {
                        field: meaning.key.to_owned(),
                        number: at + 1,
                        heading: found
                            .columns
                            .get(at)
                            .map(|one| one.name.clone())
                            .unwrap_or_default(),
                    })
                })
                .collect();
        }
    }
    if entries.is_empty() {
        return Err(Error::invalid("orders", "Send at least one order."));
    }
    let now = may.portal.clock.now();
    let judged = may
        .portal
        .db
        .read(move |r| service::judge(r, &entries, now))
        .await?;
    let orders: Vec<ImportLine> = judged.iter().map(line).collect();
    let wrong = judged.iter().filter(|one| one.is_wrong()).count();
    let received = if body.value.dry_run {
        0
    } else {
        let good = service::all_good(judged, body.value.leave_out_wrong)?;
        may.does(move |tx, permit, _| service::take_in(tx, permit, now, None, &good))
            .await?
    };
    json(
        200,
        &ImportReport {
            received,
            wrong,
            columns,
            unused_columns,
            orders,
        },
    )
}
