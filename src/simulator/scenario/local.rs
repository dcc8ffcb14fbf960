//! The On-Prem side of a scenario: its users.

use super::{add_client, mark};
use crate::authn::system_users::UserName;
use crate::authn::{PlatformRole, people, system_users};
use crate::error::{Error, Result};
use crate::kernel::ids::PersonId;
use crate::kernel::{EmailAddress, Event, Kind, Moment, Name, Who};
use crate::platform::db::Db;

/// A user of the server: user name, address, name, role.
type Character = (&'static str, &'static str, &'static str, PlatformRole);

/// Administers the On-Prem account of the story.
pub const LARA: &str = "lara@on-prem.example";
/// Works in one of its local Virtual Accounts.
pub const ULLA: &str = "ulla@on-prem.example";
/// Holds no role in it, and asks for another.
pub const UMA: &str = "uma@on-prem.example";

/// The cast of the On-Prem portal, the first administrator in front.
const CAST: &[Character] = &[
    (
        "admin",
        "admin@on-prem.example",
        "Ines Okoro",
        PlatformRole::SystemAdministrator,
    ),
    (
        "omar",
        "omar@on-prem.example",
        "Omar Feld",
        PlatformRole::SystemOperator,
    ),
    ("uma", UMA, "Uma Sato", PlatformRole::SystemUser),
    ("lara", LARA, "Lara Nowak", PlatformRole::SystemUser),
    ("ulla", ULLA, "Ulla Strand", PlatformRole::SystemUser),
];

/// Writes the users of an On-Prem server; an empty one gets its first user from the program, as in production.
pub fn write(db: &Db, now: Moment, hash: &str, scenario: &str) -> Result<String> {
    let cast = if scenario == "empty" { &[] } else { CAST };
    let ids: Vec<PersonId> = cast.iter().map(|_| PersonId::new()).collect();
    db.write_now(|tx| {
        for ((user_name, email, name, role), id) in cast.iter().zip(&ids) {
            let email = EmailAddress::parse(email).map_err(Error::internal)?;
            let name = Name::parse(name, "Name").map_err(Error::internal)?;
            people::add(tx, now, *id, &email, &name, Some(hash), 0)?;
            let user_name = UserName::parse(user_name).map_err(Error::internal)?;
            system_users::add(tx, *id, &user_name, *role, false)?;
            let event = Event::new(Kind::PersonAdded, id, format!("{name} was added."));
            tx.note(now, &Who::portal("scenario"), &event)?;
        }
        if let (Some((_, _, name, _)), Some(id)) = (cast.first(), ids.first()) {
            add_client(tx, now, "demo-admin", *id, name, &Who::portal("scenario"))?;
        }
        mark(tx, now, scenario, "The On-Prem portal was filled with its users.")
    })
}
