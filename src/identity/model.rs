//! The rules of this room.

use crate::authn::password;
use crate::error::Problems;
use crate::kernel::Secret;

/// A new password, typed twice. The complaint stands beside the field that has to change.
pub fn new_password(
    field: &str,
    typed: &str,
    again: &str,
    about: &[&str],
) -> std::result::Result<Secret, Problems> {
    let mut problems = Problems::default();
    let secret = Secret::new(typed);
    if typed.is_empty() {
        problems.add(field, "Enter a password.");
    } else if let Err(says) = password::check(&secret, about) {
        problems.add(field, says);
    } else if typed != again {
        problems.add(
            format!("{field}_again"),
            "The two passwords differ. Type the same password twice.",
        );
    }
    if problems.is_empty() {
        Ok(secret)
    } else {
        Err(problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(typed: &str, again: &str) -> Option<String> {
        new_password("password", typed, again, &["Ada Lovelace", "ada@xyz.example"])
            .err()
            .and_then(|p| p.list().first().map(|p| p.field.clone()))
    }

    #[test]
    fn a_new_password_is_typed_twice_and_is_good() {
        let good = "teal cabin forty orbit";
        assert_eq!(complaint(good, good), None);
        assert_eq!(
            complaint(good, "teal cabin forty orbits").as_deref(),
            Some("password_again")
        );
        assert_eq!(complaint("", "").as_deref(), Some("password"));
        assert_eq!(complaint("lovelace1", "lovelace1").as_deref(), Some("password"));
        assert_eq!(complaint("short", "short").as_deref(), Some("password"));
    }
}
