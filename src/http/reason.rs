//! Why a control is off, in the words that stand beside it.

use super::visit::Visit;
use crate::authn::people::Person;
use crate::authz::{Action, matrix};
use crate::kernel::ids::VirtualAccountId;

/// "Your role, Smart Account Viewer, cannot edit Smart Account properties. Administrators: Ada (ada@xyz.example)."
pub fn why_not(visit: &Visit, action: Action, administrators: &[Person]) -> String {
    let edition = visit.portal.config.edition;
    sentence(&visit.role_words(), edition.say(action.words()), administrators)
}

/// Why somebody may not do something in the account of this page, or in one of its Virtual Accounts: because of the
/// account's state, or for want of a role. Nothing when they may. What a rule of the trade forbids besides is the
/// business of the room.
pub fn against(
    visit: &Visit,
    action: Action,
    within: Option<VirtualAccountId>,
    administrators: &[Person],
) -> Option<String> {
    if let Some(tenant) = &visit.tenant
        && !matrix::state_allows(tenant, action)
    {
        return Some(matrix::out_of_use(tenant).to_owned());
    }
    let by_role = visit.grants.iter().any(|grant| {
        visit.allows(action, grant.role)
            && (grant.virtual_account.is_none() || grant.virtual_account == within)
    });
    (!by_role && !visit.holds_by_platform(action)).then(|| why_not(visit, action, administrators))
}

/// The same for something that one may do as soon as one holds the role anywhere in the account.
pub fn against_all(visit: &Visit, action: Action, administrators: &[Person]) -> Option<String> {
    let held = visit
        .grants
        .iter()
        .find(|grant| visit.allows(action, grant.role))
        .and_then(|grant| grant.virtual_account);
    against(visit, action, held, administrators)
}

/// The reason beside a control that no action of the matrix alone decides: `words` follow "cannot".
pub fn cannot(visit: &Visit, words: &str, administrators: &[Person]) -> String {
    let edition = visit.portal.config.edition;
    sentence(&visit.role_words(), &edition.words(words), administrators)
}

/// The names of a few people with their addresses, and how many there are beyond them.
pub fn named(people: &[Person], most: usize) -> String {
    let mut words: Vec<String> = people
        .iter()
        .take(most)
        .map(|person| format!("{} ({})", person.name, person.email))
        .collect();
    if people.len() > most {
        words.push(format!("{} more", people.len() - most));
    }
    words.join(", ")
}

fn sentence(role: &str, action: &str, administrators: &[Person]) -> String {
    let mut says = format!("Your role, {role}, cannot {action}.");
    if !administrators.is_empty() {
        says.push_str(&format!(" Administrators: {}.", named(administrators, 3)));
    }
    says
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authn::people::PersonState;
    use crate::kernel::EmailAddress;
    use crate::kernel::ids::PersonId;

    fn person(name: &str) -> Person {
        Person {
            id: PersonId::new(),
            email: EmailAddress::parse(&format!("{name}@xyz.example")).unwrap(),
            name: name.to_owned(),
            access_level: 1,
            state: PersonState::Active,
            version: 1,
        }
    }

    #[test]
    fn the_reason_names_the_role_and_three_who_can_help() {
        let people: Vec<Person> = ["ada", "bob", "cy", "di", "eve"]
            .iter()
            .map(|n| person(n))
            .collect();
        assert_eq!(
            sentence("Smart Account Viewer", "edit Smart Account properties", &people),
            "Your role, Smart Account Viewer, cannot edit Smart Account properties. Administrators: \
             ada (ada@xyz.example), bob (bob@xyz.example), cy (cy@xyz.example), 2 more."
        );
        assert_eq!(
            sentence("No role yet", "view users", &[]),
            "Your role, No role yet, cannot view users."
        );
    }
}
