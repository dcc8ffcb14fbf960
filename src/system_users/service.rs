//! What can be done with the users of a server.

use super::model::{Change, NewUser, may_change};
use crate::authn::system_users::{self, SystemUser, UserName};
use crate::authn::{Person, PersonState, PlatformRole, people, session};
use crate::authz::action::ManageSystemUsers;
use crate::authz::{Permit, grants};
use crate::error::{Error, Result};
use crate::identity;
use crate::kernel::ids::{LinkId, PersonId};
use crate::kernel::{EmailAddress, Event, Kind, Moment, Name, Who};
use crate::platform::db::{Recorded, Tx};
use serde_json::json;

pub use crate::authn::system_users::DEFAULT_PASSWORD;

/// The user name of the first user of a server.
pub const ADMIN: &str = "admin";

/// Makes the first user of a server: a System Administrator who has to set a password of their own.
pub fn write_first(tx: &mut Tx<'_>, now: Moment, id: PersonId, hash: &str) -> Result<Recorded<()>> {
    let email = EmailAddress::parse("admin@on-prem.example").map_err(Error::internal)?;
    let name = Name::parse("Administrator", "Name").map_err(Error::internal)?;
    let user_name = UserName::parse(ADMIN).map_err(Error::internal)?;
    let person = people::add(tx, now, id, &email, &name, Some(hash), 0)?;
    system_users::add(tx, id, &user_name, PlatformRole::SystemAdministrator, true)?;
    let event = Event::new(
        Kind::PersonAdded,
        id,
        format!("{} is the first user of this server.", person.label()),
    );
    tx.record(now, &Who::portal("first start"), &event, ())
}

/// Ids of a user who is to be made, and of the link in the invitation.
pub type Ids = (PersonId, LinkId);

/// Makes a user and asks them by mail to set a password. A person who was removed before comes back.
pub fn create(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageSystemUsers>,
    at: Moment,
    (id, link): Ids,
    new: &NewUser,
) -> Result<Recorded<PersonId>> {
    let before = people::by_email(tx, &new.email)?;
    let person = match before {
        None => people::add(tx, at, id, &new.email, &new.name, None, 0)?,
        Some(known) if is_user(tx, known.id)? => {
            return Err(Error::refused(
                "people.address-taken",
                format!("{} has a user account already.", new.email),
            ));
        }
        Some(known) => {
            people::bring_back(tx, known.id, &new.name)?;
            people::find(tx, known.id)?
        }
    };
    system_users::add(tx, person.id, &new.user_name, new.role, false)?;
    identity::invite(tx, at, permit.who(), link, &person, &permit.who().label)?;
    let event = Event::new(
        Kind::PersonAdded,
        person.id,
        format!(
            "{} was added as {} with the user name {}.",
            person.label(),
            new.role,
            new.user_name.as_str()
        ),
    )
    .with(json!({ "user_name": new.user_name.as_str(), "role": new.role }));
    tx.record(at, permit.who(), &event, person.id)
}

fn is_user(tx: &mut Tx<'_>, person: PersonId) -> Result<bool> {
    match system_users::find(tx, person) {
        Ok(_) => Ok(true),
        Err(Error::NotFound) => Ok(false),
        Err(other) => Err(other),
    }
}

fn allowed(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageSystemUsers>,
    person: PersonId,
    change: Change,
) -> Result<SystemUser> {
    let user = system_users::find(tx, person)?;
    let administrators = system_users::active_administrators(tx)?;
    may_change(&user, permit.who().person, change, administrators)?;
    Ok(user)
}

/// Changes name and role. `version` is the one that the form was made from.
pub fn edit(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageSystemUsers>,
    at: Moment,
    person: PersonId,
    version: i64,
    name: &Name,
    role: PlatformRole,
) -> Result<Recorded<()>> {
    let before = allowed(tx, permit, person, Change::Role(role))?;
    if before.version != version {
        return Err(Error::Stale);
    }
    if before.name == name.as_str() && before.role == role {
        return Ok(tx.unchanged(()));
    }
    people::rename(tx, person, version, name)?;
    system_users::set_role(tx, person, role)?;
    let event = Event::new(
        Kind::SystemUserChanged,
        person,
        format!("The user {} was changed.", before.user_name),
    )
    .changed(
        &json!({ "name": before.name, "role": before.role }),
        &json!({ "name": name.as_str(), "role": role }),
    );
    tx.record(at, permit.who(), &event, ())
}

