//! Orders, for scripts: what the pages show.

use super::list::{self, LIST, Row};
use super::model::{Assignment, Line, LineKind, LineState, Order, OrderStatus, OrderType, Progress, Source};
use super::service;
use crate::authz::action::ViewInventory;
use crate::error::Error;
use crate::http::form::PathPart;
use crate::http::{Answer, Api, May, Routes, json};
use crate::kernel::Moment;
use crate::kernel::ids::{AssignmentId, OrderId, OrderLineId, VirtualAccountId};
use crate::smart_accounts;
use actix_web::http::Method;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

const BASE: &str = "/api/v1/accounts/{said}/orders";

/// The operations that read.
pub fn routes(routes: &mut Routes) {
    LIST.operation::<OrderRow>(
        routes,
        BASE,
        "Order Inventory: the orders that a Smart Account sold, bought or was assigned.",
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/orders/counts",
        Api::says("How many orders there are of each kind: the cards of Order Inventory.")
            .gives::<OrderCounts>(200)
            .query(&LIST.narrowing()),
        counts,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/orders/{order}",
        Api::says("An order with its lines.").gives::<OrderShape>(200),
        one,
    );
    routes.api(
        Method::GET,
        "/api/v1/accounts/{said}/order-assignments/{assignment}",
        Api::says("How far an assignment is that was requested in this Smart Account.")
            .gives::<AssignmentShape>(200),
        progress,
    );
}

/// An order, as the list has it.
#[derive(Debug, Serialize, ToSchema)]
struct OrderRow {
    /// Its id.
    #[schema(value_type = String)]
    id: OrderId,
    /// The Order Identifier.
    identifier: String,
    purchase_order: String,
    customer: String,
    customer_domain: String,
    customer_email: String,
    #[schema(value_type = String)]
    order_type: OrderType,
    #[schema(value_type = String)]
    order_status: OrderStatus,
    #[schema(value_type = String)]
    assignment: Assignment,
    /// Whether orders of its type can be assigned to a Smart Account.
    assignable: bool,
    lines: i32,
    ordered_at: Moment,
    received_at: Moment,
}

impl From<Row> for OrderRow {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            identifier: row.identifier,
            purchase_order: row.purchase_order,
            customer: row.customer,
            customer_domain: row.customer_domain,
            customer_email: row.customer_email,
            order_type: row.order_type,
            order_status: row.order_status,
            assignment: row.assignment,
            assignable: row.order_type.against_assigning().is_none(),
            lines: row.lines,
            ordered_at: row.ordered_at,
            received_at: row.received_at,
        }
    }
}

/// A slice of a card.
#[derive(Debug, Serialize, ToSchema)]
struct Slice {
    value: &'static str,
    label: &'static str,
    orders: u64,
}

/// The cards of Order Inventory. Each counts without regard to its own filter.
#[derive(Debug, Serialize, ToSchema)]
struct OrderCounts {
    assignment: Vec<Slice>,
    order_type: Vec<Slice>,
    order_status: Vec<Slice>,
    /// How many orders match all filters.
    total: u64,
    /// How many of these are Unassigned.
    unassigned: u64,
    /// How many of those can be assigned: not Stocking and Enterprise Agreement orders.
    unassigned_assignable: u64,
}

