//! How asked-for lines become assigned, fail or wait on hold. Each step is one small write: a state changes only from
//! the state it was read in, so two processes never complete a line twice, and one that is killed between two steps
//! has done each of them wholly or not at all.

use super::letters;
use super::model::{Line, LineKind, LineState, Order, Target};
use super::store::{self, Changed};
use crate::authn::people;
use crate::authz::grants;
use crate::catalog;
use crate::error::{Error, Result};
use crate::http::widgets::counted;
use crate::kernel::event::Outcome;
use crate::kernel::ids::{AssignmentId, OrderId, OrderLineId, SmartAccountId};
use crate::kernel::{Event, Kind, Moment, Who};
use crate::licenses::{self, Incoming};
use crate::platform::db::{Reads, Recorded, Tx};
use crate::platform::mail;
use crate::smart_accounts::{self, PendingDetail, SmartAccount, State};
use crate::virtual_accounts;
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What becomes of a line that is due.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Assigned(Target),
    Held,
    Failed(String),
}

/// Completes lines that are due. `failing` are those that the lab lets fail.
pub fn complete(
    tx: &mut Tx<'_>,
    at: Moment,
    ids: &[OrderLineId],
    failing: &HashSet<OrderLineId>,
) -> Result<Recorded<usize>> {
    let due = store::lines_in(tx, ids, LineState::Requested)?;
    if due.is_empty() {
        return Ok(tx.unchanged(0));
    }
    let who = Who::portal("order assignment");
    let mut batch = Batch::read(tx, &due)?;
    let mut ends: BTreeMap<End, Vec<OrderLineId>> = BTreeMap::new();
    let mut placed = Vec::new();
    for line in &due {
        let end = batch.end_of(tx, line, failing)?;
        if let End::Assigned(place) = end {
            placed.push((line, place));
        }
        batch.becomes(line, &end);
        ends.entry(end).or_default().push(line.id);
    }
    let incoming: Vec<Incoming<'_>> = placed
        .iter()
        .filter_map(|(line, place)| brings(batch.orders.get(&line.order)?, line, *place))
        .collect();
    for (end, ids) in &ends {
        let changed = match end {
            End::Assigned(place) => store::move_on(
                tx,
                ids,
                LineState::Requested,
                LineState::Assigned,
                Some(*place),
                "",
                at,
            )?,
            End::Held => store::move_on(tx, ids, LineState::Requested, LineState::Hold, None, HELD, at)?,
            End::Failed(why) => {
                store::move_on(tx, ids, LineState::Requested, LineState::Failed, None, why, at)?
            }
        };
        if changed != ids.len() {
            return Err(Error::internal(
                "a line that was due has moved on within one write",
            ));
        }
    }
    let mut brought: HashMap<OrderLineId, serde_json::Value> = HashMap::new();
    let moved = licenses::grant(tx, at, &who, &incoming)?;
    for (one, moved) in incoming.iter().zip(&moved) {
        brought.insert(one.line, json!(moved));
    }
    store::settle(tx, &batch.changed())?;
    close_requests(tx, at, &due)?;
    let events = batch.events(&due, &brought);
    tx.record_all(at, &who, &events, due.len())
}

/// Completes all lines of an assignment that are on their way, well or with a failure: for scenarios.
pub fn complete_request(
    tx: &mut Tx<'_>,
    at: Moment,
    id: AssignmentId,
    fails: bool,
) -> Result<Recorded<usize>> {
    let ids: Vec<OrderLineId> = store::lines_of_request(tx, id, 10_000)?
        .into_iter()
        .map(|line| line.id)
        .collect();
    let failing = if fails {
        ids.iter().copied().collect()
    } else {
        HashSet::new()
    };
    complete(tx, at, &ids, &failing)
}

const HELD: &str = "The Smart Account is Pending. The line is assigned when the account becomes Active.";

/// What a line brings to where it goes: nothing when it is a service.
pub fn brings<'a>(order: &'a Order, line: &Line, place: Target) -> Option<Incoming<'a>> {
    let item = catalog::find(&line.sku)?;
    Some(Incoming {
        account: place.account,
        virtual_account: place.virtual_account.filter(|_| line.kind == LineKind::Product)?,
        order: order.id,
        line: line.id,
        round: line.round,
        reference: &order.identifier,
        item,
        quantity: line.quantity,
        ordered_at: order.ordered_at,
        months: line.term_months,
    })
}

/// Orders and accounts of the lines at hand.
struct Batch {
    orders: HashMap<OrderId, Order>,
    lines: HashMap<OrderId, Vec<Line>>,
    accounts: HashMap<SmartAccountId, SmartAccount>,
    /// From whose portals the lines were asked for.
    pages: HashMap<AssignmentId, SmartAccountId>,
    places: HashMap<Target, Option<Target>>,
}

