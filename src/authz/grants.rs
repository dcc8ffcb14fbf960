//! Roles, and who holds which where.

use super::store;
use super::within::Tenant;
use crate::authn::people::{self, Person, PersonState};
use crate::error::Result;
use crate::kernel::ids::{GrantId, PersonId, SmartAccountId, VirtualAccountId};
use crate::kernel::{Edition, Moment};
use crate::platform::db::{Reads, Tx};
use std::collections::{HashMap, HashSet};

crate::words! {
    /// A role in a Smart Account, or in one of its Virtual Accounts.
    pub enum Role {
        /// All aspects of the account.
        AccountAdmin = "account-admin", "Smart Account Administrator";
        /// Properties and agreements.
        AccountApprover = "account-approver", "Smart Account Approver";
        /// Assets in all Virtual Accounts.
        AccountUser = "account-user", "Smart Account User";
        /// Reads.
        AccountViewer = "account-viewer", "Smart Account Viewer";
        /// As administrator, within a Virtual Account.
        VirtualAdmin = "virtual-admin", "Virtual Account Administrator";
        /// Assets of a Virtual Account.
        VirtualUser = "virtual-user", "Virtual Account User";
        /// Reads a Virtual Account.
        VirtualViewer = "virtual-viewer", "Virtual Account Viewer";
    }
}

impl Role {
    /// Held on the Smart Account, not on a Virtual Account.
    pub const fn is_over_account(self) -> bool {
        matches!(
            self,
            Self::AccountAdmin | Self::AccountApprover | Self::AccountUser | Self::AccountViewer
        )
    }

    /// What it is called in an edition.
    pub const fn label_in(self, edition: Edition) -> &'static str {
        if !edition.is_on_prem() {
            return self.label();
        }
        match self {
            Self::AccountAdmin => "Local Account Administrator",
            Self::AccountApprover => "Local Account Approver",
            Self::AccountUser => "Local Account User",
            Self::AccountViewer => "Local Account Viewer",
            Self::VirtualAdmin => "Local Virtual Account Administrator",
            Self::VirtualUser => "Local Virtual Account User",
            Self::VirtualViewer => "Local Virtual Account Viewer",
        }
    }

    /// Whether it can be given in an edition: an On-Prem server has neither approvers nor viewers.
    pub const fn is_given_in(self, edition: Edition) -> bool {
        !edition.is_on_prem()
            || matches!(
                self,
                Self::AccountAdmin | Self::AccountUser | Self::VirtualAdmin | Self::VirtualUser
            )
    }
}

/// A role that somebody holds.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Where.
    pub account: SmartAccountId,
    /// In which Virtual Account; none for the whole account.
    pub virtual_account: Option<VirtualAccountId>,
    /// Who.
    pub person: PersonId,
    /// Which.
    pub role: Role,
    /// Since when.
    pub created_at: Moment,
    /// Through which user group: the group's id, or empty when it was given directly.
    pub source: String,
}

impl Grant {
    /// Given to the person, not to a group of theirs.
    pub fn is_direct(&self) -> bool {
        self.source.is_empty()
    }
}

/// A role that somebody holds, with the names of where.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Held {
    /// Who.
    pub person: PersonId,
    /// Number of the Smart Account.
    pub number: i64,
    /// Its name.
    pub account: String,
    /// Name of the Virtual Account; none for the whole account.
    pub virtual_account: Option<String>,
    /// Which role.
    pub role: Role,
}

/// What people hold, with the names of the accounts: for showing people their own roles, in any account.
pub fn held_by(read: &mut dyn Reads, people: &[PersonId]) -> Result<Vec<Held>> {
    store::held_by(read, people)
}

/// The card of a tenant, whoever asks.
pub fn tenant(read: &mut dyn Reads, account: SmartAccountId) -> Result<Option<Tenant>> {
    store::tenant(read, account)
}

/// The same by its number.
pub fn tenant_by_number(read: &mut dyn Reads, number: i64) -> Result<Option<Tenant>> {
    store::tenant_by_number(read, number)
}

