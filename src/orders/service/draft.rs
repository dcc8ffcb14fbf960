//! A choice of accounts that is being made, kept between the steps.

use crate::authz::Permit;
use crate::authz::action::AssignOrder;
use crate::error::{Error, Result};
use crate::kernel::ids::{OrderDraftId, OrderId};
use crate::kernel::{Moment, search_key};
use crate::orders::model::{Content, Draft};
use crate::orders::store;
use crate::platform::db::{Reads, Tx};
use std::collections::HashSet;

/// Every order of a choice shows here: any other is treated as one that is not there.
pub fn must_show(read: &mut dyn Reads, permit: &Permit<AssignOrder>, content: &Content) -> Result<()> {
    let showing = store::showing(read, permit.within(), &content.orders)?;
    if content.orders.iter().any(|id| !showing.contains(id)) {
        return Err(Error::NotFound);
    }
    Ok(())
}

pub(super) fn right_size(content: &Content) -> Result<()> {
    if content.orders.is_empty() {
        return Err(Error::refused(
            "orders.nothing-chosen",
            "Select at least one order.",
        ));
    }
    if content.orders.len() > crate::orders::model::MOST_SELECTED {
        return Err(Error::refused(
            "orders.too-many",
            format!(
                "{} orders are selected. Assign at most {} at once.",
                content.orders.len(),
                crate::orders::model::MOST_SELECTED
            ),
        ));
    }
    Ok(())
}

/// Ids of orders that are named by id or by Order Identifier. One that does not show here is not there.
pub fn ids_of(read: &mut dyn Reads, permit: &Permit<AssignOrder>, named: &[String]) -> Result<Vec<OrderId>> {
    if named.len() > crate::orders::model::MOST_SELECTED {
        return Err(Error::refused(
            "orders.too-many",
            "Assign at most 10000 orders at once.",
        ));
    }
    let words: Vec<String> = named
        .iter()
        .filter(|one| one.parse::<OrderId>().is_err())
        .cloned()
        .collect();
    let known = store::ids_by_identifier(read, &words)?;
    let mut ids: Vec<OrderId> = Vec::with_capacity(named.len());
    let mut seen = HashSet::with_capacity(named.len());
    for one in named {
        let id = match one.parse() {
            Ok(id) => id,
            Err(_) => *known.get(&search_key(one)).ok_or(Error::NotFound)?,
        };
        if seen.insert(id) {
            ids.push(id);
        }
    }
    let content = Content::of(ids);
    must_show(read, permit, &content)?;
    right_size(&content)?;
    Ok(content.orders)
}

/// Keeps a choice. Nothing has happened yet, so nothing is recorded: for `db.housekeeping`.
pub fn keep_draft(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    at: Moment,
    id: OrderDraftId,
    content: &Content,
) -> Result<()> {
    must_show(tx, permit, content)?;
    right_size(content)?;
    store::insert_draft(tx, permit.within().account()?, permit.person()?, at, id, content)
}

/// One's own choice in this account.
pub fn draft(read: &mut dyn Reads, permit: &Permit<AssignOrder>, id: OrderDraftId) -> Result<Draft> {
    store::draft(read, permit.within().account()?, permit.person()?, id)
}

/// Changes a choice that has not been carried out. For `db.housekeeping`.
pub fn change_draft(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    draft: &Draft,
    content: &Content,
) -> Result<()> {
    let account = permit.within().account()?;
    if store::change_draft(tx, account, draft.id, draft.version, content)? {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}
