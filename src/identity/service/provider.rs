//! Who comes from the identity provider: people who are linked, people who are new, and people who have a user account of
//! the portal already. An address alone never opens that.

use super::Caller;
use super::sign_in::{CameIn, Known, miss, open, still};
use crate::authn::provider::{self as identities, Arrival, Provider};
use crate::authn::session::Way;
use crate::authn::throttle::{self, Subjects};
use crate::authn::{Person, PersonState, PlatformRole, people};
use crate::error::{Error, Result};
use crate::identity::entrance::Entrance;
use crate::identity::letters;
use crate::kernel::event::Outcome;
use crate::kernel::ids::PersonId;
use crate::kernel::{EmailAddress, Event, Kind, Moment, Name};
use crate::platform::db::{Once, OnceKey, Recorded, Tx};
use crate::platform::mail;
use crate::platform::signing::Signing;
use crate::platform::token;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// For so long after the provider's answer the password of the portal can be given.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);
/// For what it is locked.
const LOCKED_AS: &str = "arrival from an identity provider";

/// What came of an arrival.
#[derive(Clone)]
pub enum Came {
    /// They are in, or half way.
    By(CameIn, Known),
    /// Somebody has the address, and is asked for the password of the portal.
    Asked(PersonId),
    /// They do not come in: why, and the way out.
    Refused(&'static str),
}

/// An arrival that waits for the password of the portal; the browser carries it, locked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pending {
    /// Whose password.
    pub person: PersonId,
    until: i64,
    /// Who has come.
    pub arrival: Arrival,
}

impl Pending {
    /// Of an arrival just now.
    pub fn of(person: PersonId, arrival: Arrival, wall: Moment) -> Self {
        Self {
            person,
            until: wall.plus(PATIENCE).utc().timestamp(),
            arrival,
        }
    }

    /// As a text that nobody can read or change.
    pub fn lock(&self, signing: &Signing) -> Result<String> {
        let text = serde_json::to_string(self).map_err(Error::internal)?;
        signing.lock(LOCKED_AS, "", &text)
    }

    /// Reads such a text while its time is not over.
    pub fn open(signing: &Signing, wall: Moment, locked: &str) -> Option<Self> {
        let pending: Self = serde_json::from_str(&signing.unlock(LOCKED_AS, "", locked)?).ok()?;
        (wall.utc().timestamp() < pending.until).then_some(pending)
    }
}

/// How a provider's sign-in counts here.
fn way(provider: &Provider) -> Way {
    if provider.is_second_factor() {
        Way::ProviderFactor
    } else {
        Way::Provider
    }
}

/// Lets somebody in who came from the provider, asks for a password of the portal, or refuses. `new` is the id of a person
/// who may come to be. A state is good once.
pub fn by_provider(
    tx: &mut Tx<'_>,
    caller: &Caller,
    provider: &Provider,
    entrance: &Entrance,
    (subjects, state): (&Subjects, &str),
    new: PersonId,
    arrival: &Arrival,
) -> Result<Recorded<Came>> {
    throttle::check(tx, caller.wall, subjects)?;
    let once = OnceKey {
        owner: "identity provider".to_owned(),
        token: token::digest(state),
        hash: token::digest(state),
    };
    if let Once::Again(_) = tx.once(Some(&once))? {
        let done = miss_of_provider(tx, caller, subjects, None, "the answer was used already")?;
        return Ok(done.map(|()| Came::Refused(AGAIN)));
    }
    tx.made(caller.now, Some(&once), "")?;
    let person = match find(tx, caller, provider, entrance, new, arrival)? {
        Found::Person(person) => person,
        Found::Asked(person) => {
            let event = Event::new(
                Kind::SignInFailed,
                person,
                format!(
                    "{} came from the identity provider with the address of a user account, and was asked for its password.",
                    arrival.name
                ),
            )
            .ended(Outcome::Refused);
            return tx.record(caller.now, &caller.who, &event, Came::Asked(person));
        }
        Found::Refused(about, why, says) => {
            let done = miss_of_provider(tx, caller, subjects, about.as_ref(), why)?;
            return Ok(done.map(|()| Came::Refused(says)));
        }
    };
    follow_groups(tx, caller, provider, entrance, &person, arrival)?;
    let known = Known {
        hash: people::password_hash(tx, person.id)?,
        person,
    };
    let done = open(tx, caller, entrance, &known.person, way(provider))?;
    Ok(done.map(|came| Came::By(came, known)))
}

