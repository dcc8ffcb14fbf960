//! The users of an On-Prem server: the user names with which they sign in, and the rules that the server sets for signing in.

mod rules;
mod store;

pub use rules::{DEFAULT_PASSWORD, Rules, idle, shortest_password};
pub use store::ORDERS;

use super::people::{Person, PersonState, PlatformRole};
use crate::error::Result;
use crate::kernel::Moment;
use crate::kernel::ids::PersonId;
use crate::platform::db::{Reads, Tx};

/// The name with which a user of the server signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserName(String);

impl UserName {
    /// The most characters that it has.
    pub const MOST: usize = 100;

    /// Reads what was typed. An e-mail address is one as well: it is the user name of whoever was given no other.
    pub fn parse(typed: &str) -> std::result::Result<Self, String> {
        let name = typed.trim();
        if name.is_empty() {
            return Err("Enter a user name.".to_owned());
        }
        if name.chars().count() > Self::MOST {
            return Err(format!("A user name has up to {} characters.", Self::MOST));
        }
        let is_fine = |c: char| c.is_ascii_alphanumeric() || "._-+@".contains(c);
        if !name.chars().all(is_fine) {
            return Err("A user name has letters, digits and . _ - alone.".to_owned());
        }
        Ok(Self(name.to_owned()))
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

/// A user of the server, as lists show them.
#[derive(Debug, Clone)]
pub struct SystemUser {
    /// Who.
    pub id: PersonId,
    /// With what they sign in.
    pub user_name: String,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their role over the server.
    pub role: PlatformRole,
    /// Whether they can sign in.
    pub state: PersonState,
    /// When they came in last.
    pub last_sign_in_at: Option<Moment>,
    /// Counts changes of the person.
    pub version: i64,
}

/// What a list of users asks for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A part of user name, name or address.
    pub q: String,
    /// Who holds one of these roles; all when empty.
    pub roles: Vec<PlatformRole>,
    /// Whose user account stands so; all when empty.
    pub states: Vec<PersonState>,
}

/// Finds a person by user name.
pub fn by_user_name(read: &mut dyn Reads, typed: &str) -> Result<Option<PersonId>> {
    match UserName::parse(typed) {
        Ok(name) => store::by_key(read, &name.key()),
        Err(_) => Ok(None),
    }
}

/// Makes a person a user of the server.
pub fn add(
    tx: &mut Tx<'_>,
    person: PersonId,
    user_name: &UserName,
    role: PlatformRole,
    must_change_password: bool,
) -> Result<()> {
    store::insert(tx, person, user_name, must_change_password)?;
    super::people::give_platform_role(tx, person, role)
}

/// Makes a person a System User whose user name is the e-mail address: for whoever is invited to a local account.
pub fn add_invited(tx: &mut Tx<'_>, person: &Person) -> Result<()> {
    let short: String = person.email.as_str().chars().take(UserName::MOST).collect();
    let name = UserName(short);
    add(tx, person.id, &name, PlatformRole::SystemUser, false)
}

/// Takes a person out of the users of the server, with the role over it.
pub fn remove(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    store::delete(tx, person)
}

/// Changes the role over the server.
pub fn set_role(tx: &mut Tx<'_>, person: PersonId, role: PlatformRole) -> Result<()> {
    store::set_role(tx, person, role)
}

/// Whether the password is still the one that the server came with.
pub fn must_change_password(read: &mut dyn Reads, person: PersonId) -> Result<bool> {
    store::must_change_password(read, person)
}

/// The password is the person's own from now on.
pub fn password_is_own(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    store::password_is_own(tx, person)
}

/// Notes that somebody came in.
pub fn signed_in(tx: &mut Tx<'_>, person: PersonId, at: Moment) -> Result<()> {
    store::signed_in(tx, person, at)
}

/// How many users a filter finds.
pub fn count(read: &mut dyn Reads, filter: &Filter) -> Result<u64> {
    Ok(u64::try_from(store::count(read, filter)?).unwrap_or_default())
}

/// So many users, after so many, by one of [`ORDERS`].
pub fn list(
    read: &mut dyn Reads,
    filter: &Filter,
    order: (&str, bool),
    (limit, offset): (u64, u64),
) -> Result<Vec<SystemUser>> {
    store::list(read, filter, order, limit.cast_signed(), offset.cast_signed())
}

/// Finds a user of the server.
pub fn find(read: &mut dyn Reads, person: PersonId) -> Result<SystemUser> {
    store::find(read, person)
}

/// How many System Administrators can sign in.
pub fn active_administrators(read: &mut dyn Reads) -> Result<usize> {
    Ok(super::people::with_platform_role(read, PlatformRole::SystemAdministrator)?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_is_one_word() {
        assert_eq!(UserName::parse(" Admin ").unwrap().key(), "admin");
        for bad in ["", "two words", "näme", &"x".repeat(101), "a\u{0}b"] {
            assert!(UserName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
