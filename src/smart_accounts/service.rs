//! What can be done with a Smart Account by the rooms above. A function that takes a `Tx` is a part of the
//! caller's write: the caller has the permit and keeps the record.

use super::model::{Draft, PendingDetail, SmartAccount, State, Visibility};
use super::store;
use crate::authz::Permit;
use crate::authz::action::EditAccount;
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId};
use crate::kernel::{Event, Kind, Moment, Name};
use crate::platform::db::{Reads, Recorded, Tx};

/// The first Smart Account ID.
const FIRST_NUMBER: i64 = 100_001;

/// What can be edited of a Smart Account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Properties {
    /// Its name.
    pub name: String,
    /// Who finds it.
    pub visibility: Visibility,
    /// The headquarters address, in lines.
    pub headquarters: String,
}

impl Properties {
    /// As they stand now.
    pub fn of(account: &SmartAccount) -> Self {
        Self {
            name: account.name.clone(),
            visibility: account.visibility,
            headquarters: account.headquarters.clone(),
        }
    }
}

/// Edits the properties. `version` is the one that the form was made from; without headquarters they stay.
pub fn edit(
    tx: &mut Tx<'_>,
    permit: &Permit<EditAccount>,
    at: Moment,
    version: i64,
    name: &Name,
    visibility: Visibility,
    headquarters: Option<&str>,
) -> Result<Recorded<()>> {
    let id = permit.within().account()?;
    let account = store::find(tx, id)?;
    if account.version != version {
        return Err(Error::Stale);
    }
    if account.state != State::Active {
        return Err(Error::refused(
            "smart-accounts.not-active",
            "Only the properties of an Active Smart Account can be edited.",
        ));
    }
    let before = Properties::of(&account);
    let after = Properties {
        name: name.to_string(),
        visibility,
        headquarters: headquarters.unwrap_or(&account.headquarters).to_owned(),
    };
    if before == after {
        return Ok(tx.unchanged(()));
    }
    if before.name != after.name {
        store::must_look_different(tx, name, Some(id))?;
    }
    if !store::edit(tx, id, version, name, visibility, &after.headquarters)? {
        return Err(Error::Stale);
    }
    let event = Event::new(
        Kind::AccountChanged,
        account.number,
        format!("The properties of {} were changed.", after.name),
    )
    .within(id)
    .changed(&before, &after);
    tx.record(at, permit.who(), &event, ())
}

/// Makes a Pending account. One domain identifier belongs to one account at a time.
pub fn request(tx: &mut Tx<'_>, at: Moment, id: SmartAccountId, draft: &Draft) -> Result<SmartAccount> {
    store::must_look_different(tx, &draft.name, None)?;
    if store::by_domain(tx, draft.domain.as_str())?.is_some() {
        return Err(store::domain_in_use(draft.domain.as_str()));
    }
    let number = tx.next_number("smart-account", FIRST_NUMBER)?;
    store::insert(tx, at, id, number, draft)?;
    store::find(tx, id)
}

/// Makes a Pending account Active. Its DEFAULT Virtual Account is the business of that room.
pub fn activate(tx: &mut Tx<'_>, at: Moment, id: SmartAccountId) -> Result<SmartAccount> {
    if store::activate(tx, at, id)? {
        store::find(tx, id)
    } else {
        Err(not_pending())
    }
}

/// Says what is outstanding now.
pub fn set_detail(tx: &mut Tx<'_>, id: SmartAccountId, detail: PendingDetail) -> Result<()> {
    if store::set_detail(tx, id, detail)? {
        Ok(())
    } else {
        Err(not_pending())
    }
}

/// Ends a Pending account: denied, withdrawn or expired. Its domain is free again.
pub fn cancel(tx: &mut Tx<'_>, id: SmartAccountId, why: PendingDetail) -> Result<()> {
    set_detail(tx, id, why)
}

fn not_pending() -> Error {
    Error::refused(
        "smart-accounts.not-pending",
        "This Smart Account is not pending any more.",
    )
}

/// Every account that was activated, by its number.
pub fn activated(read: &mut dyn Reads, most: i64) -> Result<Vec<SmartAccount>> {
    store::activated(read, most)
}

/// Takes an Active account out of use before anybody was in it: for scenario files.
pub fn rest(tx: &mut Tx<'_>, id: SmartAccountId) -> Result<()> {
    if store::set_state(tx, id, State::Active, State::Inactive)? {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

/// One account.
pub fn find(read: &mut dyn Reads, id: SmartAccountId) -> Result<SmartAccount> {
    store::find(read, id)
}

/// One account by its number.
pub fn find_by_number(read: &mut dyn Reads, number: i64) -> Result<SmartAccount> {
    store::find_by_number(read, number)
}

/// Several accounts, in no particular order.
pub fn find_many(read: &mut dyn Reads, ids: &[SmartAccountId]) -> Result<Vec<SmartAccount>> {
    store::find_many(read, ids)
}

/// The account that holds a domain identifier.
pub fn by_domain(read: &mut dyn Reads, domain: &str) -> Result<Option<SmartAccount>> {
    store::by_domain(read, domain)
}

/// The accounts that hold these domain identifiers, in no particular order.
pub fn by_domains(read: &mut dyn Reads, domains: &[String]) -> Result<Vec<SmartAccount>> {
    store::by_domains(read, domains)
}

/// Accounts with exactly this name that are there: who has all of it may know of a Restricted one.
pub fn by_exact_name(read: &mut dyn Reads, typed: &str) -> Result<Vec<SmartAccount>> {
    store::by_exact_name(read, typed)
}

/// Accounts under a company's domain.
pub fn under_registrable(read: &mut dyn Reads, registrable: &str) -> Result<Vec<SmartAccount>> {
    store::under_registrable(read, registrable)
}

/// Accounts that a person asked for.
pub fn requested_by(read: &mut dyn Reads, person: PersonId) -> Result<Vec<SmartAccount>> {
    store::requested_by(read, person)
}

/// Searches under the Restricted rule: a Restricted account shows only for its whole name or domain.
pub fn search(read: &mut dyn Reads, typed: &str, most: i64) -> Result<Vec<SmartAccount>> {
    if typed.trim().is_empty() {
        Ok(Vec::new())
    } else {
        store::search(read, typed, most)
    }
}