/// Of whom an arrival is.
enum Found {
    Person(Person),
    Asked(PersonId),
    /// About whom, why for the record, and what is said.
    Refused(Option<Person>, &'static str, &'static str),
}

const AGAIN: &str = "This sign-in was finished already. Begin again.";
const NO_ADDRESS: &str = "The identity provider gives no e-mail address that it has verified. Verify your address there, or sign in with a password here.";
pub(super) const DISABLED: &str = "Your user account is disabled. Ask whoever runs this portal.";
const NO_PASSWORD: &str = "Your e-mail address belongs to a user account that is linked to another account of the identity provider. If it is yours, set a password by Forgot your password?, then come in this way again and give it once.";

fn find(
    tx: &mut Tx<'_>,
    caller: &Caller,
    provider: &Provider,
    entrance: &Entrance,
    new: PersonId,
    arrival: &Arrival,
) -> Result<Found> {
    if let Some(id) = identities::person_of(tx, &arrival.issuer, &arrival.subject)? {
        let person = people::find(tx, id)?;
        return Ok(match person.state {
            PersonState::Active => Found::Person(person),
            PersonState::Invited | PersonState::Disabled => {
                Found::Refused(Some(person), "the user account is disabled", DISABLED)
            }
        });
    }
    let email = arrival.email.as_deref().map(EmailAddress::parse);
    let Some(Ok(email)) = email else {
        return Ok(Found::Refused(None, "it gives no verified address", NO_ADDRESS));
    };
    let Some(person) = people::by_email(tx, &email)? else {
        let name = Name::parse(&arrival.name, "Name").map_err(Error::internal)?;
        let person = people::add_by_provider(tx, caller.now, new, &email, &name)?;
        let event = Event::new(
            Kind::PersonAdded,
            person.id,
            format!("{} came to be by the identity provider.", person.label()),
        );
        tx.note(caller.now, &entrance.who(&person), &event)?;
        link(tx, caller, entrance, &person, arrival)?;
        return Ok(Found::Person(person));
    };
    match person.state {
        PersonState::Disabled => Ok(Found::Refused(
            Some(person),
            "the user account is disabled",
            DISABLED,
        )),
        // Nobody has used it yet, and the provider says whose the address is: as much as the link of the invitation would.
        PersonState::Invited => {
            let name = Name::parse(&arrival.name, "Name").map_err(Error::internal)?;
            people::accept_by_provider(tx, person.id, &name)?;
            let person = people::find(tx, person.id)?;
            let event = Event::new(
                Kind::InvitationAccepted,
                person.id,
                format!(
                    "{} set up their user account by the identity provider.",
                    person.label()
                ),
            );
            tx.note(caller.now, &entrance.who(&person), &event)?;
            link(tx, caller, entrance, &person, arrival)?;
            tell_of_link(tx, caller, provider, &person, arrival)?;
            crate::authz::links::end_about(tx, person.id.as_str(), caller.now)?;
            Ok(Found::Person(person))
        }
        PersonState::Active if people::password_hash(tx, person.id)?.is_some() => Ok(Found::Asked(person.id)),
        PersonState::Active => Ok(Found::Refused(
            Some(person),
            "the address is that of another account of it",
            NO_PASSWORD,
        )),
    }
}

/// From now on this account of the provider lets the person in.
fn link(
    tx: &mut Tx<'_>,
    caller: &Caller,
    entrance: &Entrance,
    person: &Person,
    arrival: &Arrival,
) -> Result<()> {
    identities::link(tx, caller.wall, &arrival.issuer, &arrival.subject, person.id)?;
    let event = Event::new(
        Kind::ProviderLinked,
        person.id,
        format!("{} signs in by the identity provider from now on.", person.name),
    )
    .with(json!({ "issuer": arrival.issuer, "subject": arrival.subject }));
    tx.note(caller.now, &entrance.who(person), &event)
}

