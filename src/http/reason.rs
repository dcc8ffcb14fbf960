//! Why a control is off, in the words that stand beside it.

use super::visit::Visit;
use crate::authn::people::Person;
use crate::authz::Action;

/// "Your role, Smart Account Viewer, cannot edit Smart Account properties. Administrators: Ada (ada@xyz.example)."
pub fn why_not(visit: &Visit, action: Action, administrators: &[Person]) -> String {
    sentence(&visit.role_words(), action.words(), administrators)
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
