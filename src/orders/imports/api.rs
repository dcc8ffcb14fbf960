//! Orders as scripts tell them, one or a file of them.

use super::model::{Entry, Judged, read_file};
use super::service;
use crate::authz::action::Operate;
use crate::error::Error;
use crate::http::{Answer, Api, JsonBody, May, Routes, json};
use crate::orders::intake::{Told, ToldLine};
use actix_web::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A file may be as long as this.
pub const LONG: usize = 4 * 1024 * 1024;

/// The operations.
pub fn routes(routes: &mut Routes) {
    routes.api(
        Method::POST,
        "/api/v1/order-imports",
        Api::says("Many orders come in, as a list or as the text of a CSV or JSON file. With `dry_run` the report alone is given. Wrong orders stand in the way unless `leave_out_wrong`.")
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
    sku: String,
    /// 1 to 2,000,000,000.
    quantity: i64,
    /// 1 to 120; that of the catalog without it.
    term_months: Option<i32>,
}

/// An order.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderBody {
    /// Order Identifier: up to 40 letters, digits, hyphens, dots and underscores.
    identifier: String,
    /// Name of the customer.
    customer: String,
    /// Domain of the customer.
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
    /// The text of a CSV or JSON file.
    #[serde(default)]
    file: String,
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

/// What became, or would become, of orders.
#[derive(Debug, Serialize, ToSchema)]
struct ImportReport {
    /// How many came in.
    received: usize,
    /// How many are wrong.
    wrong: usize,
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
    if !body.value.file.is_empty() {
        entries.extend(read_file(&body.value.file).map_err(|says| Error::invalid("file", says))?);
    }
    if entries.is_empty() {
        return Err(Error::invalid("orders", "Send at least one order."));
    }
    let (now, permit) = (may.portal.clock.now(), may.permit.clone());
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
        may.portal
            .db
            .write(move |tx| service::take_in(tx, &permit, now, None, &good))
            .await?
    };
    json(
        200,
        &ImportReport {
            received,
            wrong,
            orders,
        },
    )
}