/// Tells a person that an account of the provider opens the user account that they had.
fn tell_of_link(
    tx: &mut Tx<'_>,
    caller: &Caller,
    provider: &Provider,
    person: &Person,
    arrival: &Arrival,
) -> Result<()> {
    let account = arrival.email.as_deref().unwrap_or(&arrival.subject);
    mail::post(
        tx,
        caller.now,
        letters::PROVIDER_LINKED,
        person.id.as_str(),
        &json!({ "provider": provider.name(), "issuer": arrival.issuer, "account": account }),
        &person.name,
        &person.email,
    )
    .map(drop)
}

/// Links an account of the provider to somebody who has proved that they are this person, and gives them the roles of their groups.
pub(super) fn complete(
    tx: &mut Tx<'_>,
    caller: &Caller,
    provider: &Provider,
    entrance: &Entrance,
    person: &Person,
    arrival: &Arrival,
) -> Result<()> {
    link(tx, caller, entrance, person, arrival)?;
    tell_of_link(tx, caller, provider, person, arrival)?;
    follow_groups(tx, caller, provider, entrance, person, arrival)
}

/// Gives and takes the roles that groups of the provider hold: at each arrival, as they are then. The last operator stays one.
fn follow_groups(
    tx: &mut Tx<'_>,
    caller: &Caller,
    provider: &Provider,
    entrance: &Entrance,
    person: &Person,
    arrival: &Arrival,
) -> Result<()> {
    let held = people::platform_roles(tx, person.id)?;
    for role in provider.roles() {
        let (has, is_due) = (held.contains(&role), arrival.roles.contains(&role));
        let (kind, says) = match (has, is_due) {
            (false, true) => {
                people::give_platform_role(tx, person.id, role)?;
                (Kind::RoleGranted, "was given")
            }
            (true, false) if !is_last_operator(tx, role)? => {
                people::take_platform_role(tx, person.id, role)?;
                (Kind::RoleRemoved, "no longer has")
            }
            _ => continue,
        };
        let message = format!(
            "{} {says} the role {role}: a group of the identity provider.",
            person.label()
        );
        let event = Event::new(kind, person.id, message).with(json!({ "role": role }));
        tx.note(caller.now, &entrance.who(person), &event)?;
    }
    Ok(())
}

fn is_last_operator(tx: &mut Tx<'_>, role: PlatformRole) -> Result<bool> {
    Ok(role == PlatformRole::Operator && people::with_platform_role(tx, role)?.len() <= 1)
}

/// The password of the portal was given for an arrival that carries the person's address: the two are one from now on.
pub fn link_by_password(
    tx: &mut Tx<'_>,
    caller: &Caller,
    provider: &Provider,
    entrance: &Entrance,
    subjects: &Subjects,
    (known, right): (&Known, bool),
    arrival: &Arrival,
) -> Result<Recorded<CameIn>> {
    throttle::check(tx, caller.wall, subjects)?;
    if !right || !still(tx, known)? {
        let done = miss(
            tx,
            caller,
            subjects,
            Some(&known.person),
            "link to the identity provider",
        )?;
        return Ok(done.map(|()| CameIn::No));
    }
    throttle::clear(tx, subjects)?;
    let way = way(provider);
    let needs_code = way != Way::ProviderFactor && crate::authn::second_factor::is_set(tx, known.person.id)?;
    if !needs_code {
        complete(tx, caller, provider, entrance, &known.person, arrival)?;
    }
    open(tx, caller, entrance, &known.person, way)
}

/// Somebody came back from the provider, and does not come in. Counted as a wrong password is, of the network alone: whose it
/// was is not known.
pub fn miss_of_provider(
    tx: &mut Tx<'_>,
    caller: &Caller,
    subjects: &Subjects,
    person: Option<&Person>,
    why: &str,
) -> Result<Recorded<()>> {
    throttle::miss(tx, caller.wall, subjects)?;
    let about = person.map(|person| person.id.to_string()).unwrap_or_default();
    let event = Event::new(
        Kind::SignInFailed,
        about,
        format!("A sign-in by the identity provider failed: {why}."),
    )
    .ended(Outcome::Failed);
    tx.record(caller.now, &caller.who, &event, ())
}
