//! The review: each line of each order with what an assignment would do with it, and why it would not.

use super::targets::{Hand, not_yours};
use super::{against_order, against_person, refusal};
use crate::authz::action::AssignOrder;
use crate::authz::{Permit, Within};
use crate::error::{Error, Refusal, Result};
use crate::kernel::ids::{OrderId, SmartAccountId};
use crate::orders::model::{
    Content, Draft, Line, LineKind, LineState, Order, Place, Plan, Review, ReviewedLine, ReviewedOrder,
    Target, Work, plan, shows_in,
};
use crate::orders::store;
use crate::platform::db::Reads;
use crate::platform::token;
use crate::smart_accounts::{self, SmartAccount, State};
use crate::virtual_accounts::{self, DEFAULT};
use std::collections::HashMap;

/// Accounts and Virtual Accounts that come up in a review, each looked up once.
#[derive(Default)]
pub(super) struct Names {
    pub(super) accounts: HashMap<SmartAccountId, SmartAccount>,
    pub(super) places: HashMap<Target, Option<Place>>,
    pub(super) own: HashMap<SmartAccountId, Option<Target>>,
}

impl Names {
    pub(super) fn account(&mut self, read: &mut dyn Reads, id: SmartAccountId) -> Result<SmartAccount> {
        if let Some(known) = self.accounts.get(&id) {
            return Ok(known.clone());
        }
        let found = smart_accounts::find(read, id)?;
        self.accounts.insert(id, found.clone());
        Ok(found)
    }

    /// A place in words; none when its Virtual Account is not there (any more).
    pub(super) fn place(&mut self, read: &mut dyn Reads, target: Target) -> Result<Option<Place>> {
        if let Some(known) = self.places.get(&target) {
            return Ok(known.clone());
        }
        let account = self.account(read, target.account)?;
        let name = match target.virtual_account {
            None if account.state == State::Pending => Some(DEFAULT.to_owned()),
            None => Some(virtual_accounts::default_of(read, target.account)?.name),
            Some(id) => virtual_accounts::these(read, target.account, &[id])?
                .pop()
                .map(|one| one.name),
        };
        let place = name.map(|virtual_account| Place {
            target,
            account: account.name.clone(),
            number: account.number,
            virtual_account,
            is_hold: account.state == State::Pending,
        });
        self.places.insert(target, place.clone());
        Ok(place)
    }

    /// Where a partner keeps their own branded services: in their default Virtual Account, while they are Active.
    pub(super) fn partner(&mut self, read: &mut dyn Reads, order: &Order) -> Result<Option<Target>> {
        let Some(account) = order.partner_account else {
            return Ok(None);
        };
        if let Some(known) = self.own.get(&account) {
            return Ok(*known);
        }
        let own = if self.account(read, account)?.state == State::Active {
            Some(Target {
                account,
                virtual_account: Some(virtual_accounts::default_of(read, account)?.id),
            })
        } else {
            None
        };
        self.own.insert(account, own);
        Ok(own)
    }

    /// What a line is about to be told from: "XYZ COMPANY, DEFAULT".
    fn words(&mut self, read: &mut dyn Reads, line: &Line) -> Result<String> {
        let Some(account) = line.account else {
            return Ok("a Smart Account".to_owned());
        };
        let target = Target {
            account,
            virtual_account: line.virtual_account,
        };
        Ok(match self.place(read, target)? {
            Some(place) => format!("{}, {}", place.account, place.virtual_account),
            None => self.account(read, account)?.name,
        })
    }
}

/// What a draft would do, order by order and line by line, with everything that stands in its way.
pub fn review(read: &mut dyn Reads, permit: &Permit<AssignOrder>, draft: &Draft) -> Result<Review> {
    review_of(read, permit, &draft.content)
}

