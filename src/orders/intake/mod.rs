//! How orders come in: from a script, from a file, from a scenario.

mod read;

pub use read::*;

use super::completion;
use super::model::{Line, LineKind, LineState, Order, Target, assignment_of};
use super::store::{self, Changed};
use crate::error::{Error, Result};
use crate::kernel::{Event, Kind, Moment, Who, search_key};
use crate::licenses;
use crate::platform::db::{Reads, Tx};
use crate::smart_accounts::{self, State};
use crate::virtual_accounts;
use serde_json::json;
use std::collections::HashMap;

/// Takes orders in, in the caller's write. An identifier that is there already is refused.
pub fn receive(tx: &mut Tx<'_>, who: &Who, at: Moment, new: &[New]) -> Result<()> {
    let identifiers: Vec<String> = new.iter().map(|one| one.order.identifier.clone()).collect();
    let taken = store::taken(tx, &identifiers)?;
    if let Some(first) = identifiers.iter().find(|one| taken.contains(&search_key(one))) {
        return Err(store::identifier_taken(first));
    }
    let mut accounts = HashMap::new();
    let mut whole = Vec::with_capacity(new.len());
    for one in new {
        whole.push(placed(tx, at, one, &mut accounts)?);
    }
    store::insert(tx, &whole)?;
    let mut incoming = Vec::new();
    for (order, lines) in &whole {
        for line in lines.iter().filter(|line| line.state == LineState::Assigned) {
            let place = line.account.map(|account| Target {
                account,
                virtual_account: line.virtual_account,
            });
            incoming.extend(place.and_then(|place| completion::brings(order, line, place)));
        }
    }
    licenses::grant(tx, at, who, &incoming)?;
    let all: Vec<Changed<'_>> = whole
        .iter()
        .map(|(order, lines)| Changed {
            order,
            lines,
            is_new: true,
        })
        .collect();
    store::settle(tx, &all)?;
    for (order, lines) in &whole {
        let mut event = Event::new(
            Kind::OrderReceived,
            order.id,
            format!("The order {} of {} came in.", order.identifier, order.customer),
        )
        .with(json!({
            "identifier": order.identifier,
            "customer": order.customer,
            "order_type": order.order_type,
            "order_status": order.status,
            "assignment": order.assignment,
            "lines": lines.len(),
            "source": order.source,
        }));
        event.account = order.partner_account.or(order.customer_account);
        tx.note(at, who, &event)?;
    }
    Ok(())
}

/// The accounts of an order, by domain; and, when it brings the end customer's Smart Account along, its lines there.
fn placed(
    read: &mut dyn Reads,
    at: Moment,
    new: &New,
    known: &mut HashMap<String, Option<smart_accounts::SmartAccount>>,
) -> Result<(Order, Vec<Line>)> {
    let mut find = |read: &mut dyn Reads, domain: &str| -> Result<Option<smart_accounts::SmartAccount>> {
        if let Some(found) = known.get(domain) {
            return Ok(found.clone());
        }
        let found = smart_accounts::by_domain(read, domain)?;
        known.insert(domain.to_owned(), found.clone());
        Ok(found)
    };
    let mut order = new.order.clone();
    let mut lines = new.lines.clone();
    order.customer_account = find(read, &order.customer_domain)?.map(|one| one.id);
    if let Some(domain) = &new.partner_domain {
        let partner = find(read, domain)?.ok_or_else(|| {
            Error::invalid(
                "partner_domain",
                format!("No Smart Account has the domain {domain}."),
            )
        })?;
        order.partner_account = Some(partner.id);
    }
    if let Some(domain) = &new.end_customer {
        let account = find(read, domain)?.ok_or_else(|| {
            Error::invalid(
                "end_customer_account",
                format!("No Smart Account has the domain {domain}."),
            )
        })?;
        let (state, place) = match account.state {
            State::Active => (
                LineState::Assigned,
                Some(virtual_accounts::default_of(read, account.id)?.id),
            ),
            State::Pending => (LineState::Hold, None),
            State::Inactive => {
                return Err(Error::invalid(
                    "end_customer_account",
                    format!("The Smart Account {} is Inactive.", account.name),
                ));
            }
        };
        for line in lines
            .iter_mut()
            .filter(|line| line.state == LineState::Unassigned)
        {
            // What a partner provides stays with the partner.
            if line.kind == LineKind::PartnerService
                && order.partner_account.is_some_and(|one| one != account.id)
            {
                continue;
            }
            line.state = state;
            line.account = Some(account.id);
            line.virtual_account = place;
            line.customer_active = state == LineState::Assigned;
            line.round = 1;
            line.settled_at = (state == LineState::Assigned).then_some(at);
            if state == LineState::Hold {
                "The Smart Account is Pending. The line is assigned when the account becomes Active."
                    .clone_into(&mut line.reason);
            }
        }
    }
    order.assignment = assignment_of(lines.iter().map(|line| line.state));
    Ok((order, lines))
}
