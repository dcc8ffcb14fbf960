//! Deciding in somebody's stead while they are away. What is lent is not a role: it is the right to do what
//! [`lendable`] names, as far as the absent person may do it at that moment, and the record says for whom.

use super::action::Action;
use super::grants::Grant;
use super::store;
use super::within::Within;
use crate::authn::people::{self, Person, PersonState};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::{DelegationId, PersonId, SmartAccountId};
use crate::platform::db::{Reads, Tx};

/// The actions that can be lent.
pub const fn lendable(action: Action) -> bool {
    matches!(action, Action::DecideAccess | Action::ViewAccessRequests)
}

/// A right that somebody lends to another for a while.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Delegation {
    /// Its id.
    pub id: DelegationId,
    /// Where.
    pub account: SmartAccountId,
    /// Who is away.
    pub from: PersonId,
    /// Who decides meanwhile.
    pub to: PersonId,
    /// From when.
    pub starts_at: Moment,
    /// Until when.
    pub ends_at: Moment,
    /// Since when it is known.
    pub created_at: Moment,
    /// When it was called off.
    pub ended_at: Option<Moment>,
}

impl Delegation {
    /// Whether it counts at this moment.
    pub fn counts(&self, now: Moment) -> bool {
        self.ended_at.is_none() && self.starts_at <= now && now < self.ends_at
    }
}

/// Somebody who is away, and what they hold now.
#[derive(Debug, Clone)]
pub struct Lent {
    /// Who is away.
    pub from: Person,
    /// Their own grants in the account. What was lent to them is not lent on.
    pub grants: Vec<Grant>,
}

/// A right that a permit carries besides its holder's own.
#[derive(Debug, Clone)]
pub struct Mandate {
    /// In whose stead.
    pub from: Person,
    /// As far as theirs reaches.
    pub within: Within,
}

/// Lends.
pub fn lend(tx: &mut Tx<'_>, new: &Delegation) -> Result<()> {
    store::insert_delegation(tx, new)
}

/// Calls one off. False when it was over already.
pub fn end(tx: &mut Tx<'_>, account: SmartAccountId, id: DelegationId, at: Moment) -> Result<bool> {
    store::end_delegation(tx, account, id, at)
}

/// One of them.
pub fn find(read: &mut dyn Reads, account: SmartAccountId, id: DelegationId) -> Result<Delegation> {
    store::delegation(read, account, id)
}

/// Those of an account that count now or will, in the order of their beginning.
pub fn of_account(read: &mut dyn Reads, account: SmartAccountId, now: Moment) -> Result<Vec<Delegation>> {
    store::delegations(read, account, now)
}

/// What others lend to a person now. Who can no longer sign in lends nothing.
pub fn lent_to(
    read: &mut dyn Reads,
    account: SmartAccountId,
    person: PersonId,
    now: Moment,
) -> Result<Vec<Lent>> {
    let mut lent: Vec<Lent> = Vec::new();
    for one in store::delegations_to(read, account, person, now)? {
        if lent.iter().any(|known| known.from.id == one.from) {
            continue;
        }
        let from = people::find(read, one.from)?;
        if from.state == PersonState::Active {
            let grants = store::grants_in(read, account, from.id)?;
            lent.push(Lent { from, grants });
        }
    }
    Ok(lent)
}
