//! Looking for wishes of another domain.

use super::domain::outcome;
use crate::authn::people::{self, Person};
use crate::authz::Permit;
use crate::authz::action::ApproveDomain;
use crate::error::{Error, Result};
use crate::kernel::DomainIdentifier;
use crate::kernel::ids::{DomainChangeId, PersonId, SmartAccountId};
use crate::platform::db::Reads;
use crate::smart_accounts::model::{DomainChange, DomainChangeState, SmartAccount};
use crate::smart_accounts::store;
use std::collections::HashMap;

/// The wish of an account that waits for a decision.
pub fn pending_change(read: &mut dyn Reads, account: SmartAccountId) -> Result<Option<DomainChange>> {
    store::pending_change(read, account)
}

/// A wish, with what a page shows beside it.
#[derive(Debug, Clone)]
pub struct Described {
    /// The wish.
    pub change: DomainChange,
    /// Of which account.
    pub account: SmartAccount,
    /// Who asks.
    pub requester: Person,
    /// What has become of it, once that is known.
    pub outcome: Option<String>,
    /// Other accounts with the same TLD.
    pub same_tld: Vec<SmartAccount>,
}

/// One wish, for a Domain approver.
pub fn describe(read: &mut dyn Reads, _: &Permit<ApproveDomain>, id: DomainChangeId) -> Result<Described> {
    let change = store::change(read, id)?;
    let account = store::find(read, change.account)?;
    let requester = people::find(read, change.requested_by)?;
    let outcome = if change.state == DomainChangeState::Pending {
        None
    } else {
        Some(outcome(read, &change)?)
    };
    let to = DomainIdentifier::parse(&change.to).map_err(Error::internal)?;
    let mut same_tld = store::under_registrable(read, to.registrable())?;
    same_tld.retain(|other| other.id != account.id);
    Ok(Described {
        change,
        account,
        requester,
        outcome,
        same_tld,
    })
}

/// A wish in a list.
pub struct Listed {
    pub change: DomainChange,
    pub account: SmartAccount,
    /// Name and address of who asks.
    pub requester: String,
}

/// How many wishes there are of each state, in the order of the states.
pub fn count_changes(
    read: &mut dyn Reads,
    _: &Permit<ApproveDomain>,
) -> Result<Vec<(DomainChangeState, u64)>> {
    store::count_changes(read)
}

/// Wishes of all accounts, the newest first: so many of them, after so many.
pub fn list_changes(
    read: &mut dyn Reads,
    _: &Permit<ApproveDomain>,
    state: Option<DomainChangeState>,
    (limit, offset): (u64, u64),
) -> Result<Vec<Listed>> {
    let changes = store::list_changes(
        read,
        state,
        i64::try_from(limit).unwrap_or(i64::MAX),
        i64::try_from(offset).unwrap_or(i64::MAX),
    )?;
    let accounts: Vec<SmartAccountId> = changes.iter().map(|change| change.account).collect();
    let accounts: HashMap<SmartAccountId, SmartAccount> = store::find_many(read, &accounts)?
        .into_iter()
        .map(|account| (account.id, account))
        .collect();
    let ids: Vec<PersonId> = changes.iter().map(|change| change.requested_by).collect();
    let people: HashMap<PersonId, String> = people::find_all(read, &ids)?
        .into_iter()
        .map(|person| (person.id, person.label()))
        .collect();
    let listed = |change: DomainChange| {
        let account = accounts.get(&change.account)?.clone();
        let requester = people.get(&change.requested_by)?.clone();
        Some(Listed {
            change,
            account,
            requester,
        })
    };
    Ok(changes.into_iter().filter_map(listed).collect())
}

/// The state of a wish for the letters of this room.
pub fn find_change(read: &mut dyn Reads, id: &str) -> Result<(DomainChange, SmartAccount)> {
    let id: DomainChangeId = id.parse().map_err(|_| Error::NotFound)?;
    let change = store::change(read, id)?;
    let account = store::find(read, change.account)?;
    Ok((change, account))
}
