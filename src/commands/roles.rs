//! `licentral give-role`: the first start makes one operator; whoever approves domains, helps or teaches is named here.

use super::{current, say, words};
use crate::authn::{PlatformRole, people};
use crate::error::{Error, Result};
use crate::identity;
use crate::kernel::ids::{LinkId, PersonId};
use crate::kernel::{Clock, Edition, EmailAddress, Event, Kind, Moment, Name, Who};
use crate::platform::config::Config;
use crate::platform::db::{Recorded, Tx};
use crate::platform::settings;
use serde_json::json;

/// To whom which role is given.
struct Wish {
    email: EmailAddress,
    role: PlatformRole,
    /// Of somebody who has no user account yet.
    name: Option<Name>,
    at: Moment,
    person: PersonId,
    link: LinkId,
}

/// Gives a role over the cloud's portal. Whoever has no user account yet is invited by mail, which the portal that serves the
/// database sends.
pub fn give(config: &Config, address: &str, role: &str, name: Option<&str>) -> Result<(), String> {
    let role: PlatformRole = role.parse()?;
    let db = current(&config.database_url)?;
    let (setting, edition) = db
        .read_now(|r| Ok((settings::get(r, settings::CLOCK)?, settings::edition(r)?)))
        .map_err(words)?;
    if edition != Edition::Cloud || role.edition() != Edition::Cloud {
        return Err(
            "The users of an On-Prem server and their roles are kept under Admin Workspace, Users."
                .to_owned(),
        );
    }
    let clock = Clock::new();
    // A lab's clock may have been moved.
    if let Some(setting) = setting.and_then(|text| serde_json::from_str(&text).ok()) {
        clock.set(setting);
    }
    let wish = Wish {
        email: EmailAddress::parse(address)?,
        role,
        name: name.map(|name| Name::parse(name, "Name")).transpose()?,
        at: clock.now(),
        person: PersonId::new(),
        link: LinkId::new(),
    };
    let says = db.write_now(|tx| write(tx, &wish)).map_err(words)?;
    say(&says)
}

fn write(tx: &mut Tx<'_>, wish: &Wish) -> Result<Recorded<String>> {
    let who = Who::portal("command");
    let (person, is_new) = match people::by_email(tx, &wish.email)? {
        Some(person) => (person, false),
        None => {
            let name = wish.name.as_ref().ok_or_else(|| {
                Error::invalid(
                    "name",
                    "Nobody has this address. Give a name with --name, and they are invited.",
                )
            })?;
            (
                people::add(tx, wish.at, wish.person, &wish.email, name, None, 0)?,
                true,
            )
        }
    };
    if people::platform_roles(tx, person.id)?.contains(&wish.role) {
        return Ok(tx.unchanged(format!("{} has this role already.", person.label())));
    }
    people::give_platform_role(tx, person.id, wish.role)?;
    if is_new {
        identity::invite_first(
            tx,
            wish.at,
            &who,
            &[(wish.link, &person)],
            "Whoever runs this portal",
        )?;
    }
    let event = Event::new(
        Kind::RoleGranted,
        person.id,
        format!("{} was given the role {}.", person.label(), wish.role),
    )
    .with(json!({ "role": wish.role }));
    let invited = if is_new {
        " An invitation is on its way."
    } else {
        ""
    };
    let says = format!("{} has the role {} now.{invited}", person.label(), wish.role);
    tx.record(wish.at, &who, &event, says)
}
