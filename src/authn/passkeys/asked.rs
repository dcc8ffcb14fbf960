//! Questions to authenticators: each is good once, for a short while, for one purpose and one browser.

use crate::error::{Error, Result};
use crate::kernel::Moment;
use crate::platform::db::{Once, OnceKey, Tx};
use crate::platform::signing::Signing;
use crate::platform::token;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// For so long an answer is taken.
pub const PATIENCE: TimeDelta = TimeDelta::minutes(5);
/// For what a question is locked.
const LOCKED_AS: &str = "question to a passkey";

/// For what an authenticator is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To make a passkey of somebody who is signed in.
    Add,
    /// To prove who somebody is who is signed in.
    Prove,
    /// As the second of two steps.
    SecondStep,
    /// To sign in without a password.
    SignIn,
}

/// A question. The page carries it along, locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// 256 random bits, base64url.
    pub challenge: String,
    until: i64,
    purpose: Purpose,
    /// Whose session, first step or browser it belongs to.
    of: String,
}

impl Asked {
    /// A new one.
    pub fn make(wall: Moment, purpose: Purpose, of: &str) -> Self {
        Self {
            challenge: token::random(),
            until: wall.plus(PATIENCE).utc().timestamp(),
            purpose,
            of: token::digest(of),
        }
    }

    /// As a text that nobody can read or change.
    pub fn lock(&self, signing: &Signing) -> Result<String> {
        let text = serde_json::to_string(self).map_err(Error::internal)?;
        signing.lock(LOCKED_AS, "", &text)
    }

    /// Reads such a text, when it is for this purpose and this browser and its time is not over.
    pub fn open(signing: &Signing, wall: Moment, purpose: Purpose, of: &str, locked: &str) -> Option<Self> {
        let asked: Self = serde_json::from_str(&signing.unlock(LOCKED_AS, "", locked)?).ok()?;
        let is_ours = asked.purpose == purpose && token::same(&asked.of, &token::digest(of));
        (is_ours && wall.utc().timestamp() < asked.until).then_some(asked)
    }

    /// Spends it; false when it was answered before.
    pub fn spend(&self, tx: &mut Tx<'_>, now: Moment) -> Result<bool> {
        let digest = token::digest(&self.challenge);
        let once = OnceKey {
            owner: "passkey".to_owned(),
            token: digest.clone(),
            hash: digest,
        };
        if let Once::Again(_) = tx.once(Some(&once))? {
            return Ok(false);
        }
        tx.made(now, Some(&once), "")?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Clock;

    #[test]
    fn a_question_is_good_for_five_minutes_one_purpose_and_one_browser() {
        let file = std::env::temp_dir().join(format!("licentral-asked-{}.key", std::process::id()));
        let signing = Signing::open(&file, true, "").unwrap();
        std::fs::remove_file(file).unwrap();
        let wall = Clock::new().wall();
        let asked = Asked::make(wall, Purpose::SignIn, "one browser");
        let locked = asked.lock(&signing).unwrap();
        let open = |after: i64, purpose: Purpose, of: &str| {
            Asked::open(
                &signing,
                wall.plus(TimeDelta::seconds(after)),
                purpose,
                of,
                &locked,
            )
        };
        assert_eq!(open(298, Purpose::SignIn, "one browser"), Some(asked.clone()));
        assert_eq!(open(300, Purpose::SignIn, "one browser"), None);
        assert_eq!(open(0, Purpose::Prove, "one browser"), None);
        assert_eq!(open(0, Purpose::SignIn, "another browser"), None);
        assert_eq!(
            Asked::open(&signing, wall, Purpose::SignIn, "one browser", "x"),
            None
        );
    }
}
