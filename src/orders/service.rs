//! What can be done with orders. A function that takes a `Tx` is a part of the caller's write, unless it returns
//! what was recorded.

use super::model::{Content, Draft, Order, Progress, Review, SearchBy, TargetAccount, TargetPlaces};
use super::store;
use crate::authn::{Actor, PlatformRole};
use crate::authz::action::AssignOrder;
use crate::authz::{Permit, Within};
use crate::error::{Error, Refusal, Result};
use crate::kernel::Moment;
use crate::kernel::ids::{AssignmentId, OrderDraftId, OrderId, SmartAccountId, VirtualAccountId};
use crate::platform::db::{Reads, Recorded, Tx};

/// The reason why somebody cannot assign orders at all, whatever their role; none when they can.
pub fn against_person(actor: &Actor) -> Option<Refusal> {
    if actor.has(PlatformRole::Support) || matches!(actor.person.access_level, 1 | 2) {
        return None;
    }
    Some(Refusal {
        code: "orders.access-level",
        says: format!(
            "Assigning orders needs access level 1 or 2; yours is {}.",
            actor.person.access_level
        )
        .into(),
    })
}

/// The reason why an order cannot be assigned, whoever asks; none when it can.
pub fn against_order(order: &Order) -> Option<Refusal> {
    order.order_type.against_assigning().map(|says| Refusal {
        code: "orders.not-assignable",
        says: says.into(),
    })
}

fn not_yet<T>() -> Result<T> {
    Err(Error::refused("orders.not-built", "This cannot be done yet."))
}

/// Smart Accounts to which the orders of a draft could go, under the Restricted rule.
pub fn find_targets(
    read: &mut impl Reads,
    permit: &Permit<AssignOrder>,
    draft: &Draft,
    by: SearchBy,
    typed: &str,
) -> Result<Vec<TargetAccount>> {
    let _ = (read, permit, draft, by, typed);
    not_yet()
}

/// One Smart Account that was chosen, as [`find_targets`] would have shown it.
pub fn target(
    read: &mut impl Reads,
    permit: &Permit<AssignOrder>,
    draft: &Draft,
    account: SmartAccountId,
) -> Result<TargetAccount> {
    let _ = (read, permit, draft, account);
    not_yet()
}

/// The Virtual Accounts of a Smart Account that can be chosen for a draft.
pub fn places(
    read: &mut impl Reads,
    permit: &Permit<AssignOrder>,
    account: SmartAccountId,
) -> Result<TargetPlaces> {
    let _ = (read, permit, account);
    not_yet()
}

/// The Virtual Account with exactly this name: how a Restricted one is chosen in another's account.
pub fn place_named(
    read: &mut impl Reads,
    permit: &Permit<AssignOrder>,
    account: SmartAccountId,
    typed: &str,
) -> Result<VirtualAccountId> {
    let _ = (read, permit, account, typed);
    not_yet()
}

/// Keeps a choice. Nothing has happened yet, so nothing is recorded: for `db.housekeeping`.
pub fn keep_draft(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    at: Moment,
    id: OrderDraftId,
    content: &Content,
) -> Result<()> {
    store::insert_draft(tx, permit.within().account()?, permit.person()?, at, id, content)
}

/// One's own choice in this account.
pub fn draft(read: &mut impl Reads, permit: &Permit<AssignOrder>, id: OrderDraftId) -> Result<Draft> {
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

/// What a draft would do, order by order and line by line, with everything that stands in its way.
pub fn review(read: &mut impl Reads, permit: &Permit<AssignOrder>, draft: &Draft) -> Result<Review> {
    let _ = (read, permit, draft);
    not_yet()
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
    let _ = (tx, permit, draft, fingerprint, id, at);
    not_yet()
}

/// Asks once more for the lines of an order that have failed, to where they were to go.
pub fn retry(
    tx: &mut Tx<'_>,
    permit: &Permit<AssignOrder>,
    order: OrderId,
    id: AssignmentId,
    at: Moment,
) -> Result<Recorded<AssignmentId>> {
    let _ = (tx, permit, order, id, at);
    not_yet()
}

/// How far an assignment is that was asked for in this account.
pub fn progress(read: &mut impl Reads, within: &Within, id: AssignmentId) -> Result<Progress> {
    let _ = (read, within, id);
    not_yet()
}