/// Says whether a tenant opens only to those who have a second factor.
pub fn set_needs_second_factor(tx: &mut Tx<'_>, account: SmartAccountId, needs: bool) -> Result<()> {
    store::set_needs_second_factor(tx, account, needs)
}

/// The tenant with this number, with a person's grants in it.
pub fn standing(read: &mut dyn Reads, number: i64, person: PersonId) -> Result<Option<(Tenant, Vec<Grant>)>> {
    let Some(tenant) = store::tenant_by_number(read, number)? else {
        return Ok(None);
    };
    let grants = store::grants_in(read, tenant.id, person)?;
    Ok(Some((tenant, grants)))
}

/// The number of the tenant that a script names: by the domain of a Smart Account, by the name of a local account, or by the
/// number itself.
pub fn number_of(read: &mut dyn Reads, named: &str, by_name: bool) -> Result<Option<i64>> {
    let named = named.trim();
    // No name holds one, and PostgreSQL takes no text with a NUL.
    if named.chars().any(char::is_control) {
        return Ok(None);
    }
    let found = store::number_of(read, named, by_name)?;
    if found.is_none() && by_name && named.contains('+') {
        // Some libraries write a blank in a path as they write it in a form.
        return store::number_of(read, &named.replace('+', " "), by_name);
    }
    Ok(found)
}

/// The same for a tenant that is known by its id.
pub fn standing_in(
    read: &mut dyn Reads,
    account: SmartAccountId,
    person: PersonId,
) -> Result<Option<(Tenant, Vec<Grant>)>> {
    let Some(tenant) = store::tenant(read, account)? else {
        return Ok(None);
    };
    Ok(Some((tenant, store::grants_in(read, account, person)?)))
}

/// Everything a person holds.
pub fn of_person(read: &mut dyn Reads, person: PersonId) -> Result<Vec<Grant>> {
    store::grants_of(read, person)
}

/// Everything a person holds in one Smart Account.
pub fn of_person_in(read: &mut dyn Reads, account: SmartAccountId, person: PersonId) -> Result<Vec<Grant>> {
    store::grants_in(read, account, person)
}

/// Everything that several people hold, in no particular order.
pub fn of_people(read: &mut dyn Reads, people: &[PersonId]) -> Result<Vec<Grant>> {
    store::grants_of_many(read, people)
}

