//! People: everyone who can sign in or has been invited to.

use super::store;
pub use super::store::ACCOUNT_ORDERS;
use crate::error::{Error, Result};
use crate::kernel::ids::PersonId;
use crate::kernel::{Edition, EmailAddress, Moment, Name};
use crate::platform::db::{Reads, Tx};

crate::words! {
    /// Whether a person can sign in.
    pub enum PersonState {
        /// Can.
        Active = "active", "Active";
        /// Has not set a password yet.
        Invited = "invited", "Invited";
        /// May not any more.
        Disabled = "disabled", "Disabled";
    }
}

impl PersonState {
    /// The kind of badge that shows the state.
    pub const fn badge(self) -> &'static str {
        match self {
            Self::Active => "ok",
            Self::Invited => "warn",
            Self::Disabled => "",
        }
    }
}

crate::words! {
    /// Roles over the whole portal.
    pub enum PlatformRole {
        /// Staff who help customers: the documents' "internal users with a support role".
        Support = "support", "Support";
        /// Approves domains: the documents' "Cisco Approver".
        DomainApprover = "domain-approver", "Domain approver";
        /// Runs this installation.
        Operator = "operator", "Operator";
        /// Teaches graded labs, and sees how all learners fare.
        Instructor = "instructor", "Instructor";
        /// Administers an On-Prem server, and sees all of its local accounts.
        SystemAdministrator = "system-administrator", "System Administrator";
        /// Does the daily work on an On-Prem server: its accounts and their synchronization.
        SystemOperator = "system-operator", "System Operator";
        /// Uses an On-Prem server.
        SystemUser = "system-user", "System User";
    }
}

impl PlatformRole {
    /// Whether whoever holds it sees every tenant without a role in it: Support of the cloud, System Administrators of an
    /// On-Prem server. What they may do there, the matrix says.
    pub const fn sees_every_tenant(self) -> bool {
        matches!(self, Self::Support | Self::SystemAdministrator)
    }
    /// The edition in which it can be held.
    pub const fn edition(self) -> Edition {
        match self {
            Self::Support | Self::DomainApprover | Self::Operator | Self::Instructor => Edition::Cloud,
            Self::SystemAdministrator | Self::SystemOperator | Self::SystemUser => Edition::OnPrem,
        }
    }
}

/// A person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Where they are written to; they sign in with it.
    pub email: EmailAddress,
    /// Their name.
    pub name: String,
    /// The documents' "CCOID access level", 0 to 4.
    pub access_level: i32,
    /// Whether they can sign in.
    pub state: PersonState,
    /// Counts changes.
    pub version: i64,
}

impl Person {
    /// Somebody who is to be invited, and cannot sign in yet.
    pub fn invited(id: PersonId, email: &EmailAddress, name: &Name, access_level: i32) -> Self {
        Self {
            id,
            email: email.clone(),
            name: name.as_str().to_owned(),
            access_level,
            state: PersonState::Invited,
            version: 1,
        }
    }
    /// Name and address, as the record keeps them.
    pub fn label(&self) -> String {
        format!("{} ({})", self.name, self.email)
    }
}

/// Finds a person by address.
pub fn by_email(read: &mut dyn Reads, email: &EmailAddress) -> Result<Option<Person>> {
    store::person_by_email(read, email.key())
}

/// Finds a person.
pub fn find(read: &mut dyn Reads, id: PersonId) -> Result<Person> {
    store::person(read, id)
}

/// Finds people, in no particular order.
pub fn find_all(read: &mut dyn Reads, ids: &[PersonId]) -> Result<Vec<Person>> {
    store::people(read, ids)
}

/// Finds people by the keys of their addresses, in no particular order.
pub fn by_email_keys(read: &mut dyn Reads, keys: &[String]) -> Result<Vec<Person>> {
    store::people_by_email(read, keys)
}

/// Those who can sign in, by name, and their roles over the portal: what a lab's sign-in page lists.
pub fn active(read: &mut dyn Reads, most: i64) -> Result<Vec<(Person, Vec<PlatformRole>)>> {
    let found = store::active_people(read, most)?;
    let mut all = Vec::with_capacity(found.len());
    for person in found {
        let roles = store::platform_roles(read, person.id)?;
        all.push((person, roles));
    }
    Ok(all)
}

/// The roles over the portal that a person holds.
pub fn platform_roles(read: &mut dyn Reads, id: PersonId) -> Result<Vec<PlatformRole>> {
    store::platform_roles(read, id)
}

/// Everyone who holds a role over the portal.
pub fn with_platform_role(read: &mut dyn Reads, role: PlatformRole) -> Result<Vec<Person>> {
    store::with_platform_role(read, role)
}

/// Adds a person. Without a password hash they are invited and cannot sign in yet.
pub fn add(
    tx: &mut Tx<'_>,
    at: Moment,
    id: PersonId,
    email: &EmailAddress,
    name: &Name,
    password_hash: Option<&str>,
    access_level: i32,
) -> Result<Person> {
    let mut person = Person::invited(id, email, name, access_level);
    if password_hash.is_some() {
        person.state = PersonState::Active;
    }
    store::insert_people(tx, at, std::slice::from_ref(&person), password_hash)?;
    Ok(person)
}