impl Batch {
    fn read(read: &mut dyn Reads, due: &[Line]) -> Result<Self> {
        let mut ids: Vec<OrderId> = due.iter().map(|line| line.order).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut accounts: Vec<SmartAccountId> = due.iter().filter_map(|line| line.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let mut requests: Vec<AssignmentId> = due.iter().filter_map(|line| line.assignment).collect();
        requests.sort_unstable();
        requests.dedup();
        Ok(Self {
            orders: store::find_many(read, &ids)?
                .into_iter()
                .map(|one| (one.id, one))
                .collect(),
            lines: store::lines_of(read, &ids)?,
            accounts: smart_accounts::find_many(read, &accounts)?
                .into_iter()
                .map(|one| (one.id, one))
                .collect(),
            pages: store::requests(read, &requests)?
                .into_iter()
                .map(|one| (one.id, one.account))
                .collect(),
            places: HashMap::new(),
        })
    }

    fn end_of(&mut self, read: &mut dyn Reads, line: &Line, failing: &HashSet<OrderLineId>) -> Result<End> {
        let Some(account) = line.account.and_then(|id| self.accounts.get(&id)) else {
            return Ok(End::Failed("The Smart Account is not there.".to_owned()));
        };
        match (account.state, account.pending_detail) {
            (State::Inactive, _) => {
                return Ok(End::Failed(format!(
                    "The Smart Account {} is Inactive.",
                    account.name
                )));
            }
            (State::Pending, Some(detail)) if !detail.is_open() => {
                return Ok(End::Failed(ended(account, detail)));
            }
            (State::Pending, _) => return Ok(End::Held),
            (State::Active, _) => {}
        }
        if failing.contains(&line.id) {
            return Ok(End::Failed(
                "The fulfillment system did not answer (a failure that this lab has been set to). Try again."
                    .to_owned(),
            ));
        }
        let asked = Target {
            account: account.id,
            virtual_account: line.virtual_account,
        };
        let name = account.name.clone();
        let place = match self.places.get(&asked) {
            Some(known) => *known,
            None => {
                let found = match asked.virtual_account {
                    None => Some(virtual_accounts::default_of(read, asked.account)?.id),
                    Some(id) => virtual_accounts::these(read, asked.account, &[id])?
                        .pop()
                        .map(|one| one.id),
                };
                let place = found.map(|id| Target {
                    account: asked.account,
                    virtual_account: Some(id),
                });
                self.places.insert(asked, place);
                place
            }
        };
        Ok(place.map_or_else(
            || {
                End::Failed(format!(
                    "The Virtual Account that was chosen in {name} has been deleted. Assign the order again."
                ))
            },
            End::Assigned,
        ))
    }

    /// The same of the copy at hand.
    fn becomes(&mut self, line: &Line, end: &End) {
        let Some(copy) = self
            .lines
            .get_mut(&line.order)
            .and_then(|lines| lines.iter_mut().find(|one| one.id == line.id))
        else {
            return;
        };
        match end {
            End::Assigned(place) => {
                copy.state = LineState::Assigned;
                copy.virtual_account = place.virtual_account;
                copy.reason = String::new();
            }
            End::Held => {
                copy.state = LineState::Hold;
                HELD.clone_into(&mut copy.reason);
            }
            End::Failed(why) => {
                copy.state = LineState::Failed;
                copy.reason.clone_from(why);
            }
        }
    }

    fn changed(&self) -> Vec<Changed<'_>> {
        let mut all: Vec<Changed<'_>> = self
            .orders
            .values()
            .filter_map(|order| {
                Some(Changed {
                    order,
                    lines: self.lines.get(&order.id)?,
                    is_new: false,
                })
            })
            .collect();
        all.sort_by_key(|one| one.order.id);
        all
    }

    /// What happened: one event for each order and outcome in the account from which it was asked for, and one for
    /// each Virtual Account that licenses came into.
    fn events(&self, due: &[Line], brought: &HashMap<OrderLineId, serde_json::Value>) -> Vec<Event> {
        let mut told: BTreeMap<(OrderId, Option<SmartAccountId>, LineState), Vec<&Line>> = BTreeMap::new();
        let mut came: BTreeMap<
            (
                OrderId,
                SmartAccountId,
                Option<crate::kernel::ids::VirtualAccountId>,
            ),
            Vec<&Line>,
        > = BTreeMap::new();
        for asked in due {
            let Some(line) = self
                .lines
                .get(&asked.order)
                .and_then(|lines| lines.iter().find(|one| one.id == asked.id))
            else {
                continue;
            };
            let page = line.assignment.and_then(|id| self.pages.get(&id)).copied();
            told.entry((line.order, page, line.state)).or_default().push(line);
            if let (true, Some(account)) = (brought.contains_key(&line.id), line.account) {
                came.entry((line.order, account, line.virtual_account))
                    .or_default()
                    .push(line);
            }
        }
        let mut events = Vec::new();
        for ((order, page, state), lines) in told {
            let Some(order) = self.orders.get(&order) else {
                continue;
            };
            let mut event = told_of(order, state, &lines, &self.accounts);
            event.account = page.or(order.partner_account).or(order.customer_account);
            events.push(event);
        }
        for ((order, account, place), lines) in came {
            let Some(order) = self.orders.get(&order) else {
                continue;
            };
            let licenses: Vec<_> = lines.iter().filter_map(|line| brought.get(&line.id)).collect();
            let mut event = Event::new(
                Kind::LicensesAdded,
                order.id,
                format!("Licenses of the order {} were added.", order.identifier),
            )
            .within(account)
            .with(json!({ "order": order.identifier, "licenses": licenses }));
            event.virtual_account = place;
            events.push(event);
        }
        events
    }
}