/// Everyone's grants in a Smart Account.
pub fn in_account(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Grant>> {
    store::grants_in_account(read, account)
}

/// Everything that is held in a Smart Account through one user group.
pub fn through(read: &mut dyn Reads, account: SmartAccountId, group: &str) -> Result<Vec<Grant>> {
    store::grants_through(read, account, group)
}

/// What people hold on one Virtual Account.
pub fn held_on(read: &mut dyn Reads, account: SmartAccountId, id: VirtualAccountId) -> Result<Vec<Grant>> {
    store::grants_on(read, account, id)
}

/// How many people reach which Virtual Account.
#[derive(Debug, Clone, Default)]
pub struct Reached {
    /// Through a role over the whole account.
    everywhere: u64,
    /// Through a role held on the Virtual Account alone.
    beside: HashMap<VirtualAccountId, u64>,
}

impl Reached {
    /// Counts people once, whatever they hold. `all` says whether those count who hold a role over the whole account.
    pub fn count(over_account: &[PersonId], within: &[(VirtualAccountId, PersonId)], all: bool) -> Self {
        let everywhere: HashSet<PersonId> = over_account.iter().filter(|_| all).copied().collect();
        let mut people: HashMap<VirtualAccountId, HashSet<PersonId>> = HashMap::new();
        for (id, person) in within {
            if !everywhere.contains(person) {
                people.entry(*id).or_default().insert(*person);
            }
        }
        Self {
            everywhere: everywhere.len() as u64,
            beside: people
                .into_iter()
                .map(|(id, some)| (id, some.len() as u64))
                .collect(),
        }
    }
    /// How many reach this one.
    pub fn of(&self, id: VirtualAccountId) -> u64 {
        self.everywhere + self.beside.get(&id).copied().unwrap_or_default()
    }
}

/// How many people reach these Virtual Accounts, or all of an account.
pub fn reached(
    read: &mut dyn Reads,
    account: SmartAccountId,
    ids: Option<&[VirtualAccountId]>,
    all: bool,
) -> Result<Reached> {
    let over_account = store::people_over(read, account)?;
    let within = store::people_within(read, account, ids)?;
    Ok(Reached::count(&over_account, &within, all))
}

/// Everyone's grants with a role over the whole account, in several accounts.
pub fn holders_in(read: &mut dyn Reads, accounts: &[SmartAccountId], role: Role) -> Result<Vec<Grant>> {
    store::holders_in(read, accounts, role)
}

/// The Smart Account Administrators of several accounts, in the order in which they became it. An account
/// without one is left out.
pub fn administrators(
    read: &mut dyn Reads,
    accounts: &[SmartAccountId],
) -> Result<Vec<(SmartAccountId, Vec<Person>)>> {
    let held = holders_in(read, accounts, Role::AccountAdmin)?;
    let mut ids: Vec<PersonId> = held.iter().map(|grant| grant.person).collect();
    ids.sort_unstable();
    ids.dedup();
    let people: std::collections::HashMap<PersonId, Person> = people::find_all(read, &ids)?
        .into_iter()
        .map(|person| (person.id, person))
        .collect();
    let mut found: Vec<(SmartAccountId, Vec<Person>)> = Vec::new();
    for grant in held {
        let Some(person) = people.get(&grant.person) else {
            continue;
        };
        let known = found
            .iter()
            .any(|(account, list)| *account == grant.account && list.iter().any(|one| one.id == person.id));
        // Once, though they hold it through a group as well; and nobody who cannot sign in can help.
        if known || person.state != PersonState::Active {
            continue;
        }
        match found.iter_mut().find(|(account, _)| *account == grant.account) {
            Some((_, list)) => list.push(person.clone()),
            None => found.push((grant.account, vec![person.clone()])),
        }
    }
    Ok(found)
}

/// The Smart Account Administrators of one account: those who can help somebody who may not.
pub fn administrators_of(read: &mut dyn Reads, account: SmartAccountId) -> Result<Vec<Person>> {
    Ok(administrators(read, &[account])?
        .into_iter()
        .flat_map(|(_, people)| people)
        .collect())
}

/// Gives a role. One person has one role for one scope: an earlier one there is replaced.
pub fn give(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    virtual_account: Option<VirtualAccountId>,
    person: PersonId,
    role: Role,
) -> Result<()> {
    store::put_grant(tx, at, account, virtual_account, person, role, "")
}

/// Gives roles to many, each where nothing is held directly in its scope, as was looked before.
pub fn give_first(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    new: &[(Option<VirtualAccountId>, PersonId, Role)],
) -> Result<()> {
    store::insert_grants(tx, at, account, "", new)
}

/// Gives a role through a user group. What the person holds directly, or through another group, stays.
pub fn give_through(
    tx: &mut Tx<'_>,
    at: Moment,
    account: SmartAccountId,
    virtual_account: Option<VirtualAccountId>,
    person: PersonId,
    role: Role,
    group: &str,
) -> Result<()> {
    store::put_grant(tx, at, account, virtual_account, person, role, group)
}

/// Takes a role back.
pub fn take(tx: &mut Tx<'_>, account: SmartAccountId, id: GrantId) -> Result<()> {
    store::delete_grant(tx, account, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_counts_once_whatever_they_hold() {
        let (one, two) = (VirtualAccountId::new(), VirtualAccountId::new());
        let (ada, dan) = (PersonId::new(), PersonId::new());
        let within = [(one, ada), (one, dan), (one, dan)];
        let reached = Reached::count(&[ada, ada], &within, true);
        assert_eq!((reached.of(one), reached.of(two)), (2, 1));
        let reached = Reached::count(&[ada], &within, false);
        assert_eq!((reached.of(one), reached.of(two)), (2, 0));
    }
}
