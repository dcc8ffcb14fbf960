//! The confirmation, and how far the assignment is. The page renews itself until nothing is on its way any more.

use super::super::model::{LineState, Order, Progress};
use super::super::service;
use super::assign::{STEPS, TITLE};
use super::lines::{LineView, Names};
use super::{base, between, inventory_path, line_badge};
use crate::authz::action::ViewInventory;
use crate::error::Error;
use crate::http::form::PathPart;
use crate::http::widgets::{counted, number};
use crate::http::{Answer, May, Shell, page};
use crate::kernel::ids::AssignmentId;
use askama::Template;

/// A browser without script asks again after so many seconds.
const AGAIN: u32 = 3;

/// How many lines are in one state.
struct Count {
    kind: &'static str,
    label: &'static str,
    lines: String,
}

struct OrderView {
    href: String,
    order: Order,
    lines: Vec<LineView>,
}

#[derive(Template)]
#[template(path = "orders/progress.html")]
struct ProgressPage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 3],
    sub: String,
    inventory: String,
    counts: Vec<Count>,
    orders: Vec<OrderView>,
    /// Orders beyond those that are listed.
    more: u64,
    total: u64,
    settled: u64,
    /// Lines are on their way: the page renews itself.
    runs: bool,
    holds: u64,
    failed: u64,
    unchecked: bool,
    summary: String,
}

impl ProgressPage {
    /// How it stands, in one sentence.
    fn told(&self) -> &'static str {
        const FAILED: &str =
            "Your Smart Account and Virtual Account assignment has ended: some lines could not be assigned.";
        match (self.runs, self.failed, self.holds) {
            (true, ..) => "Your Smart Account and Virtual Account assignment has been requested.",
            (false, 1.., _) => FAILED,
            (false, 0, 1..) => {
                "Your Smart Account and Virtual Account assignment waits on Smart Account Hold."
            }
            (false, 0, 0) => "Your Smart Account and Virtual Account assignment is complete.",
        }
    }
    fn told_kind(&self) -> &'static str {
        if !self.runs && self.failed > 0 {
            "warn"
        } else {
            "ok"
        }
    }
}

fn count(progress: &Progress, wanted: &[LineState]) -> u64 {
    progress
        .lines
        .iter()
        .filter(|(state, _)| wanted.contains(state))
        .map(|(_, count)| count)
        .sum()
}

pub async fn show(may: May<ViewInventory>, id: PathPart<AssignmentId>) -> Answer {
    let id = id.0;
    let (progress, names) = may
        .reads(move |r, permit| {
            let progress = service::progress(r, permit.within(), id)?;
            // Who reaches some Virtual Accounts alone learns of nothing that went elsewhere, but for their own requests.
            let theirs = progress.request.requested_by == Some(permit.person()?);
            if permit.within().only().is_some() && progress.orders.is_empty() && !theirs {
                return Err(Error::NotFound);
            }
            let lines: Vec<_> = progress
                .orders
                .iter()
                .flat_map(|(_, lines)| lines.iter().cloned())
                .collect();
            let names = Names::of(r, permit.within(), &lines)?;
            Ok((progress, names))
        })
        .await?;
    let total = u64::try_from(progress.request.lines).unwrap_or_default();
    let runs = count(&progress, &[LineState::Requested]) > 0;
    let (holds, failed) = (
        count(&progress, &[LineState::Hold]),
        count(&progress, &[LineState::Failed]),
    );
    let settled = count(&progress, &[LineState::Assigned, LineState::Failed]) + progress.gone_on;
    let mut shell = may.account_shell(TITLE, &between(&may));
    shell.again_after = runs.then_some(AGAIN);
    let orders = u64::try_from(progress.request.orders).unwrap_or_default();
    page(&ProgressPage {
        shell,
        title: TITLE,
        steps: STEPS,
        sub: format!(
            "{}, {}. Requested by {}.",
            counted(orders, "order", "orders"),
            counted(total, "line", "lines"),
            progress.request.requester
        ),
        inventory: inventory_path(&may),
        counts: progress
            .lines
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(state, count)| Count {
                kind: line_badge(*state),
                label: state.label(),
                lines: number(count),
            })
            .collect(),
        more: orders.saturating_sub(progress.orders.len() as u64),
        summary: if runs {
            "Assignment is on its way".to_owned()
        } else {
            format!(
                "{} assigned, {} failed, {} on hold",
                count(&progress, &[LineState::Assigned]),
                failed,
                holds
            )
        },
        orders: progress
            .orders
            .into_iter()
            .map(|(order, lines)| OrderView {
                href: format!("{}/{}", base(&may), order.id),
                order,
                lines: lines.into_iter().map(|line| names.line(line)).collect(),
            })
            .collect(),
        unchecked: progress.request.is_unchecked,
        total,
        settled,
        runs,
        holds,
        failed,
    })
}