fn ended(account: &SmartAccount, detail: PendingDetail) -> String {
    format!(
        "The request for the Smart Account {} has ended: {}.",
        account.name,
        detail.label().to_lowercase()
    )
}

fn told_of(
    order: &Order,
    state: LineState,
    lines: &[&Line],
    accounts: &HashMap<SmartAccountId, SmartAccount>,
) -> Event {
    let mut names: Vec<&str> = lines
        .iter()
        .filter_map(|line| Some(accounts.get(&line.account?)?.name.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    let names = names.join(" and ");
    let what = match lines {
        [line] => format!("Line {} of the order {}", line.number, order.identifier),
        _ => format!("{} lines of the order {}", lines.len(), order.identifier),
    };
    let (kind, outcome, says) = match state {
        LineState::Failed => {
            let why = lines.first().map_or("", |line| line.reason.as_str());
            (
                Kind::OrderFailed,
                Outcome::Failed,
                format!("{what} could not be assigned to {names}: {why}"),
            )
        }
        LineState::Hold => (
            Kind::OrderHeld,
            Outcome::Done,
            format!("{what} went on Smart Account Hold: {names} is Pending."),
        ),
        _ => (
            Kind::OrderAssigned,
            Outcome::Done,
            format!("{what} went to {names}."),
        ),
    };
    let facts: Vec<_> = lines
        .iter()
        .map(|line| json!({ "line": line.number, "sku": line.sku, "before": LineState::Requested, "after": state }))
        .collect();
    Event::new(kind, order.id, says)
        .with(json!({ "lines": facts }))
        .ended(outcome)
}

/// Ends the requests of which no line is on its way any more, and writes to those whom it concerns.
fn close_requests(tx: &mut Tx<'_>, at: Moment, lines: &[Line]) -> Result<()> {
    let mut ids: Vec<AssignmentId> = lines.iter().filter_map(|line| line.assignment).collect();
    ids.sort_unstable();
    ids.dedup();
    for request in store::requests(tx, &ids)? {
        if request.settled_at.is_some()
            || store::is_open(tx, request.id)?
            || !store::close_request(tx, request.id, at)?
        {
            continue;
        }
        let mut told = HashSet::new();
        if let Some(person) = request.requested_by {
            let person = people::find(tx, person)?;
            mail::post(
                tx,
                at,
                letters::SETTLED,
                request.id.as_str(),
                &json!({}),
                &person.name,
                &person.email,
            )?;
            told.insert(person.id);
        }
        let mut accounts: Vec<SmartAccountId> =
            store::places_of_request(tx, request.id, LineState::Assigned)?
                .into_iter()
                .map(|(account, _, _)| account)
                .collect();
        accounts.sort_unstable();
        accounts.dedup();
        for (account, people) in grants::administrators(tx, &accounts)? {
            for person in people {
                // Who asked reads it in their own letter.
                if told.contains(&person.id) {
                    continue;
                }
                let extra = json!({ "account": account });
                mail::post(
                    tx,
                    at,
                    letters::RECEIVED,
                    request.id.as_str(),
                    &extra,
                    &person.name,
                    &person.email,
                )?;
            }
        }
    }
    Ok(())
}

/// Whether lines for an account wait.
fn holds(account: &SmartAccount) -> bool {
    account.state == State::Pending && account.pending_detail.is_none_or(PendingDetail::is_open)
}

/// Accounts with lines on hold that need not wait any more.
pub fn accounts_to_release(read: &mut dyn Reads) -> Result<Vec<SmartAccountId>> {
    let held = store::held_accounts(read)?;
    Ok(smart_accounts::find_many(read, &held)?
        .into_iter()
        .filter(|account| !holds(account))
        .map(|account| account.id)
        .collect())
}

/// Lets go of lines whose Smart Account is no longer Pending: they are due at once, and end as its state now says.
pub fn release(tx: &mut Tx<'_>, at: Moment, account: SmartAccountId, most: i64) -> Result<Recorded<usize>> {
    let account = smart_accounts::find(tx, account)?;
    if holds(&account) {
        return Ok(tx.unchanged(0));
    }
    let held = store::held_for(tx, account.id, most)?;
    let ids: Vec<OrderLineId> = held.iter().map(|line| line.id).collect();
    let released = store::move_on(tx, &ids, LineState::Hold, LineState::Requested, None, "", at)?;
    if released == 0 {
        return Ok(tx.unchanged(0));
    }
    let who = Who::portal("order assignment");
    let event = Event::new(
        Kind::OrderReleased,
        account.number,
        format!(
            "{} of orders left Smart Account Hold: the Smart Account {} is {}.",
            counted(released as u64, "line", "lines"),
            account.name,
            account.status_words()
        ),
    )
    .within(account.id)
    .with(json!({ "before": LineState::Hold, "after": LineState::Requested, "lines": ids }));
    tx.record(at, &who, &event, released)
}
