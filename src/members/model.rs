//! A member and what they hold.

use crate::authn::people::Person;
use crate::authz::{Grant, Role};
use crate::kernel::ids::{PersonId, VirtualAccountId};
use crate::kernel::{Moment, search_key};
use std::collections::HashMap;

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
