//! The letters of this room: what came of an assignment.

use super::model::{Line, LineState, Request};
use super::store;
use crate::error::{Error, Result};
use crate::kernel::ids::{OrderId, SmartAccountId};
use crate::platform::db::Read;
use crate::platform::mail::{Desk, Envelope, Letter, Letters, Tell};
use crate::smart_accounts;
use crate::virtual_accounts;
use std::collections::BTreeMap;

/// To whoever asked: every line of an assignment was assigned or has failed.
pub const SETTLED: &str = "orders.assignment-settled";
/// To the administrators of an account: orders were assigned to it.
pub const RECEIVED: &str = "orders.received";

const ALL: &[(&str, Tell)] = &[(SETTLED, settled), (RECEIVED, received)];

/// Adds them to the portal's letters.
pub fn register(letters: &mut Letters) {
    letters.add_told(ALL);
}

/// So many lines are looked at for a letter.
const MOST_LINES: i64 = 20_000;
/// So many orders are named in a letter.
const MOST_NAMED: usize = 10;

fn request_of(read: &mut Read<'_>, envelope: &Envelope) -> Result<(Request, Vec<Line>)> {
    let id = envelope.about_id.parse().map_err(|_| Error::NotFound)?;
    let request = store::requests(read, &[id])?.pop().ok_or(Error::NotFound)?;
    let lines = store::lines_of_request(read, id, MOST_LINES)?;
    Ok((request, lines))
}

fn many(n: usize, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

/// "WEB1, WEB2 and 18 more".
fn named(read: &mut Read<'_>, lines: &[&Line]) -> Result<String> {
    let mut ids: Vec<OrderId> = lines.iter().map(|line| line.order).collect();
    ids.sort_unstable();
    ids.dedup();
    let some: Vec<OrderId> = ids.iter().take(MOST_NAMED).copied().collect();
    let mut names: Vec<String> = store::find_many(read, &some)?
        .into_iter()
        .map(|order| order.identifier)
        .collect();
    names.sort_unstable();
    let mut words = names.join(", ");
    if ids.len() > some.len() {
        words.push_str(&format!(" and {} more", ids.len() - some.len()));
    }
    Ok(words)
}

/// "XYZ COMPANY, DEFAULT (3 lines)", one for each place.
fn places(read: &mut Read<'_>, lines: &[&Line]) -> Result<Vec<String>> {
    let mut all = BTreeMap::new();
    for line in lines {
        if let (Some(account), Some(place)) = (line.account, line.virtual_account) {
            *all.entry((account, place)).or_insert(0_usize) += 1;
        }
    }
    let mut words = Vec::new();
    for ((account, place), n) in all {
        let name = virtual_accounts::these(read, account, &[place])?
            .pop()
            .map_or_else(|| "(deleted)".to_owned(), |one| one.name);
        let account = smart_accounts::find(read, account)?.name;
        words.push(format!("{account}, {name} ({})", many(n, "line", "lines")));
    }
    Ok(words)
}

fn settled(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let (request, lines) = request_of(read, envelope)?;
    let of = |state| -> Vec<&Line> { lines.iter().filter(|line| line.state == state).collect() };
    let (assigned, failed) = (of(LineState::Assigned), of(LineState::Failed));
    let number = smart_accounts::find(read, request.account)?.number;
    let all: Vec<&Line> = lines.iter().collect();
    let mut facts = vec![
        ("Orders", named(read, &all)?),
        ("Requested", request.requested_at.words()),
        ("Assigned", many(assigned.len(), "line", "lines")),
    ];
    let places = places(read, &assigned)?;
    if !places.is_empty() {
        facts.push(("Where to", places.join("; ")));
    }
    let mut quotes = Vec::new();
    if !failed.is_empty() {
        facts.push(("Failed", many(failed.len(), "line", "lines")));
        let mut why: Vec<&str> = failed.iter().map(|line| line.reason.as_str()).collect();
        why.sort_unstable();
        why.dedup();
        quotes.push((
            "Why lines failed",
            why.into_iter().take(5).collect::<Vec<_>>().join("\n"),
        ));
    }
    let orders = many(
        usize::try_from(request.orders).unwrap_or_default(),
        "order",
        "orders",
    );
    let (subject, heading) = if failed.is_empty() {
        (
            format!("{orders} assigned"),
            "Your orders were assigned".to_owned(),
        )
    } else {
        (
            format!(
                "Assignment of {orders}: {} failed",
                many(failed.len(), "line", "lines")
            ),
            "Some lines could not be assigned".to_owned(),
        )
    };
    Ok(Some(Letter {
        subject,
        heading,
        opening: vec![format!(
            "Your Smart Account and Virtual Account assignment of {orders} has been completed."
        )],
        facts,
        quotes,
        button: Some((
            "View the assignment",
            desk.page(&format!("/sa/{number}/orders/assignments/{}", request.id)),
        )),
        closing: if failed.is_empty() {
            Vec::new()
        } else {
            vec!["Lines that failed can be tried again from the page of their order.".to_owned()]
        },
        steps: Vec::new(),
    }))
}

fn received(read: &mut Read<'_>, desk: &Desk, envelope: &Envelope) -> Result<Option<Letter>> {
    let (request, lines) = request_of(read, envelope)?;
    let id: SmartAccountId = envelope.extra("account").parse().map_err(|_| Error::NotFound)?;
    let account = smart_accounts::find(read, id)?;
    let theirs: Vec<&Line> = lines
        .iter()
        .filter(|line| line.account == Some(id) && line.state == LineState::Assigned)
        .collect();
    if theirs.is_empty() {
        // Assigned elsewhere since: there is nothing to tell any more.
        return Ok(None);
    }
    Ok(Some(Letter {
        subject: format!("Orders were assigned to the Smart Account {}", account.name),
        heading: "Orders were assigned to your Smart Account".to_owned(),
        opening: vec![format!(
            "{} assigned {} to the Smart Account {}. Licenses that came with them can be used now.",
            request.requester,
            many(theirs.len(), "line of an order", "lines of orders"),
            account.name
        )],
        facts: vec![
            ("Orders", named(read, &theirs)?),
            ("Where to", places(read, &theirs)?.join("; ")),
        ],
        button: Some((
            "View License Inventory",
            desk.page(&format!("/sa/{}/licensing/license-inventory", account.number)),
        )),
        closing: vec!["You receive this email because you administer the Smart Account.".to_owned()],
        ..Letter::default()
    }))
}
