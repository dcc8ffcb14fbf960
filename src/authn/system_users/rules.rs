//! What an On-Prem server demands of passwords and sessions.

use crate::authn::{password, session};
use crate::error::{Problems, Result};
use crate::platform::db::{Reads, Tx};
use crate::platform::settings;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// The password of the first user of a server that was started empty. Nobody may keep it.
pub const DEFAULT_PASSWORD: &str = "CiscoAdmin!2345";

/// Under which the rules are kept.
const SETTING: &str = "security";

/// The rules of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The fewest characters of a new password.
    pub shortest_password: u16,
    /// After so many wrong passwords of one person from one network, nothing is tried for them from there for a while.
    pub tries: u16,
    /// For how many minutes.
    pub unlock_minutes: u16,
    /// A session ends after so many minutes without a request.
    pub idle_minutes: u16,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            shortest_password: 15,
            tries: 5,
            unlock_minutes: 15,
            idle_minutes: 30,
        }
    }
}

impl Rules {
    /// The rules of an On-Prem server; none in the cloud, which has its own.
    pub fn of(read: &mut dyn Reads) -> Result<Option<Self>> {
        if !settings::is_on_prem(read)? {
            return Ok(None);
        }
        let kept = settings::get(read, SETTING)?;
        Ok(Some(
            kept.and_then(|kept| serde_json::from_str(&kept).ok())
                .unwrap_or_default(),
        ))
    }

    /// Keeps them.
    pub fn keep(&self, tx: &mut Tx<'_>) -> Result<()> {
        let text = serde_json::to_string(self).map_err(crate::error::Error::internal)?;
        settings::set(tx, SETTING, &text)
    }

    /// What is wrong with them.
    pub fn complaints(&self) -> Problems {
        let mut problems = Problems::default();
        let mut within = |field: &str, value: u16, least: u16, most: u16| {
            if !(least..=most).contains(&value) {
                problems.add(field, format!("Enter a number from {least} to {most}."));
            }
        };
        within("shortest_length", self.shortest_password, 8, 64);
        within("tries", self.tries, 3, 20);
        within("unlock_minutes", self.unlock_minutes, 1, 60);
        within("idle_minutes", self.idle_minutes, 5, 720);
        problems
    }

    /// How long a session lives without a request.
    pub fn idle(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.idle_minutes))
    }
}

/// The fewest characters of a new password here.
pub fn shortest_password(read: &mut dyn Reads) -> Result<usize> {
    Ok(Rules::of(read)?.map_or(password::SHORTEST, |rules| usize::from(rules.shortest_password)))
}

/// How long a session lives here without a request.
pub fn idle(read: &mut dyn Reads) -> Result<TimeDelta> {
    Ok(Rules::of(read)?.map_or(session::IDLE, |rules| rules.idle()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_have_bounds() {
        assert!(Rules::default().complaints().is_empty());
        let wrong = Rules {
            shortest_password: 7,
            tries: 21,
            unlock_minutes: 0,
            idle_minutes: 721,
        };
        assert_eq!(wrong.complaints().list().len(), 4);
    }
}
