//! What is typed of a user, and the rules of changing one.

use crate::authn::system_users::{SystemUser, UserName};
use crate::authn::{PersonState, PlatformRole};
use crate::error::{Error, Problems, Result};
use crate::kernel::ids::PersonId;
use crate::kernel::{EmailAddress, Name};

/// The roles that a user of the server can have, the highest first.
pub const ROLES: [PlatformRole; 3] = [
    PlatformRole::SystemAdministrator,
    PlatformRole::SystemOperator,
    PlatformRole::SystemUser,
];

/// What a role means, in one line.
pub const fn means(role: PlatformRole) -> &'static str {
    match role {
        PlatformRole::SystemAdministrator => {
            "Everything in the Admin Workspace, and every On-Prem account of this server."
        }
        PlatformRole::SystemOperator => {
            "Daily work in the Admin Workspace: sees accounts and users, and synchronizes. Changes neither users nor settings."
        }
        _ => "The Licensing workspace alone: what roles in On-Prem accounts allow.",
    }
}

/// A user who is to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub user_name: UserName,
    pub name: Name,
    pub email: EmailAddress,
    pub role: PlatformRole,
}

/// Reads the role.
pub fn role(word: &str) -> std::result::Result<PlatformRole, String> {
    word.parse()
        .ok()
        .filter(|role| ROLES.contains(role))
        .ok_or_else(|| "Choose a role.".to_owned())
}

/// Reads a new user; complaints stand beside the fields.
pub fn new_user(
    user_name: &str,
    name: &str,
    email: &str,
    role_word: &str,
    problems: &mut Problems,
) -> Option<NewUser> {
    let user_name = problems.take("user_name", UserName::parse(user_name));
    let name = problems.take("name", Name::parse(name, "Name"));
    let email = problems.take("email", EmailAddress::parse(email));
    let role = problems.take("role", role(role_word));
    let (user_name, name, email, role) = (user_name?, name?, email?, role?);
    // A user name that is an address is somebody's: a sign-in with it must mean that person.
    if user_name.as_str().contains('@') && user_name.key() != email.key() {
        problems.add(
            "user_name",
            "A user name with an @ is the user's own e-mail address, or none.",
        );
        return None;
    }
    Some(NewUser {
        user_name,
        name,
        email,
        role,
    })
}

/// What is about to be done to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Another role.
    Role(PlatformRole),
    /// No way in until enabled again.
    Disable,
    /// Gone for good.
    Remove,
}

/// Whether somebody may change a user so. `administrators` is how many System Administrators can sign in.
pub fn may_change(
    user: &SystemUser,
    by: Option<PersonId>,
    change: Change,
    administrators: usize,
) -> Result<()> {
    if change == Change::Role(user.role) {
        return Ok(());
    }
    if by == Some(user.id) {
        let says = match change {
            Change::Role(_) => "Nobody changes their own role. Ask another System Administrator.",
            Change::Disable => "Nobody disables themselves. Ask another System Administrator.",
            Change::Remove => "Nobody removes themselves. Ask another System Administrator.",
        };
        return Err(Error::refused("system-users.yourself", says));
    }
    let counts = user.role == PlatformRole::SystemAdministrator && user.state == PersonState::Active;
    if counts && administrators <= 1 {
        return Err(Error::refused(
            "system-users.last-administrator",
            format!(
                "{} is the last System Administrator who can sign in. Give this role to somebody else first.",
                user.name
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(role: PlatformRole) -> SystemUser {
        SystemUser {
            id: PersonId::new(),
            user_name: "ines".to_owned(),
            name: "Ines".to_owned(),
            email: "ines@on-prem.example".to_owned(),
            role,
            state: PersonState::Active,
            last_sign_in_at: None,
            version: 1,
        }
    }

    #[test]
    fn nobody_changes_their_own_role_and_the_last_administrator_stays() {
        let (ines, other) = (user(PlatformRole::SystemAdministrator), Some(PersonId::new()));
        let down = Change::Role(PlatformRole::SystemUser);
        for change in [down, Change::Disable, Change::Remove] {
            assert!(may_change(&ines, Some(ines.id), change, 2).is_err(), "{change:?}");
            assert!(may_change(&ines, other, change, 1).is_err(), "{change:?}");
            assert!(may_change(&ines, other, change, 2).is_ok(), "{change:?}");
        }
        // What stays as it is, is no change.
        assert!(may_change(&ines, Some(ines.id), Change::Role(ines.role), 1).is_ok());
        let uma = user(PlatformRole::SystemUser);
        assert!(may_change(&uma, other, Change::Remove, 1).is_ok());
    }

    #[test]
    fn an_address_as_a_user_name_is_ones_own() {
        let read = |user_name: &str| {
            let mut problems = Problems::default();
            new_user(
                user_name,
                "Uma",
                "uma@on-prem.example",
                "system-user",
                &mut problems,
            )
            .is_some()
        };
        assert!(read("uma") && read("Uma@on-prem.example"));
        assert!(!read("omar@on-prem.example"));
    }
}
