//! One order: its lines, what happened to it, and the mails about it.

use super::super::list;
use super::super::model::{Line, LineKind, LineState, Order, OrderStatus};
use super::super::service;
use super::lines::{LineView, Names};
use super::{against, assignment_badge, base, between, export, is_unchecked, po_words, status_badge};
use crate::authn::people;
use crate::authz::action::{AssignOrder, ViewInventory};
use crate::authz::grants;
use crate::error::Result;
use crate::http::csv::Table;
use crate::http::form::PathPart;
use crate::http::reply::attachment;
use crate::http::widgets::{Happening, counted};
use crate::http::{Answer, May, NoFields, Posted, Shell, page, see_other};
use crate::kernel::Kind;
use crate::kernel::ids::{AssignmentId, OrderId, SmartAccountId};
use crate::members;
use crate::platform::db::{Reads, history};
use crate::platform::mail::{self, Delivery};
use crate::smart_accounts;
use askama::Template;
use chrono::{DateTime, Utc};
use std::collections::{HashMap, HashSet};

/// So much of what happened is told.
const MOST_EVENTS: i64 = 100;
/// So many mails are listed.
const MOST_MAILS: i64 = 50;

/// A mail about the order.
struct MailView {
    what: &'static str,
    to: String,
    at: DateTime<Utc>,
    state: (&'static str, &'static str),
}

#[derive(Template)]
#[template(path = "orders/order.html")]
struct OrderPage {
    shell: Shell,
    order: Order,
    partner: String,
    customer_account: String,
    lines: Vec<LineView>,
    /// Lines that went to Virtual Accounts beyond one's reach.
    hidden: usize,
    history: Vec<Happening>,
    mails: Vec<MailView>,
    unchecked: bool,
    /// Why the person cannot assign, or "".
    against: String,
    /// Why nobody can, or "".
    no: String,
    base: String,
    path: String,
    failed: u64,
    partner_services: bool,
}

impl OrderPage {
    fn open(&self) -> bool {
        self.lines
            .iter()
            .any(|line| matches!(line.line.state, LineState::Unassigned | LineState::Failed))
    }
    /// Whether lines can be reassigned here and now.
    fn reassignable(&self) -> bool {
        self.against.is_empty()
            && self.order.status == OrderStatus::Pending
            && self.lines.iter().any(LineView::reassignable)
    }
    /// Why lines that are assigned stay where they are, or "".
    fn fixed(&self) -> &'static str {
        if self.against.is_empty()
            && self.order.status != OrderStatus::Pending
            && self.lines.iter().any(LineView::reassignable)
        {
            "Delivery has begun: lines are reassigned only while the order status is Pending."
        } else {
            ""
        }
    }
    fn assignment_kind(&self) -> &'static str {
        assignment_badge(self.order.assignment, self.no.is_empty())
    }
    fn status_kind(&self) -> &'static str {
        status_badge(self.order.status)
    }
    fn says(&self) -> String {
        let po = if self.order.purchase_order.is_empty() {
            String::new()
        } else {
            format!("{}. ", po_words(&self.order.purchase_order))
        };
        format!(
            "{po}{} for {}.",
            counted(
                u64::try_from(self.order.lines).unwrap_or_default(),
                "line",
                "lines"
            ),
            self.order.customer
        )
    }
}

/// A letter's kind in the words of the page.
fn letter_words(kind: &str) -> &'static str {
    match kind {
        "orders.assignment-settled" => "To the requester: assignment complete",
        "orders.received" => "To administrators: orders received",
        _ => "Email",
    }
}

/// The mails about an order's assignments. Addresses of people of other Smart Accounts stay unnamed.
fn mails(read: &mut dyn Reads, account: SmartAccountId, lines: &[Line], own: &str) -> Result<Vec<MailView>> {
    let mut about: Vec<String> = lines
        .iter()
        .filter_map(|line| line.assignment)
        .map(|id| id.to_string())
        .collect();
    about.sort_unstable();
    about.dedup();
    let letters = mail::about(read, &about, MOST_MAILS)?;
    if letters.is_empty() {
        return Ok(Vec::new());
    }
    let members: Vec<_> = grants::in_account(read, account)?
        .into_iter()
        .map(|grant| grant.person)
        .collect();
    let mut known: HashSet<String> = people::find_all(read, &members)?
        .into_iter()
        .map(|person| person.email.to_string())
        .collect();
    known.insert(own.to_owned());
    Ok(letters
        .into_iter()
        .map(|letter| MailView {
            what: letter_words(&letter.letter),
            at: letter.created_at.utc(),
            state: match letter.delivery() {
                Delivery::Waiting => ("info", Delivery::Waiting.label()),
                Delivery::Sent => ("ok", Delivery::Sent.label()),
                Delivery::GivenUp => ("bad", Delivery::GivenUp.label()),
            },
            to: if known.contains(&letter.to_address) {
                letter.to_address
            } else {
                "Somebody in another Smart Account".to_owned()
            },
        })
        .collect())
}

