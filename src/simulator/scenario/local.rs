//! The On-Prem side of a scenario: its users.

use super::mark;
use crate::authn::{PlatformRole, people};
use crate::error::{Error, Result};
use crate::kernel::ids::PersonId;
use crate::kernel::{EmailAddress, Event, Kind, Moment, Name, Who};
use crate::platform::db::Db;

/// A user of the server: address, name, role.
type Character = (&'static str, &'static str, PlatformRole);

/// The cast of the On-Prem portal, the first administrator in front.
const CAST: &[Character] = &[
    (
        "admin@on-prem.example",
        "Ines Okoro",
        PlatformRole::SystemAdministrator,
    ),
    ("omar@on-prem.example", "Omar Feld", PlatformRole::SystemOperator),
    ("uma@on-prem.example", "Uma Sato", PlatformRole::SystemUser),
];

/// Writes the users of an On-Prem server, all of them or the first administrator alone.
pub fn write(db: &Db, now: Moment, hash: &str, scenario: &str) -> Result<String> {
    let cast = if scenario == "empty" {
        CAST.get(..1).unwrap_or_default()
    } else {
        CAST
    };
    let ids: Vec<PersonId> = cast.iter().map(|_| PersonId::new()).collect();
    db.write_now(|tx| {
        for ((email, name, role), id) in cast.iter().zip(&ids) {
            let email = EmailAddress::parse(email).map_err(Error::internal)?;
            let name = Name::parse(name, "Name").map_err(Error::internal)?;
            people::add(tx, now, *id, &email, &name, Some(hash), 0)?;
            people::give_platform_role(tx, *id, *role)?;
            let event = Event::new(Kind::PersonAdded, id, format!("{name} was added."));
            tx.note(now, &Who::portal("scenario"), &event)?;
        }
        mark(tx, now, scenario, "The On-Prem portal was filled with its users.")
    })
}
