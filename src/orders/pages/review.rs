//! "Review your details and click Assign."

use super::super::model::{Draft, Line, Review, ReviewedOrder, Work};
use super::super::service;
use super::assign::{STEPS, TITLE, draft_of};
use super::lines::term_words;
use super::{base, between, inventory_path, is_unchecked, line_badge};
use crate::authz::action::AssignOrder;
use crate::error::{Error, Refusal, Result};
use crate::http::form::PathPart;
use crate::http::list::Pager;
use crate::http::widgets::{counted, number};
use crate::http::{Answer, Crumb, ListQuery, ListSpec, May, Posted, Shell, page, page_with, see_other};
use crate::kernel::ids::{AssignmentId, OrderDraftId};
use askama::Template;
use serde::Deserialize;

/// A line, as the review shows it.
struct LineView {
    order: String,
    href: String,
    customer: String,
    line: Line,
    account: String,
    place: String,
    hold: bool,
    stays: String,
}

impl LineView {
    fn kind(&self) -> &'static str {
        line_badge(self.line.state)
    }
    fn quantity(&self) -> String {
        number(&u64::try_from(self.line.quantity).unwrap_or_default())
    }
    fn term(&self) -> String {
        term_words(self.line.term_months)
    }
}

/// Where how many lines go.
struct Destination {
    account: String,
    place: String,
    hold: bool,
    what: String,
}

