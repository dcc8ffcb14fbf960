//! Assigning what was reviewed, and assigning again what failed.

use super::against_person;
use super::draft::{draft, right_size};
use super::review::{Names, place_gone, review_of};
use super::targets::{Hand, not_yours};
use crate::authz::Permit;
use crate::authz::action::AssignOrder;
use crate::error::{Cause, Error, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::{
    AssignmentId, OrderDraftId, OrderId, OrderLineId, SmartAccountId, VirtualAccountId,
};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::licenses;
use crate::orders::lab;
use crate::orders::model::{Content, Line, LineKind, LineState, Order, Place, Request, Review, Target};
use crate::orders::store::{self, Asked, Changed};
use crate::platform::db::{Recorded, Tx};
use crate::smart_accounts::State;
use serde_json::json;
use std::collections::BTreeMap;

/// Says why a review cannot be carried out; nothing when it can.
fn must_be_good(review: &Review, fingerprint: &str) -> Result<()> {
    let in_the_way: Vec<String> = review
        .orders
        .iter()
        .filter_map(|one| {
            let why = one.refused.as_ref()?;
            Some(format!("{}: {}", one.order.identifier, why.says))
        })
        .collect();
    let mut words = in_the_way.iter().take(5).cloned().collect::<Vec<_>>().join(" ");
    if in_the_way.len() > 5 {
        words.push_str(&format!(
            " {} in the way.",
            counted(in_the_way.len() as u64 - 5, "more order is", "more orders are")
        ));
    }
    if review.fingerprint != fingerprint {
        let changed = match &review.refused {
            Some(why) => why.says.to_string(),
            None if words.is_empty() => "Lines or accounts have changed since.".to_owned(),
            None => words,
        };
        return Err(Error::refused(
            "orders.stale",
            format!(
                "The review no longer holds, and nothing has been assigned. {changed} Look at it once more."
            ),
        ));
    }
    if let Some(why) = &review.refused {
        return Err(Error::Refused(why.clone()));
    }
    match review.orders.iter().find_map(|one| one.refused.as_ref()) {
        Some(first) => Err(Error::refused(
            first.code,
            format!("Nothing has been assigned. {words}"),
        )),
        None => Ok(()),
    }
}

/// Asks for the assignment of a draft: all of it or nothing. Pressed twice, it is done once.
pub fn assign(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    draft: OrderDraftId,
    fingerprint: &str,
    id: AssignmentId,
    at: Moment,
) -> Result<Recorded<AssignmentId>> {
    let due = lab::due(tx, at)?;
    assign_by(tx, permit, draft, fingerprint, id, at, due)
}

/// The same, to be completed at a time that is known.
pub fn assign_by(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    draft: OrderDraftId,
    fingerprint: &str,
    id: AssignmentId,
    at: Moment,
    due_at: Moment,
) -> Result<Recorded<AssignmentId>> {
    let draft = self::draft(tx, permit, draft)?;
    if let Some(made) = draft.assignment {
        return Ok(tx.unchanged(made));
    }
    let done = assign_content(tx, permit, &draft.content, Some(fingerprint), id, at, due_at)?;
    store::draft_done(tx, draft.id, id)?;
    Ok(done)
}

/// Asks for the assignment of a choice. With the fingerprint of a review nothing else than what it showed is done.
pub fn assign_content(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    content: &Content,
    fingerprint: Option<&str>,
    id: AssignmentId,
    at: Moment,
    due_at: Moment,
) -> Result<Recorded<AssignmentId>> {
    right_size(content)?;
    let review = review_of(tx, permit, content)?;
    must_be_good(&review, fingerprint.unwrap_or(&review.fingerprint))?;
    let unchecked = review.is_unchecked;
    let work: Vec<Asking> = review
        .orders
        .into_iter()
        .map(|one| {
            let to: Vec<_> = one.lines.iter().map(|line| line.to.clone()).collect();
            Asking {
                order: one.order,
                lines: one.lines.into_iter().map(|line| line.line).collect(),
                to,
            }
        })
        .collect();
    ask(
        tx,
        permit.who(),
        permit.within().account()?,
        unchecked,
        work,
        id,
        at,
        due_at,
    )
}

/// An order, its lines, and where each of them goes.
struct Asking {
    order: Order,
    lines: Vec<Line>,
    to: Vec<Option<Place>>,
}

type ByTarget = BTreeMap<(SmartAccountId, Option<VirtualAccountId>), Vec<OrderLineId>>;

/// Which lines go where.
fn by_target(work: &[Asking]) -> ByTarget {
    let mut by_target: ByTarget = BTreeMap::new();
    for one in work {
        for (line, to) in one.lines.iter().zip(&one.to) {
            if let Some(to) = to {
                by_target
                    .entry((to.target.account, to.target.virtual_account))
                    .or_default()
                    .push(line.id);
            }
        }
    }
    by_target
}

/// Asks for the assignment of lines. Those that are assigned elsewhere are taken back first.
#[expect(clippy::too_many_arguments, reason = "who asks for what, from where and when")]
fn ask(
    tx: &mut Tx<'_>,
    who: &Who,
    page: SmartAccountId,
    unchecked: bool,
    mut work: Vec<Asking>,
    id: AssignmentId,
    at: Moment,
    due_at: Moment,
) -> Result<Recorded<AssignmentId>> {
    let by_target = by_target(&work);
    let lines: usize = by_target.values().map(Vec::len).sum();
    let many = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    store::insert_request(
        tx,
        &Request {
            id,
            account: page,
            requested_by: who.person,
            requester: who.label.clone(),
            is_unchecked: unchecked,
            orders: many(work.len()),
            lines: many(lines),
            requested_at: at,
            settled_at: None,
        },
    )?;
    let from = [LineState::Unassigned, LineState::Failed, LineState::Assigned];
    let mut changed = 0;
    for ((account, virtual_account), ids) in by_target {
        let to = Target {
            account,
            virtual_account,
        };
        changed += store::ask(
            tx,
            &ids,
            &from,
            Asked {
                to,
                assignment: id,
                due_at,
            },
        )?;
    }
    if changed != lines {
        return Err(Error::Unavailable(Cause::again("a line was asked for meanwhile")));
    }
    for one in &mut work {
        note_request(tx, who, page, unchecked, one, id, at)?;
        for (line, to) in one.lines.iter_mut().zip(&one.to) {
            if let Some(to) = to {
                line.state = LineState::Requested;
                line.account = Some(to.target.account);
                line.virtual_account = to.target.virtual_account;
                line.round += 1;
            }
        }
    }
    let all: Vec<Changed<'_>> = work
        .iter()
        .map(|one| Changed {
            order: &one.order,
            lines: &one.lines,
            is_new: false,
        })
        .collect();
    store::settle(tx, &all)?;
    let mark = if unchecked { " (unchecked: support)" } else { "" };
    let event = Event::new(
        Kind::OrderRequested,
        id,
        format!(
            "{} asked for the assignment of {}{mark}.",
            who.label,
            counted(work.len() as u64, "order", "orders")
        ),
    )
    .within(page)
    .with(json!({ "assignment": id, "orders": work.len(), "lines": lines, "unchecked": unchecked.then_some("support") }));
    tx.record(at, who, &event, id)
}

/// The record of one order of a request; and what is taken back of it.
fn note_request(
    tx: &mut Tx<'_>,
    who: &Who,
    page: SmartAccountId,
    unchecked: bool,
    one: &Asking,
    id: AssignmentId,
    at: Moment,
) -> Result<()> {
    let order = &one.order;
    let mut facts = Vec::new();
    let mut where_to: Vec<String> = Vec::new();
    for (line, to) in one.lines.iter().zip(&one.to) {
        let Some(to) = to else { continue };
        let words = format!("{}, {}", to.account, to.virtual_account);
        facts.push(json!({ "line": line.number, "sku": line.sku, "from": line.state, "to": words }));
        if !where_to.contains(&words) {
            where_to.push(words);
        }
        let (LineState::Assigned, Some(account)) = (line.state, line.account) else {
            continue;
        };
        let back = licenses::take_back(tx, at, who, order.id, line.id, line.round, &order.identifier)?;
        let mut event = Event::new(
            Kind::LicensesTakenBack,
            order.id,
            format!(
                "Line {} of the order {} was taken back: it is assigned elsewhere.",
                line.number, order.identifier
            ),
        )
        .within(account)
        .with(json!({ "order": order.identifier, "licenses": back }));
        event.virtual_account = line.virtual_account;
        tx.note(at, who, &event)?;
    }
    let mark = if unchecked { " (unchecked: support)" } else { "" };
    let event = Event::new(
        Kind::OrderRequested,
        order.id,
        format!(
            "The assignment of the order {} to {} was requested{mark}.",
            order.identifier,
            where_to.join(" and to ")
        ),
    )
    .within(page)
    .with(json!({
        "assignment": id,
        "unchecked": unchecked.then_some("support"),
        "before": order.assignment,
        "after": LineState::Requested,
        "lines": facts,
    }));
    tx.note(at, who, &event)
}

/// Asks once more for the lines of an order that have failed, to where they were to go.
pub fn retry(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    order: OrderId,
    id: AssignmentId,
    at: Moment,
) -> Result<Recorded<AssignmentId>> {
    if !store::showing(tx, permit.within(), &[order])?.contains(&order) {
        return Err(Error::NotFound);
    }
    if let Some(why) = against_person(permit.actor()?) {
        return Err(Error::Refused(why));
    }
    let order = store::find_many(tx, &[order])?.pop().ok_or(Error::NotFound)?;
    let lines = store::lines_of(tx, &[order.id])?
        .remove(&order.id)
        .unwrap_or_default();
    let mut hand = Hand::of(permit)?;
    let mut names = Names::default();
    let partner = names.partner(tx, &order)?;
    let mut to = Vec::with_capacity(lines.len());
    for line in &lines {
        let (LineState::Failed, Some(account)) = (line.state, line.account) else {
            to.push(None);
            continue;
        };
        let target = Target {
            account,
            virtual_account: line.virtual_account,
        };
        let keeps_own = line.kind == LineKind::PartnerService && partner == Some(target);
        if !keeps_own && !hand.may(tx, &order, target)? {
            return Err(Error::Refused(not_yours()));
        }
        let found = names.account(tx, account)?;
        if found.state == State::Inactive {
            return Err(Error::refused(
                "smart-account.inactive",
                format!(
                    "The Smart Account {} is Inactive: nothing can be assigned to it.",
                    found.name
                ),
            ));
        }
        match names.place(tx, target)? {
            Some(place) => to.push(Some(place)),
            None => return Err(Error::Refused(place_gone(&found.name))),
        }
    }
    if to.iter().all(Option::is_none) {
        return Err(Error::refused(
            "orders.nothing-failed",
            "No line of this order has failed, so there is nothing to try again.",
        ));
    }
    let unchecked = hand.unchecked;
    let work = vec![Asking { order, lines, to }];
    let due_at = lab::due(tx, at)?;
    ask(
        tx,
        permit.who(),
        permit.within().account()?,
        unchecked,
        work,
        id,
        at,
        due_at,
    )
}