/// The same for a choice that is not kept.
pub fn review_of(read: &mut dyn Reads, permit: &Permit<AssignOrder>, content: &Content) -> Result<Review> {
    let showing = store::showing(read, permit.within(), &content.orders)?;
    let orders: HashMap<OrderId, Order> = store::find_many(read, &content.orders)?
        .into_iter()
        .map(|order| (order.id, order))
        .collect();
    let mut lines = store::lines_of(read, &content.orders)?;
    let mut hand = Hand::of(permit)?;
    let mut names = Names::default();
    let mut refused = permit.actor().ok().and_then(against_person);
    if refused.is_none() {
        refused = against_targets(read, &mut names, content)?;
    }
    let mut reviewed = Vec::with_capacity(content.orders.len());
    for id in &content.orders {
        // One that does not show here is treated as one that is not there.
        let order = orders
            .get(id)
            .filter(|_| showing.contains(id))
            .ok_or(Error::NotFound)?;
        let lines = lines.remove(id).unwrap_or_default();
        reviewed.push(review_order(
            read,
            &mut hand,
            &mut names,
            content,
            order,
            lines,
            permit.within(),
        )?);
    }
    let fingerprint = fingerprint(content, &reviewed, &names);
    Ok(Review {
        orders: reviewed,
        refused,
        is_unchecked: hand.unchecked,
        fingerprint,
    })
}

/// What stands in the way of the places that were chosen, whatever goes there.
fn against_targets(read: &mut dyn Reads, names: &mut Names, content: &Content) -> Result<Option<Refusal>> {
    let Some(target) = content.target else {
        return Ok(Some(refusal("orders.no-target", "Select a Smart Account first.")));
    };
    if content.separate && content.services.is_none() {
        return Ok(Some(refusal(
            "orders.no-target",
            "Select a Smart Account for the Cisco branded Services as well.",
        )));
    }
    let services = content.services.filter(|_| content.separate);
    for target in [Some(target), services].into_iter().flatten() {
        let account = names.account(read, target.account)?;
        let open = account
            .pending_detail
            .is_some_and(smart_accounts::PendingDetail::is_open);
        match account.state {
            State::Inactive => {
                return Ok(Some(refusal(
                    "smart-account.inactive",
                    format!(
                        "The Smart Account {} is Inactive: nothing can be assigned to it.",
                        account.name
                    ),
                )));
            }
            State::Pending if !open => {
                return Ok(Some(refusal(
                    "smart-accounts.not-active",
                    format!("The request for the Smart Account {} has ended.", account.name),
                )));
            }
            State::Pending => {}
            State::Active if target.virtual_account.is_none() => {
                return Ok(Some(refusal("orders.no-target", "Select a Virtual Account.")));
            }
            State::Active => {
                if names.place(read, target)?.is_none() {
                    return Ok(Some(place_gone(&account.name)));
                }
            }
        }
    }
    Ok(None)
}

pub(super) fn place_gone(account: &str) -> Refusal {
    refusal(
        "orders.place-gone",
        format!("The Virtual Account that was chosen in {account} has been deleted. Select another one."),
    )
}

fn review_order(
    read: &mut dyn Reads,
    hand: &mut Hand,
    names: &mut Names,
    content: &Content,
    order: &Order,
    lines: Vec<Line>,
    within: &Within,
) -> Result<ReviewedOrder> {
    let partner = names.partner(read, order)?;
    let plans = plan(order, &lines, content, partner);
    let why = shows_in(order, &lines).remove(&hand.page).unwrap_or_default();
    let mut refused = against_order(order);
    let mut reviewed = Vec::with_capacity(lines.len());
    for (line, plan) in lines.into_iter().zip(plans) {
        let (to, stays) = match plan {
            Plan::Stays(stays) => (None, stays),
            Plan::Goes(target) => {
                let against = against_move(
                    read,
                    hand,
                    names,
                    content,
                    order,
                    &line,
                    target,
                    partner,
                    why.assigned && !why.sold && !why.customer,
                    within,
                )?;
                if refused.is_none() {
                    refused = against;
                }
                (names.place(read, target)?, String::new())
            }
        };
        reviewed.push(ReviewedLine { line, to, stays });
    }
    if refused.is_none() && content.target.is_some() {
        refused = nothing_to_do(read, names, content, &reviewed)?;
    }
    Ok(ReviewedOrder {
        order: order.clone(),
        lines: reviewed,
        refused,
    })
}