/// What happened to an order, the newest first.
fn past(read: &mut dyn Reads, account: SmartAccountId, order: &Order) -> Result<Vec<Happening>> {
    let mut all: Vec<Happening> = history(read, account, order.id.as_str(), MOST_EVENTS)?
        .into_iter()
        .filter(|past| past.kind != Kind::OrderReceived)
        .map(|past| Happening {
            what: past.kind.label().to_owned(),
            who: past.actor,
            at: past.at.utc(),
            note: past.message,
        })
        .collect();
    all.push(Happening {
        what: "Order received".to_owned(),
        who: String::new(),
        at: order.received_at.utc(),
        note: String::new(),
    });
    all.push(Happening {
        what: "Ordered".to_owned(),
        who: order.customer.clone(),
        at: order.ordered_at.utc(),
        note: String::new(),
    });
    Ok(all)
}

pub async fn show(may: May<ViewInventory>, id: PathPart<OrderId>) -> Answer {
    let id = id.0;
    let own = may.permit.actor()?.person.email.to_string();
    let (order, lines, names, parties, history, mails, admins) = may
        .reads(move |r, permit| {
            let within = permit.within();
            let account = within.account()?;
            let order = list::find(r, within, id)?;
            let lines = list::lines(r, within, id)?;
            let names = Names::of(r, within, &lines)?;
            let parties: Vec<SmartAccountId> = order
                .partner_account
                .into_iter()
                .chain(order.customer_account)
                .collect();
            let parties: HashMap<SmartAccountId, String> = smart_accounts::find_many(r, &parties)?
                .into_iter()
                .map(|account| (account.id, account.name))
                .collect();
            let history = past(r, account, &order)?;
            let mails = mails(r, account, &lines, &own)?;
            let admins = members::administrators_of(r, account)?;
            Ok((order, lines, names, parties, history, mails, admins))
        })
        .await?;
    let here = may.permit.within().account()?;
    let count = usize::try_from(order.lines).unwrap_or_default();
    let lines: Vec<LineView> = lines.into_iter().map(|line| names.line(line)).collect();
    let party = |id: Option<SmartAccountId>| id.and_then(|id| parties.get(&id).cloned()).unwrap_or_default();
    page(&OrderPage {
        shell: may.account_shell(format!("Order {}", order.identifier), &between(&may)),
        partner: party(order.partner_account),
        // Whether a Smart Account of the customer exists is said where the order belongs to it.
        customer_account: if order.customer_account == Some(here) {
            party(order.customer_account)
        } else {
            String::new()
        },
        hidden: count.saturating_sub(lines.len()),
        failed: lines
            .iter()
            .filter(|line| line.line.state == LineState::Failed)
            .count() as u64,
        partner_services: order.partner_account == Some(here)
            && lines.iter().any(|line| {
                line.line.kind == LineKind::PartnerService
                    && line.line.state == LineState::Assigned
                    && line.line.account == Some(here)
            }),
        no: service::against_order(&order)
            .map(|refusal| refusal.says.into_owned())
            .unwrap_or_default(),
        against: against(&may, &admins),
        unchecked: is_unchecked(&may),
        path: format!("{}/{}", base(&may), order.id),
        base: base(&may),
        lines,
        history,
        mails,
        order,
    })
}

/// "Export lines".
pub async fn csv(may: May<ViewInventory>, id: PathPart<OrderId>) -> Answer {
    let id = id.0;
    let (identifier, rows) = may
        .reads(move |r, permit| {
            let order = list::find(r, permit.within(), id)?;
            let lines = list::lines(r, permit.within(), id)?;
            let identifier = order.identifier.clone();
            Ok((identifier, export::rows(r, permit, vec![(order, lines)])?))
        })
        .await?;
    let mut table = Table::new(&export::HEAD)?;
    for row in rows {
        table.row(row)?;
    }
    Ok(attachment(
        "text/csv; charset=utf-8",
        &may.file_name(&format!("order-{identifier}")),
        table.finish()?,
    ))
}

/// "Retry": once more for the lines that have failed.
pub async fn retry(may: May<AssignOrder>, id: PathPart<OrderId>, _form: Posted<NoFields>) -> Answer {
    let sees = may.also::<ViewInventory>().await?;
    let order = id.0;
    let new = AssignmentId::new();
    let made = may
        .does(move |tx, permit, at| {
            list::find(tx, sees.within(), order)?;
            service::retry(tx, permit, order, new, at)
        })
        .await?;
    may.portal.jobs.nudge();
    see_other(&format!("{}/assignments/{made}", base(&may)))
}
