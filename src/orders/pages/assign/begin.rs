//! From ticked orders to a choice that is being made.

use crate::authz::action::{AssignOrder, ViewInventory};
use crate::error::Error;
use crate::http::form::LIST_LIMIT;
use crate::http::widgets::{counted, number};
use crate::http::{Answer, Flash, FlashKind, May, Posted, see_other};
use crate::kernel::ids::{OrderDraftId, OrderId, OrderLineId};
use crate::orders::list;
use crate::orders::model::{Content, MOST_SELECTED, Work};
use crate::orders::pages::base;
use crate::orders::pages::inventory::asked;
use crate::orders::service;
use serde::Deserialize;
use std::collections::HashSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    #[serde(default)]
    order: Vec<String>,
    #[serde(default)]
    line: Vec<String>,
    #[serde(default)]
    work: String,
    /// "matching" when all that match are meant and not those that were ticked.
    #[serde(default)]
    scope: String,
    /// The list's query.
    #[serde(default)]
    asked: String,
    /// How many matched when the page was made.
    #[serde(default)]
    seen: String,
}

/// Takes the orders that were ticked, or all that match, into a draft. Nothing has happened yet.
pub async fn begin(may: May<AssignOrder>, posted: Posted<Begin, LIST_LIMIT>) -> Answer {
    if let Some(refusal) = service::against_person(may.permit.actor()?) {
        return Err(Error::Refused(refusal));
    }
    let form = &posted.value;
    let asked = asked(&may, &form.asked);
    let all = form.scope == "matching";
    let back = asked.list.href();
    let mut ids: Vec<OrderId> = Vec::with_capacity(form.order.len());
    for text in &form.order {
        ids.push(text.parse().map_err(|_| Error::NotFound)?);
    }
    let mut lines: Vec<OrderLineId> = Vec::with_capacity(form.line.len());
    for text in &form.line {
        lines.push(text.parse().map_err(|_| Error::NotFound)?);
    }
    let work = if form.work.is_empty() {
        Work::Assign
    } else {
        form.work
            .parse()
            .map_err(|_| Error::BadRequest("There is no such thing to do with orders.".into()))?
    };
    let seen: Option<u64> = form.seen.parse().ok();
    let sees = may.also::<ViewInventory>().await?;
    let (permit, id, at) = (may.permit.clone(), OrderDraftId::new(), may.portal.clock.now());
    let picked: Vec<OrderId> = if all {
        may.portal
            .db
            .read(move |r| list::matching(r, sees.within(), &asked, MOST_SELECTED as u64 + 1))
            .await?
    } else {
        // Those that are not there, or are not theirs to see, are refused when the draft is kept.
        let mut once = HashSet::new();
        ids.retain(|id| once.insert(*id));
        ids
    };
    if picked.is_empty() || (work == Work::Reassign && lines.is_empty()) {
        let says = if work == Work::Reassign {
            "Tick the lines that you want to reassign first."
        } else {
            "Tick the orders that you want to assign first."
        };
        let back = match (work, picked.first()) {
            (Work::Assign, _) | (_, None) => back,
            (_, Some(order)) => format!("{}/{order}", base(&may)),
        };
        return Ok(may.see_other(&back, Flash::new(FlashKind::Warn, says)));
    }
    if picked.len() > MOST_SELECTED {
        let says = format!(
            "At most {} orders are assigned at once. Narrow the list with a filter.",
            number(&(MOST_SELECTED as u64))
        );
        return Ok(may.see_other(&back, Flash::new(FlashKind::Warn, says)));
    }
    let count = picked.len() as u64;
    let mut content = Content::of(picked);
    content.work = work;
    content.lines = lines;
    may.portal
        .db
        .housekeeping(move |tx| service::keep_draft(tx, &permit, at, id, &content))
        .await?;
    let next = format!("{}/assign/{id}", base(&may));
    match seen {
        Some(seen) if all && seen != count => Ok(may.see_other(
            &next,
            Flash::new(
                FlashKind::Info,
                format!(
                    "{} matched when you selected all of them; now it is {}.",
                    counted(seen, "order", "orders"),
                    number(&count)
                ),
            ),
        )),
        _ => see_other(&next),
    }
}