#[expect(clippy::too_many_arguments, reason = "what one line is looked at with")]
fn against_move(
    read: &mut dyn Reads,
    hand: &mut Hand,
    names: &mut Names,
    content: &Content,
    order: &Order,
    line: &Line,
    target: Target,
    partner: Option<Target>,
    only_holds: bool,
    within: &Within,
) -> Result<Option<Refusal>> {
    let keeps_own =
        line.kind == LineKind::PartnerService && content.work == Work::Assign && partner == Some(target);
    if !keeps_own && !hand.may(read, order, target)? {
        return Ok(Some(not_yours()));
    }
    if names.place(read, target)?.is_none() {
        let account = names.account(read, target.account)?.name;
        return Ok(Some(place_gone(&account)));
    }
    // Who only holds lines of an order may move those, and no others.
    if only_holds && !hand.unchecked && line.account != Some(hand.page) {
        return Ok(Some(refusal(
            "orders.not-yours",
            "Only the Smart Account that sold an order and its end customer can assign its lines.",
        )));
    }
    if line.state != LineState::Assigned {
        return Ok(None);
    }
    let Some(account) = line.account else {
        return Ok(None);
    };
    let from = Target {
        account,
        virtual_account: line.virtual_account,
    };
    if !hand.may(read, order, from)?
        || (account == hand.page
            && line.virtual_account.is_some_and(|id| !within.covers(id))
            && !hand.unchecked)
    {
        return Ok(Some(refusal(
            "orders.not-yours",
            "The line lies in a Virtual Account in which you may not assign orders.",
        )));
    }
    if names.account(read, account)?.state == State::Inactive {
        return Ok(Some(refusal(
            "smart-account.inactive",
            "The line lies in a Smart Account that is Inactive: nothing in it can be changed.",
        )));
    }
    Ok(None)
}

/// Why no line of an order would move; none when one does.
fn nothing_to_do(
    read: &mut dyn Reads,
    names: &mut Names,
    content: &Content,
    lines: &[ReviewedLine],
) -> Result<Option<Refusal>> {
    if content.work == Work::Reassign {
        // Lines that were chosen by name are reassigned or nothing is.
        let chosen = lines
            .iter()
            .find(|one| content.lines.contains(&one.line.id) && one.to.is_none());
        if let Some(one) = chosen {
            return Ok(Some(refusal(
                "orders.not-reassignable",
                format!("Line {}: {}", one.line.number, one.stays),
            )));
        }
    }
    if lines.iter().any(|one| one.to.is_some()) {
        return Ok(None);
    }
    let Some(first) = lines.first() else {
        return Ok(Some(refusal(
            "orders.nothing-to-assign",
            "The order has no lines.",
        )));
    };
    let known = lines
        .iter()
        .find(|one| one.line.assignment.is_some())
        .unwrap_or(first);
    let asked = match known.line.assignment {
        Some(id) => store::requests(read, &[id])?.pop(),
        None => None,
    };
    let says = match asked {
        Some(request) => format!(
            "{} asked for its assignment to {} on {}.",
            request.requester,
            names.words(read, &known.line)?,
            request.requested_at.words()
        ),
        None => format!("Line {}: {}", known.line.number, known.stays),
    };
    Ok(Some(refusal("orders.nothing-to-assign", says)))
}

/// Changes when anything does that the review shows.
pub(super) fn fingerprint(content: &Content, reviewed: &[ReviewedOrder], names: &Names) -> String {
    let mut text = format!(
        "{:?}|{:?}|{}|{:?}\n",
        content.work, content.target, content.separate, content.services
    );
    for one in reviewed {
        text.push_str(&format!(
            "{}:{:?}\n",
            one.order.id,
            one.refused.as_ref().map(|r| r.code)
        ));
        for line in &one.lines {
            text.push_str(&format!(
                "{}:{}:{:?}:{:?}\n",
                line.line.id,
                line.line.version,
                line.line.state,
                line.to
                    .as_ref()
                    .map(|to| (to.target, &to.account, &to.virtual_account, to.is_hold))
            ));
        }
    }
    let mut accounts: Vec<_> = names
        .accounts
        .values()
        .map(|one| (one.id, one.state, &one.name))
        .collect();
    accounts.sort_unstable();
    text.push_str(&format!("{accounts:?}"));
    token::digest(&text)
}