/// Adds many people at once, who are all to be invited ([`Person::invited`]).
pub fn add_all(tx: &mut Tx<'_>, at: Moment, new: &[Person]) -> Result<()> {
    store::insert_people(tx, at, new, None)
}

/// Gives a role over the portal.
pub fn give_platform_role(tx: &mut Tx<'_>, id: PersonId, role: PlatformRole) -> Result<()> {
    store::insert_platform_role(tx, id, role)
}

/// Takes a role over the portal back; says whether it was held.
pub fn take_platform_role(tx: &mut Tx<'_>, id: PersonId, role: PlatformRole) -> Result<bool> {
    store::delete_platform_role(tx, id, role)
}

/// A person who was invited names themselves and sets a password.
pub fn accept_invitation(tx: &mut Tx<'_>, id: PersonId, name: &Name, password_hash: &str) -> Result<()> {
    store::activate(tx, id, name.as_str(), Some(password_hash))
}

/// Adds a person who comes in by an identity provider, and has no password.
pub fn add_by_provider(
    tx: &mut Tx<'_>,
    at: Moment,
    id: PersonId,
    email: &EmailAddress,
    name: &Name,
) -> Result<Person> {
    add(tx, at, id, email, name, None, 0)?;
    store::activate(tx, id, name.as_str(), None)?;
    store::person(tx, id)
}

/// A person who was invited comes in by an identity provider instead of setting a password.
pub fn accept_by_provider(tx: &mut Tx<'_>, id: PersonId, name: &Name) -> Result<()> {
    store::activate(tx, id, name.as_str(), None)
}

/// Changes the name. `version` is the one that the form was made from.
pub fn rename(tx: &mut Tx<'_>, id: PersonId, version: i64, name: &Name) -> Result<()> {
    if store::rename(tx, id, version, name.as_str())? {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

/// The password hash, if there is one.
pub fn password_hash(read: &mut dyn Reads, id: PersonId) -> Result<Option<String>> {
    store::password_hash(read, id)
}

/// Sets a password hash.
pub fn set_password_hash(tx: &mut Tx<'_>, id: PersonId, hash: &str) -> Result<()> {
    store::set_password_hash(tx, id, hash)
}

/// Puts a hash made with today's parameters in the place of an older one of the same password, if that is
/// still there. No change of the person: `version` stays.
pub fn renew_password_hash(tx: &mut Tx<'_>, id: PersonId, old: &str, new: &str) -> Result<()> {
    store::renew_password_hash(tx, id, old, new)
}

/// Enables or disables a person; all their sessions end with it.
pub fn set_state(tx: &mut Tx<'_>, id: PersonId, state: PersonState) -> Result<()> {
    store::set_state(tx, id, state)?;
    store::end_sessions(tx, id, None)?;
    Ok(())
}

/// Takes a person out of use: no password, no way in. The record keeps who they were.
pub fn retire(tx: &mut Tx<'_>, at: Moment, id: PersonId) -> Result<()> {
    store::retire_person(tx, id)?;
    store::delete_identities(tx, id)?;
    super::second_factor::remove(tx, id)?;
    super::session::end_all_access(tx, at, id, None)
}

/// Takes a person who was retired into use again, as one who is invited.
pub fn bring_back(tx: &mut Tx<'_>, id: PersonId, name: &Name) -> Result<()> {
    store::bring_back(tx, id, name.as_str())
}

/// Everybody who is not taken out of use, and since when they are there; those who came first in front.
pub fn all(read: &mut dyn Reads, most: i64) -> Result<Vec<(Person, Moment)>> {
    store::all_people(read, most)
}

/// A person's user account, as whoever runs the portal sees it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Whose.
    pub id: PersonId,
    /// Where they are written to.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they can sign in.
    pub state: PersonState,
    /// Since when they are there.
    pub created_at: Moment,
    /// Their roles over the portal.
    pub roles: Vec<PlatformRole>,
    /// Whether a second factor is asked of them.
    pub has_second_factor: bool,
    /// Whether an account of an identity provider lets them in.
    pub is_linked: bool,
}

/// What a list of user accounts asks for.
#[derive(Debug, Clone, Default)]
pub struct AccountsWanted {
    /// Words in the name or the address.
    pub q: String,
    /// Those that stand so; all when empty.
    pub states: Vec<PersonState>,
}

/// How many user accounts are asked for.
pub fn count_accounts(read: &mut dyn Reads, wanted: &AccountsWanted) -> Result<u64> {
    Ok(store::count_accounts(read, wanted)?.unsigned_abs())
}

/// A part of those that are asked for, by one of [`ACCOUNT_ORDERS`], and whether falling.
pub fn accounts(
    read: &mut dyn Reads,
    wanted: &AccountsWanted,
    order: (&str, bool),
    (limit, offset): (u64, u64),
) -> Result<Vec<Account>> {
    let some = (limit.cast_signed(), offset.cast_signed());
    store::accounts(read, wanted, order, some)
}

/// One user account.
pub fn account(read: &mut dyn Reads, id: PersonId) -> Result<Account> {
    store::account(read, id)
}

/// How many people there are.
pub fn count(read: &mut dyn Reads) -> Result<i64> {
    store::count_people(read)
}
