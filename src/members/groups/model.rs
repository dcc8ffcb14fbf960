//! What a user group is, and who may touch one.

use crate::authn::people::Person;
use crate::authz::{Role, Within};
use crate::error::{Error, Result};
use crate::kernel::ids::{GroupRequestId, PersonId, SmartAccountId, UserGroupId, VirtualAccountId};
use crate::kernel::{Lifecycle, Moment, search_key};
use crate::members::model::Scope;
use crate::smart_accounts::SmartAccount;
use std::collections::HashMap;

/// The longest description.
pub const DESCRIPTION: usize = 500;
/// The longest message to a group.
pub const MESSAGE: usize = 2000;
/// The longest note with a request.
pub const NOTE: usize = 1000;

/// A user group.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Group {
    /// Its id.
    pub id: UserGroupId,
    /// Whose it is.
    pub account: SmartAccountId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Since when.
    pub created_at: Moment,
    /// Counts changes.
    pub version: i64,
}

/// What a group holds on one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, diesel::Queryable)]
pub struct Access {
    /// Which group.
    pub group: UserGroupId,
    /// In which Smart Account.
    pub account: SmartAccountId,
    /// In which Virtual Account; none for the whole account.
    pub virtual_account: Option<VirtualAccountId>,
    /// Which role.
    pub role: Role,
}

crate::words! {
    /// How a group's request for access to another Smart Account stands.
    pub enum RequestState {
        /// Nobody has answered.
        Waiting = "waiting", "Pending";
        /// The group was let in.
        Granted = "granted", "Granted";
        /// It was not.
        Declined = "declined", "Declined";
        /// Its owner took the request back.
        Withdrawn = "withdrawn", "Withdrawn";
        /// It was let in, and is no longer.
        Ended = "ended", "Ended";
    }
}

/// A group that was put out asks anew.
pub const REQUEST_LIFECYCLE: Lifecycle<RequestState> = {
    use RequestState::{Declined, Ended, Granted, Waiting, Withdrawn};
    Lifecycle {
        of: "Request of a user group",
        states: RequestState::ALL,
        begins: &[Waiting],
        moves: &[
            (Waiting, "the other account lets the group in", Granted),
            (Waiting, "the other account declines", Declined),
            (Waiting, "the owner of the group withdraws it", Withdrawn),
            (Granted, "either account ends it, or the group is deleted", Ended),
        ],
    }
};

impl RequestState {
    /// The badge's kind.
    pub const fn badge(self) -> &'static str {
        match self {
            Self::Waiting => "warn",
            Self::Granted => "ok",
            Self::Declined => "bad",
            Self::Withdrawn | Self::Ended => "",
        }
    }
    /// Whether something can still be done with it.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Waiting | Self::Granted)
    }
}

/// A group's request for access to another Smart Account.
#[derive(Debug, Clone, diesel::Queryable)]
pub struct Request {
    /// Its id.
    pub id: GroupRequestId,
    /// How people call it.
    pub lookup_id: String,
    /// Which group.
    pub group: UserGroupId,
    /// Whose group.
    pub owner: SmartAccountId,
    /// Into which account.
    pub target: SmartAccountId,
    /// How it stands.
    pub state: RequestState,
    /// What the asker says.
    pub note: String,
    /// Who asked.
    pub asked_by: PersonId,
    /// When.
    pub asked_at: Moment,
    /// Who answered.
    pub answered_by: Option<PersonId>,
    /// When.
    pub answered_at: Option<Moment>,
    /// When the access ended.
    pub ended_at: Option<Moment>,
}

/// A request with what both sides want to know of it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The request.
    pub request: Request,
    /// The group's name.
    pub group: String,
    /// How many people are in it.
    pub people: u64,
    /// Whose group.
    pub owner: SmartAccount,
    /// Into which account.
    pub target: SmartAccount,
    /// Who asked.
    pub asker: Person,
    /// What the group holds there.
    pub access: Vec<Access>,
}

