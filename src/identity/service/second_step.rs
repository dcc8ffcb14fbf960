//! The second of two steps of a sign-in: a code or a passkey, after the password.

use super::Caller;
use super::provider::complete;
use super::second_factor::{Missed, Second, With, take_second, tell};
use super::sign_in::Known;
use crate::authn::provider::Arrival;
use crate::authn::session::Way;
use crate::authn::{PersonState, people, second_factor};
use crate::error::{Error, Result};
use crate::http::Portal;
use crate::identity::entrance::Entrance;
use crate::kernel::ids::PersonId;
use crate::kernel::{Event, Kind, Moment};
use crate::platform::db::{Recorded, Tx};
use crate::platform::signing::Signing;
use crate::platform::token;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// For so long after the first step the second can be taken.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);
/// For what it is locked.
const LOCKED_AS: &str = "first step of a sign-in";

/// The first step of a sign-in, as the page of the second carries it along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstStep {
    person: PersonId,
    until: i64,
    /// A digest of what is kept of the password: another password, and the step is void.
    password: String,
    /// The identity provider had a part in it.
    by_provider: bool,
    /// The account of the identity provider by which the person comes in once the second step is taken as well.
    to_link: Option<Arrival>,
}

impl FirstStep {
    /// Of somebody whose password was right just now.
    pub fn of(known: &Known, wall: Moment) -> Self {
        Self {
            person: known.person.id,
            until: wall.plus(PATIENCE).utc().timestamp(),
            password: token::digest(known.hash.as_deref().unwrap_or_default()),
            by_provider: false,
            to_link: None,
        }
    }

    /// Of somebody who came from the identity provider, perhaps by an account of it that is not theirs yet.
    #[must_use]
    pub fn by_provider(self, to_link: Option<Arrival>) -> Self {
        Self {
            by_provider: true,
            to_link,
            ..self
        }
    }

    /// Whose step it is.
    pub const fn person(&self) -> PersonId {
        self.person
    }

    /// As a text that nobody can read or change.
    pub fn lock(&self, signing: &Signing) -> Result<String> {
        let text = serde_json::to_string(self).map_err(Error::internal)?;
        signing.lock(LOCKED_AS, "", &text)
    }

    /// Reads such a text while its time is not over.
    pub fn open(signing: &Signing, wall: Moment, locked: &str) -> Option<Self> {
        let text = signing.unlock(LOCKED_AS, "", locked)?;
        let step: Self = serde_json::from_str(&text).ok()?;
        (wall.utc().timestamp() < step.until).then_some(step)
    }
}

/// Lets a person in with a second factor, or counts and records a miss. Whoever has another password by now, or no second
/// factor any more, begins again.
pub fn second_step(
    tx: &mut Tx<'_>,
    caller: &Caller,
    portal: &Portal,
    entrance: &Entrance,
    step: &FirstStep,
    second: &Second,
) -> Result<Recorded<std::result::Result<(), Missed>>> {
    let person = people::find(tx, step.person).map_err(|_| Error::SignedOut)?;
    let hash = people::password_hash(tx, person.id)?.unwrap_or_default();
    if person.state != PersonState::Active
        || !token::same(&token::digest(&hash), &step.password)
        || !second_factor::is_set(tx, person.id)?
    {
        return Err(Error::SignedOut);
    }
    let with = match take_second(
        tx,
        caller,
        portal,
        &person,
        (second, false),
        "second step of a sign-in",
    )? {
        Ok(with) => with,
        Err(missed) => return Ok(missed.map(Err)),
    };
    if let With::Recovery { left } = with {
        let event = Event::new(
            Kind::RecoveryCodeUsed,
            person.id,
            format!("{} used a recovery code.", person.name),
        )
        .with(json!({ "left": left }));
        tx.note(caller.now, &entrance.who(&person), &event)?;
        tell(
            tx,
            caller.now,
            &person,
            &json!({ "what": "used", "left": left.to_string() }),
        )?;
    }
    if let Some(arrival) = &step.to_link {
        let provider = portal.provider.as_deref().ok_or(Error::SignedOut)?;
        complete(tx, caller, provider, entrance, &person, arrival)?;
    }
    let event = entrance.open(tx, &person, way(step, with))?;
    tx.record(caller.now, &entrance.who(&person), &event, Ok(()))
}

/// How somebody has come in.
const fn way(step: &FirstStep, with: With) -> Way {
    match (step.by_provider, with) {
        (false, With::Code) => Way::Code,
        (false, With::Recovery { .. }) => Way::RecoveryCode,
        (false, With::Passkey) => Way::PasswordPasskey,
        (true, With::Code) => Way::ProviderCode,
        (true, With::Recovery { .. }) => Way::ProviderRecoveryCode,
        (true, With::Passkey) => Way::ProviderPasskey,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Clock;

    #[test]
    fn a_first_step_is_good_for_ten_minutes_and_under_one_key() {
        let folder = std::env::temp_dir();
        let key = |name: &str| {
            let file = folder.join(format!("licentral-step-{}-{name}.key", std::process::id()));
            let signing = Signing::open(&file, true, "").unwrap();
            std::fs::remove_file(file).unwrap();
            signing
        };
        let (ours, theirs, wall) = (key("a"), key("b"), Clock::new().wall());
        let step = FirstStep {
            person: PersonId::new(),
            until: wall.plus(PATIENCE).utc().timestamp(),
            password: token::digest("x"),
            by_provider: false,
            to_link: None,
        };
        let locked = step.lock(&ours).unwrap();
        assert_eq!(FirstStep::open(&ours, wall, &locked), Some(step));
        assert_eq!(FirstStep::open(&theirs, wall, &locked), None);
        assert_eq!(
            FirstStep::open(&ours, wall.plus(TimeDelta::minutes(10)), &locked),
            None
        );
        assert_eq!(FirstStep::open(&ours, wall, "x"), None);
    }
}
