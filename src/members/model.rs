//! A member and what they hold; who may hold and who may give what.

use crate::authn::people::Person;
use crate::authz::{Grant, Role, Within};
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, VirtualAccountId};
use crate::kernel::{EmailAddress, Moment, search_key};
use std::collections::HashMap;

/// "Scope of access": how far into a Smart Account a role reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// "Entire Smart Account".
    Account,
    /// "Selected Virtual Accounts".
    These(Vec<VirtualAccountId>),
}

impl Scope {
    /// The words of the documents.
    pub const ENTIRE: &'static str = "Entire Smart Account";
    /// The words of the documents.
    pub const SELECTED: &'static str = "Selected Virtual Accounts";

    /// As pages say it.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Account => Self::ENTIRE,
            Self::These(_) => Self::SELECTED,
        }
    }
    /// The roles that can be held on it.
    pub fn roles(&self) -> impl Iterator<Item = Role> {
        let over_account = matches!(self, Self::Account);
        Role::ALL
            .iter()
            .copied()
            .filter(move |role| role.is_over_account() == over_account)
    }
    /// Each place on it: none for the whole account.
    pub fn places(&self) -> Vec<Option<VirtualAccountId>> {
        match self {
            Self::Account => vec![None],
            Self::These(list) => {
                let mut list = list.clone();
                list.sort_unstable();
                list.dedup();
                list.into_iter().map(Some).collect()
            }
        }
    }
}

/// The caution of the documents about the Approver role.
pub const APPROVER_CAUTION: &str = "The users can't be assigned to the Approver role, because the mail address in their Cisco.com profile doesn't match the domain for the Smart Account.";

/// Whether a person with this address may hold this role: an Approver's address must be in the account's
/// own domain.
pub fn may_hold(role: Role, email: &EmailAddress, account_domain: &str) -> Result<()> {
    if role == Role::AccountApprover && email.domain() != account_domain {
        return Err(Error::refused("members.approver-domain", APPROVER_CAUTION));
    }
    Ok(())
}

/// Whether a role fits a scope at all: roles of the account go with the entire account, the others with
/// selected Virtual Accounts, of which there must be one.
pub fn fits(role: Role, scope: &Scope) -> Result<()> {
    match scope {
        Scope::These(list) if list.is_empty() => Err(Error::invalid(
            "virtual_account",
            "Select at least one Virtual Account.",
        )),
        _ if scope.roles().any(|one| one == role) => Ok(()),
        _ => Err(Error::refused(
            "members.role-scope",
            format!(
                "The role {role} cannot be held on {}. Choose another role or another scope of access.",
                scope.label()
            ),
        )),
    }
}

/// Whether somebody whose permit reaches so far may give or take this role there: nobody gives a role above
/// their own, nor outside of where they hold it.
pub fn may_give(within: &Within, scope: &Scope) -> Result<()> {
    let inside = match (within.only(), scope) {
        (None, _) => true,
        (Some(_), Scope::Account) => false,
        (Some(only), Scope::These(list)) => list.iter().all(|id| only.contains(id)),
    };
    if inside {
        Ok(())
    } else {
        Err(Error::refused(
            "members.beyond-your-role",
            "Your role reaches your own Virtual Accounts only. A role beyond them is given by a Smart Account Administrator.",
        ))
    }
}

/// A role that a member holds.
#[derive(Debug, Clone)]
pub struct Held {
    /// Which.
    pub role: Role,
    /// In which Virtual Account; none for the whole Smart Account.
    pub virtual_account: Option<(VirtualAccountId, String)>,
    /// Since when.
    pub since: Moment,
}

impl Held {
    /// Where, in words.
    pub fn place(&self) -> &str {
        self.virtual_account
            .as_ref()
            .map_or("Smart Account", |(_, name)| name.as_str())
    }
}

/// A person with the roles that they hold in one Smart Account.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// What they hold: over the whole account first, then by Virtual Account.
    pub held: Vec<Held>,
}

impl Member {
    /// Since when they hold anything here.
    pub fn since(&self) -> Option<Moment> {
        self.held.iter().map(|held| held.since).min()
    }
    /// Whether a search finds them.
    pub fn matches(&self, key: &str) -> bool {
        search_key(&self.person.name).contains(key) || self.person.email.key().contains(key)
    }
}

/// One member for each person, by name.
pub fn gather(
    people: Vec<Person>,
    grants: Vec<Grant>,
    names: &HashMap<VirtualAccountId, String>,
) -> Vec<Member> {
    let mut held: HashMap<PersonId, Vec<Held>> = HashMap::new();
    for grant in grants {
        held.entry(grant.person).or_default().push(Held {
            role: grant.role,
            virtual_account: grant
                .virtual_account
                .map(|id| (id, names.get(&id).cloned().unwrap_or_default())),
            since: grant.created_at,
        });
    }
    let mut members: Vec<(String, Member)> = people
        .into_iter()
        .filter_map(|person| {
            let mut held = held.remove(&person.id)?;
            held.sort_by_key(|one| {
                (
                    one.virtual_account.as_ref().map(|(_, name)| search_key(name)),
                    one.role,
                )
            });
            Some((search_key(&person.name), Member { person, held }))
        })
        .collect();
    members.sort_by(|(a, one), (b, other)| a.cmp(b).then(one.person.id.cmp(&other.person.id)));
    members.into_iter().map(|(_, member)| member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authn::people::PersonState;
    use crate::kernel::EmailAddress;
    use crate::kernel::ids::{GrantId, SmartAccountId};

    #[test]
    fn a_person_with_three_roles_is_one_member_with_the_widest_first() {
        let (account, one, two) = (
            SmartAccountId::new(),
            VirtualAccountId::new(),
            VirtualAccountId::new(),
        );
        let person = |name: &str| Person {
            id: PersonId::new(),
            email: EmailAddress::parse(&format!("{name}@xyz.example")).unwrap(),
            name: name.to_owned(),
            access_level: 1,
            state: PersonState::Active,
            version: 1,
        };
        let (zed, ann) = (person("zed"), person("Ann"));
        let at = |s: &str| Moment::parse(s).unwrap();
        let grant = |person: &Person, virtual_account, role, since| Grant {
            id: GrantId::new(),
            account,
            virtual_account,
            person: person.id,
            role,
            created_at: at(since),
            source: String::new(),
        };
        let names = HashMap::from([(one, "Beta".to_owned()), (two, "alpha".to_owned())]);
        let grants = vec![
            grant(&zed, Some(one), Role::VirtualUser, "2026-01-01T00:00:00Z"),
            grant(&zed, Some(two), Role::VirtualAdmin, "2026-03-01T00:00:00Z"),
            grant(&zed, None, Role::AccountViewer, "2026-02-01T00:00:00Z"),
            grant(&ann, None, Role::AccountAdmin, "2026-02-01T00:00:00Z"),
        ];
        let members = gather(vec![zed, ann], grants, &names);
        assert_eq!(
            members.iter().map(|m| m.person.name.as_str()).collect::<Vec<_>>(),
            ["Ann", "zed"]
        );
        let zed = &members[1];
        assert_eq!(
            zed.held.iter().map(Held::place).collect::<Vec<_>>(),
            ["Smart Account", "alpha", "Beta"]
        );
        assert_eq!(zed.since(), Some(at("2026-01-01T00:00:00Z")));
        assert!(zed.matches("xyz.example") && zed.matches("zed") && !zed.matches("ann"));
    }
}