/// The scope and the role of what a group holds in one account; none when it holds nothing.
pub fn scope_of(access: &[Access]) -> Option<(Scope, Role)> {
    let first = access.first()?;
    Some(match first.virtual_account {
        None => (Scope::Account, first.role),
        Some(_) => (
            Scope::These(access.iter().filter_map(|one| one.virtual_account).collect()),
            first.role,
        ),
    })
}

/// Whether somebody whose permit reaches so far may change a group: whoever reaches some Virtual Accounts
/// alone changes only groups that give nothing beyond them, for each change of a group is a change of roles.
pub fn may_touch(within: &Within, own: &[Access], reaches_outside: bool) -> Result<()> {
    let Some(only) = within.only() else { return Ok(()) };
    let inside = !own.is_empty()
        && !reaches_outside
        && own
            .iter()
            .all(|one| one.virtual_account.is_some_and(|id| only.contains(&id)));
    if inside {
        Ok(())
    } else {
        Err(Error::refused(
            "members.group-beyond-your-role",
            "This user group reaches beyond your Virtual Accounts. It is changed by a Smart Account Administrator.",
        ))
    }
}

/// Whether a group may hold a role at all: the Approver role goes by each person's own address.
pub fn group_may_hold(role: Role) -> Result<()> {
    if role == Role::AccountApprover {
        return Err(Error::refused(
            "members.approver-group",
            "The Approver role is given to people one by one, since it goes by the domain of each address. Choose another role for a user group.",
        ));
    }
    Ok(())
}

/// A lookup id from random bytes: short, without letters that are taken for others.
pub fn lookup_id(random: [u8; 8]) -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let mut text = String::from("UGR-");
    for (at, byte) in random.iter().enumerate() {
        if at == 4 {
            text.push('-');
        }
        text.push(
            LETTERS
                .get(usize::from(byte % 32))
                .copied()
                .map_or('2', char::from),
        );
    }
    text
}

/// What a group holds, in words: the role, and where.
pub fn words(access: &[Access], names: &HashMap<VirtualAccountId, String>) -> (String, String) {
    match scope_of(access) {
        None => (String::new(), String::new()),
        Some((Scope::Account, role)) => (role.to_string(), Scope::ENTIRE.to_owned()),
        Some((Scope::These(list), role)) => {
            let mut places: Vec<&str> = list
                .iter()
                .filter_map(|id| names.get(id))
                .map(String::as_str)
                .collect();
            places.sort_by_cached_key(|name| search_key(name));
            (role.to_string(), places.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_lookup_id_is_short_and_plain() {
        assert_eq!(lookup_id([0; 8]), "UGR-2222-2222");
        assert_eq!(lookup_id([1, 2, 3, 4, 5, 6, 31, 255]).len(), 13);
    }

    #[test]
    fn a_group_never_holds_the_approver_role() {
        assert!(group_may_hold(Role::AccountApprover).is_err());
        assert!(group_may_hold(Role::AccountAdmin).is_ok());
    }

    proptest! {
        #[test]
        fn what_a_group_holds_is_read_back_as_scope_and_role(count in 0_usize..5, over in any::<bool>()) {
            let (group, account) = (UserGroupId::new(), SmartAccountId::new());
            let access: Vec<Access> = if over {
                vec![Access { group, account, virtual_account: None, role: Role::AccountUser }]
            } else {
                (0..count)
                    .map(|_| Access { group, account, virtual_account: Some(VirtualAccountId::new()), role: Role::VirtualUser })
                    .collect()
            };
            match scope_of(&access) {
                None => prop_assert!(access.is_empty()),
                Some((Scope::Account, role)) => prop_assert!(over && role == Role::AccountUser),
                Some((Scope::These(list), role)) => prop_assert!(list.len() == count && role == Role::VirtualUser),
            }
        }
    }
}