/// Disables or enables a user. Whoever was invited and is enabled again is still invited.
pub fn set_enabled(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageSystemUsers>,
    at: Moment,
    person: PersonId,
    enabled: bool,
) -> Result<Recorded<()>> {
    let state = if enabled {
        let user = system_users::find(tx, person)?;
        if user.state != PersonState::Disabled {
            return Ok(tx.unchanged(()));
        }
        if people::password_hash(tx, person)?.is_some() {
            PersonState::Active
        } else {
            PersonState::Invited
        }
    } else {
        allowed(tx, permit, person, Change::Disable)?;
        PersonState::Disabled
    };
    identity::set_state(tx, at, permit.who(), person, state, "")
}

/// Changes name and role, or disables or enables, or both: all of it or nothing.
pub fn change(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageSystemUsers>,
    at: Moment,
    person: PersonId,
    to: Option<(i64, &Name, PlatformRole)>,
    enabled: Option<bool>,
) -> Result<Recorded<()>> {
    let edited = match to {
        Some((version, name, role)) => edit(tx, permit, at, person, version, name, role)?,
        None => tx.unchanged(()),
    };
    match enabled {
        Some(enabled) => Ok(set_enabled(tx, permit, at, person, enabled)?.after(edited)),
        None => Ok(edited),
    }
}

/// Removes a user: the roles over the server and in its accounts end, and nobody signs in with the name any more. The
/// record keeps who it was.
pub fn remove(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageSystemUsers>,
    at: Moment,
    person: PersonId,
) -> Result<Recorded<()>> {
    let user = allowed(tx, permit, person, Change::Remove)?;
    for grant in grants::of_person(tx, person)? {
        grants::take(tx, grant.account, grant.id)?;
        let mut event = Event::new(
            Kind::RoleRemoved,
            person,
            format!("A role of {} ended, since the user was removed.", user.name),
        )
        .within(grant.account);
        event.virtual_account = grant.virtual_account;
        tx.note(at, permit.who(), &event)?;
    }
    system_users::remove(tx, person)?;
    people::retire(tx, at, person)?;
    let event = Event::new(
        Kind::SystemUserChanged,
        person,
        format!("The user {} ({}) was removed.", user.user_name, user.email),
    )
    .changed(
        &json!({ "user_name": user.user_name, "role": user.role }),
        &json!(null),
    );
    tx.record(at, permit.who(), &event, ())
}

/// Sends a link for a new password, or the invitation once more to whoever has not set one yet.
pub fn reset_password(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageSystemUsers>,
    at: Moment,
    link: LinkId,
    person: PersonId,
) -> Result<Recorded<()>> {
    let user = system_users::find(tx, person)?;
    let person = people::find(tx, person)?;
    let event = match user.state {
        PersonState::Active => identity::send_reset(tx, at, link, &person)?,
        PersonState::Invited => {
            identity::invite(tx, at, permit.who(), link, &person, &permit.who().label)?;
            Event::new(
                Kind::Invited,
                person.id,
                format!("The invitation of {} was sent again.", person.email),
            )
        }
        PersonState::Disabled => {
            return Err(Error::refused(
                "system-users.not-active",
                format!("{} is disabled. Enable the user first.", user.name),
            ));
        }
    };
    tx.record(at, permit.who(), &event, ())
}

/// Removes the second factor of somebody who has lost it. One's own is removed with password and code.
pub fn remove_second_factor(
    tx: &mut Tx<'_>,
    permit: &Permit<ManageSystemUsers>,
    at: Moment,
    person: PersonId,
) -> Result<Recorded<()>> {
    if permit.who().person == Some(person) {
        return Err(Error::refused(
            "system-users.own-second-factor",
            "Your own second factor is removed in your profile, with your password and a code.",
        ));
    }
    let user = system_users::find(tx, person)?;
    let person = people::find(tx, user.id)?;
    identity::remove_second_factor(tx, at, permit.who(), &person)
}

/// Ends the first sign-in: the password is the person's own from now on, and everything that the one before it had opened
/// ends.
pub fn finish_first_sign_in(
    tx: &mut Tx<'_>,
    at: Moment,
    who: &Who,
    person: &Person,
    hash: &str,
    language: &str,
) -> Result<Recorded<()>> {
    if !system_users::must_change_password(tx, person.id)? {
        return Err(Error::Stale);
    }
    people::set_password_hash(tx, person.id, hash)?;
    system_users::password_is_own(tx, person.id)?;
    session::end_all_access(tx, at, person.id, None)?;
    identity::tell_of_change(tx, at, person)?;
    let event = Event::new(
        Kind::PasswordChanged,
        person.id,
        format!(
            "{} set a password of their own at the first sign-in.",
            person.name
        ),
    )
    .with(json!({ "language": language }));
    tx.record(at, who, &event, ())
}