#[derive(Template)]
#[template(path = "orders/review.html")]
struct ReviewPage {
    shell: Shell,
    title: &'static str,
    steps: [&'static str; 3],
    sub: String,
    path: String,
    back: String,
    unchecked: bool,
    destinations: Vec<Destination>,
    rows: Vec<LineView>,
    pager: Pager,
    fingerprint: String,
    /// What keeps it from being done, in sentences.
    against: Vec<String>,
    /// What has changed since the page was made.
    changed: Option<String>,
    moving: u64,
}

/// Products, Cisco branded services and partner branded services on their way to one place.
fn what(counts: &[(&'static str, u64)]) -> String {
    counts
        .iter()
        .map(|(label, count)| format!("{}: {}", label, counted(*count, "line", "lines")))
        .collect::<Vec<_>>()
        .join(", ")
}

fn destinations(review: &Review) -> Vec<Destination> {
    type Key = (String, i64, String, bool);
    let mut found: Vec<(Key, Vec<(&'static str, u64)>)> = Vec::new();
    for line in review.orders.iter().flat_map(|one| &one.lines) {
        let Some(to) = &line.to else { continue };
        let key = (
            to.account.clone(),
            to.number,
            to.virtual_account.clone(),
            to.is_hold,
        );
        let at = match found.iter().position(|(known, _)| *known == key) {
            Some(at) => at,
            None => {
                found.push((key, Vec::new()));
                found.len() - 1
            }
        };
        let Some((_, counts)) = found.get_mut(at) else {
            continue;
        };
        let label = line.line.kind.label();
        match counts.iter_mut().find(|(known, _)| *known == label) {
            Some((_, count)) => *count += 1,
            None => counts.push((label, 1)),
        }
    }
    found
        .into_iter()
        .map(|((account, _, place, hold), counts)| Destination {
            account,
            place,
            hold,
            what: what(&counts),
        })
        .collect()
}

fn rows(orders: &[ReviewedOrder], base: &str, from: usize, most: usize) -> Vec<LineView> {
    orders
        .iter()
        .flat_map(|one| one.lines.iter().map(move |line| (&one.order, line)))
        .skip(from)
        .take(most)
        .map(|(order, line)| LineView {
            order: order.identifier.clone(),
            href: format!("{base}/{}", order.id),
            customer: order.customer.clone(),
            line: line.line.clone(),
            account: line.to.as_ref().map(|to| to.account.clone()).unwrap_or_default(),
            place: line
                .to
                .as_ref()
                .map(|to| to.virtual_account.clone())
                .unwrap_or_default(),
            hold: line.to.as_ref().is_some_and(|to| to.is_hold),
            stays: line.stays.clone(),
        })
        .collect()
}

async fn review_page(may: &May<AssignOrder>, draft: &Draft, refused: Option<Refusal>) -> Result<ReviewPage> {
    let of = draft.clone();
    let review = may
        .reads(move |r, permit| service::review(r, permit, &of))
        .await?;
    let path = format!("{}/assign/{}", base(may), draft.id);
    let mut list = ListQuery::parse(
        &may.query,
        &ListSpec {
            path: format!("{path}/review"),
            sorts: &["line"],
            default_sort: "line",
            filters: &[],
            columns: &[],
        },
    );
    let all: u64 = review.orders.iter().map(|one| one.lines.len() as u64).sum();
    list.clamp(all);
    let moving = review.moving() as u64;
    let mut against: Vec<String> = Vec::new();
    against.extend(review.refused.as_ref().map(|refusal| refusal.says.to_string()));
    let stopped: Vec<String> = review
        .orders
        .iter()
        .filter_map(|one| {
            one.refused
                .as_ref()
                .map(|refusal| format!("Order {}: {}", one.order.identifier, refusal.says))
        })
        .collect();
    let more = stopped.len().saturating_sub(20);
    against.extend(stopped.into_iter().take(20));
    if more > 0 {
        against.push(format!(
            "{} more cannot be assigned.",
            counted(more as u64, "order", "orders")
        ));
    }
    let changed = refused.map(|refusal| refusal.says.into_owned());
    if against.is_empty() && moving == 0 {
        against.push("No line of these orders goes anywhere.".to_owned());
    }
    let mut shell = may.account_shell("Review", &{
        let mut crumbs = between(may);
        crumbs.push(Crumb::link("Assign to Smart Account", path.clone()));
        crumbs
    });
    shell.error_title = changed.is_some();
    Ok(ReviewPage {
        shell,
        title: TITLE,
        steps: STEPS,
        sub: format!(
            "{}, {}. Nothing has been assigned yet.",
            counted(review.orders.len() as u64, "order", "orders"),
            counted(all, "line", "lines")
        ),
        back: match (draft.content.work, draft.content.orders.first()) {
            (Work::Assign, _) | (_, None) => inventory_path(may),
            (_, Some(order)) => format!("{}/{order}", base(may)),
        },
        unchecked: is_unchecked(may),
        destinations: destinations(&review),
        rows: rows(
            &review.orders,
            &base(may),
            usize::try_from(list.offset()).unwrap_or(usize::MAX),
            usize::try_from(list.limit()).unwrap_or(usize::MAX),
        ),
        pager: list.pager(all),
        fingerprint: review.fingerprint,
        path,
        against,
        changed,
        moving,
    })
}

/// The second step.
pub async fn show(may: May<AssignOrder>, id: PathPart<OrderDraftId>) -> Answer {
    match draft_of(&may, id.0).await? {
        Err(done) => see_other(&done),
        // Nowhere to go yet.
        Ok(draft) if draft.content.target.is_none() => {
            see_other(&format!("{}/assign/{}", base(&may), draft.id))
        }
        Ok(draft) => page(&review_page(&may, &draft, None).await?),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewed {
    /// Of what was shown.
    #[serde(default)]
    fingerprint: String,
}

/// "Assign". What no longer is as it was shown comes back with what has changed.
pub async fn assign(may: May<AssignOrder>, id: PathPart<OrderDraftId>, posted: Posted<Reviewed>) -> Answer {
    let draft = match draft_of(&may, id.0).await? {
        // Pressed twice.
        Err(done) => return see_other(&done),
        Ok(draft) => draft,
    };
    let fingerprint = posted.value.fingerprint.clone();
    let (of, new) = (draft.id, AssignmentId::new());
    let done = may
        .does(move |tx, permit, at| service::assign(tx, permit, of, &fingerprint, new, at))
        .await;
    match done {
        Ok(made) => {
            may.portal.jobs.nudge();
            see_other(&format!("{}/assignments/{made}", base(&may)))
        }
        Err(Error::Refused(refusal)) if refusal.code.starts_with("orders.") => {
            // Somebody may have carried this very draft out in another window.
            match draft_of(&may, draft.id).await? {
                Err(done) => see_other(&done),
                Ok(draft) => page_with(409, &review_page(&may, &draft, Some(refusal)).await?),
            }
        }
        Err(other) => Err(other),
    }
}
