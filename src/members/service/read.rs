//! Looking for members.

use crate::authn::PersonState;
use crate::authz::action::ViewUsers;
use crate::authz::{Permit, Role};
use crate::error::{Error, Result};
use crate::kernel::Edition;
use crate::kernel::ids::{PersonId, SmartAccountId, VirtualAccountId};
use crate::members::model::{Member, gather};
use crate::members::{groups, store};
use crate::platform::db::Reads;
use crate::platform::settings;
use crate::{smart_accounts, virtual_accounts};
use std::collections::HashMap;

/// What a list of users asks for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A part of name or address.
    pub q: String,
    /// Who holds one of these roles.
    pub roles: Vec<Role>,
    /// Whose user account stands so.
    pub states: Vec<PersonState>,
    /// Who holds a role on one of these Virtual Accounts; none for wherever.
    pub places: Option<Vec<VirtualAccountId>>,
    /// What reaches into this Virtual Account.
    pub touching: Option<VirtualAccountId>,
    /// What was given directly.
    pub direct: bool,
    /// What is held through a user group.
    pub through: bool,
    /// What is held through one of these user groups.
    pub groups: Option<Vec<String>>,
    /// One person.
    pub person: Option<PersonId>,
}

impl Filter {
    /// Whether something is asked about single grants, and not about the member alone.
    pub fn is_about_grants(&self) -> bool {
        !self.roles.is_empty()
            || self.places.is_some()
            || self.touching.is_some()
            || self.direct != self.through
            || self.groups.is_some()
    }
}

/// How many members there are that a filter asks for.
pub fn total(read: &mut dyn Reads, permit: &Permit<ViewUsers>, filter: &Filter) -> Result<u64> {
    let found = store::count(read, permit.within(), filter)?;
    Ok(u64::try_from(found).unwrap_or_default())
}

/// How many members there are.
pub fn count(read: &mut dyn Reads, permit: &Permit<ViewUsers>) -> Result<u64> {
    total(read, permit, &Filter::default())
}

/// So many of the members that a filter asks for, after so many, by name, email, status or since, with what they hold
/// within reach. Who reaches some Virtual Accounts alone sees the members of those, and what they hold there.
pub fn page(
    read: &mut dyn Reads,
    permit: &Permit<ViewUsers>,
    filter: &Filter,
    (sort, descending): (&str, bool),
    some: (u64, u64),
) -> Result<Vec<Member>> {
    let within = permit.within();
    let is_partial = within.only().is_some() || filter.touching.is_some();
    let rows = if sort == "since" && is_partial {
        let mut ids = store::by_since(read, within, filter)?;
        if descending {
            ids.reverse();
        }
        let whole = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (limit, offset) = (whole(some.0), whole(some.1));
        let ids: Vec<PersonId> = ids.into_iter().skip(offset).take(limit).collect();
        let mut rows: HashMap<PersonId, _> = store::people(read, &ids)?
            .into_iter()
            .map(|row| (row.id, row))
            .collect();
        ids.iter().filter_map(|id| rows.remove(id)).collect()
    } else {
        store::page(read, within, filter, (sort, descending), some)?
    };
    let ids: Vec<PersonId> = rows.iter().map(|row| row.id).collect();
    let held = store::held(read, within, filter.touching, &ids)?;
    let names = if held.iter().any(|one| one.virtual_account.is_some()) {
        virtual_accounts::names(read, &[within.account()?])?
            .into_iter()
            .map(|(_, id, name, _)| (id, name))
            .collect()
    } else {
        HashMap::new()
    };
    let mut sources: Vec<String> = held.iter().map(|one| one.source.clone()).collect();
    sources.retain(|source| !source.is_empty());
    sources.sort_unstable();
    sources.dedup();
    let groups = groups::names(read, &sources)?;
    Ok(gather(rows, held, &names, &groups))
}

/// By name, from the first on.
pub const BY_NAME: (&str, bool) = ("name", false);
const ALL: (u64, u64) = (u64::MAX, 0);

/// The members, by name.
pub fn list(read: &mut dyn Reads, permit: &Permit<ViewUsers>) -> Result<Vec<Member>> {
    page(read, permit, &Filter::default(), BY_NAME, ALL)
}

/// One member; not found when they hold nothing within reach.
pub fn find(read: &mut dyn Reads, permit: &Permit<ViewUsers>, person: PersonId) -> Result<Member> {
    let filter = Filter {
        person: Some(person),
        ..Filter::default()
    };
    page(read, permit, &filter, BY_NAME, ALL)?
        .into_iter()
        .next()
        .ok_or(Error::NotFound)
}

/// What a Smart Account says of itself where roles are given: read once, whatever the number of people.
#[derive(Debug, Clone)]
pub struct Place {
    /// Which.
    pub account: SmartAccountId,
    /// Its name.
    pub name: String,
    /// Of which edition it is: roles are called, and can be given, by it.
    pub edition: Edition,
    /// Its domain: the Approver rule goes by it.
    pub domain: String,
    /// The names of its Virtual Accounts.
    pub names: HashMap<VirtualAccountId, String>,
}

/// Reads it.
pub fn place(read: &mut dyn Reads, account: SmartAccountId) -> Result<Place> {
    let found = smart_accounts::find(read, account)?;
    Ok(Place {
        account,
        name: found.name,
        edition: settings::edition(read)?,
        domain: found.domain,
        names: virtual_accounts::names(read, &[account])?
            .into_iter()
            .map(|(_, id, name, _)| (id, name))
            .collect(),
    })
}
