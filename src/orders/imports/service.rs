//! What can be done with a file of orders.

use super::model::{Entry, Import, Judged};
use crate::authz::Permit;
use crate::authz::action::Operate;
use crate::error::{Error, Problems, Result};
use crate::http::widgets::counted;
use crate::kernel::ids::OrderImportId;
use crate::kernel::{Event, Kind, Moment, search_key};
use crate::orders::intake::{self, New};
use crate::orders::model::Source;
use crate::orders::store;
use crate::platform::db::{Reads, Recorded, Tx};
use crate::smart_accounts::{self, State};
use std::collections::{HashMap, HashSet};

/// One's own file.
pub fn find(read: &mut dyn Reads, permit: &Permit<Operate>, id: OrderImportId) -> Result<Import> {
    store::import(read, permit.person()?, id)
}

/// Keeps a file until its operator has read the report. Nothing happens to anybody, so nothing is recorded.
pub fn keep(tx: &mut Tx<'_>, at: Moment, import: &Import) -> Result<()> {
    store::insert_import(tx, at, import)
}

/// Keeps what the file says when it is read with other columns.
pub fn replace(tx: &mut Tx<'_>, import: &Import) -> Result<()> {
    if store::replace_import(tx, import)? {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

/// What becomes of each order of a file.
pub fn judge(read: &mut dyn Reads, entries: &[Entry], now: Moment) -> Result<Vec<Judged>> {
    let identifiers: Vec<String> = entries.iter().map(|one| one.told.identifier.clone()).collect();
    let taken = store::taken(read, &identifiers)?;
    let mut seen: HashSet<String> = HashSet::new();
    let mut accounts: HashMap<String, Option<State>> = HashMap::new();
    let mut judged = Vec::with_capacity(entries.len());
    for entry in entries {
        let (new, mut problems) = match intake::check(&entry.told, Source::Import, now) {
            Ok(new) => (Some(new), Problems::default()),
            Err(Error::Invalid(problems)) => (None, problems),
            Err(other) => return Err(other),
        };
        let key = search_key(&entry.told.identifier);
        if taken.contains(&key) {
            problems.add(
                "identifier",
                "An order with this Order Identifier is there already.",
            );
        } else if !key.is_empty() && !seen.insert(key) {
            problems.add("identifier", "The file has this Order Identifier twice.");
        }
        for (field, domain) in [
            ("partner_domain", &entry.told.partner_domain),
            ("end_customer_account", &entry.told.end_customer_account),
        ] {
            let domain = search_key(domain);
            if domain.is_empty() || problems.list().iter().any(|one| one.field == field) {
                continue;
            }
            let state = match accounts.get(&domain) {
                Some(known) => *known,
                None => {
                    let found = smart_accounts::by_domain(read, &domain)?.map(|one| one.state);
                    accounts.insert(domain.clone(), found);
                    found
                }
            };
            match state {
                None => problems.add(field, format!("No Smart Account has the domain {domain}.")),
                Some(State::Inactive) if field == "end_customer_account" => {
                    problems.add(field, format!("The Smart Account of {domain} is Inactive."));
                }
                Some(_) => {}
            }
        }
        judged.push(Judged::of(entry, &problems, new));
    }
    Ok(judged)
}

/// Wrong orders stand in the way until they are left out by choice.
pub fn all_good(judged: Vec<Judged>, leave_out: bool) -> Result<Vec<New>> {
    let (all, wrong) = (judged.len(), judged.iter().filter(|one| one.is_wrong()).count());
    if wrong > 0 && !leave_out {
        return Err(Error::refused(
            "orders.lines-wrong",
            format!(
                "{wrong} of {all} orders are wrong. Mend the file or leave them out; nothing has been written."
            ),
        ));
    }
    let good: Vec<New> = judged.into_iter().filter_map(|one| one.new).collect();
    if good.is_empty() {
        return Err(Error::refused(
            "orders.lines-wrong",
            "No order of the file can be taken in.",
        ));
    }
    Ok(good)
}

/// Takes orders of a file in. `kept` is the file that was waiting: it is taken in once.
pub fn take_in(
    tx: &mut Tx<'_>,
    permit: &Permit<Operate>,
    at: Moment,
    kept: Option<OrderImportId>,
    good: &[New],
) -> Result<Recorded<usize>> {
    if let Some(id) = kept
        && !store::import_done(tx, permit.person()?, id, at)?
    {
        return Ok(tx.unchanged(0));
    }
    for some in good.chunks(200) {
        intake::receive(tx, permit.who(), at, some)?;
    }
    let event = Event::new(
        Kind::OrdersImported,
        kept.map_or_else(|| "orders".to_owned(), |id| id.to_string()),
        format!(
            "{} imported.",
            counted(good.len() as u64, "order was", "orders were")
        ),
    );
    tx.record(at, permit.who(), &event, good.len())
}
