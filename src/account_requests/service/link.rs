//! The emailed link of a request, and the person who comes by it.

use super::notify::address_of;
use crate::account_requests::model::{Creator, Request};
use crate::account_requests::store;
use crate::authn::people::{self, Person};
use crate::authz::links;
use crate::error::{Error, Result};
use crate::kernel::ids::{CreatorId, LinkId, PersonId};
use crate::kernel::{Event, Kind, Moment, Name, Who};
use crate::platform::db::{Reads, Recorded, Tx};

/// A request and the row of an Account creator, for the emailed link that is about it.
pub fn by_creator(read: &mut dyn Reads, id: &str) -> Result<(Request, Creator)> {
    let id: CreatorId = id.parse().map_err(|_| Error::NotFound)?;
    let creator = store::creator(read, id)?;
    Ok((store::find(read, creator.request)?, creator))
}

/// A new person who came with an emailed link: they name themselves and set a password. The link stays good
/// for the decision; from now on it needs them to be signed in.
#[expect(
    clippy::too_many_arguments,
    reason = "a link, a person, and who sent it from where"
)]
pub fn welcome_person(
    tx: &mut Tx<'_>,
    who: &Who,
    at: Moment,
    link: LinkId,
    id: PersonId,
    creator: &Creator,
    name: &Name,
    password_hash: &str,
) -> Result<Recorded<Person>> {
    if !links::find(tx, link)?.is_open(at) {
        return Err(Error::DeadLink);
    }
    let email = address_of(creator)?;
    let (person, event) = match people::by_email(tx, &email)? {
        None => {
            // Level 1 of the documents: a registered user.
            let person = people::add(tx, at, id, &email, name, Some(password_hash), 1)?;
            let event = Event::new(
                Kind::PersonAdded,
                person.id,
                format!(
                    "{} set up their user account from an emailed link.",
                    person.label()
                ),
            );
            (person, event)
        }
        Some(invited) if invited.state == people::PersonState::Invited => {
            people::accept_invitation(tx, invited.id, name, password_hash)?;
            let person = people::find(tx, invited.id)?;
            let event = Event::new(
                Kind::InvitationAccepted,
                person.id,
                format!("{} accepted the invitation from an emailed link.", person.label()),
            );
            (person, event)
        }
        Some(_) => {
            return Err(Error::refused(
                "people.address-taken",
                format!("{email} has a user account already. Sign in with it."),
            ));
        }
    };
    let who = Who {
        person: Some(person.id),
        label: person.label(),
        ..who.clone()
    };
    tx.record(at, &who, &event, person)
}
