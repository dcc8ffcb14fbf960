//! A member and what they hold; who may hold and who may give what.

use super::store::{GrantRow, PersonRow};
use crate::authn::PersonState;
use crate::authz::{Role, Within};
use crate::error::{Error, Result};
use crate::kernel::ids::{PersonId, SmartAccountId, UserGroupId, VirtualAccountId};
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
    /// Through which user group, and of which account; none when it was given directly.
    pub through: Option<(UserGroupId, SmartAccountId, String)>,
}

impl Held {
    /// Where, in words.
    pub fn place(&self) -> &str {
        self.virtual_account
            .as_ref()
            .map_or("Smart Account", |(_, name)| name.as_str())
    }
    /// Through which user group, in words, or "".
    pub fn group(&self) -> &str {
        self.through.as_ref().map_or("", |(_, _, name)| name.as_str())
    }
}

/// Somebody on the list of users.
#[derive(Debug, Clone)]
pub struct MemberPerson {
    /// Their id.
    pub id: PersonId,
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they can sign in.
    pub state: PersonState,
}

/// A person with the roles that they hold in one Smart Account.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub person: MemberPerson,
    /// What they hold: over the whole account first, then by Virtual Account.
    pub held: Vec<Held>,
}

impl Member {
    /// Since when they hold anything here.
    pub fn since(&self) -> Option<Moment> {
        self.held.iter().map(|held| held.since).min()
    }
    /// What was given to them directly.
    pub fn direct(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(|held| held.through.is_none())
    }
    /// Whether they are Smart Account Administrator.
    pub fn is_administrator(&self) -> bool {
        self.held.iter().any(|held| held.role == Role::AccountAdmin)
    }
}

/// One member for each person, in the order of the people.
pub fn gather(
    people: Vec<PersonRow>,
    grants: Vec<GrantRow>,
    names: &HashMap<VirtualAccountId, String>,
    groups: &HashMap<String, (UserGroupId, SmartAccountId, String)>,
) -> Vec<Member> {
    let mut held: HashMap<PersonId, Vec<Held>> = HashMap::new();
    for grant in grants {
        held.entry(grant.person).or_default().push(Held {
            role: grant.role,
            virtual_account: grant
                .virtual_account
                .map(|id| (id, names.get(&id).cloned().unwrap_or_default())),
            since: grant.since,
            through: groups.get(&grant.source).cloned(),
        });
    }
    people
        .into_iter()
        .map(|person| {
            let mut held = held.remove(&person.id).unwrap_or_default();
            held.sort_by_cached_key(|one| {
                (
                    one.virtual_account.as_ref().map(|(_, name)| search_key(name)),
                    one.role,
                    one.group().to_owned(),
                )
            });
            Member {
                person: MemberPerson {
                    id: person.id,
                    email: person.email,
                    name: person.name,
                    state: person.state,
                },
                held,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn within(only: Option<Vec<VirtualAccountId>>) -> Within {
        Within::for_tests(SmartAccountId::new(), only)
    }

    #[test]
    fn a_person_with_three_roles_is_one_member_with_the_widest_first() {
        let (one, two) = (VirtualAccountId::new(), VirtualAccountId::new());
        let zed = PersonRow {
            id: PersonId::new(),
            email: "zed@xyz.example".to_owned(),
            name: "zed".to_owned(),
            state: PersonState::Active,
        };
        let at = |s: &str| Moment::parse(s).unwrap();
        let group = UserGroupId::new();
        let grant = |virtual_account, role, since, source: &str| GrantRow {
            person: zed.id,
            virtual_account,
            role,
            since: at(since),
            source: source.to_owned(),
        };
        let names = HashMap::from([(one, "Beta".to_owned()), (two, "alpha".to_owned())]);
        let groups = HashMap::from([(
            group.to_string(),
            (group, SmartAccountId::new(), "Field".to_owned()),
        )]);
        let grants = vec![
            grant(Some(one), Role::VirtualUser, "2026-01-01T00:00:00Z", ""),
            grant(
                Some(two),
                Role::VirtualAdmin,
                "2026-03-01T00:00:00Z",
                group.as_str(),
            ),
            grant(None, Role::AccountViewer, "2026-02-01T00:00:00Z", ""),
        ];
        let members = gather(vec![zed.clone()], grants, &names, &groups);
        assert_eq!(members.len(), 1);
        let zed = &members[0];
        assert_eq!(
            zed.held
                .iter()
                .map(|h| (h.place(), h.group()))
                .collect::<Vec<_>>(),
            [("Smart Account", ""), ("alpha", "Field"), ("Beta", "")]
        );
        assert_eq!(zed.since(), Some(at("2026-01-01T00:00:00Z")));
        assert_eq!(zed.direct().count(), 2);
        assert!(!zed.is_administrator());
    }

    #[test]
    fn an_approver_has_an_address_in_the_domain_of_the_account() {
        let of = |email: &str| {
            may_hold(
                Role::AccountApprover,
                &EmailAddress::parse(email).unwrap(),
                "xyz.example",
            )
        };
        assert!(of("bob@xyz.example").is_ok());
        assert!(of("Bob@XYZ.Example").is_ok());
        assert!(of("bob@emea.xyz.example").is_err());
        assert!(of("bob@xyz.example.org").is_err());
        assert!(
            may_hold(
                Role::AccountAdmin,
                &EmailAddress::parse("a@b.example").unwrap(),
                "xyz.example"
            )
            .is_ok()
        );
    }

    proptest! {
        #[test]
        fn a_role_fits_one_kind_of_scope(role in prop::sample::select(Role::ALL.to_vec()), count in 1_usize..4) {
            let these = Scope::These((0..count).map(|_| VirtualAccountId::new()).collect());
            prop_assert_eq!(fits(role, &Scope::Account).is_ok(), role.is_over_account());
            prop_assert_eq!(fits(role, &these).is_ok(), !role.is_over_account());
            prop_assert!(fits(role, &Scope::These(Vec::new())).is_err());
        }

        #[test]
        fn nobody_gives_beyond_their_reach(own in prop::collection::vec(any::<bool>(), 1..6), asked in prop::collection::vec(any::<bool>(), 6)) {
            let all: Vec<VirtualAccountId> = own.iter().map(|_| VirtualAccountId::new()).collect();
            let pick = |on: &[bool]| all.iter().zip(on).filter(|(_, on)| **on).map(|(id, _)| *id).collect::<Vec<_>>();
            let (mine, wanted) = (pick(&own), pick(&asked));
            let within = within(Some(mine.clone()));
            prop_assert!(may_give(&within, &Scope::Account).is_err());
            prop_assert_eq!(may_give(&within, &Scope::These(wanted.clone())).is_ok(), wanted.iter().all(|id| mine.contains(id)));
            prop_assert!(may_give(&super::tests::within(None), &Scope::Account).is_ok());
        }
    }
}