/// A line of an order.
#[derive(Debug, Serialize, ToSchema)]
struct LineShape {
    /// Its id.
    #[schema(value_type = String)]
    id: OrderLineId,
    number: i32,
    sku: String,
    description: String,
    #[schema(value_type = String)]
    kind: LineKind,
    quantity: i64,
    term_months: Option<i32>,
    #[schema(value_type = String)]
    state: LineState,
    /// Number of the Smart Account to which it goes or went.
    smart_account_id: Option<i64>,
    /// The Virtual Account, where it is one of this Smart Account.
    #[schema(value_type = Option<String>)]
    virtual_account: Option<VirtualAccountId>,
    /// Why it failed or waits.
    reason: String,
    settled_at: Option<Moment>,
    /// The assignment that it is a part of.
    #[schema(value_type = Option<String>)]
    assignment: Option<AssignmentId>,
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
struct OrderShape {
    /// Its id.
    #[schema(value_type = String)]
    id: OrderId,
    /// The Order Identifier.
    identifier: String,
    purchase_order: String,
    customer: String,
    customer_domain: String,
    customer_email: String,
    #[schema(value_type = String)]
    order_type: OrderType,
    #[schema(value_type = String)]
    order_status: OrderStatus,
    #[schema(value_type = String)]
    assignment: Assignment,
    /// Why it cannot be assigned by anybody, or "".
    not_assignable: String,
    #[schema(value_type = String)]
    source: Source,
    ordered_at: Moment,
    received_at: Moment,
    version: i64,
    lines: Vec<LineShape>,
}

/// How many lines are in one state.
#[derive(Debug, Serialize, ToSchema)]
struct StateCount {
    #[schema(value_type = String)]
    state: LineState,
    lines: u64,
}

/// An assignment that was requested.
#[derive(Debug, Serialize, ToSchema)]
struct AssignmentShape {
    /// Its id.
    #[schema(value_type = String)]
    id: AssignmentId,
    /// Who asked.
    requester: String,
    /// Requested by support, whom no checks restrict.
    unchecked: bool,
    orders: i32,
    lines: i32,
    requested_at: Moment,
    /// When its last line was assigned or failed.
    settled_at: Option<Moment>,
    states: Vec<StateCount>,
    /// Lines that are a part of a later assignment by now.
    gone_on: u64,
}

async fn counts(may: May<ViewInventory>) -> Answer {
    let asked = LIST.asked_by(&may.query, may.portal.clock.now());
    asked.list.understood()?;
    let counts = may
        .reads(move |r, permit| list::counts(r, permit.within(), &asked))
        .await?;
    macro_rules! slices {
        ($kind:ident, $count:ident) => {
            $kind::ALL
                .iter()
                .map(|one| Slice {
                    value: one.word(),
                    label: one.label(),
                    orders: counts.$count(*one),
                })
                .collect()
        };
    }
    json(
        200,
        &OrderCounts {
            assignment: slices!(Assignment, of_assignment),
            order_type: slices!(OrderType, of_type),
            order_status: slices!(OrderStatus, of_status),
            total: counts.total(),
            unassigned: counts.unassigned().all,
            unassigned_assignable: counts.unassigned().assignable,
        },
    )
}

fn shape(
    order: Order,
    lines: Vec<Line>,
    may: &May<ViewInventory>,
    numbers: &HashMap<crate::kernel::ids::SmartAccountId, i64>,
) -> OrderShape {
    let here = may.permit.within().tenant();
    OrderShape {
        not_assignable: service::against_order(&order)
            .map(|refusal| refusal.says.into_owned())
            .unwrap_or_default(),
        id: order.id,
        identifier: order.identifier,
        purchase_order: order.purchase_order,
        customer: order.customer,
        customer_domain: order.customer_domain,
        customer_email: order.customer_email,
        order_type: order.order_type,
        order_status: order.status,
        assignment: order.assignment,
        source: order.source,
        ordered_at: order.ordered_at,
        received_at: order.received_at,
        version: order.version,
        lines: lines
            .into_iter()
            .map(|line| LineShape {
                id: line.id,
                number: line.number,
                sku: line.sku,
                description: line.description,
                kind: line.kind,
                quantity: line.quantity,
                term_months: line.term_months,
                state: line.state,
                smart_account_id: line.account.and_then(|id| numbers.get(&id).copied()),
                virtual_account: line.virtual_account.filter(|_| line.account == here),
                reason: line.reason,
                settled_at: line.settled_at,
                assignment: line.assignment,
            })
            .collect(),
    }
}

async fn one(may: May<ViewInventory>, id: PathPart<OrderId>) -> Answer {
    let id = id.0;
    let (order, lines, numbers) = may
        .reads(move |r, permit| {
            let order = list::find(r, permit.within(), id)?;
            let lines = list::lines(r, permit.within(), id)?;
            let accounts: Vec<_> = lines.iter().filter_map(|line| line.account).collect();
            let numbers: HashMap<_, _> = smart_accounts::find_many(r, &accounts)?
                .into_iter()
                .map(|account| (account.id, account.number))
                .collect();
            Ok((order, lines, numbers))
        })
        .await?;
    json(200, &shape(order, lines, &may, &numbers))
}

async fn progress(may: May<ViewInventory>, id: PathPart<AssignmentId>) -> Answer {
    let id = id.0;
    let found: Progress = may
        .reads(move |r, permit| {
            let found = service::progress(r, permit.within(), id)?;
            let theirs = found.request.requested_by == Some(permit.person()?);
            if permit.within().only().is_some() && found.orders.is_empty() && !theirs {
                return Err(Error::NotFound);
            }
            Ok(found)
        })
        .await?;
    json(
        200,
        &AssignmentShape {
            id: found.request.id,
            requester: found.request.requester,
            unchecked: found.request.is_unchecked,
            orders: found.request.orders,
            lines: found.request.lines,
            requested_at: found.request.requested_at,
            settled_at: found.request.settled_at,
            states: found
                .lines
                .into_iter()
                .map(|(state, lines)| StateCount { state, lines })
                .collect(),
            gone_on: found.gone_on,
        },
    )
}
