//! The rule of disabling a user account.

use crate::authn::people::Account;
use crate::authn::{PersonState, PlatformRole};
use crate::error::{Error, Result};
use crate::kernel::ids::PersonId;

/// Whether a user account may be disabled. `operators` is how many operators can sign in.
pub fn may_disable(account: &Account, by: Option<PersonId>, operators: usize) -> Result<()> {
    let counts = account.roles.contains(&PlatformRole::Operator) && account.state == PersonState::Active;
    if counts && operators <= 1 {
        return Err(Error::refused(
            "user-accounts.last-operator",
            format!(
                "{} is the last operator who can sign in. Make somebody else an operator first.",
                account.name
            ),
        ));
    }
    if by == Some(account.id) {
        return Err(Error::refused(
            "user-accounts.yourself",
            "Nobody disables themselves. Ask another operator.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Clock;

    #[test]
    fn the_last_operator_stays_and_nobody_disables_themselves() {
        let account = |roles: &[PlatformRole], state: PersonState| Account {
            id: PersonId::new(),
            email: "olga@licensing.example".to_owned(),
            name: "Olga Brandt".to_owned(),
            state,
            created_at: Clock::new().now(),
            roles: roles.to_vec(),
            has_second_factor: false,
            is_linked: false,
        };
        let code = |account: &Account, by: Option<PersonId>, operators: usize| match may_disable(
            account, by, operators,
        ) {
            Ok(()) => "",
            Err(Error::Refused(refusal)) => refusal.code,
            Err(_) => "another",
        };
        let olga = account(&[PlatformRole::Operator], PersonState::Active);
        assert_eq!(code(&olga, None, 1), "user-accounts.last-operator");
        assert_eq!(code(&olga, Some(PersonId::new()), 2), "");
        assert_eq!(code(&olga, Some(olga.id), 2), "user-accounts.yourself");
        let ada = account(&[], PersonState::Active);
        assert_eq!(code(&ada, Some(olga.id), 1), "");
    }
}
